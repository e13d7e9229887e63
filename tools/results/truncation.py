"""Keep an answer within what a host shows its model: cut it at item borders, and say what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..untrusted import one_line

__all__ = ["CUT_PLACES", "fit"]

CUT_PLACES = "docreview.cut.left_out[].where"
"""Where a result that was cut names the places at which something was left out."""

_MIN_SHARE = 60
_MIN_TEXT = 20
_MAX_NOTES = 20
_NOTE_CHARACTERS = 4_000
_WHERE_CHARACTERS = 120


@dataclass(slots=True)
class _Cut:
    """What is left of a value, and every place where something was left out."""

    sizes: dict[int, int] = field(default_factory=dict[int, int])
    places: list[JsonObject] = field(default_factory=list[JsonObject])

    def note(self, where: str, **numbers: int) -> None:
        """Remember that something was left out at a place, such as `documents[0].text`."""
        self.places.append({"where": one_line(where[-_WHERE_CHARACTERS:]), **numbers})


def fit(
    operation: Operation, values: JsonObject, answer: JsonObject, limit: int
) -> tuple[JsonObject, JsonObject]:
    """An answer that is too long, and a note of what was cut: together about `limit` characters of JSON.

    Lists keep whole items from their start (of a single item that is too long, as much as fits); objects keep
    their short entries whole and share the rest. The note names the places, how much of how much is shown,
    and the arguments that get the rest.
    """
    cut = _Cut()
    _measure(answer, cut.sizes)
    paged = max(answer, key=lambda name: _list_size(answer[name], cut.sizes), default="")
    kept = cast("JsonObject", _shrink(answer, max(limit - _NOTE_CHARACTERS, limit // 2), "", cut))
    item_count = next((place.get("items_shown") for place in cut.places if place["where"] == paged), None)
    note: JsonObject = {
        "left_out": cast("JsonValue", cut.places[:_MAX_NOTES]),
        "rest": _rest(operation, values, item_count if isinstance(item_count, int) else 0),
    }
    if len(cut.places) > _MAX_NOTES:
        note["more_places"] = len(cut.places) - _MAX_NOTES
    return kept, note


def _measure(value: JsonValue, sizes: dict[int, int]) -> int:
    """The length of a value as JSON; those of lists and objects are remembered by their identity."""
    if isinstance(value, dict):
        size = 1 + sum(_scalar_size(name) + 2 + _measure(entry, sizes) for name, entry in value.items())
    elif isinstance(value, list):
        size = 1 + sum(1 + _measure(entry, sizes) for entry in value)
    else:
        return _scalar_size(value)
    sizes[id(value)] = max(size, 2)
    return max(size, 2)


def _size(value: JsonValue, sizes: dict[int, int]) -> int:
    return sizes[id(value)] if isinstance(value, (dict, list)) else _scalar_size(value)


def _scalar_size(value: bool | int | float | str | None) -> int:
    return len(encode_basestring(value)) if isinstance(value, str) else len(str(value))


def _list_size(value: JsonValue, sizes: dict[int, int]) -> int:
    return sizes[id(value)] if isinstance(value, list) else 0


def _shrink(value: JsonValue, budget: int, where: str, cut: _Cut) -> JsonValue:
    if _size(value, cut.sizes) <= budget:
        return value
    if isinstance(value, str):
        return _shrink_text(value, budget, where, cut)
    if isinstance(value, list):
        return _shrink_list(value, budget, where, cut)
    return _shrink_object(value, budget, where, cut) if isinstance(value, dict) else value


def _shrink_text(text: str, budget: int, where: str, cut: _Cut) -> str:
    shown = min(max(budget - 2, _MIN_TEXT), len(text))
    while shown > _MIN_TEXT and _scalar_size(text[:shown]) > budget:
        shown = max(_MIN_TEXT, shown * budget // (_scalar_size(text[:shown]) + 1))
    if shown == len(text):
        return text
    cut.note(where, characters_shown=shown, characters_in_all=len(text))
    return text[:shown]


def _shrink_list(items: list[JsonValue], budget: int, where: str, cut: _Cut) -> list[JsonValue]:
    kept: list[JsonValue] = []
    left = budget - 2
    for item in items:
        left -= _size(item, cut.sizes) + 1
        if left < 0:
            break
        kept.append(item)
    if len(items) > 1:
        cut.note(where, items_shown=max(len(kept), 1), items_in_all=len(items))
    return kept or [_shrink(items[0], budget - 3, f"{where}[0]", cut)]


def _shrink_object(value: JsonObject, budget: int, where: str, cut: _Cut) -> JsonObject:
    names: list[str] = []
    needed = 2
    for name, entry in value.items():
        needed += _scalar_size(name) + 2 + min(_size(entry, cut.sizes), _MIN_SHARE)
        if needed > budget:
            cut.note(where, entries_shown=len(names), entries_in_all=len(value))
            break
        names.append(name)
    left = budget - 2 - sum(_scalar_size(name) + 2 for name in names)
    kept: JsonObject = {}
    by_size = sorted(names, key=lambda name: _size(value[name], cut.sizes))
    for count, name in enumerate(by_size):
        share = max(left // (len(names) - count), _MIN_SHARE)
        inner = f"{where}.{name}" if where else name
        kept[name] = _shrink(value[name], share, inner, cut)
        left -= min(share, _size(value[name], cut.sizes))
    return {name: kept[name] for name in names}


def _rest(operation: Operation, values: JsonObject, item_count: int) -> JsonValue:
    """The arguments that get what was left out, or in words how to ask for less."""
    names = {parameter.name for parameter in operation.parameters}
    if item_count and {"offset", "limit"} <= names:
        return {"offset": _number(values, "offset", 0) + item_count}
    if item_count and {"page", "limit"} <= names:
        start = (_number(values, "page", 1) - 1) * _number(values, "limit", 10) + item_count
        limit = next(size for size in range(item_count, 0, -1) if start % size == 0)
        return {"page": start // limit + 1, "limit": limit}
    if {"offset", "limit"} <= names or {"page", "limit"} <= names:
        return "a smaller limit"
    return operation.narrow or "the service offers nothing shorter for this call"


def _number(values: JsonObject, name: str, default: int) -> int:
    value = values.get(name, default)
    return value if isinstance(value, int) else default
