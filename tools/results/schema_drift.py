"""Where an answer differs from what the service's document says. Noted, never a reason to refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import TypeAlias, cast

from ...schemas import JsonObject, JsonValue, Operation

__all__ = ["differences"]

_SHOWN = 5
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

Place: TypeAlias = tuple[str | int, ...]
Check: TypeAlias = Callable[[JsonValue, Place], Iterator[tuple[Place, str, str]]]
"""Finds the differences in a value: where, the documented type, the type that came."""


def differences(operation: Operation, answer: JsonValue) -> list[str]:
    """The first few places where the type of a value is not the documented one.

    Null is taken anywhere: both services answer it for what is not known yet.
    """
    check = _check_of(operation)
    if check is None:
        return []
    found = islice(check(answer, ()), _SHOWN)
    return [f"{_named(place)}: documented as {kind}, came {came}" for place, kind, came in found]


@cache
def _check_of(operation: Operation) -> Check | None:
    """The check of an operation's answers, made once; None where nothing is documented."""
    return None if operation.response is None else _compile(operation.response)


def _compile(schema: JsonObject) -> Check | None:
    kind = schema.get("type")
    if not isinstance(kind, str):
        return None
    types = _TYPES[kind]
    items = _compile(cast("JsonObject", schema.get("items", {}))) if kind == "array" else None
    properties = cast("dict[str, JsonObject]", schema.get("properties", {})) if kind == "object" else {}
    compiled = ((name, _compile(entry)) for name, entry in properties.items())
    inner = [(name, entry_check) for name, entry_check in compiled if entry_check is not None]

    def check(value: JsonValue, place: Place) -> Iterator[tuple[Place, str, str]]:
        if value is None:
            return
        if type(value) not in types:
            yield place, kind, _kind_of(value)
        elif items is not None:
            for index, entry in enumerate(cast("list[JsonValue]", value)):
                yield from items(entry, (*place, index))
        elif inner:
            entries = cast("JsonObject", value)
            for name, entry_check in inner:
                if name in entries:
                    yield from entry_check(entries[name], (*place, name))

    return check


def _named(place: Place) -> str:
    return "answer" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _kind_of(value: JsonValue) -> str:
    return next(name for name, types in _TYPES.items() if type(value) in types)
