"""What a person is asked before an undo: what each entry left, what will be instead, and by which calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...schemas import JsonObject, JsonValue, Operation
from ..guards.confirmation import Question
from ..guards.expectation import touched_fields
from ..guards.summary import telling
from ..json_text import compact
from ..requests.arguments import CONFIRM, REASON, is_id
from ..untrusted import quoted_inside
from .undo_choice import Chosen
from .undo_progress import Progress, UndoCall

__all__ = ["Planned", "question_of"]

_MAX_CALLS = 5
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry with the calls that are left to undo it."""

    chosen: Chosen
    progress: Progress


def question_of(operation: Operation, values: JsonObject, planned: Sequence[Planned]) -> Question:
    """What a person has to agree to: one entry with all that is known of it, or several in a line each."""
    if len(planned) > 1:
        return _of_several(operation, values, planned)
    return _of_one(operation, values, planned[0])


def _of_one(operation: Operation, values: JsonObject, planned: Planned) -> Question:
    chosen, steps, present = planned.chosen, planned.progress.left, planned.progress.present
    subject: JsonObject = {
        "entry": chosen.number,
        "of": chosen.origin.title,
        "by": _counted(f"{step.called.title} ({step.called.tool})" for step in steps),
    }
    set_by = [_set_by(step) for step in steps]
    for number, arguments in enumerate(set_by[:_MAX_CALLS], 1):
        if arguments:
            subject["put back" if len(steps) == 1 else f"undo {number}"] = arguments
    if more := sum(map(bool, set_by[_MAX_CALLS:])):
        subject["more to put back"] = more
    current = present.shown if present.is_there else "nothing (it was deleted)"
    arguments = {**subject, **_ids_of(steps), **_reason(values)}
    return Question(operation, arguments, _state_of(planned), current, present.key, call=_call(values))


def _of_several(operation: Operation, values: JsonObject, planned: Sequence[Planned]) -> Question:
    subject: JsonObject = {"entries": len(planned)}
    for each in planned:
        key, title = each.progress.present.key, each.chosen.origin.title
        name = f"{quoted_inside(key, _MAX_SHOWN)} " if key else ""
        now, back = (quoted_inside(state, _MAX_SHOWN) for state in _now_and_back(each))
        by = _counted(step.called.title for step in each.progress.left)
        subject[f"entry {each.chosen.number}"] = f"{title}: {name}{now} → {back} ({by})"
    ids = {each for every in planned for each in every.chosen.entry.opening.about}
    subject["ids"] = list[JsonValue](sorted(ids))
    state: list[JsonValue] = [[each.chosen.number, _state_of(each)] for each in planned]
    return Question(operation, {**subject, **_reason(values)}, state, None, call=_call(values))


def _call(values: JsonObject) -> JsonObject:
    """What tells a call from others: the entries that it names."""
    return {name: value for name, value in values.items() if name not in (CONFIRM, REASON)}


def _state_of(planned: Planned) -> JsonValue:
    """What an agreement to undo an entry is bound to: what it changed, and the values that this is about."""
    present = planned.progress.present
    return [present.value, [each.bound for each in touched_fields(planned.chosen.origin, present)]]


def _reason(values: JsonObject) -> JsonObject:
    return {REASON: values[REASON]} if REASON in values else {}


def _counted(calls: Iterable[str]) -> str:
    counts = Counter(calls).items()
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts)


def _set_by(step: UndoCall) -> JsonObject:
    """What a call sets, without the ids that say where."""
    return {name: value for name, value in step.arguments.items() if not is_id(name)}


def _ids_of(steps: Sequence[UndoCall]) -> JsonObject:
    """The ids of all that the calls touch, by their names."""
    found: dict[str, list[JsonValue]] = {}
    for step in steps:
        for name, value in step.arguments.items():
            if is_id(name):
                known = found.setdefault(name, [])
                given = value if isinstance(value, list) else [value]
                known += [each for each in given if each not in known]
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}


def _now_and_back(planned: Planned) -> tuple[str, str]:
    """What the item of an entry is now and what it will be, each in a few words."""
    present, before = planned.progress.present, planned.chosen.entry.opening.before
    now = present.value
    if isinstance(now, dict) and isinstance(before, dict):
        changed = [name for name in now if now[name] != before.get(name)] or list(now)
        return _in_short([now[name] for name in changed]), _in_short([before.get(name) for name in changed])
    back = _in_short([arguments for each in planned.progress.left if (arguments := _set_by(each))])
    there = _in_short(now) if present.is_there else "gone"
    return there if present.known else "not known", back or "gone"


def _in_short(value: JsonValue) -> str:
    """The texts of a state, those of lists and objects one after the other."""
    if isinstance(value, dict):
        value = list((telling(value) or value).values())
    if isinstance(value, list):
        return ", ".join(map(_in_short, value))
    if value in (None, ""):
        return "nothing"
    return value if isinstance(value, str) else compact(value)
