"""How things end: a server that loses no call, a call whose client goes away, a start that is refused."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, connected
from http_callers import HEADERS, MODERN, PING, Process, process
from mcp import Client

WRITE = {"name": "New", "type": "ABSA"}
READ = "studio_list_projects"


class Service:
    """Studio on loopback, which answers only when it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.let_go = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.reached.release()
                service.let_go.wait(30)
                body = json.dumps({"id": 7, "name": "New"} if self.command == "POST" else []).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 - the names of the library

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a server in front of this service."""
        address = f"http://127.0.0.1:{self.server.server_port}"
        return {"STUDIO_BASE_URL": address, "STUDIO_TOKEN": "studio-token-0123456789"}

    async def is_reached(self) -> None:
        """Wait until a further request has come."""
        assert await anyio.to_thread.run_sync(lambda: self.reached.acquire(timeout=30))


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.let_go.set()
        running.server.shutdown()
        running.server.server_close()
        thread.join()


async def closings(journal: Path) -> list[str]:
    """How the entries of a journal ended."""
    async with connected(journal=f"sqlite:///{journal}") as client:
        listed = (await client.call_tool("review_history", {})).structured_content
    return [entry["outcome"] for entry in listed["entries"]]


async def test_sigterm_answers_what_is_under_way_and_then_ends(
    service: Service, era: Era, tmp_path: Path
) -> None:
    environment = {
        **service.environment,
        "DOCREVIEW_HTTP_DRAIN": "0,30",
        "DOCREVIEW_JOURNAL": f"sqlite:///{tmp_path / 'journal'}",
    }
    results: dict[str, Any] = {}
    with process(**environment) as server:
        async with Client(f"{server.address}/mcp", mode=era) as client, anyio.create_task_group() as group:

            async def call(tool: str, arguments: dict[str, Any]) -> None:
                results[tool] = await client.call_tool(tool, arguments)

            # A client that does not know the schema of a result asks for it afterwards.
            await client.list_tools()
            group.start_soon(call, READ, {})
            group.start_soon(call, "studio_create_project", WRITE)
            await service.is_reached()
            await service.is_reached()
            server.terminate()
            await refuses_connections(server.address)
            assert not results
            service.let_go.set()
        assert not results[READ].is_error, results[READ].structured_content
        created = results["studio_create_project"]
        assert created.structured_content["id"] == 7
        status, logged = server.ended()
    assert (status, logged) == (0, "")
    assert await closings(tmp_path / "journal") == ["done"]


async def refuses_connections(address: str) -> None:
    """Ask until nothing new is accepted; it takes as long as the server needs to hear the signal."""
    with anyio.fail_after(30):
        while True:
            try:
                async with httpx2.AsyncClient() as client:
                    await client.get(f"{address}/healthz")
            except httpx2.TransportError:
                return


async def test_while_it_drains_it_is_not_ready_but_serves(service: Service) -> None:
    service.let_go.set()
    with process(**service.environment, DOCREVIEW_HTTP_DRAIN="30,30") as server:
        async with httpx2.AsyncClient(base_url=server.address, headers=HEADERS) as client:
            assert (await client.get("/readyz")).status_code == 200
            server.terminate()
            with anyio.fail_after(20):
                while (ready := await client.get("/readyz")).status_code == 200:
                    pass
            assert (ready.status_code, ready.json()["status"]) == (503, "draining")
            assert (await client.get("/healthz")).status_code == 200
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": READ}}
            called = await client.post("/mcp", json=message)
            # So that no balancer keeps a connection which will be closed.
            assert (called.status_code, called.headers["connection"]) == (200, "close")
            server.terminate()
        assert server.ended() == (0, "")


def calling(tool: str, arguments: dict[str, Any], *, is_modern: bool) -> dict[str, Any]:
    """A request that calls a tool, as the options of a POST."""
    parameters: dict[str, Any] = {"name": tool, "arguments": arguments}
    headers = {**HEADERS, "MCP-Protocol-Version": "2025-11-25"}
    if is_modern:
        prefix = "io.modelcontextprotocol/"
        parameters["_meta"] = {f"{prefix}protocolVersion": "2026-07-28", f"{prefix}clientCapabilities": {}}
        headers = {**HEADERS, **MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
    return {"json": message, "headers": headers}


async def leave_during(server: Process, service: Service, call: dict[str, Any]) -> None:
    """Send a request, and go away as soon as the service has it."""
    async with (
        httpx2.AsyncClient(base_url=server.address) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: client.post("/mcp", **call))
        await service.is_reached()
        group.cancel_scope.cancel()


@pytest.mark.parametrize("is_modern", [False, True], ids=["legacy", "modern"])
async def test_a_write_that_was_sent_is_finished_though_its_client_went_away(
    service: Service, is_modern: bool, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    environment = {**service.environment, "DOCREVIEW_JOURNAL": f"sqlite:///{journal}"}
    with process(**environment, DOCREVIEW_HTTP_DRAIN="0,30") as server:
        await leave_during(server, service, calling("studio_create_project", WRITE, is_modern=is_modern))
        server.terminate()
        await refuses_connections(server.address)
        service.let_go.set()
        status, _ = server.ended()
    assert status == 0
    assert await closings(journal) == ["done"]


@pytest.mark.parametrize("is_modern", [False, True], ids=["legacy", "modern"])
async def test_a_read_whose_client_went_away_is_given_up(service: Service, is_modern: bool) -> None:
    with process(**service.environment, DOCREVIEW_HTTP_CONCURRENCY="1") as server:
        await leave_during(server, service, calling(READ, {}, is_modern=is_modern))
        async with httpx2.AsyncClient(base_url=server.address, headers=HEADERS, timeout=60) as client:
            # Its place is free again, though the service has not answered.
            assert (await client.post("/mcp", json=PING)).status_code == 200


REFUSED: dict[str, tuple[list[str], dict[str, str], str]] = {
    "no authentication": (["--host", "0.0.0.0"], {}, "DOCREVIEW_AUTH"),
    "none": (["--host", "0.0.0.0"], {"DOCREVIEW_AUTH": "none"}, "DOCREVIEW_AUTH"),
    "half insecure": (
        ["--host", "0.0.0.0", "--insecure-no-auth"],
        {"DOCREVIEW_AUTH": "none"},
        "DOCREVIEW_HTTP_INSECURE",
    ),
    "no address": (
        ["--host", "0.0.0.0", "--insecure-no-auth"],
        {"DOCREVIEW_AUTH": "none", "DOCREVIEW_HTTP_INSECURE": "1"},
        "DOCREVIEW_HTTP_URL",
    ),
    "plain http": ([], {"DOCREVIEW_HTTP_URL": "http://mcp.example.com/mcp"}, "DOCREVIEW_HTTP_URL"),
    "another path": ([], {"DOCREVIEW_HTTP_URL": "https://mcp.example.com/"}, "DOCREVIEW_HTTP_URL"),
    "a wildcard": ([], {"DOCREVIEW_HTTP_HOSTS": "*.example.com"}, "DOCREVIEW_HTTP_HOSTS"),
    "an origin without scheme": ([], {"DOCREVIEW_HTTP_ORIGINS": "example.com"}, "DOCREVIEW_HTTP_ORIGINS"),
    "too large": ([], {"DOCREVIEW_HTTP_BODY": "50000000"}, "DOCREVIEW_HTTP_BODY"),
    "no rate": ([], {"DOCREVIEW_HTTP_RATE": "fast"}, "DOCREVIEW_HTTP_RATE"),
    "one time": ([], {"DOCREVIEW_HTTP_DRAIN": "5"}, "DOCREVIEW_HTTP_DRAIN"),
    "a port": (["--port", "70000"], {}, "--port"),
    "no keys": ([], {"DOCREVIEW_AUTH": "keys"}, "DOCREVIEW_KEYS"),
    "no file of keys": ([], {"DOCREVIEW_AUTH": "keys", "DOCREVIEW_KEYS": "/nonexistent"}, "DOCREVIEW_KEYS"),
    "oauth": ([], {"DOCREVIEW_AUTH": "oauth"}, "DOCREVIEW_AUTH"),
    "several servers": (
        ["--port", "0"],
        {"DOCREVIEW_JOURNAL": "postgresql://host/name"},
        "DOCREVIEW_SEAL_KEYS",
    ),
    "an own tool": (
        ["--port", "0", "--tools", "studio_login"],
        {},
        "studio_login is not available over HTTP",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_start_that_would_be_unsafe_is_refused_in_one_line(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from docreview_mcp.server.command_line import main

    options, environment, named = REFUSED[case]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["docreview-mcp", "http", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert named in shown
    assert shown.count("\n") == 1


@contextmanager
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        yield other.server_port


def test_a_port_that_is_taken_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from docreview_mcp.server.command_line import main

    with taken() as port:
        monkeypatch.setattr(sys, "argv", ["docreview-mcp", "http", "--port", str(port), "--sandbox"])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
