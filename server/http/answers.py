"""What goes out for a request: every answer with the headers for web pages, every error as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from .refusals import Refusal

__all__ = ["Answer"]

_EXPOSED = "WWW-Authenticate, Retry-After, X-Request-Id"


class Answer:
    """The way of an answer. `has_begun`: its status is sent, so that no other can follow.

    `request_id` names the request in the journal and in logs; `is_ending` is whether the server will stop
    listening soon, so that nobody should keep the connection.
    """

    def __init__(self, send: Send, request_id: str, is_ending: Callable[[], bool]) -> None:
        self._send = send
        self._is_ending = is_ending
        self.request_id = request_id
        self._origin = ""
        self._is_replaced = False
        self.has_begun = False

    def allow_origin(self, origin: str) -> None:
        """Let web pages of this origin, which has been checked, read the answer."""
        self._origin = origin

    async def send(self, message: Message) -> None:
        """Send a part of the answer. An error of the SDK that is not JSON is put into JSON."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif not self._is_replaced:
            await self._send(message)

    async def page(self, status: int, headers: Iterable[tuple[str, str]], content: str) -> None:
        """Send a page for a browser, whatever its status. A header may be there several times."""
        body = content.encode()
        own = (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))))
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (*own, *headers)]
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message.get("headers", [])))
        is_json = headers.get("content-type", "").startswith("application/json")
        if message["status"] >= HTTPStatus.BAD_REQUEST and not is_json:
            allowed = {"Allow": headers["allow"]} if "allow" in headers else {}
            status = message["status"]
            await Refusal(
                status,
                "bad_request",
                f"The request cannot be served ({HTTPStatus(status).phrase}).",
                "Send a request that follows the MCP specification.",
                headers=allowed,
            ).answer(self.send)
            self._is_replaced = True
            return
        headers["Vary"] = "Origin"
        headers["X-Request-Id"] = self.request_id
        if self._is_ending():
            headers["Connection"] = "close"
        if self._origin:
            headers["Access-Control-Allow-Origin"] = self._origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
        self.has_begun = True
        await self._send({**message, "headers": headers.raw})
