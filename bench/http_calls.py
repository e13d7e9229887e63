"""Tool calls over streamable HTTP in both protocol eras, by a client that costs little: for measurements."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

__all__ = [
    "ERAS",
    "CutOffError",
    "Era",
    "HttpAnswer",
    "HttpConnection",
    "call_request",
    "free_port",
    "result_in",
]

Era = Literal["2026-07-28", "2025-11-25"]
ERAS: tuple[Era, ...] = ("2026-07-28", "2025-11-25")

_LIMIT_BYTES = 16 * 1024 * 1024


class CutOffError(Exception):
    """The connection could not be had, or ended before the whole answer was there; the message says which."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back: the status and the body, without the framing of the connection."""

    status: int
    body: bytes


def call_request(
    era: Era, address: str, tool: str, arguments: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> bytes:
    """The whole HTTP request of a tool call to the host and port that `address` names."""
    parameters: dict[str, Any] = {"name": tool, "arguments": arguments}
    request_headers = {
        "Host": address,
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": era,
        **(headers or {}),
    }
    if era == "2026-07-28":
        request_headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
        parameters["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}
    body = json.dumps(message, separators=(",", ":")).encode()
    request_headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in request_headers.items())
    return f"POST /mcp HTTP/1.1\r\n{lines}\r\n".encode() + body


def result_in(answer: HttpAnswer) -> dict[str, Any]:
    """The JSON-RPC message in an answer, whether it came as JSON or as the last event of a stream.

    Raises:
        ValueError: there is no message in it.
    """
    body = answer.body
    if not body.startswith(b"{"):
        lines = [line for line in body.splitlines() if line.startswith(b"data:")]
        body = lines[-1].removeprefix(b"data:") if lines else b""
    message: Any = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the answer is no message")
    return message


class HttpConnection:
    """One connection to a server, for one request after another."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)

    async def __aenter__(self) -> HttpConnection:
        try:
            self._reader, self._writer = await asyncio.open_connection(
                self._host, self._port, limit=_LIMIT_BYTES
            )
        except OSError as error:
            raise CutOffError(f"no connection ({type(error).__name__})") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def send(self, request: bytes) -> HttpAnswer:
        """Send a whole request and read the whole answer.

        Raises:
            CutOffError: the connection ended before that.
        """
        try:
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            headers = head.lower()
            if b"\r\ntransfer-encoding: chunked" in headers:
                body = await self._chunks()
            else:
                _, _, rest = headers.partition(b"\r\ncontent-length:")
                body = await self._reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
        except (OSError, EOFError) as error:
            raise CutOffError(f"cut off ({type(error).__name__})") from None
        return HttpAnswer(int(head[9:12]), body)

    async def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return b"".join(parts)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
