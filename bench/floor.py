"""The floor: a bare low-level MCP server with static tools that forwards each call and checks nothing.

It is what a server in this SDK cannot be faster than, if it lists the same tools and makes the same
requests. Started by the benchmark as `python floor.py TOOLS_FILE`, or `python floor.py TOOLS_FILE PORT` to
serve over HTTP; see `inputs.write_floor_input`. With `--records FILE` it does the least that a guarded write
needs as well: it reads what the write changes and commits a record before and one after it.
"""

from __future__ import annotations

import argparse
import json
import socket
import sqlite3
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


class Records:
    """A table in a file, in the mode that our own journal uses."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, record TEXT)")

    def add(self, record: object) -> None:
        """Commit a record."""
        self._database.execute("INSERT INTO records (record) VALUES (?)", (json.dumps(record),))


def build_floor(given: dict[str, Any], records: Records | None = None) -> Server[Any]:
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
        present = route.get("present")
        if records and present:
            before = await clients[0].get(present.format_map(arguments), headers=route["headers"])
            records.add({"tool": params.name, "arguments": arguments, "before": _one_field(before.json())})
        answer = await clients[0].request(route["method"], url, headers=route["headers"], **request_arguments)
        data = answer.json()
        if records and present:
            records.add({"status": answer.status_code})
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


def _one_field(page: dict[str, Any]) -> object:
    """The first value of a page: finding one is what costs next to nothing."""
    return next(iter(page["data"]["fields"].values()))[0]


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
    parser = argparse.ArgumentParser()
    parser.add_argument("tools", type=Path)
    parser.add_argument("port", type=int, nargs="?")
    parser.add_argument("--records", type=Path)
    given = parser.parse_args()
    built = build_floor(
        json.loads(given.tools.read_bytes()), Records(given.records) if given.records else None
    )
    if given.port:
        serve_http(built, given.port)
    else:
        anyio.run(serve, built)
