"""Operation → the output schema that hosts see.

Both services' documents contradict themselves, and a client throws away an answer that does not fit a
strict schema after the call was carried out. So the schema names and describes the properties, types
included in words, and forbids nothing. Real differences are noted per call (see `drift`).
"""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, Operation

__all__ = ["output_schema"]


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
    return _schema({name: _in_words(schema) for name, schema in properties.items()})


def _schema(descriptions: dict[str, str]) -> JsonObject:
    properties: JsonObject = {name: {"description": text} for name, text in descriptions.items()}
    return {"type": "object", "properties": properties}


def _in_words(schema: JsonObject) -> str:
    meaning = str(schema.get("description", "")).rstrip(".")
    kind = _kind(schema)
    return f"{kind}: {meaning}" if kind and meaning else kind or meaning or "any value"


def _kind(schema: JsonObject) -> str:
    kind = schema.get("type", "")
    if kind == "array":
        return f"array of {_kind(cast('JsonObject', schema.get('items', {}))) or 'values'}"
    properties = schema.get("properties")
    if kind == "object" and isinstance(properties, dict):
        return f"object ({', '.join(properties)})"
    return " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
