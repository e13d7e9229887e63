"""A service's answer as one object that every host can read, before anything is taken out of it."""

from __future__ import annotations

import json
import re
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import Done, ToolFailure
from ..json_text import compact, is_deep, may_be_deep, without_depth
from ..redaction import without_secret_text
from ..untrusted import quoted
from .response import Response

__all__ = ["MAX_VALUES", "parse", "wrapped"]

MAX_VALUES = 500_000
"""The most values (entries of lists and objects) of an answer: a document of some 33,000 cells."""

_MAX_PAGES = 20
_UNTRUSTED_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[,\[{]', re.DOTALL)
_PAGE_ID = re.compile(rb'"page_id"\s*:\s*"([^"\\]{1,100})"')

_STARTS_OF_JSON = ('{"', "[{", "[[", '["')


def parse(operation: Operation, response: Response) -> JsonValue:
    """The body as JSON that every host can read: whole characters, finite numbers, not too deep.

    Raises:
        ToolFailure: the body is neither JSON nor a text, or has more values than are taken.
    """
    if not response.content.strip():
        return None
    if _has_too_many_values(response.content):
        raise _too_large(operation, response)
    text = response.text
    try:
        value = response.json
    except RecursionError:
        return {"text": without_secret_text(operation.service, text)}
    except ValueError:
        if _is_text(response, text):
            return {"text": without_secret_text(operation.service, text)}
        raise _unreadable(operation, response) from None
    if may_be_deep(text) and is_deep(value):
        value = without_depth(value)
    return _whole_characters(value) if "\\ud" in text or "\\uD" in text else value


def wrapped(answer: JsonValue, status: int) -> JsonObject:
    """An answer as an object: a list stands under `items`, an empty one says `ok`."""
    if answer is None:
        return {"ok": True, "status": status}
    if isinstance(answer, list):
        return {"items": answer}
    return answer if isinstance(answer, dict) else {"value": answer}


def _is_text(response: Response, text: str) -> bool:
    """Whether a body that is no JSON is meant as a text, rather than JSON that broke off or a file."""
    if text.lstrip().startswith(_STARTS_OF_JSON):
        return False
    kind = response.content_type
    return kind.startswith("text/") or ((not kind or "json" in kind) and text.replace("\n", "").isprintable())


def _has_too_many_values(content: bytes) -> bool:
    """Whether JSON has more values than are taken. Each takes many times its length in memory."""
    counted = sum(map(content.count, (b",", b"[", b"{")))
    if counted <= MAX_VALUES:
        return False
    found = 0
    for match in _UNTRUSTED_TEXTS.finditer(content):
        found += match[0][:1] != b'"'
        if found > MAX_VALUES:
            return True
    return False


def _too_large(operation: Operation, response: Response) -> ToolFailure:
    done: Done = "no" if operation.effect == "read" else "yes"
    pages = list(
        dict.fromkeys(match[1].decode("utf-8", "replace") for match in _PAGE_ID.finditer(response.content))
    )
    named = f" Its pages: {', '.join(map(quoted, pages[:_MAX_PAGES]))}." if pages else ""
    more = f" It has {len(pages)} pages." if len(pages) > _MAX_PAGES else ""
    advice = operation.narrow or "a smaller limit"
    return ToolFailure(
        "too_large",
        f"{operation.tool}: the answer has more than {MAX_VALUES:,} values, so it was not read.{named}{more}",
        status=response.status,
        done=done,
        next_step=f"Request less: {advice}.",
    )


def _whole_characters(value: JsonValue) -> JsonValue:
    """A copy in which half characters (lone surrogates), which no transport can carry, are question marks."""
    return cast("JsonValue", json.loads(compact(value).encode("utf-8", "replace")))


def _unreadable(operation: Operation, response: Response) -> ToolFailure:
    done: Done = "no" if operation.effect == "read" else "yes"
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the service answered {response.status} with invalid JSON.",
        status=response.status,
        retryable=operation.effect == "read",
        done=done,
        happened="" if done == "no" else "It reported success, so the change was most likely made.",
        next_step="Call again."
        if done == "no"
        else "Read the item to see its current state; do not repeat the call.",
    )
