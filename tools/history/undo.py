"""`review_undo`: put back what journal entries changed, if it is still as they left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..failure import LOOK_FIRST, NOTHING_SENT, ToolFailure
from ..guards.agreement import do_agreed
from ..guards.confirmation import Question
from ..guards.context import CallContext, Written
from ..guards.current_state import each_once
from ..guards.document_locks import claims_of
from ..guards.guard import browser_rule, needs_confirmation
from ..journal.entries import Closing, TakingBack
from ..operation_call import prepare, read, write
from ..requests.arguments import REASON, expected_argument
from ..results.reply import Reply
from .new_ids import NewIds, new_ids_of, renamed
from .undo_choice import Choice, Chosen, chosen_entries, read_again
from .undo_progress import AlreadyUndone, Progress, PutBack, UndoCall, progress_of, refused
from .undo_question import Planned, question_of

__all__ = ["run"]

_MAX_NAMED = 5
_PARTS_FIRST = (
    "If newer entries of this call changed what is in it, such as the classes of a project, undo those first,"
    " and this one by a call of its own."
)
_BEGIN_SHARE = 0.6
"""The share of the time for a call in which the undo of a further entry is begun."""


async def run(operation: Operation, values: JsonObject, call_context: CallContext) -> Reply:
    """Undo the entries that are asked for, the newest first.

    Raises:
        ToolFailure: one cannot be undone, its state is another one by now, or a call failed.
    """
    choice = await chosen_entries(operation, values, call_context)
    if not choice.entries:
        raise _nothing_left(operation, choice)
    numbers = {each.number for each in choice.entries}
    undoing = call_context.guards.undoing
    if under_way := numbers & undoing:
        raise refused(min(under_way), "another call is undoing it right now")
    undoing |= numbers
    try:
        return await _undo(operation, choice, values, call_context)
    finally:
        undoing -= numbers


async def _undo(operation: Operation, choice: Choice, values: JsonObject, call_context: CallContext) -> Reply:
    known = load_operations()
    began = anyio.current_time()

    async def look() -> list[Planned]:
        nonlocal began
        # Anew after a person was asked: the time in which they think does not count.
        began = anyio.current_time()
        return await _planned(await read_again(choice.entries, call_context), call_context)

    def question(planned: list[Planned]) -> Question | None:
        steps = [step for each in planned for step in each.progress.left]
        if not any(needs_confirmation(step.called, call_context) for step in steps):
            return None
        asked = question_of(operation, values, planned)
        return replace(asked, browser_rule=browser_rule((each.called for each in steps), call_context))

    async def go(planned: list[Planned], inner: CallContext) -> Reply:
        reason = str(values.get(REASON, ""))
        if len(planned) == 1 and "entry" in values:
            chosen, progress = planned[0].chosen, planned[0].progress
            return Reply(await _undo_calls(chosen, progress, reason, inner, {}))
        return await _undo_each(planned, choice, reason, inner, began)

    calls = [
        (known[str(step["operation"])], cast("JsonObject", step["arguments"]))
        for each in choice.entries
        for step in each.closing.undo
    ]
    claims = frozenset(claim for call in calls for claim in claims_of(prepare(*call, call_context)))
    code = call_context.code or str(values.get("confirm", ""))
    return await do_agreed(call_context, claims, code, look, question, go)


async def _planned(entries: Sequence[Chosen], call_context: CallContext) -> list[Planned]:
    """How far each entry is undone, by one look at each item.

    Raises:
        ToolFailure: an entry was changed after it by others, or its state cannot be read.
    """
    reading = each_once(partial(read, call_context))
    later = PutBack()
    planned: list[Planned] = []
    for each in entries:
        try:
            progress = await progress_of(each.origin, each.entry, each.closing, call_context, reading, later)
        except ToolFailure as failure:
            if failure.code != "conflict":
                raise
            if each.is_added:
                continue
            if planned:
                raise failure.with_(next_step=f"{_PARTS_FIRST} {failure.next_step}") from failure
            raise
        planned.append(Planned(each, progress))
        later.add(each.origin.present, each.entry, each.closing)
    return planned


def _nothing_left(operation: Operation, choice: Choice) -> ToolFailure:
    """The failure where no entry fits, or all of them are undone."""
    if choice.left:
        message = "; ".join(f"entry {number}: {why}" for number, why in choice.left[:_MAX_NAMED])
        message = f"none of {len(choice.left)} entries can be undone ({message})"
    elif choice.already:
        message = f"already undone: {', '.join(map(str, choice.already))}"
    else:
        message = "the journal has no matching change of yours that is still in effect"
    return ToolFailure(
        "conflict",
        f"{operation.tool}: {message}.",
        happened=NOTHING_SENT,
        next_step="review_history shows the changes and their times.",
    )


async def _undo_each(
    planned: Sequence[Planned], choice: Choice, reason: str, call_context: CallContext, began: float
) -> Reply:
    """Undo one entry after the other, until one fails or the time is up; the same call goes on from there."""
    undone: list[JsonValue] = []
    already: list[JsonValue] = [*choice.already]
    calls: list[JsonValue] = []
    leaves: dict[str, list[JsonValue]] = {}
    new_ids: NewIds = {}
    begin_until = began + call_context.upstream.timeout * _BEGIN_SHARE
    rest = list(planned)
    while rest and (len(rest) == len(planned) or anyio.current_time() < begin_until):
        chosen, progress = rest[0].chosen, rest[0].progress
        try:
            step = await _undo_calls(chosen, progress, reason, call_context, new_ids)
        except AlreadyUndone:
            rest.pop(0)
            already.append(chosen.number)
            if not rest and not undone:
                raise
            continue
        except ToolFailure as failure:
            if not undone:
                raise
            raise _stopped_between(failure, chosen.number, undone, calls, rest[1:]) from failure
        rest.pop(0)
        undone.append(chosen.number)
        calls += _calls_for(chosen.number, step["calls"])
        if "not_put_back" in step:
            leaves.setdefault(str(step["not_put_back"]), []).append(chosen.number)
        await call_context.report(f"{len(undone)} of {len(planned)} entries undone")
    structured: JsonObject = {"undone": undone, "calls": calls}
    if already:
        structured["already_undone"] = already
    if choice.left:
        structured["cannot_be_undone"] = [{"entry": number, "why": why} for number, why in choice.left]
    if leaves:
        structured["not_put_back"] = cast("JsonObject", leaves)
    if rest:
        structured["not_tried"] = [each.chosen.number for each in rest]
        structured["next"] = "The call ran out of time. Call again with the same arguments for the rest."
    return Reply(structured)


def _calls_for(number: int, calls: JsonValue) -> list[JsonValue]:
    """The calls that were made for an entry, each with its number."""
    return [{"undoes": number, **cast("JsonObject", each)} for each in cast("list[JsonValue]", calls)]


async def _undo_calls(
    chosen: Chosen, progress: Progress, reason: str, call_context: CallContext, new_ids: NewIds
) -> JsonObject:
    """Make the calls that are left for an entry, in their order.

    `new_ids` gives the present id of what was deleted and added again, and is added to.
    """
    number, steps, made_before = chosen.number, progress.left, list(progress.made_unclear)
    newest_known = max((each.number for each in chosen.entry.undoing), default=number)
    done: list[JsonValue] = []
    for step in steps:
        arguments = cast("JsonObject", renamed(step.arguments, new_ids))
        try:
            undoes = TakingBack(number, newest_known)
            written = await _carry(step.called, arguments, chosen.closing, undoes, reason, call_context)
        except ToolFailure as failure:
            if step.unclear is None or not _is_gone(step, failure):
                raise _stopped(failure, number, done, len(steps)) from failure
            made_before.append(step.unclear)
            continue
        newest_known = written.entry or newest_known
        new_ids |= new_ids_of(chosen.origin, chosen.entry.opening.arguments, written.answer)
        done.append(_entry_of(step.called, written))
    if not done:
        raise AlreadyUndone(number, made_before, is_sent=bool(steps))
    structured: JsonObject = {"undone": number, "calls": done}
    if made_before:
        structured["made_before_by"] = list(made_before)
    if left := " ".join(part for part in (chosen.closing.not_undoable, chosen.origin.undo_leaves) if part):
        structured["not_put_back"] = left
    return structured


async def _carry(
    called: Operation,
    arguments: JsonObject,
    closing: Closing,
    undoes: TakingBack,
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
    return await write(call_context, called.id, {**arguments, **guards}, is_confirmed=True, undoes=undoes)


def _is_gone(step: UndoCall, failure: ToolFailure) -> bool:
    """Whether a repeated call found nothing to delete, so that the one without an answer was made."""
    return failure.status == 404 and step.called.route.method == "DELETE"


def _entry_of(called: Operation, written: Written) -> JsonObject:
    entry: JsonObject = {"tool": called.tool}
    if written.entry is not None:
        entry["entry"] = written.entry
    if "journal" in written.notes:
        entry["journal"] = written.notes["journal"]
    new = {name: value for name, value in written.answer.items() if name == "id" or name.endswith("_id")}
    if new and not called.idempotent:
        entry["new"] = new
    return entry


def _stopped(failure: ToolFailure, number: int, done: list[JsonValue], planned: int) -> ToolFailure:
    """The failure of one call of an undo, with what was done before it."""
    if not done:
        return failure
    return ToolFailure(
        failure.code,
        f"Entry {number} was partly undone: {len(done)} of {planned} calls were made. {failure.message}",
        status=failure.status,
        done="unknown" if failure.done == "unknown" else "yes",
        happened="The earlier calls were carried out; this one and the later ones were not."
        if failure.done == "no"
        else "",
        next_step=failure.next_then(LOOK_FIRST),
        quotes=failure.quotes,
        notes={**failure.notes, "calls": done},
    )


def _stopped_between(
    failure: ToolFailure,
    number: int,
    undone: list[JsonValue],
    calls: list[JsonValue],
    rest: Sequence[Planned],
) -> ToolFailure:
    """The failure of one of several entries, with those that were undone before it."""
    entries = ", ".join(map(str, undone))
    return ToolFailure(
        failure.code,
        f"Entries {entries} were undone, but entry {number} was not. {failure.message}",
        status=failure.status,
        retryable=failure.retryable,
        done="unknown" if failure.done == "unknown" else "yes",
        happened="The earlier undos were carried out; the later ones were not attempted.",
        next_step=failure.next_then(
            "Read the item of the entry that failed. To continue with the remaining entries, repeat this"
            " call."
        ),
        quotes=failure.quotes,
        notes={
            **failure.notes,
            "undone": undone,
            "calls": [*calls, *_calls_for(number, failure.notes.get("calls", []))],
            "not_tried": [each.chosen.number for each in rest],
        },
    )
