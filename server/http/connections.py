"""A connection whose request does not come whole: its head comes slowly, or is none of HTTP."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .refusals import Refusal, json_body

__all__ = ["PatientConnection"]

_SECONDS = 15.0
"""How long the head of a request may take, from the connection or its first byte on."""


class PatientConnection(H11Protocol):
    """A connection of the server, which is closed if the head of a request takes too long to arrive.

    The server itself waits for the end of a head for as long as the connection is open.
    """

    _end_of_patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Expect a first request."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and wait for the rest of a head that has begun."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._expect_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request of HTTP, in JSON as every other one."""
        self._refuse(Refusal(400, "invalid_request", msg, "Send a request of HTTP/1.1."))

    def _expect_head(self) -> None:
        if self._end_of_patience is None:
            self._end_of_patience = self.loop.call_later(_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._end_of_patience is not None:
            self._end_of_patience.cancel()
            self._end_of_patience = None

    def _give_up(self) -> None:
        if not self.conn.trailing_data[0]:
            # An answer to nothing could be taken for that to a request which is just being sent.
            self.transport.close()
            return
        self._refuse(
            Refusal(
                408,
                "timeout",
                f"The head of the request did not arrive completely within {_SECONDS:g} s.",
                "Send the request again without pausing.",
            )
        )

    def _refuse(self, refusal: Refusal) -> None:
        body = json_body(refusal.body)
        head = (
            f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._stop_waiting()
        self.transport.write(head.encode() + body)
        self.transport.close()
