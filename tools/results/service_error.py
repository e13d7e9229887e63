"""An error answer of a service → the agent's failure: code, reason, what happened, what to do next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import LOOK_FIRST, ErrorCode, ToolFailure, done_after_cut
from ..json_text import without_depth
from ..redaction import without_secret_properties
from ..untrusted import quoted
from .asked_wait import asked_wait
from .response import Response

__all__ = ["failure_of", "failure_reported", "leaves_open"]

_MAX_REASON = 20_000
_NOT_CARRIED_OUT = (307, 308, 503)
"""Moved with the request as it is, or not available."""
_GIVEN_UP = (408, 444, 460, 499)
"""The server or a proxy before it gave a request up whose answer was late: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a status means for the agent."""

    code: ErrorCode
    next_step: str
    retryable: bool = False


_BY_STATUS: dict[int, _Meaning] = {
    400: _Meaning(
        "invalid_arguments", "Correct the arguments as the service's message says, and call again."
    ),
    401: _Meaning("unauthorized", "The user has to check the credentials of this service ({credentials})."),
    402: _Meaning(
        "payment_required", "The user has to add credits or upgrade the plan at the service; then call again."
    ),
    403: _Meaning("forbidden", "The account lacks the required role; a user with more rights has to do it."),
    404: _Meaning("not_found", "Check the ids with the matching list tool. The item may have been deleted."),
    409: _Meaning("conflict", "Read the item again: its current state does not allow this change."),
    413: _Meaning("too_large", "Send a smaller file or fewer items in one call."),
    422: _Meaning(
        "invalid_arguments", "Correct the arguments as the service's message says, and call again."
    ),
    429: _Meaning("rate_limited", "Wait a little, then call again.", retryable=True),
}
_ELSE = _Meaning(
    "upstream_error",
    "Call again later. If the error persists, the user can contact the service's support.",
    True,
)
_UNKNOWN = _Meaning("upstream_error", LOOK_FIRST)
_CREDENTIALS = {"nanonets": "NANONETS_API_KEY", "studio": "STUDIO_EMAIL and STUDIO_PASSWORD, or STUDIO_TOKEN"}


def failure_of(operation: Operation, response: Response) -> ToolFailure:
    """The failure for an answer that is not a success. Known secrets are redacted in the result."""
    done = done_after_cut(operation) if leaves_open(response) else "no"
    first = f"{LOOK_FIRST} " if done == "unknown" else ""
    if response.is_html and response.status < 400:
        return ToolFailure(
            "upstream_error",
            f"{operation.tool}: got an HTML page instead of the service's answer ({response.status}).",
            status=response.status,
            done=done,
            next_step=f"{first}The operator of this server has to check the base URL; the path can be"
            " changed with DOCREVIEW_PATHS.",
        )
    if 300 <= response.status < 400:
        return ToolFailure(
            "upstream_error",
            f"{operation.tool}: the service redirects to another URL; the redirect was not followed.",
            status=response.status,
            done=done,
            next_step=f"{first}The operator of this server has to check the service's base URL.",
        )
    meaning = _BY_STATUS.get(response.status, _UNKNOWN if done == "unknown" else _ELSE)
    wait = asked_wait(response)
    if response.status == 503 and wait:
        meaning = _BY_STATUS[429]
    reason = _reason(operation, response)
    detail = f": {reason}" if reason else " without a reason"
    next_step = meaning.next_step.format(credentials=_CREDENTIALS[operation.service])
    if meaning.code == "conflict" and operation.conflict:
        next_step = operation.conflict
    if meaning.code == "rate_limited" and wait is not None:
        next_step = f"Call again in {math.ceil(wait)} seconds."
    return ToolFailure(
        meaning.code,
        f"{operation.tool}: {operation.service} answered {response.status}{detail}.",
        status=response.status,
        retryable=meaning.retryable,
        done=done,
        next_step=next_step,
    )


def failure_reported(
    operation: Operation, response: Response, status: int, reasons: JsonValue
) -> ToolFailure:
    """The failure for an answer whose status is a success and whose body says that the call failed.

    `status` is the one that the body names, 0 if it names none; `reasons` are its words.
    """
    done = done_after_cut(operation)
    meaning = _UNKNOWN if done == "unknown" else _BY_STATUS.get(status, _ELSE)
    code = _BY_STATUS[status].code if status in _BY_STATUS else meaning.code
    message = _reason_text(operation, reasons)
    return ToolFailure(
        code,
        f"{operation.tool}: {operation.service} answered {response.status} but reported a"
        f" failure{f': {message}' if message else ''}.",
        status=response.status,
        retryable=meaning.retryable,
        done=done,
        next_step=meaning.next_step.format(credentials=_CREDENTIALS[operation.service]),
        contradicts_itself=True,
    )


def leaves_open(response: Response) -> bool:
    """Whether an answer that is no success leaves open what was done: a page may also follow a change."""
    if response.status in _GIVEN_UP:
        return True
    return not (400 <= response.status < 500 or response.status in _NOT_CARRIED_OUT)


def _reason(operation: Operation, response: Response) -> str:
    """Why, in the service's words; long texts are shortened only after every secret was taken out."""
    if response.is_html:
        return "an HTML page"
    body = _json(response)
    return _reason_text(operation, body if isinstance(body, (dict, list)) else response.text)


def _reason_text(operation: Operation, reasons: JsonValue) -> str:
    cleaned = without_secret_properties(operation.service, without_depth(reasons))
    text = "; ".join(_texts(cleaned)).strip().rstrip(".?!")
    return quoted(text, _MAX_REASON) if text else ""


def _json(response: Response) -> JsonValue:
    try:
        return response.json
    except (ValueError, RecursionError):
        return None


def _texts(value: JsonValue, name: str = "") -> Iterator[str]:
    """The reasons in an error body, whatever its shape, each with the key that it stands under."""
    if isinstance(value, dict):
        for key, entry in _known_first(value).items():
            yield from _texts(entry, key)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, name)
    elif value not in (None, ""):
        yield str(value) if name in ("message", "error", "msg", "detail", "") else f"{name} {value}"


def _known_first(body: JsonObject) -> JsonObject:
    first = [key for key in ("message", "error", "msg", "detail") if key in body]
    return {key: body[key] for key in (*first, *(key for key in body if key not in first))}
