"""JSON Schema → the Python type by which pydantic checks a value.

Values keep the form in which they came; only what hosts commonly get wrong is put right: a number,
boolean, list or object that arrives as text, and a list that arrives as comma-separated text where the
service itself takes it so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from ...schemas import JsonObject
from ..json_text import is_deep

__all__ = ["object_model", "python_type"]

_WHOLE = re.compile(r"[+-]?\d{1,300}")
_FALSE_TRUE = {"false": False, "true": True}
_LIMITS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minimum": "ge",
    "maximum": "le",
    "pattern": "pattern",
}


def object_model(
    name: str, schema: JsonObject, *, path_names: frozenset[str] = frozenset()
) -> type[BaseModel]:
    """A pydantic model of an object schema; only what was set is kept apart from what was not.

    Properties in `path_names` become parts of an address, so empty ones and dot segments are refused.
    Keys that the schema does not name are kept where it allows them and refused elsewhere.
    """
    required = cast("list[str]", schema.get("required", []))
    fields: dict[str, Any] = {}
    for key, entry in cast("dict[str, JsonObject]", schema.get("properties", {})).items():
        kind = python_type(f"{name}_{key}", entry)
        if key in path_names and entry.get("type") == "string":
            kind = Annotated[kind, AfterValidator(_path_segment)]
        shown: dict[str, Any] = {"description": entry.get("description")}
        if "default" in entry or "format" in entry:
            shown["json_schema_extra"] = {k: entry[k] for k in ("default", "format") if k in entry}
        fields[key] = (kind, Field(**shown) if key in required else Field(default=None, **shown))
    extra: Literal["allow", "forbid"] = "allow" if schema.get("additionalProperties") else "forbid"
    config = ConfigDict(extra=extra, protected_namespaces=(), regex_engine="python-re")
    return create_model(name, __config__=config, **fields)


def python_type(name: str, schema: JsonObject) -> Any:
    """The annotation by which pydantic checks a value against the schema. `name` names nested models."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        one = python_type(name, {**schema, "type": next(kind for kind in kinds if kind != "null")})
        return one | None
    if "enum" in schema:
        return _choice(cast("list[str]", schema["enum"]))
    limits = {ours: schema[key] for key, ours in _LIMITS.items() if key in schema}
    match kinds:
        case "string":
            return Annotated[str, Field(**cast("dict[str, Any]", limits))]
        case "integer":
            limited = Field(**cast("dict[str, Any]", limits))
            return Annotated[int, Strict(), limited, BeforeValidator(_whole_number)]
        case "number":
            limited = Field(allow_inf_nan=False, **cast("dict[str, Any]", limits))
            return Annotated[float, Strict(), limited, WrapValidator(_number)]
        case "boolean":
            return Annotated[bool, Strict(), BeforeValidator(_boolean)]
        case "array":
            items = python_type(f"{name}_item", cast("JsonObject", schema.get("items", {})))
            limited = Field(**cast("dict[str, Any]", limits))
            return Annotated[list[items], limited, BeforeValidator(_decoder(list, split=_splits(schema)))]
        case "object" if "properties" in schema:
            return Annotated[object_model(name, schema), BeforeValidator(_decoder(dict))]
        case "object":
            return Annotated[dict[str, JsonValue], BeforeValidator(_decoder(dict))]
        case _:
            return JsonValue


def _splits(schema: JsonObject) -> bool:
    return bool(schema.get("x-comma-separated"))


def _choice(values: list[str]) -> Any:
    choice = Literal[tuple(values)]  # pyright: ignore[reportInvalidTypeForm] - made at run time
    if set(values) == {"true", "false"}:
        return Annotated[choice, BeforeValidator(_boolean_text)]
    return choice


def _whole_number(value: object) -> object:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _number(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Check a number but keep it as it came: 5 stays 5, and is not sent as 5.0."""
    if isinstance(value, str):
        try:
            value = cast("object", json.loads(value))
        except (ValueError, RecursionError):
            return check(value)
    check(value)
    return value


def _boolean(value: object) -> object:
    return _FALSE_TRUE.get(value.strip().lower(), value) if isinstance(value, str) else value


def _boolean_text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _decoder(
    wanted: type[list[Any]] | type[dict[str, Any]], *, split: bool = False
) -> Callable[[object], object]:
    """Decode JSON text where a list or an object belongs; other text is left for the check to refuse."""

    def decode(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            decoded = cast("object", json.loads(value))
        except (ValueError, RecursionError):
            decoded = None
        if isinstance(decoded, wanted):
            found = cast("object", decoded)
            return value if is_deep(found) else found
        return [part.strip() for part in value.split(",")] if split and value else value

    return decode


def _path_segment(value: str) -> str:
    if value in ("", ".", ".."):
        raise ValueError("not empty, '.' or '..'")
    return value
