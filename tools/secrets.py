"""Keep secrets out of everything that leaves the server: results, errors and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import cast

from ..schemas import JsonObject, JsonValue, Operation, load_operations

__all__ = [
    "REMOVED",
    "may_hold_secret_properties",
    "secret_arguments",
    "secret_names",
    "without_secret_properties",
    "without_secrets",
]

REMOVED = "[secret removed]"
"""What stands in a result where a secret stood. It is refused as an argument."""

_LONG = 12
_SHORTEST = 4
_MARKS = ("eyJ", "Bearer ", "Basic ")
_PATTERNS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"  # a JSON Web Token
    r"|(?<=\bBearer )[\w.~+/=-]{8,}"
    r"|(?<=\bBasic )[\w+/=]{8,}"
)


@cache
def secret_names() -> frozenset[str]:
    """The property names that some answer of a service marks as secret."""
    answers = (operation.response for operation in load_operations().values())
    return frozenset(name for answer in answers if answer is not None for name in _flagged(answer))


@cache
def secret_arguments(operation: Operation) -> frozenset[str]:
    """The request properties of an operation that are secret, such as a password."""
    schemas = [body.schema for body in operation.bodies]
    return frozenset(name for schema in schemas for name in _flagged(schema))


def may_hold_secret_properties(text: str) -> bool:
    """Whether JSON text names a secret property anywhere, so that a closer look is needed."""
    return any(f'"{name}":' in text for name in secret_names())


def without_secret_properties(value: JsonValue) -> JsonValue:
    """A copy of an answer in which the value of every secret property is replaced by `REMOVED`."""
    names = secret_names()

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        return {
            key: REMOVED if key in names and _can_hold_secret(entry) else cleaned(entry)
            for key, entry in value.items()
        }

    return cleaned(value)


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """`text` without the known secret values and without anything that has the form of a token.

    A short secret is taken out only where it stands alone, so that it does not spoil other words.
    """
    for secret in known:
        for form in {secret, json.dumps(secret)[1:-1]}:
            if len(form) < _SHORTEST or form not in text:
                continue
            if len(form) >= _LONG:
                text = text.replace(form, REMOVED)
            else:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", REMOVED, text)
    return _PATTERNS.sub(REMOVED, text) if any(mark in text for mark in _MARKS) else text


def _can_hold_secret(value: JsonValue) -> bool:
    return bool(value) and isinstance(value, (str, dict, list)) and value != REMOVED


def _flagged(schema: JsonValue) -> Iterator[str]:
    if isinstance(schema, list):
        for entry in schema:
            yield from _flagged(entry)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    for name, entry in cast("JsonObject", properties if isinstance(properties, dict) else {}).items():
        ours = entry.get("x-docreview") if isinstance(entry, dict) else None
        if isinstance(ours, dict) and ours.get("secret"):
            yield name
    for entry in schema.values():
        yield from _flagged(entry)
