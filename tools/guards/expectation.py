"""Whether a write finds what its caller expects: a value that they named, or the one that they last saw."""

from __future__ import annotations

from dataclasses import replace

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.comparison import comparable, same_as_read
from ..documents.field_state import FieldState, fields_in
from ..documents.readings import text_of
from ..documents.values import values_of_document
from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import TakingBack
from ..requests.arguments import expected_argument
from ..requests.prepared_call import Prepared
from ..untrusted import quoted
from .context import CallContext
from .current_state import Read, State

__all__ = [
    "OF_WHOLE_DOCUMENTS",
    "id_of_value",
    "misplaced",
    "needs_present_values",
    "reviewed_otherwise",
    "touched_fields",
    "unexpected",
]

_MAX_CHANGED = 3
OF_WHOLE_DOCUMENTS = frozenset({"getDocument", "getPredictionFileByFileId"})
"""What reads a document with all of its values: what is written by its state touches all of them."""
_OF_VALUES = OF_WHOLE_DOCUMENTS | {"getPageData", "getPredictionFileByPageId"}

_PREDICTED = "predicted_boxes"
"""What the service read first on a page: an approval is judged by its confidences."""
_REVIEWED = (
    _PREDICTED,
    "approval_status",
    "assigned_member",
    "current_stage_id",
    "export_status",
    "is_moderated",
    "status",
    "verified_at",
    "verified_by",
)
"""Properties of a page by which a service keeps what it read, who approved it and where it stands."""


def needs_present_values(prepared: Prepared, context: CallContext) -> bool:
    """Whether a write has to be compared with what its caller expects, or may have seen before."""
    operation, seen = prepared.operation, context.guards.seen
    if expected_argument(operation) in prepared.values or _marks_of_review(prepared):
        return True
    if operation.present is None or operation.present.each or operation.present.read not in _OF_VALUES:
        return False
    identity = id_of_value(prepared.service_arguments)
    if identity is None:
        return not seen.is_empty
    return seen.text(context.caller, identity) is not None


def id_of_value(arguments: JsonObject) -> str | None:
    """The id of the one field or cell that a call is about; None if it is about something else."""
    identity = arguments.get("field_data_id") or arguments.get("cell_id")
    return text_of(identity) if identity else None


def touched_fields(operation: Operation, before: State) -> list[FieldState]:
    """The values of documents that a write touches: all of a document, or those of the item."""
    if operation.present is None or operation.present.each:
        return []
    fields = fields_in(before.answer if operation.present.read in OF_WHOLE_DOCUMENTS else before.item)
    # A field of a page has its name outside itself: it is the key of the map in which the field stands.
    return [each if each.name else replace(each, name=before.key) for each in fields]


def unexpected(
    prepared: Prepared, before: State, context: CallContext, undoes: TakingBack | None
) -> ToolFailure | None:
    """The refusal of a call whose expected value is not the present one, or that comes from an old look."""
    operation, name = prepared.operation, expected_argument(prepared.operation)
    if name not in prepared.values or operation.present is None:
        return None if undoes is not None else _unseen(prepared, before, context)
    if not before.known or not before.is_there:
        return ToolFailure(
            "conflict" if before.known else "upstream_error",
            f"{operation.tool}: {name} cannot be compared: {before.problem}.",
            happened=NOTHING_SENT,
            next_step="Read the item; it may have been deleted, or the ids may be wrong.",
        )
    present = before.value.get(operation.present.value) if isinstance(before.value, dict) else before.value
    if same_as_read(_present_text(present), _present_text(prepared.values[name])):
        return None
    return ToolFailure(
        "conflict",
        f"{operation.tool}: the current value is {quoted(present)}, but {name} was"
        f" {quoted(prepared.values[name])}.",
        happened=NOTHING_SENT,
        next_step="It was changed in the meantime. Read the item again and reconsider.",
        quotes=True,
    )


