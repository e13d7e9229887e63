"""Keep an answer within what a host shows its model: cut lists at item borders, and say what was left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from ..schemas import JsonObject, JsonValue, Operation

__all__ = ["compact", "fit"]

_LEAST_TEXT = 2000


def compact(value: JsonValue) -> str:
    """JSON without spaces, as it is sent to the host."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class _Place:
    """A list or a long text somewhere in an answer, with its length in characters of JSON."""

    path: str
    holder: dict[str, JsonValue] | list[JsonValue]
    key: str | int
    characters: int


def fit(operation: Operation, values: JsonObject, answer: JsonObject, limit: int) -> JsonObject:
    """An answer that is too long, in about `limit` characters of JSON, with a note of what was cut.

    Whole items go from the end of the longest list; only where no list is left, a long text is shortened.
    The note names each place, how many items of how many are there, and the arguments that get the rest.
    """
    kept = cast("JsonObject", json.loads(compact(answer)))
    cuts: dict[str, JsonObject] = {}
    while (excess := len(compact(kept)) - limit) > 0:
        place = _longest(kept)
        if place is None:
            break
        _shorten(place, excess, cuts)
    notes: list[JsonValue] = [{"where": where, **cut} for where, cut in cuts.items()]
    top = next((cut for where, cut in cuts.items() if "." not in where and "[" not in where), None)
    cut: JsonObject = {"left_out": notes, "rest": _rest(operation, values, top)}
    return {**kept, "docreview": {"cut": cut}}


def _shorten(place: _Place, excess: int, cuts: dict[str, JsonObject]) -> None:
    holder = cast("dict[str | int, JsonValue]", place.holder)
    value = holder[place.key]
    if isinstance(value, list):
        total = cuts.get(place.path, {}).get("items_in_all", len(value))
        dropped = 0
        while value and dropped <= excess:
            dropped += len(compact(value.pop())) + 1
        cuts[place.path] = {"items_shown": len(value), "items_in_all": total}
    else:
        text = str(value)
        total = cuts.get(place.path, {}).get("characters_in_all", len(text))
        shown = max(_LEAST_TEXT // 2, len(text) - excess - 20)
        holder[place.key] = text[:shown]
        cuts[place.path] = {"characters_shown": shown, "characters_in_all": total}


def _longest(answer: JsonObject) -> _Place | None:
    """The outermost list that holds most of the answer; without one, the longest text."""
    lists: list[_Place] = []
    texts: list[_Place] = []

    def walk(
        value: JsonValue, path: str, holder: dict[str, JsonValue] | list[JsonValue], key: str | int
    ) -> None:
        if isinstance(value, str) and len(value) > _LEAST_TEXT:
            texts.append(_Place(path, holder, key, len(value)))
        if isinstance(value, list) and len(value) > 1:
            lists.append(_Place(path, holder, key, len(compact(value))))
        if isinstance(value, list):
            for index, entry in enumerate(value):
                walk(entry, f"{path}[{index}]", value, index)
        if isinstance(value, dict):
            for name, entry in value.items():
                walk(entry, f"{path}.{name}" if path else name, value, name)

    walk(answer, "", {}, "")
    places = lists or texts
    return max(places, key=lambda place: place.characters, default=None)


def _rest(operation: Operation, values: JsonObject, cut: JsonObject | None) -> JsonValue:
    """The arguments that get what was left out, or in words how to ask for less."""
    names = {parameter.name for parameter in operation.parameters}
    shown = cut.get("items_shown") if cut is not None else None
    if isinstance(shown, int) and shown > 0:
        if {"offset", "limit"} <= names:
            return {"offset": _number(values, "offset", 0) + shown}
        if {"page", "limit"} <= names:
            start = (_number(values, "page", 1) - 1) * _number(values, "limit", 10) + shown
            limit = next(size for size in range(shown, 0, -1) if start % size == 0)
            return {"page": start // limit + 1, "limit": limit}
    if {"offset", "limit"} <= names or {"page", "limit"} <= names:
        return "a smaller limit"
    return operation.narrow or "nothing shorter is offered by the service for this call"


def _number(values: JsonObject, name: str, default: int) -> int:
    value = values.get(name, default)
    return value if isinstance(value, int) else default
