"""Where an answer differs from what the service's document says. Noted, never a reason to refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import cast

from ..schemas import JsonObject, JsonValue

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


def differences(schema: JsonObject, value: JsonValue) -> list[str]:
    """The first few places where the type of a value is not the documented one.

    Null is taken anywhere: both services answer it for what is not known yet.
    """
    return list(islice(_differences(schema, value, "answer"), _SHOWN))


def _differences(schema: JsonObject, value: JsonValue, where: str) -> Iterator[str]:
    kind = schema.get("type")
    if value is None or not isinstance(kind, str):
        return
    is_boolean = isinstance(value, bool)
    if is_boolean != (kind == "boolean") or not isinstance(value, _TYPES[kind]):
        yield f"{where}: documented as {kind}, came {_kind_of(value)}"
    elif isinstance(value, list):
        items = cast("JsonObject", schema.get("items", {}))
        for index, entry in enumerate(value):
            yield from _differences(items, entry, f"{where}[{index}]")
    elif isinstance(value, dict):
        properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
        for name, entry in properties.items():
            if name in value:
                yield from _differences(entry, value[name], f"{where}.{name}")


def _kind_of(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in _TYPES.items() if isinstance(value, types))
