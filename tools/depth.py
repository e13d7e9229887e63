"""How deep JSON may be nested: what is deeper breaks parsers on its way."""

from __future__ import annotations

from typing import cast

__all__ = ["MOST_LEVELS", "is_deep", "may_be_deep"]

MOST_LEVELS = 100
"""The most levels of lists and objects in an argument or an answer."""


def may_be_deep(text: str) -> bool:
    """Whether JSON text opens enough lists and objects that a closer look is needed."""
    return text.count("[") + text.count("{") > MOST_LEVELS


def is_deep(value: object) -> bool:
    """Whether a JSON value has more levels than are taken."""
    level: list[object] = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [inner for entry in level for inner in _inside(entry)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    """The lists and objects directly inside a value."""
    if isinstance(value, dict):
        every = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        every = cast("list[object]", value)
    else:
        return []
    return [entry for entry in every if isinstance(entry, (dict, list))]
