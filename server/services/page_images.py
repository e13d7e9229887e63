"""Fetch the picture of a page from the address that a service gave, within bounds."""

from __future__ import annotations

import math

import httpx2

from ...tools import Response, ToolFailure
from ...tools.failure import ErrorCode
from ...tools.results.asked_wait import asked_wait
from .retries import MAX_REQUESTS, Outcome
from .urls import same_host_redirect

__all__ = ["fetch_picture", "no_picture", "refused_picture"]

_MAX_BYTES = 32 * 1024 * 1024
_CODES: dict[int, ErrorCode] = {
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "rate_limited",
}


async def fetch_picture(client: httpx2.AsyncClient, url: httpx2.URL, authorization: str) -> Outcome:
    """One try for a picture; it is followed only to where its own host moved it.

    Raises:
        ToolFailure: it is too large.
    """
    headers = {"Accept": "image/*"} | ({"Authorization": authorization} if authorization else {})
    try:
        for _ in range(MAX_REQUESTS):
            request = client.build_request("GET", url, headers=headers)
            answer = await client.send(request, stream=True)
            try:
                target = same_host_redirect(request, answer)
                if target is None:
                    return Outcome(response=await _received(answer))
                url = target
            finally:
                await answer.aclose()
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        return Outcome(failure=no_picture("no connection", "unreachable", retryable=True), reached=False)
    except httpx2.TimeoutException:
        return Outcome(failure=no_picture("no answer in time", "timeout", retryable=True))
    except httpx2.HTTPError as error:
        reason = f"the connection was lost during the answer ({type(error).__name__})"
        return Outcome(failure=no_picture(reason, "unreachable", retryable=True))
    return Outcome(failure=no_picture("its host redirects too many times"))


def refused_picture(response: Response) -> ToolFailure:
    """The failure for an answer that is no success."""
    status = response.status
    reason = f"its host answered {status}"
    if status < 300:
        reason = "got an HTML page instead"
    elif status < 400:
        reason += "; redirects to another host are not followed"
    if wait := asked_wait(response):
        reason += f" and asks to wait {math.ceil(wait)} seconds"
    code = _CODES.get(status, "upstream_error")
    return no_picture(reason, code, status=status, retryable=status == 429 or status >= 500)


def no_picture(
    reason: str, code: ErrorCode = "upstream_error", *, status: int | None = None, retryable: bool = False
) -> ToolFailure:
    """The failure of getting a picture."""
    otherwise = "rely on the values, or let a person look at the document."
    return ToolFailure(
        code,
        f"The page image could not be fetched: {reason}.",
        status=status,
        retryable=retryable,
        next_step=f"Call again later, or {otherwise}" if retryable else otherwise.capitalize(),
    )


async def _received(answer: httpx2.Response) -> Response:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > _MAX_BYTES and answer.is_success:
            raise no_picture(
                f"it is larger than {_MAX_BYTES // 2**20} MiB", "too_large", status=answer.status_code
            )
        if size > _MAX_BYTES:
            break
        parts.append(part)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, b"".join(parts))
