"""Calls as the page of the review panel in a browser sends them."""

from __future__ import annotations

from typing import Any

import httpx2
from docreview_mcp.sandbox.nanonets.state import Document
from http_callers import ADDRESS, MODERN

OWN = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "browser", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}


async def posted(client: httpx2.AsyncClient, tool: str, arguments: Any, **more: Any) -> httpx2.Response:
    """A call as the page in the browser sends it; `headers` replace its own."""
    headers = {**OWN, **MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool, **more.pop("headers", {})}
    params = {"name": tool, "arguments": arguments, "_meta": META, **more}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    kept = {name: value for name, value in headers.items() if value is not None}
    return await client.post("/panel/mcp", json=message, headers=kept)


async def called(client: httpx2.AsyncClient, tool: str, arguments: Any, **more: Any) -> dict[str, Any]:
    response = await posted(client, tool, arguments, **more)
    assert response.status_code == 200, response.text
    return response.json()["result"]


def place(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}
