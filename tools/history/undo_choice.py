"""Which entries of the journal a call of `review_undo` is about, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations, operations_by_tool
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..journal.entries import Closing, Entry, JournalFault
from ..requests.moments import moment_in
from ..requests.validation import invalid
from .history import journal_of, no_entry, unreadable, withheld
from .new_ids import with_present_ids
from .own_entries import may_see, visible_entries
from .undo_progress import refused

__all__ = ["Choice", "Chosen", "chosen_entries", "read_again"]

_MAX_ENTRIES = 50
_MAX_LATER = 100
"""How many entries after an edit are looked at for the verification of the same value."""
_PAGE = 100
_MAX_LOOKED_AT = 1_000
_NARROWER = "name the document in about, pass a later time, or pass entries"

_MARKED_BY = {
    "nanonets_update_field": ("nanonets_verify_field", "field_data_id"),
    "nanonets_update_cell": ("nanonets_verify_cell", "cell_id"),
    "nanonets_add_field": ("nanonets_verify_field", "field_data_id"),
    "nanonets_add_cell": ("nanonets_verify_cell", "cell_id"),
}
"""By the tool of an edit: the tool that verifies what was edited, and the id that both have."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An entry that can be undone. `is_added`: it was not asked for, but belongs to one that was."""

    entry: Entry
    closing: Closing
    origin: Operation
    is_added: bool = False

    @property
    def number(self) -> int:
        """The number of the entry."""
        return self.entry.number


@dataclass(frozen=True, slots=True)
class Choice:
    """The entries to undo, those that are undone already, and why others stay as they are."""

    entries: tuple[Chosen, ...]
    already: tuple[int, ...] = ()
    left: tuple[tuple[int, str], ...] = ()


async def chosen_entries(operation: Operation, values: JsonObject, context: CallContext) -> Choice:
    """What a call is about.

    Raises:
        ToolFailure: an entry that is named cannot be undone, nothing fits, or the journal cannot be read.
    """
    given = [name for name in ("entry", "entries", "since") if name in values]
    if len(given) != 1:
        actual = " and ".join(given) or "none"
        raise invalid(operation, [f"entry: got {actual}, expected one of entry, entries and since"])
    if "about" in values and "since" not in values:
        raise invalid(operation, ["about: allowed only with since"])
    try:
        if "since" in values:
            return await _since(operation, values, context)
        if "entry" in values:
            return await _one(cast("int", values["entry"]), context)
        return await _several(cast("list[int]", values["entries"]), context)
    except JournalFault as fault:
        raise unreadable(fault, context) from fault


async def read_again(entries: Sequence[Chosen], context: CallContext) -> list[Chosen]:
    """The same entries as the journal has them now: another server may have undone one meanwhile.

    Raises:
        ToolFailure: one that was asked for cannot be undone any more, or the journal cannot be read.
    """
    found: list[Chosen] = []
    for each in entries:
        try:
            entry = await with_present_ids(await _entry(each.number, context), context)
            chosen = _undoable(entry, context)
        except JournalFault as fault:
            raise unreadable(fault, context) from fault
        except ToolFailure:
            if each.is_added:
                continue
            raise
        found.append(replace(chosen, is_added=each.is_added))
    return found


async def _one(number: int, context: CallContext) -> Choice:
    entry = await _entry(number, context)
    chosen = _undoable(await with_present_ids(entry, context), context)
    return Choice((*await _marks_of(entry, chosen, context), chosen))


async def _several(numbers: Iterable[int], context: CallContext) -> Choice:
    entries = [await _entry(number, context) for number in sorted(set(numbers), reverse=True)]
    already = tuple(each.number for each in entries if each.undone_by is not None)
    left = [each for each in entries if each.undone_by is None]
    found = {each.number: _undoable(await with_present_ids(each, context), context) for each in left}
    for each in left:
        for mark in await _marks_of(each, found[each.number], context):
            found.setdefault(mark.number, mark)
    return Choice(tuple(found[number] for number in sorted(found, reverse=True)), already)


async def _since(operation: Operation, values: JsonObject, context: CallContext) -> Choice:
    """What this user changed since a time, as far as it can be undone."""
    chosen: list[Chosen] = []
    left: list[tuple[int, str]] = []
    for each in _in_effect(await _own_since(operation, values, context)):
        if hidden := withheld(each, context):
            left.append((each.number, str(hidden["not_shown"])))
            continue
        try:
            chosen.append(_undoable(await with_present_ids(each, context), context))
        except ToolFailure as failure:
            left.append((each.number, failure.message))
    if len(chosen) > _MAX_ENTRIES:
        fault = f"since: got {len(chosen)} entries, expected at most {_MAX_ENTRIES}"
        raise invalid(operation, [f"{fault}; {_NARROWER}"])
    return Choice(tuple(chosen), (), tuple(left))


