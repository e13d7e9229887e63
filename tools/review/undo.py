"""`review_undo`: put back what a journal entry changed, if it is still as the entry left it."""

from __future__ import annotations

from functools import partial
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations, operations_by_tool
from ..failure import LOOK_FIRST, NOTHING_SENT, ToolFailure
from ..guards.confirmation import confirm_or_fail
from ..guards.context import CallContext, Written
from ..guards.current_state import State, read_state
from ..guards.guard import needs_confirmation
from ..guards.journal import Closing, Entry, JournalFault
from ..operation_call import prepare, read, write
from ..requests.arguments import REASON, expected_argument
from ..results.reply import Reply
from ..untrusted import quoted
from .history import journal_of, no_entry, unreadable

__all__ = ["run"]

_MOST_SHOWN = 300


async def run(operation: Operation, values: JsonObject, call_context: CallContext) -> Reply:
    """Undo one entry.

    Raises:
        ToolFailure: it cannot be undone, the state is another one by now, or a call failed.
    """
    number = cast("int", values["entry"])
    undoing = call_context.guards.undoing
    if number in undoing:
        raise _refused(number, "another call is just undoing it")
    undoing.add(number)
    try:
        return await _undo(operation, number, values, call_context)
    finally:
        undoing.discard(number)


async def _undo(operation: Operation, number: int, values: JsonObject, call_context: CallContext) -> Reply:
    entry, closing = await _undoable(number, call_context)
    known = load_operations()
    origin = operations_by_tool().get(entry.opening.tool)
    if origin is None or any(step["operation"] not in known for step in closing.undo):
        raise _refused(number, "this version of docreview does not know its tool")
    here, there = call_context.upstream.address(origin), entry.opening.address
    if there not in ("", here):
        raise _refused(number, f"the change was made at {there}, and this server works with {here}")
    calls = _left(entry, closing, call_context)
    present = await _unchanged(origin, entry, closing, call_context)
    if any(needs_confirmation(called, call_context) for called, _ in calls):
        subject: JsonObject = {
            "entry": number,
            "of": origin.title,
            "by": ", ".join(dict.fromkeys(f"{called.title} ({called.tool})" for called, _ in calls)),
        }
        code = str(values.get("confirm", "")) or call_context.code
        await confirm_or_fail(operation, subject, present.value, code, call_context)
    done: list[JsonValue] = []
    reason = str(values.get(REASON, ""))
    for called, arguments in calls:
        try:
            written = await _carry(called, arguments, closing, number, reason, call_context)
        except ToolFailure as failure:
            raise _stopped(failure, number, done, len(calls)) from failure
        done.append(_told(called, written))
    structured: JsonObject = {"undone": number, "calls": done}
    if left := " ".join(part for part in (closing.not_undoable, origin.undo_leaves) if part):
        structured["not_put_back"] = left
    return Reply(structured)


async def _undoable(number: int, call_context: CallContext) -> tuple[Entry, Closing]:
    try:
        entry = await journal_of(call_context).entry(number)
    except JournalFault as fault:
        raise unreadable(fault) from fault
    if entry is None:
        raise no_entry(number)
    closing = entry.closing
    if entry.undone_by is not None:
        raise _refused(number, f"it was undone already, by entry {entry.undone_by}")
    if under_way := [each.number for each in entry.undoing if each.outcome == "under way"]:
        raise _refused(number, f"entry {under_way[0]} is just undoing it")
    if closing is None or entry.outcome != "done":
        raise _refused(number, f"its outcome is: {entry.outcome}")
    if not closing.undo:
        raise _refused(number, closing.not_undoable.rstrip(".") or "nothing was changed")
    return entry, closing


def _refused(number: int, why: str) -> ToolFailure:
    return ToolFailure(
        "conflict",
        f"Entry {number} cannot be undone: {why}.",
        happened=NOTHING_SENT,
        next_step="review_history shows the entry in full; the usual tools can write what is needed.",
    )


async def _unchanged(origin: Operation, entry: Entry, closing: Closing, call_context: CallContext) -> State:
    """The present state, after checking that it is still the one that the entry left."""
    context = {**entry.opening.arguments, "answer": closing.answer or {}}
    present = await read_state(origin, context, partial(read, call_context))
    if origin.present is None:
        return present
    if not present.known:
        raise ToolFailure(
            "upstream_error",
            f"Entry {entry.number} was not undone: the present state could not be read ({present.problem}).",
            happened=NOTHING_SENT,
            retryable=True,
            next_step="Call again later.",
        )
    if not closing.after_known:
        raise _refused(entry.number, "the state that it left is not known")
    was_left = closing.after is not None
    if present.is_there == was_left and (not was_left or _same(closing.after, present.value)):
        return present
    raise ToolFailure(
        "conflict",
        f"Entry {entry.number} was not undone, since it was changed after it. The entry left"
        f" {_shown(closing.after)}; now it is {_shown(present.value if present.is_there else None)}.",
        happened=NOTHING_SENT,
        next_step="Ask whose value is right. To change it all the same, write it with the usual tool.",
        quotes=True,
    )


def _same(left: JsonValue, now: JsonValue) -> bool:
    """Whether the state is as it was left, by all that both tell of it."""
    if isinstance(left, dict) and isinstance(now, dict):
        return all(left[name] == now[name] for name in left if name in now)
    return left == now


def _left(entry: Entry, closing: Closing, call_context: CallContext) -> list[tuple[Operation, JsonObject]]:
    """The calls that undo the entry, without those that an undo which stopped half-way has made."""
    made = {each.fingerprint for each in entry.undoing}
    calls = [_call(step) for step in closing.undo]
    return [call for call in calls if prepare(*call, call_context).fingerprint not in made]


def _call(step: JsonObject) -> tuple[Operation, JsonObject]:
    return load_operations()[str(step["operation"])], cast("JsonObject", step["arguments"])


async def _carry(
    called: Operation,
    arguments: JsonObject,
    closing: Closing,
    number: int,
    reason: str,
    call_context: CallContext,
) -> Written:
    """One of the calls; the value that it overwrites has to be the one that the entry left."""
    guards: JsonObject = {REASON: reason} if reason else {}
    name = expected_argument(called)
    if name and called.present is not None and isinstance(closing.after, dict):
        left = closing.after.get(called.present.value)
        if isinstance(left, str):
            guards[name] = left
    return await write(call_context, called.id, {**arguments, **guards}, is_confirmed=True, undoes=number)


def _told(called: Operation, written: Written) -> JsonObject:
    told: JsonObject = {"tool": called.tool}
    if written.entry is not None:
        told["entry"] = written.entry
    new = {name: value for name, value in written.answer.items() if name == "id" or name.endswith("_id")}
    if new and not called.idempotent:
        told["new"] = new
    return told


def _stopped(failure: ToolFailure, number: int, done: list[JsonValue], planned: int) -> ToolFailure:
    """The failure of one call of an undo, with what was done before it."""
    if not done:
        return failure
    return ToolFailure(
        failure.code,
        f"Entry {number} was undone in part: {len(done)} of {planned} calls were made. {failure.message}",
        status=failure.status,
        done="unknown" if failure.done == "unknown" else "yes",
        happened="The calls before were carried out, this one and those after it were not."
        if failure.done == "no"
        else "",
        next_step=LOOK_FIRST,
        quotes=failure.quotes,
        notes={**failure.notes, "calls": done},
    )


def _shown(value: JsonValue) -> str:
    return "nothing (it is gone)" if value is None else quoted(value, _MOST_SHOWN)