def reviewed_otherwise(prepared: Prepared, before: State) -> ToolFailure | None:
    """The refusal of an object that is sent back with other marks of its review than it has.

    A service that takes them over would approve, assign or move a file by a call that says nothing of it.
    """
    argument, given = prepared.operation.further_keys, _marks_of_review(prepared)
    item = before.item if isinstance(before.item, dict) else {}
    differing = (name for name in given if not _is_as_now(name, given[name], item.get(name.casefold())))
    if not (other := next(differing, "")):
        return None
    if before.item is None:
        why = f"cannot be compared: {before.problem}"
    else:
        why = f"is {quoted(item.get(other.casefold()))} now, and this call may change moderated_boxes only"
    return ToolFailure(
        "conflict" if before.known else "upstream_error",
        f"{prepared.operation.tool}: {argument}.{other}: got {quoted(given[other])}, but it {why}.",
        happened=NOTHING_SENT,
        next_step=f"Leave {other} out of {argument}; other tools approve, unapprove and assign files.",
        quotes=True,
    )


def _is_as_now(name: str, given: JsonValue, now: JsonValue) -> bool:
    """Whether a mark is as it is now; what was read first, as far as an approval is judged by it."""
    if (given or None) == (now or None):
        return True
    if name.casefold() != _PREDICTED:
        return False
    ours, theirs = (fields_in({_PREDICTED: boxes}) for boxes in (given, now))
    return len(ours) == len(theirs) and all(
        (one.id, one.name, one.confidence) == (other.id, other.name, other.confidence)
        and same_as_read(one.text, other.text)
        for one, other in zip(ours, theirs, strict=True)
    )


def _marks_of_review(prepared: Prepared) -> JsonObject:
    """The marks of a review in an object whose properties go along with what is written."""
    further = prepared.service_arguments.get(prepared.operation.further_keys)
    if not isinstance(further, dict):
        return {}
    # A service may read names of properties in capitals, too.
    return {name: value for name, value in further.items() if name.casefold() in _REVIEWED}


async def misplaced(prepared: Prepared, read: Read) -> ToolFailure | None:
    """The refusal of a cell whose header and column contradict each other."""
    if not (reason := await _contradicted_header(prepared.operation, prepared.service_arguments, read)):
        return None
    return ToolFailure(
        "invalid_arguments",
        f"{prepared.operation.tool}: {reason}.",
        happened=NOTHING_SENT,
        next_step="Count col from 0, and do not count the row number as a column.",
        quotes=True,
    )


async def _contradicted_header(operation: Operation, values: JsonObject, read: Read) -> str:
    """Why the header of a new cell does not go with its column; empty if it does or nobody can tell."""
    header, column = values.get("header"), values.get("col")
    if operation.id != "addTableCell" or not isinstance(header, str) or not header:
        return ""
    try:
        ids: JsonObject = {name: values[name] for name in ("workflow_id", "document_id", "page_id")}
        page = await read("getPageData", ids)
    except ToolFailure:
        return ""
    table = values_of_document({"pages": [page]}).table(str(values["table_id"]))
    names = dict(table.columns) if table is not None else {}
    there = names.get(column) if isinstance(column, int) else None
    if not there or comparable(there) == comparable(header):
        return ""
    listed = ", ".join(f"{number}: {name}" for number, name in names.items())
    return f"header: got {header[:80]!r}, but column {column} is {there[:80]!r} (columns: {listed[:400]})"


def _unseen(prepared: Prepared, before: State, context: CallContext) -> ToolFailure | None:
    """The conflict of a write on values that are not as the caller last read them."""
    fields = touched_fields(prepared.operation, before)
    seen = context.guards.seen
    changed = seen.changed(context.caller, fields)
    if not changed:
        return None
    # The message shows them, so the next call is from a new look.
    seen.note(context.caller, [each for each, _ in changed[:_MAX_CHANGED]])
    changes = "; ".join(
        f"{quoted(each.name)} was {quoted(text)} when you last read it and is now {quoted(each.text)}"
        for each, text in changed[:_MAX_CHANGED]
    )
    more = f" and {len(changed) - _MAX_CHANGED} more values" if len(changed) > _MAX_CHANGED else ""
    return ToolFailure(
        "conflict",
        f"{prepared.operation.tool}: {changes}{more}.",
        happened=NOTHING_SENT,
        next_step="It was changed in the meantime. Reconsider with the current value, and call again if the"
        " change is still wanted.",
        quotes=True,
    )


def _present_text(value: JsonValue) -> str:
    """A value as it is compared: a list by its length, anything else by its text."""
    if isinstance(value, list):
        return str(len(value))
    return text_of(value)
