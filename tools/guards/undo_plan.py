"""What would undo a write: the calls that its record names, filled in with what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, UndoStep, load_operations, parsed, references_of
from ..failure import ToolFailure
from ..requests.arguments import arguments_of
from ..requests.validation import validate_arguments
from .current_state import State, resolve

__all__ = ["may_be_undone", "undo_plan"]

Plan = tuple[tuple[JsonObject, ...], str]
"""The calls, each an operation id with its arguments, and why there are none."""


def may_be_undone(operation: Operation, before: State) -> str:
    """Why a write could not be undone once it is done; empty if it could."""
    if operation.not_undoable:
        return operation.not_undoable
    if _needs_before(operation) and not before.known:
        return f"The previous state could not be read: {before.problem}."
    return ""


def undo_plan(
    operation: Operation, values: JsonObject, before: State, after: State, answer: JsonObject
) -> Plan:
    """The calls that undo a write, and what they cannot put back; the reason, if there are none."""
    reason = may_be_undone(operation, before)
    if reason:
        return (), reason
    if before.known and after.known and (before.is_there, before.value) == (after.is_there, after.value):
        return (), "Nothing was changed."
    if _needs_before(operation) and not before.is_there:
        return (), "Nothing was there before."
    context = {**values, "before": before.value, "answer": answer, "key": before.key}
    calls: list[JsonObject] = []
    lost: list[str] = []
    for step in operation.undo:
        entries = resolve(step.each, context) if step.each else [None]
        for entry in entries if isinstance(entries, list) else []:
            call = _call(operation, step, values, after, {**context, "each": entry})
            if isinstance(call, dict):
                # Once for a file that is named twice: the second one would find it as it is to be.
                calls += [call] if call not in calls else []
            elif step.each:
                lost.append(call)
            else:
                return (), call
    if not calls:
        return (), lost[0] if lost else "There is nothing to restore."
    return tuple(
        calls
    ), f"{len(lost)} of {len(lost) + len(calls)} cannot be undone: {lost[0]}" if lost else ""


def _needs_before(operation: Operation) -> bool:
    return any(each.root in ("before", "key") for step in operation.undo for each in references_of(step))


def _call(
    operation: Operation, step: UndoStep, values: JsonObject, after: State, context: Mapping[str, JsonValue]
) -> JsonObject | str:
    """One call of the plan, or why it cannot be made."""
    called = load_operations()[step.call]
    arguments: JsonObject = {}
    for argument in arguments_of(called):
        if argument.location != "path" and argument.name not in step.arguments:
            continue
        reference = step.arguments.get(argument.name, argument.name)
        value = resolve(reference, context)
        changed = _was_changed(reference, value, after)
        # Sending back what the call did not touch could change more than it did.
        if called is operation and argument.name not in values and not argument.required and not changed:
            continue
        if _fits(value, argument.schema):
            arguments[argument.name] = _fitted(value, argument.schema)
        elif argument.required or changed:
            was = "empty" if value in (None, "") else "something else"
            return f"{argument.name} was {was}, which no call can set."
    try:
        validate_arguments(called, arguments)
    except ToolFailure:
        return f"{called.tool} does not accept the previous value."
    return {"operation": called.id, "arguments": arguments}


def _was_changed(reference: JsonValue, value: JsonValue, after: State) -> bool:
    """Whether a value of the state before is known to be another one now."""
    source = parsed(reference) if isinstance(reference, str) else None
    if source is None or source.root != "before" or not after.known or not isinstance(after.value, dict):
        return False
    key = ".".join(source.steps)
    return key in after.value and after.value[key] != value


def _fits(value: JsonValue, schema: JsonObject) -> bool:
    """Whether a value can be sent: null only where it is allowed, and only what is among the choices."""
    if value is None:
        return "null" in _kinds(schema)
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        return False
    return value != "" or "format" not in schema


def _kinds(schema: JsonObject) -> list[str]:
    kind = schema.get("type", "")
    return [str(each) for each in kind] if isinstance(kind, list) else [str(kind)]


def _fitted(value: JsonValue, schema: JsonObject) -> JsonValue:
    """The value without the keys and nulls that the argument does not take; as it is where it takes any."""
    if isinstance(value, list):
        items = cast("JsonObject", schema.get("items", {}))
        return [_fitted(entry, items) for entry in value]
    properties = None if schema.get("additionalProperties", True) else schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    fitted: JsonObject = {}
    for name, entry in value.items():
        known = cast("JsonObject | None", properties.get(name))
        if known is not None and _fits(entry, known):
            fitted[name] = _fitted(entry, known)
    return fitted