async def _own_since(operation: Operation, values: JsonObject, context: CallContext) -> list[Entry]:
    """All that this user did since a time: without the older ones, nobody can tell what an undo took back.

    Raises:
        ToolFailure: it is too much to look at.
    """
    about = tuple(str(each) for each in cast("list[JsonValue]", values.get("about", [])))
    since = moment_in(operation, values, "since")
    journal, user = journal_of(context), context.caller.user
    entries: list[Entry] = []
    while len(entries) < _MAX_LOOKED_AT:
        before = entries[-1].number if entries else 0
        page = await journal.entries(about=about, before=before, limit=_PAGE, since=since, user=user)
        entries += page
        if len(page) < _PAGE:
            return entries
    fault = f"since: got {_MAX_LOOKED_AT} or more journal entries, expected fewer"
    raise invalid(operation, [f"{fault}; {_NARROWER}"])


def _in_effect(entries: list[Entry]) -> list[Entry]:
    """The entries whose change stands: without those that were undone, and without what undid them.

    An undo that was itself undone leaves the change of its entry; then the last undo stands for it.
    """
    by_number = {each.number: each for each in entries}
    standing: list[Entry] = []
    for each in entries:
        if each.undone_by is not None or each.outcome == "not done":
            continue
        steps, origin = 0, each
        while origin.opening.undoes in by_number:
            steps, origin = steps + 1, by_number[origin.opening.undoes]
        if steps % 2 == 0:
            standing.append(each)
    return standing


async def _marks_of(entry: Entry, chosen: Chosen, context: CallContext) -> list[Chosen]:
    """The verifications of the edited value that came after the edit and stand, the newest first.

    `chosen` is the entry under the ids that its item has now; it was verified under those and the former.
    """
    if entry.opening.tool not in _MARKED_BY:
        return []
    tool, name = _MARKED_BY[entry.opening.tool]
    found: dict[int, Entry] = {}
    for identity in {_identity_of(each, name) for each in (entry, chosen.entry)}:
        later, _ = await visible_entries(
            journal_of(context), context, about=(identity,), limit=_MAX_LATER, tool=tool
        )
        found |= {each.number: each for each in later}
    marks = [
        await with_present_ids(found[number], context)
        for number in sorted(found, reverse=True)
        if number > entry.number and _stands(found[number], entry) and not withheld(found[number], context)
    ]
    origin = operations_by_tool()[tool]
    return [Chosen(each, each.closing, origin, is_added=True) for each in marks if each.closing is not None]


def _identity_of(entry: Entry, name: str) -> str:
    """The id of the value that an entry edited or added."""
    answer = entry.closing.answer if entry.closing is not None else None
    return str(entry.opening.arguments.get(name) or (answer or {}).get(name))


def _stands(mark: Entry, edit: Entry) -> bool:
    """Whether a verification at the same address as the edit can be undone with it."""
    is_undo = mark.opening.undoes is not None or bool(mark.undoing)
    is_done = mark.outcome == "done" and mark.closing is not None and bool(mark.closing.undo)
    return is_done and not is_undo and mark.opening.address == edit.opening.address


async def _entry(number: int, context: CallContext) -> Entry:
    entry = await journal_of(context).entry(number)
    if entry is None or not may_see(entry, context):
        raise no_entry(number)
    return entry


def _undoable(entry: Entry, context: CallContext) -> Chosen:
    """The entry with what undoes it.

    Raises:
        ToolFailure: nothing does.
    """
    number, closing = entry.number, entry.closing
    if entry.undone_by is not None:
        raise refused(number, f"it was already undone by entry {entry.undone_by}")
    if under_way := [each.number for each in entry.undoing if each.outcome == "under way"]:
        raise refused(number, f"entry {under_way[0]} is undoing it right now")
    if closing is None or entry.outcome != "done":
        raise refused(number, f"its outcome is {entry.outcome}")
    if not closing.undo:
        raise refused(number, closing.not_undoable.rstrip(".") or "nothing was changed")
    known, origin = load_operations(), operations_by_tool().get(entry.opening.tool)
    if origin is None or any(step["operation"] not in known for step in closing.undo):
        raise refused(number, "this version of docreview does not know its tool")
    here, there = context.upstream.base_url(origin), entry.opening.address
    if there not in ("", here):
        told = f"at {there}, but this server works with {here}"
        told = told if context.is_admin else "at a different base URL than this server's"
        raise refused(number, f"the change was made {told}")
    return Chosen(entry, closing, origin)
