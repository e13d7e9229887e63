"""JSON as text: written compactly, shortened for a message, and never nested too deeply."""

from __future__ import annotations

import json
from typing import cast

from ..schemas import JsonValue

__all__ = ["MAX_LEVELS", "compact", "is_deep", "may_be_deep", "shortened", "without_depth"]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_NESTED = (dict, list)

MAX_LEVELS = 100
"""The most levels of lists and objects in an argument or an answer."""


def compact(value: JsonValue) -> str:
    """JSON without spaces, as it is sent to the host."""
    return _ENCODER.encode(value)


def shortened(text: str, max_characters: int, *, counted: bool = False) -> str:
    """The text, or its first `most` characters with a sign; `counted` says how many it has in all."""
    if len(text) <= max_characters:
        return text
    return f"{text[:max_characters]}…{f' ({len(text)} characters)' if counted else ''}"


def may_be_deep(text: str) -> bool:
    """Whether JSON text opens enough lists and objects that a closer look is needed."""
    return text.count("[") + text.count("{") > MAX_LEVELS


def is_deep(value: object) -> bool:
    """Whether a JSON value has more levels than are taken."""
    level: list[object] = [value] if isinstance(value, _NESTED) else []
    for _ in range(MAX_LEVELS + 1):
        inside: list[object] = []
        for entry in cast("list[dict[str, object] | list[object]]", level):
            inside += entry.values() if isinstance(entry, dict) else entry
        level = [entry for entry in inside if isinstance(entry, _NESTED)]
        if not level:
            return False
    return True


def without_depth(value: JsonValue, levels: int = MAX_LEVELS) -> JsonValue:
    """A copy in which what is nested more deeply than is taken is replaced by a text that says so."""
    if not isinstance(value, (dict, list)):
        return value
    if levels == 0:
        return "[left out: nested too deeply]"
    if isinstance(value, list):
        return [without_depth(entry, levels - 1) for entry in value]
    return {key: without_depth(entry, levels - 1) for key, entry in value.items()}
