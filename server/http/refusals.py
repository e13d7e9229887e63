"""Requests that are not served: each is answered as JSON, with the status that its cause has in HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.types import Send

from ...tools import NOTHING_SENT

__all__ = ["Refusal", "json_body", "send_json"]

_SERVER_ERROR = -32000
_INVALID_REQUEST = -32600


class Refusal(Exception):  # noqa: N818 - the answer to a request, not a fault
    """Why a request is not served; nothing of it was passed on.

    `retry_after` is in whole seconds, and makes the refusal one that passes. `for_log` is what only the log
    of the server says about the cause.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        next_step: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        for_log: str = "",
    ) -> None:
        super().__init__(message)
        self.for_log = for_log
        self.status = status
        self.code = code
        self.message = message
        self.next_step = next_step
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)

    @property
    def body(self) -> dict[str, Any]:
        """A JSON-RPC error, so that a client of the protocol can show it."""
        return {
            "jsonrpc": "2.0",
            "id": None,
            "error": {
                "code": _INVALID_REQUEST if self.status < 429 else _SERVER_ERROR,
                "message": f"{self.message} {NOTHING_SENT}",
                "data": {
                    "code": self.code,
                    "retryable": self.retry_after is not None,
                    "done": "no",
                    "next": self.next_step,
                },
            },
        }

    async def answer(self, send: Send) -> None:
        """Send the refusal."""
        await send_json(send, self.status, self.body, self.headers)


def json_body(content: Mapping[str, Any]) -> bytes:
    """The body of an answer."""
    return json.dumps(content, separators=(",", ":")).encode()


async def send_json(
    send: Send, status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> None:
    """Answer a request with JSON."""
    body = json_body(content)
    all_headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in all_headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
