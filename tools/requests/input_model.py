"""Operation → pydantic input model → the JSON Schema that hosts see."""

from __future__ import annotations

from functools import cache
from typing import cast

from pydantic import BaseModel

from ...schemas import JsonObject, JsonValue, Operation
from .arguments import CONFIRM, REASON, Argument, arguments_of, is_id
from .json_types import object_model

__all__ = ["argument_schema", "input_model", "input_schema"]

_DROPPED = ("title", "$defs", "additionalProperties")
"""What tells an agent nothing. Unknown keys are refused by the model, with the nearest known name."""


@cache
def input_model(operation: Operation) -> type[BaseModel]:
    """The pydantic model of the tool's arguments. Unknown arguments are refused."""
    arguments = arguments_of(operation)
    paths = frozenset(argument.name for argument in arguments if argument.location == "path")
    return object_model(operation.id, argument_schema(operation), path_names=paths)


@cache
def argument_schema(operation: Operation) -> JsonObject:
    """The arguments of the tool as one object schema in the terms of the service's document."""
    arguments = arguments_of(operation)
    return {
        "type": "object",
        "properties": {argument.name: _own_schema(argument) for argument in arguments},
        "required": [argument.name for argument in arguments if argument.required],
        "additionalProperties": False,
    }


def input_schema(operation: Operation) -> JsonObject:
    """The JSON Schema of the input model as hosts take it: no references, no union at the root."""
    schema = cast("JsonObject", input_model(operation).model_json_schema())
    definitions = cast("dict[str, JsonObject]", schema.get("$defs", {}))
    inlined = cast("JsonObject", _plain(schema, definitions))
    properties = cast("JsonObject", inlined.get("properties", {}))
    for argument in arguments_of(operation):
        if not argument.listed:
            del properties[argument.name]
    return {"type": "object", "properties": {}, **inlined, "additionalProperties": False}


def _own_schema(argument: Argument) -> JsonObject:
    schema = {**argument.schema, "x-comma-separated": True} if argument.separator else argument.schema
    return {**schema, "x-empty-says-nothing": True} if is_id(argument.name) or _is_ours(argument) else schema


def _is_ours(argument: Argument) -> bool:
    """Whether it is for this server itself; an expected value may well be an empty text."""
    return argument.name in (CONFIRM, REASON) and argument.location == "guard"


def _plain(value: JsonValue, definitions: dict[str, JsonObject], keys_are_names: bool = False) -> JsonValue:
    """Replace references, and leave out what tells an agent nothing."""
    if isinstance(value, list):
        return [_plain(entry, definitions) for entry in value]
    if not isinstance(value, dict):
        return value
    if keys_are_names:
        return {key: _plain(entry, definitions) for key, entry in value.items()}
    if "$ref" in value:
        target = definitions[str(value["$ref"]).removeprefix("#/$defs/")]
        beside = {key: entry for key, entry in value.items() if key != "$ref"}
        return _plain({**target, **beside}, definitions)
    # Some hosts refuse a schema with `const`.
    listed = {"enum" if key == "const" else key: entry for key, entry in value.items()}
    if "const" in value:
        listed["enum"] = [value["const"]]
    return {
        key: _plain(entry, definitions, keys_are_names=key == "properties")
        for key, entry in listed.items()
        if key not in _DROPPED and not (key == "default" and entry is None)
    }
