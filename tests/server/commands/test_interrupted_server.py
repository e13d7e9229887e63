"""A server that is killed in the middle of a write leaves a journal that tells the truth."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of

FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
PAGE = {"data": {"fields": {"total": [{"field_data_id": "f", "value": "10"}]}, "tables": []}}


class Service:
    """A service on loopback that stops answering at one method, and says when a request of it came."""

    def __init__(self, silent: str) -> None:
        self.reached = threading.Event()
        self.methods: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                service.methods.append(self.command)
                if self.command == silent:
                    service.reached.set()
                    self.rfile.read(1 << 20)
                    return
                body = json.dumps(PAGE).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PATCH = answer  # noqa: N815 - the names of the library

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def running(silent: str) -> Iterator[Service]:
    """The service, served by a thread until the test is over."""
    service = Service(silent)
    thread = threading.Thread(target=service.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.server.shutdown()
        service.server.server_close()
        thread.join()


def killed_in_a_write(service: Service, journal: str, environment: dict[str, str]) -> None:
    """Start the server over stdio, ask for a write, and kill the server as soon as the service is silent."""
    command = [sys.executable, "-m", "docreview_mcp.server", "stdio"]
    env = {
        **environment,
        "NANONETS_API_KEY": "nanonets-key-0123456789",
        "NANONETS_BASE_URL": service.address,
        "DOCREVIEW_JOURNAL": journal,
    }
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "a host", "version": "1"},
    }
    call = {"name": "nanonets_update_field", "arguments": {**FIELD, "value": "12"}}
    messages: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    assert server.stdin is not None
    with server:
        for message in messages:
            server.stdin.write(json.dumps(message).encode() + b"\n")
        server.stdin.flush()
        assert service.reached.wait(30), "the server never called the service"
        server.kill()


@pytest.mark.parametrize("silent", ["GET", "PATCH"], ids=["before sending", "while waiting"])
async def test_a_killed_server_left_no_entry_or_one_that_claims_nothing(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    with running(silent) as service:
        killed_in_a_write(service, journal, dict(os.environ))
    async with connected(Network(), journal=journal) as client:
        entries = (await client.call_tool("review_history", {})).structured_content["entries"]
        if silent == "GET":
            assert service.methods == ["GET"]
            assert entries == []
            return
        (entry,) = entries
        assert entry["outcome"] == "under way"
        assert entry["before"] == {"value": "10"}
        assert entry["undoable"] is False
        undo = await client.call_tool("review_undo", {"entry": entry["entry"]})
        assert undo.is_error


async def test_an_entry_that_cannot_be_closed_claims_nothing_until_the_journal_is_back(
    tmp_path: Path, era: Era
) -> None:
    """Until then the journal says the same as that of a server that was killed before it closed the entry."""
    file = tmp_path / "journal.sqlite"
    locks: list[sqlite3.Connection] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            lock = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            lock.execute("BEGIN IMMEDIATE")
            locks.append(lock)
            return httpx2.Response(200, json={"field_data_id": "f", "value": "12"})
        page = json.dumps(PAGE).replace('"10"', '"12"') if locks else json.dumps(PAGE)
        return httpx2.Response(200, content=page, headers={"Content-Type": "application/json"})

    async with connected(Network(answer), era, journal=f"sqlite:///{file}", timeout=0.5) as client:
        call = {**FIELD, "value": "12"}
        result = await client.call_tool("nanonets_update_field", call)
        assert not result.is_error, "the write was carried out"
        note = result.structured_content["docreview"]
        assert note["undoable"] is False
        assert "could not record" in note["journal"]
        (entry,) = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert entry["entry"] == note["entry"]
        assert (entry["outcome"], entry["undoable"]) == ("under way", False)
        error = error_of(await client.call_tool("nanonets_update_field", {**call, "value": "13"}))
        assert (error["code"], error["retryable"], error["done"]) == ("unavailable", True, "no")
        assert "Nothing was sent" in error["message"]
        locks[0].close()
        (entry,) = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert (entry["outcome"], entry["undoable"]) == ("done", True)


async def test_an_undo_that_cannot_be_recorded_says_so(tmp_path: Path, era: Era) -> None:
    file = tmp_path / "journal.sqlite"
    locks: list[sqlite3.Connection] = []
    value = "10"

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal value
        if request.method == "PATCH":
            if value == "12":
                locks.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
                locks[0].execute("BEGIN IMMEDIATE")
            value = json.loads(request.content)["value"]
            return httpx2.Response(200, json={"field_data_id": "f", "value": value})
        page = json.dumps(PAGE).replace('"10"', f'"{value}"')
        return httpx2.Response(200, content=page, headers={"Content-Type": "application/json"})

    async with connected(Network(answer), era, journal=f"sqlite:///{file}", timeout=0.5) as client:
        written = await client.call_tool("nanonets_update_field", {**FIELD, "value": "12"})
        entry = written.structured_content["docreview"]["entry"]
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert (undone.is_error, value) == (False, "10")
        (call,) = undone.structured_content["calls"]
        assert "could not record" in call["journal"]
        locks[0].close()
