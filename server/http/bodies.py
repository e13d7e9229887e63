"""Reads the bodies of requests: none too large, none too slow, and not too many at once."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import Receive

from .refusals import Refusal

__all__ = ["Bodies", "Disconnected"]

_SECONDS = 15.0
_LARGEST_AT_ONCE = 8
"""All bodies that are being read may take so many times the largest."""


class Disconnected(Exception):  # noqa: N818 - no client is left to answer
    """The client went away before its request was there."""


class Bodies:
    """The memory for bodies, in bytes; `largest` is that for one."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._left = largest * _LARGEST_AT_ONCE

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """The body of a request. Its memory has to be given back with `release`.

        Raises:
            Refusal: 413, 408, or 503 while too many others are being read.
            Disconnected: the client went away.
        """
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._largest:
            raise self._too_large()
        body = bytearray()
        try:
            with anyio.fail_after(_SECONDS):
                await self._read_into(body, receive)
        except BaseException as error:
            self.release(len(body))
            if isinstance(error, TimeoutError):
                raise _too_slow() from None
            raise
        return bytes(body)

    def release(self, size: int) -> None:
        """Give the memory of a body back."""
        self._left += size

    async def _read_into(self, body: bytearray, receive: Receive) -> None:
        is_more = True
        while is_more:
            message = await receive()
            if message["type"] != "http.request":
                raise Disconnected
            part: bytes = message.get("body", b"")
            if len(body) + len(part) > self._largest:
                raise self._too_large()
            if len(part) > self._left:
                raise _too_many()
            self._left -= len(part)
            body += part
            is_more = message.get("more_body", False)

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "too_large",
            f"The body is larger than {self._largest} bytes (DOCREVIEW_HTTP_BODY).",
            "Send a smaller request, for example with a smaller file.",
        )


def _too_slow() -> Refusal:
    return Refusal(
        408,
        "timeout",
        f"The body did not arrive completely within {_SECONDS:g} s.",
        "Send the request again without pausing.",
        headers={"Connection": "close"},
    )


def _too_many() -> Refusal:
    return Refusal(
        503,
        "busy",
        "The server has no memory left for another request body.",
        "Wait for the time in Retry-After, then send the same request again.",
        retry_after=2,
    )
