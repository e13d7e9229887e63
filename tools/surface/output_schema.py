"""Operation → the output schema that hosts see.

Both services' documents contradict themselves, and a client throws away an answer that does not fit a
strict schema after the call was carried out. So the schema names and describes the properties, types
included in words, and forbids nothing. Real differences are noted per call (see `drift`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from ...schemas import JsonObject, Operation
from ..untrusted import NOTE

__all__ = ["output_schema"]

_NOTE: JsonObject = {"type": "object", "description": "Of docreview: entry, undoable, outside, cut"}
"""Typed clients keep declared properties only."""


def output_schema(operation: Operation) -> JsonObject | None:
    """A lenient schema of the structured result: always an object, no property required.

    None for a tool whose results may hold a picture: hosts that take the structured result drop the picture.
    """
    response = operation.response
    if operation.download or operation.pictures:
        return None
    if response is None:
        return _schema({"ok": "boolean: The service accepted the call", "status": "integer: HTTP status"})
    if response.get("type") == "array":
        return _schema({"items": _in_words(response)})
    properties = cast("dict[str, JsonObject]", response.get("properties", {}))
    if operation.service == "docreview":
        described = {name: _in_few_words(schema, properties) for name, schema in properties.items()}
        return _schema(described, is_own=True)
    return _schema({name: _in_words(schema) for name, schema in properties.items()})


def _schema(descriptions: dict[str, str], *, is_own: bool = False) -> JsonObject:
    properties: JsonObject = {
        name: {"description": text} if text else {} for name, text in descriptions.items()
    }
    return {"type": "object", "properties": {**properties, NOTE: {"type": "object"} if is_own else _NOTE}}


def _in_words(schema: JsonObject) -> str:
    meaning, kind = _meaning(schema), _kind(schema)
    return f"{kind}: {meaning}" if kind and meaning else kind or meaning or "any value"


def _in_few_words(schema: JsonObject, beside: Collection[str]) -> str:
    """A property of our own result: the keys inside it, and its meaning if the name does not say it."""
    meaning, kind = _meaning(schema), _kind(schema, beside)
    return ": ".join(filter(None, (kind if "{" in kind else "", meaning)))


def _meaning(schema: JsonObject) -> str:
    return str(schema.get("description", "")).rstrip(".")


def _kind(schema: JsonObject, beside: Collection[str] = ()) -> str:
    kind = schema.get("type", "")
    if kind == "array":
        items = _kind(cast("JsonObject", schema.get("items", {})), beside) or "values"
        return f"[{items}]" if "{" in items else f"array of {items}"
    properties = schema.get("properties")
    if kind == "object" and isinstance(properties, dict):
        return f"{{{', '.join(_keys(properties, beside))}}}"
    return " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)


def _keys(properties: Collection[str], beside: Collection[str]) -> list[str]:
    """The keys of an object. If the result itself has most of them too, only the further ones and dots."""
    further = [name for name in properties if name not in beside]
    return [*further, "..."] if len(further) * 2 < len(properties) else list(properties)
