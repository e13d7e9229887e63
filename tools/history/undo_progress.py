"""How far an entry is undone: which of the calls that put it back are left, by the journal and by a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, Present, load_operations
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..guards.current_state import Read, State, read_state, resolve
from ..journal.entries import Closing, Entry
from ..json_text import compact
from ..operation_call import prepare
from ..requests.arguments import arguments_of
from ..untrusted import quoted

__all__ = ["AlreadyUndone", "Progress", "PutBack", "UndoCall", "progress_of", "refused"]

_MAX_SHOWN = 300
_USE_OTHERS = "review_history shows the full entry; use the ordinary tools to make the change."


class AlreadyUndone(ToolFailure):
    """The failure for an entry whose undo got no clear answer, but was carried out.

    `by` are the entries of that undo. `is_sent`: this was found by sending a call once more.
    """

    def __init__(self, number: int, by: Sequence[int], *, is_sent: bool) -> None:
        why = f"it was already undone by entry {', '.join(map(str, by))}"
        why += ": that call got no clear answer, but the previous state is back"
        happened = "Nothing was changed." if is_sent else NOTHING_SENT
        super().__init__("conflict", _refusal(number, why), happened=happened, next_step=_USE_OTHERS)


@dataclass(frozen=True, slots=True)
class UndoCall:
    """A call that undoes an entry or a part of it.

    `is_made`: an earlier try was carried out. `unclear` is the entry of one that got no clear answer.
    """

    called: Operation
    arguments: JsonObject
    is_made: bool = False
    unclear: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The present state, the calls that are left to make, and the unclear entries that turned out as made."""

    present: State
    left: tuple[UndoCall, ...]
    made_unclear: tuple[int, ...]


class PutBack:
    """What items will be once newer entries are undone, by the item; empty as long as nothing is planned."""

    def __init__(self) -> None:
        self._states: JsonObject = {}

    def over(self, present: Present, entry: Entry, closing: Closing, now: JsonValue) -> JsonValue:
        """The state of the item of an entry, of which `now` is the present one; None: it is not there."""
        item = _item_of(present, entry, closing)
        if item not in self._states:
            return now
        later = self._states[item]
        return {**now, **later} if isinstance(now, dict) and isinstance(later, dict) else later

    def add(self, present: Present | None, entry: Entry, closing: Closing) -> None:
        """The entry will be undone, before those that are looked at from now on."""
        if present is None or not entry.opening.before_known:
            return
        before, item = entry.opening.before, _item_of(present, entry, closing)
        earlier = self._states.get(item)
        if isinstance(before, dict) and isinstance(earlier, dict):
            before = {**earlier, **before}
        self._states[item] = before


async def progress_of(
    origin: Operation,
    entry: Entry,
    closing: Closing,
    context: CallContext,
    reading: Read,
    later: PutBack,
) -> Progress:
    """Look at the present state, and compare it with the one that the entry left and the one before it.

    `later` is what newer entries put back that are undone first. A call without a clear answer is left to do
    if what it puts back is as the entry left it, and was made if that is as before the entry. Where nothing
    shows the state, such a call is left to do. One that was carried out and then undone itself is left, too.

    Raises:
        ToolFailure: the state cannot be read, or is neither of the two.
    """
    steps = _steps(entry, closing, context)
    has_begun = any(step.is_made or step.unclear for step in steps)
    arguments = {**entry.opening.arguments, "answer": closing.answer}
    present = await read_state(origin, arguments, reading)
    if origin.present is None:
        return Progress(present, tuple(step for step in steps if not step.is_made), ())
    if not present.known:
        raise ToolFailure(
            "upstream_error",
            f"Entry {entry.number} was not undone: the current state could not be read ({present.problem}).",
            happened=NOTHING_SENT,
            retryable=True,
            next_step="Call again later.",
        )
    if not closing.after_known:
        raise refused(entry.number, "the state after it is not known")
    now = later.over(origin.present, entry, closing, present.value)
    if not has_begun:
        if not _same(closing.after, now):
            raise _changed(entry, closing.after, now)
        return Progress(present, steps, ())
    left: list[UndoCall] = []
    made: list[int] = []
    for step in steps:
        part = partial(_part, origin.present, step)
        is_as_before = entry.opening.before_known and _same(part(entry.opening.before), part(now))
        if step.is_made:
            if not is_as_before and _same(part(closing.after), part(now)):
                left.append(step)
        elif _same(part(closing.after), part(now)):
            left.append(step)
        elif step.unclear and is_as_before:
            made.append(step.unclear)
        else:
            raise _changed(entry, part(closing.after), part(now))
    return Progress(present, tuple(left), tuple(made))


