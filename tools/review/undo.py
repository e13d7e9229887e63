"""`review_undo`: put back what a journal entry changed, if it is still as the entry left it."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations, operations_by_tool
from ..failure import LOOK_FIRST, ToolFailure
from ..guards.agreement import do_agreed
from ..guards.confirmation import Question
from ..guards.context import CallContext, Written
from ..guards.document_locks import claims_of
from ..guards.guard import needs_confirmation
from ..guards.journal import Closing, Entry, JournalFault
from ..operation_call import prepare, write
from ..requests.arguments import REASON, expected_argument, is_id
from ..results.reply import Reply
from .history import journal_of, no_entry, unreadable
from .undo_progress import Progress, Step, progress_of, refused, undone_already

__all__ = ["run"]

_MAX_CALLS = 5


async def run(operation: Operation, values: JsonObject, call_context: CallContext) -> Reply:
    """Undo one entry.

    Raises:
        ToolFailure: it cannot be undone, the state is another one by now, or a call failed.
    """
    number = cast("int", values["entry"])
    undoing = call_context.guards.undoing
    if number in undoing:
        raise refused(number, "another call is just undoing it")
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
        raise refused(number, "this version of docreview does not know its tool")
    here, there = call_context.upstream.address(origin), entry.opening.address
    if there not in ("", here):
        raise refused(number, f"the change was made at {there}, and this server works with {here}")

    async def look() -> Progress:
        return await progress_of(origin, entry, closing, call_context)

    def question(progress: Progress) -> Question | None:
        asks = any(needs_confirmation(step.called, call_context) for step in progress.left)
        return _question(operation, origin, number, values, progress) if asks else None

    async def go(progress: Progress, inner: CallContext) -> Reply:
        return await _undo_calls(number, progress, closing, origin, str(values.get(REASON, "")), inner)

    calls = [(known[str(step["operation"])], cast("JsonObject", step["arguments"])) for step in closing.undo]
    claims = frozenset(claim for call in calls for claim in claims_of(prepare(*call, call_context)))
    code = str(values.get("confirm", "")) or call_context.code
    return await do_agreed(call_context, claims, code, look, question, go)


def _question(
    operation: Operation, origin: Operation, number: int, values: JsonObject, progress: Progress
) -> Question:
    """What a person has to agree to: the item as it is now, and what is put back."""
    steps, present = progress.left, progress.present
    subject: JsonObject = {
        "entry": number,
        "of": origin.title,
        "by": ", ".join(dict.fromkeys(f"{step.called.title} ({step.called.tool})" for step in steps)),
    }
    for index, step in enumerate(steps[:_MAX_CALLS]):
        name = "put back" if len(steps) == 1 else f"put back {index + 1}"
        told: JsonObject = {key: value for key, value in step.arguments.items() if not is_id(key)}
        if told:
            subject[name] = told
    ids = {key: value for step in steps[:1] for key, value in step.arguments.items() if is_id(key)}
    reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}
    shown = present.shown if present.is_there else "nothing, it is gone"
    return Question(operation, {**subject, **ids, **reason}, present.value, shown, present.key)


async def _undo_calls(
    number: int,
    progress: Progress,
    closing: Closing,
    origin: Operation,
    reason: str,
    call_context: CallContext,
) -> Reply:
    """Make the calls that are left, in their order."""
    steps, made_before = progress.left, list(progress.made_unclear)
    done: list[JsonValue] = []
    for step in steps:
        try:
            written = await _carry(step.called, step.arguments, closing, number, reason, call_context)
        except ToolFailure as failure:
            if step.unclear is None or not _is_gone(step, failure):
                raise _stopped(failure, number, done, len(steps)) from failure
            made_before.append(step.unclear)
            continue
        done.append(_told(step.called, written))
    if not done:
        raise undone_already(number, made_before, is_sent=bool(steps))
    structured: JsonObject = {"undone": number, "calls": done}
    if made_before:
        structured["made_before_by"] = list(made_before)
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
        raise refused(number, f"it was undone already, by entry {entry.undone_by}")
    if under_way := [each.number for each in entry.undoing if each.outcome == "under way"]:
        raise refused(number, f"entry {under_way[0]} is just undoing it")
    if closing is None or entry.outcome != "done":
        raise refused(number, f"its outcome is: {entry.outcome}")
    if not closing.undo:
        raise refused(number, closing.not_undoable.rstrip(".") or "nothing was changed")
    return entry, closing


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


def _is_gone(step: Step, failure: ToolFailure) -> bool:
    """Whether a repeated call found nothing to delete, so that the one without an answer was made."""
    return failure.status == 404 and step.called.route.method == "DELETE"


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
