"""Where an answer differs from what the service's document says. Noted, never a reason to refuse it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, cast

from ...schemas import JsonObject, JsonValue, Operation

__all__ = ["differences"]

_MAX_LISTED = 5
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

JsonPath: TypeAlias = tuple[str | int, ...]
Difference: TypeAlias = tuple[JsonPath, str, JsonValue]
"""Where a value stands, the documented type, and the value that came."""

Look: TypeAlias = Callable[[JsonValue, JsonPath, list[Difference]], None]
"""Adds the differences inside a list or object to those that were found."""


@dataclass(frozen=True, slots=True)
class _Documented:
    """The type that is documented for a value; `look` goes into it if it has something inside."""

    kind: str
    types: tuple[type, ...]
    look: Look | None

    def check(self, value: JsonValue, path: JsonPath, found: list[Difference]) -> None:
        """Add the differences of a value and of what is inside it."""
        if value is None:
            return
        if type(value) not in self.types:
            found.append((path, self.kind, value))
        elif self.look is not None:
            self.look(value, path, found)


def differences(operation: Operation, answer: JsonValue) -> list[str]:
    """The first few places where the type of a value is not the documented one.

    Null is taken anywhere: both services answer it for what is not known yet.
    """
    documented = _answer_of(operation)
    found: list[Difference] = []
    if documented is not None:
        documented.check(answer, (), found)
    return [
        f"{_named(path)}: documented as {kind}, came {_kind_of(value)}"
        for path, kind, value in found[:_MAX_LISTED]
    ]


@cache
def _answer_of(operation: Operation) -> _Documented | None:
    """What is documented of an operation's answers, made once; None where nothing is."""
    return None if operation.response is None else _compile(operation.response)


def _compile(schema: JsonObject) -> _Documented | None:
    kind = schema.get("type")
    if not isinstance(kind, str):
        return None
    if kind == "array":
        items = _compile(cast("JsonObject", schema.get("items", {})))
        return _Documented(kind, _TYPES[kind], None if items is None else _into_list(items))
    properties = cast("dict[str, JsonObject]", schema.get("properties", {})) if kind == "object" else {}
    compiled = ((name, _compile(entry)) for name, entry in properties.items())
    inner = {name: documented for name, documented in compiled if documented is not None}
    return _Documented(kind, _TYPES[kind], _into_object(inner) if inner else None)


def _into_list(items: _Documented) -> Look:
    types, look = items.types, items.look

    def into(value: JsonValue, path: JsonPath, found: list[Difference]) -> None:
        for index, entry in enumerate(cast("list[JsonValue]", value)):
            # Most entries are nothing but what they are documented as: only the others are worth a call.
            if type(entry) not in types:
                items.check(entry, (*path, index), found)
            elif look is not None:
                look(entry, (*path, index), found)
            else:
                continue
            if len(found) >= _MAX_LISTED:
                return

    return into


def _into_object(inner: Mapping[str, _Documented]) -> Look:
    named = tuple((name, each.types, each.look, each.check) for name, each in inner.items())

    def into(value: JsonValue, path: JsonPath, found: list[Difference]) -> None:
        entries = cast("JsonObject", value)
        for name, types, look, check in named:
            entry = entries.get(name)
            if type(entry) not in types:
                check(entry, (*path, name), found)
            elif look is not None:
                look(entry, (*path, name), found)

    return into


def _named(path: JsonPath) -> str:
    return "answer" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _kind_of(value: JsonValue) -> str:
    return next(name for name, types in _TYPES.items() if type(value) in types)
