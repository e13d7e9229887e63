"""What tests of serving over HTTP share: the application without a socket, the command, and callers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from conftest import ACCOUNT, Era
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.http import application_for
from docreview_mcp.server.http.keys import add_key
from docreview_mcp.server.http.settings import read_http_settings
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools.observation import Observer
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
MODERN = {"MCP-Protocol-Version": "2026-07-28"}
ADDRESS = "http://127.0.0.1:8000"
_ABOUT = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "tester", "version": "1"},
}


def new_key(file: Path, name: str, *scopes: str) -> str:
    """A key for somebody, in this file; it may read and write if no scopes are named."""
    return add_key(file, name, frozenset(scopes or ("docreview:read", "docreview:write")))


@asynccontextmanager
async def served(
    network: httpx2.AsyncBaseTransport | None = None,
    sandbox: Sandbox | None = None,
    http: dict[str, Any] | None = None,
    issuer: httpx2.AsyncBaseTransport | None = None,
    observer: Observer | None = None,
    **settings: Any,
) -> AsyncGenerator[httpx2.AsyncClient]:
    """An HTTP client of the application, without a socket: on a network of the test's, or on a sandbox."""
    given = Settings(**{**ACCOUNT, "confirm": "never", "journal": "none", **settings})
    if sandbox is not None:
        given, network = embedded(given, sandbox)
    application = application_for(
        given,
        read_http_settings(**(http or {})),
        8000,
        transport=network,
        issuer=issuer,
        observer=observer,
    )
    async with (
        application.running(),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(application), base_url=ADDRESS, headers=HEADERS
        ) as client,
    ):
        yield client


@asynccontextmanager
async def caller(
    client: httpx2.AsyncClient, era: Era, key: str = "", headers: dict[str, str] | None = None, **more: Any
) -> AsyncGenerator[Client]:
    """An MCP client that calls the application behind an HTTP client, with a key if there is one."""
    headers = {**(headers or {}), **({"Authorization": f"Bearer {key}"} if key else {})}
    async with httpx2.AsyncClient(transport=client._transport, base_url=ADDRESS, headers=headers) as own:
        # The transport belongs to the outer client, which goes on.
        own._transport = _Kept(client._transport)
        transport = streamable_http_client(f"{ADDRESS}/mcp", http_client=own)
        async with Client(transport, mode=era, **more) as connected:
            yield connected


async def post(
    client: httpx2.AsyncClient, era: Era, method: str, params: dict[str, Any] | None = None, **more: Any
) -> tuple[httpx2.Response, dict[str, Any]]:
    """One request of the protocol without a client of it: the response, and the message in it.

    `path` and `headers` are those of the request, `capabilities` what the client says that it can.
    """
    headers = dict[str, str](more.get("headers", {}))
    given = params or {}
    if era == "auto":
        headers |= {**MODERN, "Mcp-Method": method}
        if "name" in given:
            headers["Mcp-Name"] = given["name"]
        about = {"io.modelcontextprotocol/clientCapabilities": more.get("capabilities", {})}
        given = {**given, "_meta": {**_ABOUT, **about}}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
    response = await client.post(more.get("path", "/mcp"), json=message, headers=headers)
    text = response.text
    if response.headers["content-type"].startswith("text/event-stream"):
        text = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")][-1]
    return response, json.loads(text)


class _Kept(httpx2.AsyncBaseTransport):
    """A transport that stays open."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._inner.handle_async_request(request)


class Process:
    """The command as a process of its own, with its address."""

    def __init__(self, *options: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "docreview_mcp.server", "http", "--port", "0", *options],
            stderr=subprocess.PIPE,
            # Lines of log for each call only where a test asks for them.
            env={**os.environ, "DOCREVIEW_LOG_FORMAT": "text", **environment},
            text=True,
        )
        line = self.next_line()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line + self.ended()[1]
        self.address = found[0]

    def next_line(self) -> str:
        """The next line that it writes to stderr."""
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def terminate(self) -> None:
        """Ask it to end, as an orchestrator does."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self) -> tuple[int, str]:
        """Its exit status once it has ended, and the rest of what it logged."""
        _, logged = self._process.communicate(timeout=60)
        return self._process.returncode, logged

    def kill(self) -> None:
        """End it in any case."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def process(*options: str, **environment: str) -> Iterator[Process]:
    """The command, ended with the test."""
    running = Process(*options, **environment)
    try:
        yield running
    finally:
        running.kill()
