"""Validate a tool's arguments before any request; each fault names the actual and the expected value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..failure import NOTHING_SENT, ToolFailure
from ..json_text import MAX_LEVELS, is_deep, shortened
from ..redaction import REMOVED, secret_arguments
from .arguments import arguments_of, file_sources_of, is_id
from .id_faults import disguised_ids
from .input_model import argument_schema, input_model

__all__ = ["describe_wanted", "invalid", "validate_arguments"]

_MAX_CHARACTERS = 80
_MAX_FAULTS = 8
_MAX_KEYS = 6
_FINITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_SAME_WORD = 0.75
"""How much alike two words are if one is a slip of the pen of the other."""


def validate_arguments(operation: Operation, arguments: Mapping[str, Any] | None) -> JsonObject:
    """The arguments as they will be sent: converted where a host wrote them as text, otherwise as they came.

    Only what the caller set is in the answer, and what the service requires but has one possible value.

    Raises:
        ToolFailure: `invalid_arguments`, naming every argument at fault.
    """
    too_deep = [name for name, value in (arguments or {}).items() if is_deep(value)]
    if too_deep:
        raise invalid(operation, [f"{name}: nested more than {MAX_LEVELS} levels deep" for name in too_deep])
    try:
        checked = input_model(operation).model_validate(dict(arguments or {}))
    except ValidationError as error:
        secrets = secret_arguments(operation)
        faults = [_fault(operation, entry, secrets) for entry in error.errors(include_url=False)]
        raise invalid(operation, faults) from None
    values = _with_only_values(operation, cast("JsonObject", checked.model_dump(exclude_unset=True)))
    values = _without_empty_sources(operation, values)
    faults = [
        *disguised_ids(operation, values),
        *_file_faults(operation, values),
        *_further_key_faults(operation, values),
        *_unsendable_faults(values),
    ]
    if faults:
        raise invalid(operation, faults)
    return values


def invalid(operation: Operation, faults: Sequence[str]) -> ToolFailure:
    """The failure for arguments at fault; nothing was sent."""
    listed = "; ".join(faults[:_MAX_FAULTS])
    more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    end = "" if listed.endswith("?") and not more else "."
    return ToolFailure(
        "invalid_arguments",
        f"{operation.tool}: {listed}{more}{end}",
        happened=NOTHING_SENT,
        next_step="Correct the named arguments and call the tool again.",
    )


def describe_wanted(schema: JsonObject) -> str:
    """A schema in words, such as `integer from 1 to 100`."""
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in cast("list[JsonValue]", schema["enum"]))
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(str(entry) for entry in kind)
    if kind == "array":
        items = describe_wanted(cast("JsonObject", schema.get("items", {})))
        minimum, maximum = schema.get("minItems"), schema.get("maxItems")
        if maximum is None:
            return f"array{'' if minimum is None else f' of at least {minimum}'}, each {items}"
        count = str(maximum) if minimum == maximum else f"{minimum or 0} to {maximum}"
        return f"array of {count} items, each {items}"
    properties = schema.get("properties")
    if kind == "object" and isinstance(properties, dict):
        return f"object with {', '.join(list(properties)[:_MAX_KEYS])}"
    words = str(kind)
    if "minimum" in schema or "maximum" in schema:
        words += f" from {schema.get('minimum', 'any')} to {schema.get('maximum', 'any')}"
    if "maxLength" in schema or "minLength" in schema:
        words += f" of {schema.get('minLength', 0)} to {schema.get('maxLength', 'any number of')} characters"
    if "pattern" in schema:
        words += f" matching {schema['pattern']}"
    return words


def _fault(operation: Operation, error: ErrorDetails, secrets: frozenset[str]) -> str:
    location = error["loc"]
    where = ".".join(str(step) for step in location)
    schema = _schema_at(argument_schema(operation), location)
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown(where, location, argument_schema(operation))
    wanted = describe_wanted(schema)
    if kind == "missing":
        meaning = schema.get("description")
        return f"{where}: missing, expected {wanted}" + (f" ({str(meaning).rstrip('.')})" if meaning else "")
    actual = "a secret value" if secrets.intersection(map(str, location)) else _shown(error["input"])
    if kind == "value_error":
        wanted += f", {error.get('ctx', {}).get('error', '')}"
    hint = " (omit the argument to leave it unset)" if error["input"] is None else ""
    return f"{where}: got {actual}, expected {wanted}{hint}"


def _unknown(where: str, location: tuple[int | str, ...], schema: JsonObject) -> str:
    parent = _schema_at(schema, location[:-1])
    known = list(cast("JsonObject", parent.get("properties", {})))
    name = str(location[-1])
    near = get_close_matches(name, [each for each in known if _may_mean(name, each)], n=1, cutoff=0.5)
    if near:
        return f"{where}: unknown argument; did you mean {near[0]}?"
    return f"{where}: unknown argument; the known ones are {', '.join(known) or 'none'}"


def _may_mean(name: str, known: str) -> bool:
    """Whether an unknown name can be another spelling of a known one: an id is never of another kind."""
    if not is_id(name):
        return True
    words, others = (each.removesuffix("s").split("_")[:-1] for each in (name.lower(), known.lower()))
    if not is_id(known) or not words:
        return False
    if words == others[-len(words) :] or words == others[: len(words)]:
        return True
    return name not in _known_ids() and SequenceMatcher(None, words[-1], others[-1]).ratio() >= _SAME_WORD


@cache
def _known_ids() -> frozenset[str]:
    """The names of all arguments that are ids."""
    every = (argument.name for each in load_operations().values() for argument in arguments_of(each))
    return frozenset(filter(is_id, every))


def _schema_at(schema: JsonObject, location: Sequence[int | str]) -> JsonObject:
    for step in location:
        inner = schema.get("items") if isinstance(step, int) else None
        if inner is None:
            inner = cast("JsonObject", schema.get("properties", {})).get(str(step))
        if not isinstance(inner, dict):
            return {}
        schema = inner
    return schema


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a value of type {type(value).__name__}"
    text = text.encode("utf-8", "backslashreplace").decode()
    return shortened(text, _MAX_CHARACTERS, counted=True)


def _with_only_values(operation: Operation, values: JsonObject) -> JsonObject:
    only = {each.name: each.only_value for each in arguments_of(operation) if each.only_value}
    return {**only, **values}


def _without_empty_sources(operation: Operation, values: JsonObject) -> JsonObject:
    """Leave out the empty ways to give a file where another one is taken or none is needed."""
    sources = file_sources_of(operation)
    if sources is None or (sources.required and not any(values.get(name) for name in sources.names)):
        return values
    return {
        name: value
        for name, value in values.items()
        if value != "" or name not in (*sources.names, "file_name")
    }


def _file_faults(operation: Operation, values: JsonObject) -> list[str]:
    sources = file_sources_of(operation)
    if sources is None:
        return []
    given = [name for name in sources.names if name in values]
    empty = [name for name in (*sources.names, "file_name") if values.get(name) == ""]
    if empty:
        return [f"{name}: got an empty value" for name in empty]
    listed = " or ".join(sources.names)
    if len(given) > 1:
        return [f"{' and '.join(given)}: given together, expected exactly one of {listed}"]
    if not given and sources.required:
        return [f"{sources.names[0]}: missing, expected exactly one of {listed}"]
    if "file_base64" in given and "file_name" not in values:
        return ["file_name: missing, expected a name with an extension for file_base64"]
    if "file_name" in values and "file_base64" not in given:
        return ["file_name: given without file_base64, the file that it names"]
    return []


def _further_key_faults(operation: Operation, values: JsonObject) -> list[str]:
    further = values.get(operation.further_keys) if operation.further_keys else None
    named = [argument.name for argument in arguments_of(operation) if argument.location == "body"]
    # A service may read names of properties in capitals, too.
    return [
        f"{operation.further_keys}.{name}: pass it as the argument {name.casefold()}, not in"
        f" {operation.further_keys}"
        for name in (further if isinstance(further, dict) else ())
        if name.casefold() in named
    ]


def _unsendable_faults(values: JsonObject) -> list[str]:
    """Values that JSON or UTF-8 cannot carry, and stand-ins for secrets that were never shown."""
    faults: list[str] = []
    for name, value in values.items():
        try:
            text = _FINITE.encode(value)
            text.encode()
        except UnicodeEncodeError:
            faults.append(f"{name}: contains a lone surrogate, expected valid Unicode")
        except ValueError:
            faults.append(f"{name}: contains a number that JSON cannot represent")
        else:
            if REMOVED in text:
                faults.append(f"{name}: contains {REMOVED!r}, a placeholder for a value that was not shown")
    return faults
