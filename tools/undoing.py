"""What would undo a write: the calls that its record names, filled in with what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..schemas import JsonObject, JsonValue, Operation, UndoStep, load_operations
from .arguments import Argument, arguments_of
from .failure import ToolFailure
from .present import State, resolve
from .validation import validate_arguments

__all__ = ["may_be_undone", "undo_plan"]

Plan = tuple[tuple[JsonObject, ...], str]
"""The calls, each an operation id with its arguments, and why there are none."""


def may_be_undone(operation: Operation, before: State) -> str:
    """Why a write could not be undone once it is done; empty if it could."""
    if operation.not_undoable:
        return operation.not_undoable
    if _needs_before(operation) and not before.known:
        return f"The state before cannot be read: {before.problem}."
    return ""


def undo_plan(operation: Operation, values: JsonObject, before: State, answer: JsonObject) -> Plan:
    """The calls that undo a write, or why there are none."""
    reason = may_be_undone(operation, before)
    if reason:
        return (), reason
    if _needs_before(operation) and not before.is_there:
        return (), "Nothing was there before."
    context = {**values, "before": before.value, "answer": answer, "key": before.key}
    calls: list[JsonObject] = []
    for step in operation.undo:
        entries = resolve(step.each, context) if step.each else [None]
        for entry in entries if isinstance(entries, list) else []:
            call = _call(step, {**context, "each": entry})
            if isinstance(call, str):
                return (), call
            calls.append(call)
    return tuple(calls), "" if calls else "There is nothing to put back."


def _needs_before(operation: Operation) -> bool:
    texts = [str(part) for step in operation.undo for part in (step.each, *step.arguments.values())]
    return any("before" in text or text == "key" for text in texts)


def _call(step: UndoStep, context: Mapping[str, JsonValue]) -> JsonObject | str:
    operation = load_operations()[step.call]
    arguments: JsonObject = {}
    for argument in arguments_of(operation):
        if argument.location == "path" or argument.name in step.arguments:
            value = resolve(step.arguments.get(argument.name, argument.name), context)
            if _fits(value, argument):
                arguments[argument.name] = _fitted(value, argument.schema)
            elif argument.required:
                return f"There was no {argument.name} before that could be put back."
    try:
        validate_arguments(operation, arguments)
    except ToolFailure as failure:
        return f"What was there cannot be sent again: {failure.message}"
    return {"operation": operation.id, "arguments": arguments}


def _fits(value: JsonValue, argument: Argument) -> bool:
    """Whether there is a value: null only where null is allowed, an empty text only where it may be one."""
    if value is None:
        return "null" in _kinds(argument.schema)
    return value != "" or "format" not in argument.schema


def _kinds(schema: JsonObject) -> list[str]:
    kind = schema.get("type", "")
    return [str(each) for each in kind] if isinstance(kind, list) else [str(kind)]


def _fitted(value: JsonValue, schema: JsonObject) -> JsonValue:
    """The value without the keys and nulls that the argument does not take."""
    if isinstance(value, list):
        items = cast("JsonObject", schema.get("items", {}))
        return [_fitted(entry, items) for entry in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    open_ended = bool(schema.get("additionalProperties", True))
    fitted: JsonObject = {}
    for name, entry in value.items():
        known = cast("JsonObject | None", properties.get(name))
        if known is None and open_ended:
            fitted[name] = entry
        elif known is not None and (entry is not None or "null" in _kinds(known)):
            fitted[name] = _fitted(entry, known)
    return fitted
