"""What was deleted and added again has a new id, under which the entries before are undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..guards.context import CallContext
from ..journal.entries import Entry
from ..requests.arguments import is_id
from .history import journal_of
from .own_entries import visible_entries

__all__ = ["NewIds", "new_ids_of", "renamed", "with_present_ids"]

NewIds = dict[tuple[str, str], JsonValue]
"""By the name of an argument and the id that was deleted: the id of what was added again."""


def new_ids_of(deletion: Operation, arguments: Mapping[str, JsonValue], answer: JsonObject) -> NewIds:
    """The id that was deleted, under its name, and the one that what was added again has by this answer."""
    name = _name_of_deleted(deletion)
    if not name:
        return {}
    old, inner = arguments.get(name), answer.get("tag")
    fields = {**(inner if isinstance(inner, dict) else {}), **answer}
    new = fields.get(name, fields.get("id"))
    return {(name, str(old)): new} if new is not None and old is not None else {}


def renamed(value: JsonValue, new_ids: NewIds) -> JsonValue:
    """Arguments with the present ids."""
    if isinstance(value, dict):
        return {
            name: new_ids.get((name, str(entry)), renamed(entry, new_ids)) for name, entry in value.items()
        }
    return [renamed(entry, new_ids) for entry in value] if isinstance(value, list) else value


async def with_present_ids(entry: Entry, context: CallContext) -> Entry:
    """The entry as it would be if its item had always had the id that it has now.

    That is another id where the item was deleted after the entry, and the deletion was undone.

    Raises:
        JournalFault: the journal cannot be read.
    """
    after = entry.number
    while found := await _added_again(entry, after, context):
        after, new_ids = found
        entry = _under(entry, new_ids)
    return entry


async def _added_again(entry: Entry, after: int, context: CallContext) -> tuple[int, NewIds] | None:
    """The deletion of the item of an entry that was undone, by its number, and the id that came with that."""
    journal, ids = journal_of(context), _ids_of(entry)
    for name, deletions in _deletions().items():
        if name not in ids:
            continue
        for deletion in deletions:
            about = tuple(str(ids[key]) for key in ids if f"{{{key}}}" in deletion.route.path)
            found, _ = await visible_entries(journal, context, about=about, limit=1, tool=deletion.tool)
            for each in found:
                given = each.opening.arguments
                is_same = all(str(given[key]) == str(ids[key]) for key in given if key in ids)
                is_here = each.opening.address == entry.opening.address
                if each.number <= after or each.undone_by is None or not is_same or not is_here:
                    continue
                undo = await journal.entry(each.undone_by)
                answer = undo.closing.answer if undo is not None and undo.closing is not None else None
                if new_ids := new_ids_of(deletion, given, answer or {}):
                    return each.number, new_ids
    return None


def _ids_of(entry: Entry) -> JsonObject:
    """The ids among the arguments of an entry and of the calls that undo it, by their names."""
    steps = entry.closing.undo if entry.closing is not None else ()
    every = [*(cast("JsonObject", step["arguments"]) for step in steps), entry.opening.arguments]
    return {name: value for each in every for name, value in each.items() if is_id(name)}


def _under(entry: Entry, new_ids: NewIds) -> Entry:
    opening, closing = entry.opening, entry.closing
    arguments = cast("JsonObject", renamed(opening.arguments, new_ids))
    if closing is not None:
        undo = tuple(cast("JsonObject", renamed(step, new_ids)) for step in closing.undo)
        answer = cast("JsonObject | None", renamed(closing.answer, new_ids))
        closing = replace(closing, undo=undo, answer=answer)
    return replace(entry, opening=replace(opening, arguments=arguments), closing=closing)


@cache
def _deletions() -> Mapping[str, tuple[Operation, ...]]:
    """By the name of an id: the calls that delete the item that it names and can be undone."""
    found: dict[str, tuple[Operation, ...]] = {}
    for each in load_operations().values():
        if each.undo and (name := _name_of_deleted(each)):
            found[name] = (*found.get(name, ()), each)
    return found


def _name_of_deleted(operation: Operation) -> str:
    """The name of the id of what a call deletes; empty for other calls."""
    is_deletion = operation.route.method == "DELETE"
    return operation.route.path.rstrip("/}").rpartition("{")[2] if is_deletion else ""
