"""The body of a request as the HTTP library takes it, and the whole answer, within the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import httpx2

from ...schemas import Operation
from ...tools import FormBody, JsonBody, MultipartBody, Request, Response, ToolFailure

__all__ = ["body_of", "read_answer"]

_MAX_ANSWER_BYTES = 64 * 1024 * 1024


def body_of(request: Request, file: tuple[str, BinaryIO] | None) -> dict[str, Any]:
    """The arguments by which the HTTP library makes the body; it reads a file from its beginning."""
    match request.body:
        case None:
            return {}
        case JsonBody(value):
            return {"json": value}
        case FormBody(fields):
            return {"data": _grouped(fields)}
        case MultipartBody(fields, file_field):
            if file is None:
                return {"files": [(name, (None, value.encode())) for name, value in fields]}
            return {"data": _grouped(fields), "files": [(file_field, file)]}


async def read_answer(answer: httpx2.Response, operation: Operation) -> Response:
    """Read an answer to its end.

    Raises:
        ToolFailure: it is too large. The end of a large error is left out instead.
    """
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > _MAX_ANSWER_BYTES and not answer.is_success:
            break
        if size > _MAX_ANSWER_BYTES:
            raise ToolFailure(
                "too_large",
                f"{operation.tool}: the answer is larger than {_MAX_ANSWER_BYTES // 2**20} MiB, so it was"
                " not read.",
                status=answer.status_code,
                done="no" if operation.effect == "read" else "yes",
                next_step=operation.narrow or "Request less, for example with a smaller limit.",
            )
        parts.append(part)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, b"".join(parts))


def _grouped(fields: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in fields:
        grouped.setdefault(name, []).append(value)
    return grouped
