"""The floor: a bare low-level MCP server with static tools that forwards each call and checks nothing.

It is what a server in this SDK cannot be faster than, if it lists the same tools and makes the same
requests. Started by the benchmark as `python floor.py TOOLS_FILE`, or `python floor.py TOOLS_FILE PORT` to
serve over HTTP; see `inputs.write_floor_input`.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

Context = ServerRequestContext[Any]


def build_floor(given: dict[str, Any]) -> Server[Any]:
    """The server for the tools and address templates of the benchmark's file."""
    listed = ListToolsResult(tools=[Tool.model_validate(entry) for entry in given["tools"]])
    routes: dict[str, dict[str, Any]] = given["routes"]
    clients: list[httpx2.AsyncClient] = []

    async def list_tools(context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        if not clients:
            clients.append(httpx2.AsyncClient(timeout=30.0))
        route = routes[params.name]
        arguments = params.arguments or {}
        url = route["url"].format_map(arguments)
        rest = {name: value for name, value in arguments.items() if name not in route["path_names"]}
        request_arguments: dict[str, Any] = (
            {"params": rest} if route["method"] in ("GET", "DELETE") else {"json": rest}
        )
        answer = await clients[0].request(route["method"], url, headers=route["headers"], **request_arguments)
        data = answer.json()
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)

    schemas = {tool.name: tool.input_schema for tool in listed.tools}
    # Without the look-up, each call over HTTP would make the whole list of tools.
    return Server(
        "floor",
        version="0",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=schemas.get,
    )


async def serve(server: Server[Any]) -> None:
    """Serve over stdin and stdout until stdin ends."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def serve_http(server: Server[Any], port: int) -> None:
    """Serve over streamable HTTP, without sessions, until a signal ends it."""
    import uvicorn

    # asyncio turns off Nagle's algorithm only where the protocol is named; else each answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            server.streamable_http_app(stateless_http=True), log_level="warning", access_log=False
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    built = build_floor(json.loads(Path(sys.argv[1]).read_bytes()))
    if len(sys.argv) > 2:
        serve_http(built, int(sys.argv[2]))
    else:
        anyio.run(serve, built)
