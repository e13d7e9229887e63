"""The time of one call of our own tools: however many requests it sends, all of them share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio
import anyio.lowlevel

from ...schemas import Operation, Route
from ..failure import LOOK_FIRST, NOTHING_SENT, ToolFailure, done_after_cut
from ..requests.request import FileSource, Request
from ..results.response import Response
from .context import CallContext, Consent, Report, Upstream

__all__ = ["within_time"]


def within_time(context: CallContext) -> CallContext:
    """The same call, whose requests end together when the time for one call is over.

    What a person takes to answer a question does not count.
    """
    upstream = _WithinTime(context.upstream)

    async def ask(summary: str, code: str) -> Consent:
        started = anyio.current_time()
        try:
            return await context.ask(summary, code)
        finally:
            upstream.deadline += anyio.current_time() - started

    return replace(context, upstream=upstream, ask=ask)


class _WithinTime:
    """The way to the services for one call, until its `deadline` on the clock of the event loop."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.deadline = anyio.current_time() + upstream.timeout

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request; raises `ToolFailure` also where the time of the call does not suffice."""
        is_sent = False
        with anyio.CancelScope(deadline=self.deadline):
            await anyio.lowlevel.checkpoint_if_cancelled()
            is_sent = True
            return await self._upstream.send(operation, requests, report)
        done = done_after_cut(operation) if is_sent else "no"
        raise ToolFailure(
            "timeout",
            f"{operation.tool}: {self._spent} before"
            f" {'an answer arrived' if is_sent else 'the request was sent'}.",
            retryable=done == "no",
            done=done,
            happened="" if is_sent else NOTHING_SENT,
            next_step="Call again later, with fewer items per call." if done == "no" else LOOK_FIRST,
        )

    async def picture(self, url: str) -> bytes:
        """The picture of a page; raises `ToolFailure` also where the time of the call does not suffice."""
        with anyio.CancelScope(deadline=self.deadline):
            return await self._upstream.picture(url)
        raise ToolFailure(
            "timeout",
            f"The page image could not be fetched: {self._spent} before it arrived.",
            retryable=True,
            next_step="Call again later, or rely on the values.",
        )

    @property
    def _spent(self) -> str:
        return f"the call's time limit of {self.timeout:g} seconds ran out"

    @property
    def answer_limit(self) -> int:
        """The most characters of JSON in a result."""
        return self._upstream.answer_limit

    @property
    def timeout(self) -> float:
        """Seconds that the whole call may take."""
        return self._upstream.timeout

    @property
    def secrets(self) -> Sequence[str]:
        """Values that are never shown."""
        return self._upstream.secrets

    @property
    def account_ids(self) -> Mapping[str, str]:
        """By service, what tells the credentials from others."""
        return self._upstream.account_ids

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The addresses to try for an operation, in order."""
        return self._upstream.routes(operation)

    def base_url(self, operation: Operation) -> str:
        """The base address of the service of an operation."""
        return self._upstream.base_url(operation)

    def check_file(self, file: FileSource, file_types: Sequence[str]) -> str:
        """Why a file may not be sent; empty if it may."""
        return self._upstream.check_file(file, file_types)

    def content_of(self, file: FileSource) -> str:
        """What tells the content of a file from any other."""
        return self._upstream.content_of(file)

    def save_download(self, file_name: str, content: bytes) -> str | None:
        """Store a downloaded file and give its path."""
        return self._upstream.save_download(file_name, content)