def refused(number: int, why: str) -> ToolFailure:
    """The failure for an entry that cannot be undone."""
    return ToolFailure("conflict", _refusal(number, why), happened=NOTHING_SENT, next_step=_USE_OTHERS)


def _refusal(number: int, why: str) -> str:
    return f"Entry {number} cannot be undone: {why}."


def _item_of(present: Present, entry: Entry, closing: Closing) -> str:
    """What tells the item of an entry from others, whichever call changed it."""
    context: JsonObject = {**entry.opening.arguments, "answer": closing.answer}
    ids: JsonObject = {
        argument.name: resolve(present.arguments.get(argument.name, argument.name), context)
        for argument in arguments_of(load_operations()[present.read])
        if argument.required or argument.name in present.arguments
    }
    steps: list[JsonValue] = [
        {name: resolve(reference, context) for name, reference in step.items()}
        if isinstance(step, dict)
        else step
        for step in present.find
    ]
    return compact([present.read, ids, steps, context.get(present.each)])


def _steps(entry: Entry, closing: Closing, context: CallContext) -> tuple[UndoCall, ...]:
    """The calls that undo the entry, with what the journal says of earlier tries."""
    done = {each.fingerprint for each in entry.undoing if each.outcome == "done"}
    unclear = {each.fingerprint: each.number for each in reversed(entry.undo_unclear)}
    steps: list[UndoCall] = []
    for each in closing.undo:
        step = UndoCall(load_operations()[str(each["operation"])], cast("JsonObject", each["arguments"]))
        fingerprint = prepare(step.called, step.arguments, context).fingerprint
        if fingerprint in done:
            steps.append(replace(step, is_made=True))
        else:
            steps.append(replace(step, unclear=unclear.get(fingerprint)))
    return tuple(steps)


def _part(present: Present, step: UndoCall, state: JsonValue) -> JsonValue:
    """What of a state a call puts back: its entries of a list, the properties of an object that it sets."""
    if isinstance(state, list):
        own = cast("list[JsonValue]", step.arguments[present.each])
        return [each for each in cast("list[JsonObject]", state) if each["of"] in own]
    if isinstance(state, dict):
        return {name: value for name, value in state.items() if name in step.arguments} or state
    return state


def _same(was: JsonValue, now: JsonValue) -> bool:
    """Whether the state is as it was, by all keys that both have; None: it is not there."""
    if isinstance(was, dict) and isinstance(now, dict):
        return all(was[name] == now[name] for name in was if name in now)
    return was == now


def _changed(entry: Entry, left: JsonValue, now: JsonValue) -> ToolFailure:
    return ToolFailure(
        "conflict",
        f"Entry {entry.number} was not undone, because the item was changed afterwards. The entry set it to"
        f" {_rendered(left)}; now it is {_rendered(now)}.",
        happened=NOTHING_SENT,
        next_step="Ask the person which value is right. To change it anyway, use the ordinary tool.",
        quotes=True,
    )


def _rendered(value: JsonValue) -> str:
    return "nothing (it was deleted)" if value is None else quoted(value, _MAX_SHOWN)
