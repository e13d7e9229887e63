"""The one way of every call: validate, build, send, shape. Every failure becomes an answer here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from anyio import to_thread

from ..schemas import JsonObject, Operation, Route
from .arguments import file_types_of
from .failure import ToolFailure
from .request import FileSource, MultipartBody, Request, build_request
from .response import Response
from .result import ToolResult, shape
from .secrets import secret_arguments, without_secrets
from .size import compact
from .validation import invalid, validate_arguments

__all__ = ["Report", "Upstream", "call_operation", "failure_result"]

_LARGE_BYTES = 500_000
"""An answer from this size on is shaped beside the event loop, so that other calls go on."""

_MOST_MESSAGE = 1_000
"""The most characters of a message; what is longer was a page of the service and no reason."""

Report = Callable[[str], Awaitable[None]]
"""Tells the host what a call waits for, in a few words."""


class Upstream(Protocol):
    """What the server lends to a call: the way to the service, and the user's files."""

    @property
    def answer_limit(self) -> int:
        """The most characters of JSON in a result."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Values that are never shown: keys, passwords, tokens."""
        ...

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The addresses to try for an operation, in order."""
        ...

    def check_file(self, file: FileSource, file_types: Sequence[str]) -> str:
        """Why a file may not be sent; empty if it may."""
        ...

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request, at the first of its addresses that the service knows.

        Raises:
            ToolFailure: the service refused, no answer came, or there are no credentials to send it with.
        """
        ...

    def save_download(self, file_name: str, content: bytes) -> str | None:
        """Store a downloaded file and give its path; None where files may not be saved."""
        ...


async def call_operation(
    operation: Operation, arguments: Mapping[str, Any] | None, upstream: Upstream, report: Report
) -> ToolResult:
    """Call one operation with an agent's arguments. A failure is a result too, never an exception."""
    hidden: tuple[str, ...] = ()
    try:
        values = validate_arguments(operation, arguments)
        hidden = tuple(str(values[name]) for name in secret_arguments(operation) if name in values)
        requests = [build_request(operation, values, route) for route in upstream.routes(operation)]
        _check_files(operation, requests, upstream)
        response = await upstream.send(operation, requests, report)
        shaped = partial(
            shape,
            operation,
            values,
            response,
            limit=upstream.answer_limit,
            secrets=(*upstream.secrets, *hidden),
            save=upstream.save_download,
        )
        return shaped() if len(response.content) < _LARGE_BYTES else await to_thread.run_sync(shaped)
    except ToolFailure as failure:
        return failure_result(failure, (*upstream.secrets, *hidden))


def failure_result(failure: ToolFailure, secrets: Sequence[str]) -> ToolResult:
    """The result that tells of a failure, with no secret in it."""
    message = without_secrets(failure.message, secrets).encode("utf-8", "replace").decode()
    failure.message = message if len(message) <= _MOST_MESSAGE else f"{message[:_MOST_MESSAGE]}…"
    structured: JsonObject = failure.as_object()
    return ToolResult(structured, compact(structured), is_error=True)


def _check_files(operation: Operation, requests: Sequence[Request], upstream: Upstream) -> None:
    body = requests[0].body
    if isinstance(body, MultipartBody) and body.file is not None:
        reason = upstream.check_file(body.file, file_types_of(operation))
        if reason:
            raise invalid(operation, [reason])
