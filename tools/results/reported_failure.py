"""An answer whose status says success while its body says that the call failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from .response import Response

__all__ = ["reported_failure"]

_MULTI_STATUS = 207
_LARGE_BYTES = 256 * 1024
_EDGE_BYTES = 4096
"""What reports a failure in a large answer stands at its beginning or end; the rest is not looked through."""
_SIGNS = (b'"success"', b'"ok"', b'"error"', b'"errors"')
_MAX_LEVELS = 4

_FAILED_WORDS = frozenset(
    {"error", "errors", "fail", "failed", "failure", "unauthorized", "forbidden", "denied"}
)
_NO = (False, 0, "0", "false", "no")
_NUMBERS = ("code", "status", "statusCode", "status_code", "error_code", "errorCode")
_REASONS = (
    "message",
    "error",
    "errors",
    "msg",
    "detail",
    "details",
    "reason",
    "title",
    "description",
    "code",
)
_ABOUT_THE_CALL = frozenset({"success", "ok", *_NUMBERS, *_REASONS})
_STATUS_OF_WORD = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "rate_limit_exceeded": 429,
    "invalid_request": 400,
}


def reported_failure(operation: Operation, response: Response) -> tuple[int, JsonValue] | None:
    """The status that the body names (0 if it names none) and its reasons; None where it is a success."""
    if not response.is_success or not response.content or not _may_report(response.content):
        return None
    try:
        body = response.json
    except (ValueError, RecursionError):
        return None
    found = [body] if isinstance(body, dict) and _says_so(operation, body) else []
    if response.status == _MULTI_STATUS:
        found = found or [entry for entry in _objects(body) if _is_failed(entry)]
    if not found:
        return None
    reasons = [_reasons(entry) for entry in found]
    return _named_status(found[0]), reasons[0] if len(reasons) == 1 else cast("JsonValue", reasons)


def _may_report(content: bytes) -> bool:
    if len(content) <= _LARGE_BYTES:
        return True
    edges = content[:_EDGE_BYTES] + content[-_EDGE_BYTES:]
    return any(sign in edges for sign in _SIGNS)


def _says_so(operation: Operation, body: JsonObject) -> bool:
    """Whether an answer is about the call itself; an item that failed, such as a document, is shown."""
    if _ABOUT_THE_CALL.isdisjoint(body):
        return False
    response = operation.response or {}
    documented = response.get("properties")
    known = set(documented) if isinstance(documented, dict) else set[str]()
    if body.get("success") in _NO and body.get("success") is not None:
        return True
    if body.get("ok") in _NO and body.get("ok") is not None:
        return True
    if body.get("errors"):
        return True
    if any(_is_refusal(body.get(name)) for name in _NUMBERS if name not in known or name == "status"):
        return True
    if _word(body.get("status")) == "error":
        return True
    if known & (body.keys() - _ABOUT_THE_CALL):
        return False
    is_error_body = (
        body.keys() <= {"code", "message", "details"} and _word(body.get("code")) in _STATUS_OF_WORD
    )
    return _word(body.get("status")) in _FAILED_WORDS or _has_content(body.get("error")) or is_error_body


def _is_failed(entry: JsonObject) -> bool:
    """Whether one of several results is that of a failure."""
    return (
        (entry.get("success") is not None and entry.get("success") in _NO)
        or any(_is_refusal(entry.get(name)) for name in _NUMBERS)
        or _word(entry.get("status")) in _FAILED_WORDS
        or bool(entry.get("errors"))
        or _has_content(entry.get("error"))
    )


def _is_refusal(value: JsonValue) -> bool:
    """Whether a value is an HTTP status of a failure, also as text."""
    return 400 <= _number(value) < 600


def _number(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return 0
    text = str(value).strip() if isinstance(value, str) else value
    return int(text) if isinstance(text, int) or (text.isdecimal() and len(text) == 3) else 0


def _has_content(value: JsonValue) -> bool:
    """Whether an `error` says something: `false`, `null` and `0` mean that there was none."""
    return value is True or (isinstance(value, (str, list, dict)) and bool(value))


def _word(value: JsonValue) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _named_status(body: JsonObject) -> int:
    inner = body.get("error")
    for place in (body, inner if isinstance(inner, dict) else {}):
        number = next((found for name in _NUMBERS if 400 <= (found := _number(place.get(name))) < 600), 0)
        if number or (number := _STATUS_OF_WORD.get(_word(place.get("code")), 0)):
            return number
    return 0


def _reasons(body: JsonObject) -> JsonObject:
    """What a body says of the failure, without the data that may stand beside it."""
    reasons: JsonObject = {name: body[name] for name in _REASONS if name in body}
    return reasons or {name: value for name, value in body.items() if name in _ABOUT_THE_CALL}


def _objects(value: JsonValue, levels: int = _MAX_LEVELS) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        yield value
    if levels and isinstance(value, (dict, list)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _objects(entry, levels - 1)
