"""JSON Schema → the Python type by which pydantic checks a value.

Values keep the form in which they came; only what hosts commonly get wrong is put right: a number,
boolean, list or object that arrives as text, and a list that arrives as comma-separated text where the
service itself takes it so. What is optional and says nothing is left out: strict clients fill in null or an
empty text for everything that nobody set.
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
    model_validator,
)

from ...schemas import JsonObject
from ..json_text import is_deep

__all__ = ["object_model", "python_type"]

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
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
    Keys that the schema does not name are kept where it allows them and refused elsewhere. An optional
    property counts as left out if it is null where the schema has no null, or an empty text where it takes
    none.
    """
    required = cast("list[str]", schema.get("required", []))
    properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
    optional = {key: entry for key, entry in properties.items() if key not in required}
    fields: dict[str, Any] = {}
    for key, entry in properties.items():
        kind = python_type(f"{name}_{key}", entry)
        if key in path_names and entry.get("type") == "string":
            kind = Annotated[kind, AfterValidator(_path_segment)]
        shown: dict[str, Any] = {"description": entry.get("description")}
        # Some hosts need an extra package to take a schema with this format. It is checked here all the same.
        extras = {k: entry[k] for k in ("default", "format") if k in entry and entry[k] != "email"}
        if extras:
            shown["json_schema_extra"] = extras
        fields[key] = (kind, Field(**shown) if key in required else Field(default=None, **shown))
    extra: Literal["allow", "forbid"] = "allow" if schema.get("additionalProperties") else "forbid"
    config = ConfigDict(extra=extra, protected_namespaces=(), regex_engine="python-re")
    validators = cast("dict[str, Any]", {"leave_out": model_validator(mode="before")(_leave_out(optional))})
    return create_model(name, __config__=config, __validators__=validators, **fields)


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
            limited = Field(**cast("dict[str, Any]", limits))
            if schema.get("format") == "email":
                return Annotated[str, limited, AfterValidator(_email_address)]
            return Annotated[str, limited]
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


def _leave_out(optional: dict[str, JsonObject]) -> Callable[[object], object]:
    """Leave out of an object what is optional and says nothing."""

    def leave_out(value: object) -> object:
        if not isinstance(value, dict):
            return value
        entries = cast("dict[str, object]", value)
        return {key: entry for key, entry in entries.items() if not _says_nothing(optional.get(key), entry)}

    return leave_out


def _says_nothing(schema: JsonObject | None, value: object) -> bool:
    """Whether an optional value of this schema is null or an empty text that the schema cannot take."""
    if schema is None or not ("type" in schema or "enum" in schema):
        return False
    kinds = schema.get("type", "string")
    if value is None:
        return not (isinstance(kinds, list) and "null" in kinds)
    if value != "":
        return False
    takes_text = "string" in kinds if isinstance(kinds, list) else kinds == "string"
    is_free = "enum" not in schema and "format" not in schema and not schema.get("minLength")
    return not (takes_text and is_free) or bool(schema.get("x-empty-says-nothing"))


def _email_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an e-mail address")
    return value


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
