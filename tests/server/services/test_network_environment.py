"""Proxies, certificates and other surroundings: what cannot work is named, and nothing was sent."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from conftest import Era, connected, error_of
from virtual_clock import jump_though_sockets_are_open

WRITE = ("nanonets_retry_exports", {"model_id": "m", "file_ids": ["f"]})
UPDATE = (
    "nanonets_update_field",
    {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f", "value": "1"},
)
SERVICE = {"nanonets_base_url": "https://service.example", "timeout": 5.0}
PROXIES = [
    f"{name}_{end}" for end in ("proxy", "PROXY") for name in ("all", "ALL", "https", "HTTPS", "no", "NO")
]


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "http_proxy", "HTTP_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def proxy(*answers: bytes) -> AsyncGenerator[tuple[int, list[bytes]]]:
    """A proxy that gives these answers, one for each part that it receives, and then hangs up."""
    jump_though_sockets_are_open()
    received: list[bytes] = []

    async def serve(stream: SocketStream) -> None:
        async with stream:
            for answer in answers:
                received.append(await stream.receive())
                await stream.send(answer)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield listener.extra(SocketAttribute.local_port), received
        group.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks4://127.0.0.1:9"),
        ("https_proxy", "http://"),
        ("HTTPS_PROXY", "http://proxy.example:port"),
        ("HTTPS_PROXY", "http://proxy.example:99999"),
        ("ALL_PROXY", "http://user:secret-word@[::1"),
        ("HTTP_PROXY", "proxy of the company"),
        ("SSL_CERT_FILE", "missing.pem"),
        ("SSL_CERT_FILE", "."),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_DIR", "missing-folder"),
    ],
)
async def test_what_cannot_work_is_named_and_nothing_is_sent(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    monkeypatch.setenv(variable, value)
    for call in (WRITE, UPDATE):
        async with connected(None, era, journal="sqlite://", **SERVICE) as client:
            error = error_of(await client.call_tool(*call))
            (entry,) = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert (error["code"], error["done"]) == ("not_configured", "no")
        assert variable in error["message"]
        assert "secret-word" not in str(error)
        assert entry["outcome"] == "not done"


@pytest.mark.parametrize("no_proxy", ["[::1", "http://[", "a b, ,*", "10.0.0.0/99", "host:port", "://"])
async def test_a_list_of_exceptions_that_cannot_be_read_is_no_fault_inside(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with connected(None, nanonets_base_url="https://127.0.0.1:9", timeout=5.0) as client:
        error = error_of(await client.call_tool(*WRITE))
    assert error["code"] in ("not_configured", "unreachable")
    assert error["done"] == "no"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_socks_proxy_is_asked_for_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"
    async with proxy(b"\x05\x00", refused) as (port, received):
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        async with connected(None, **SERVICE) as client:
            error = error_of(await client.call_tool(*WRITE))
    gc.collect()
    assert b"service.example" in received[1]
    assert (error["code"], error["done"]) == ("unreachable", "no")
    assert "ALL_PROXY" in error["message"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("scheme", "answers"),
    [
        ("socks5", [b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
        ("socks5", [b"\x05\xff"]),
        ("socks5", []),
        ("http", [b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"]),
        ("http", [b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"]),
    ],
)
async def test_a_proxy_that_lets_nothing_through_has_changed_nothing(
    scheme: str, answers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(*answers) as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port}")
        async with connected(None, **SERVICE) as client:
            error = error_of(await client.call_tool(*WRITE))
    gc.collect()  # The HTTP library leaves a connection whose handshake failed to the collector.
    assert error["done"] == "no", error
    assert error["code"] == "unreachable"


def started(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, started in a folder that is deleted before."""
    command = [sys.executable, "-m", "docreview_mcp.server", *arguments]
    script = f"import os; os.rmdir(os.getcwd()); os.execv({command[0]!r}, {command!r})"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{}, {"DOCREVIEW_FILES": "papers", "DOCREVIEW_DOWNLOADS": "saved"}])
def test_a_deleted_working_directory_does_not_stop_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    done = started(["call", "nanonets_list_workflows", "--sandbox"], folder, **environment)
    assert done.returncode == 0, done.stderr
    assert "workflows" in done.stdout


def test_doctor_finds_what_keeps_requests_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from docreview_mcp.server.commands.doctor.doctor import examine
    from docreview_mcp.server.settings.settings import read_settings

    monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")
    monkeypatch.setenv("NANONETS_API_KEY", "${NANONETS_API_KEY}")
    assert examine(read_settings()) == 1
    said = capsys.readouterr().out
    assert "network: SSL_CERT_FILE" in said
    assert "NANONETS_API_KEY: contains a placeholder" in said
