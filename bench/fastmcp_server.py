"""FastMCP over the same OpenAPI documents, made by `from_openapi` as its documentation shows.

Runs in a virtual environment of its own, because FastMCP is no dependency of the project. Started by the
benchmark as `python fastmcp_server.py SPECS_FILE`, or `python fastmcp_server.py SPECS_FILE PORT` to serve
over HTTP; see `inputs.write_fastmcp_input`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx2
from fastmcp import FastMCP
from fastmcp.server.providers.openapi import OpenAPIProvider


def build_fastmcp(parts: list[dict[str, Any]]) -> FastMCP[Any]:
    """One server over all documents: the first by `from_openapi`, the others as what that makes inside."""
    first, *others = parts
    server: FastMCP[Any] = FastMCP.from_openapi(
        openapi_spec=first["document"], client=_client(first), name="fastmcp", mcp_names=first["names"]
    )
    for part in others:
        server.add_provider(
            OpenAPIProvider(openapi_spec=part["document"], client=_client(part), mcp_names=part["names"])
        )
    return server


def _client(part: dict[str, Any]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=part["base_url"], headers=part["headers"], timeout=30.0)


if __name__ == "__main__":
    built = build_fastmcp(json.loads(Path(sys.argv[1]).read_bytes()))
    if len(sys.argv) > 2:
        built.run(
            transport="http",
            host="127.0.0.1",
            port=int(sys.argv[2]),
            stateless_http=True,
            show_banner=False,
            uvicorn_config={"access_log": False, "log_level": "warning"},
        )
    else:
        built.run(transport="stdio", show_banner=False)
