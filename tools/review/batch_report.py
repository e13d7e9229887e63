"""The result of a call on many items: successes in short, failures in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import ToolFailure
from ..json_text import compact
from ..results.reply import Reply
from ..results.truncation import CUT_PLACES, fit
from ..untrusted import NOTE
from .batch import ItemResult, Stop, Word

__all__ = ["BatchReport", "has_path", "in_ranges"]

_DOCUMENTS = "documents"
"""What holds the verdicts by document where there are several."""

_IN_WORDS: dict[Word, str] = {
    "already": "already so",
    "failed": "failed",
    "unknown": "unknown",
    "not_tried": "not tried",
}


@dataclass(frozen=True, slots=True)
class BatchReport:
    """How a tool reports on its items.

    `unit` and `verb` are its words, such as `files` and `approved`; `next_step` is what to call now, and
    `further` what else it answers.
    """

    operation: Operation
    values: JsonObject
    unit: str
    verb: str
    next_step: str
    further: JsonObject

    def reply(self, verdicts: Sequence[ItemResult], stop: Stop, limit: int) -> Reply:
        """The answer, within the limit. It is an error where something failed and nothing was changed."""
        failures = ("failed[].message", "unknown[].message")
        named = ("error.message", *failures, *(f"{_DOCUMENTS}.*.{path}" for path in failures))
        notes = _notes(verdicts)
        room = limit - len(compact(notes)) - len(compact(list(named)))
        structured = self._structured(verdicts, stop, together=False)
        if len(compact(structured)) > room:
            structured = self._structured(verdicts, stop, together=True)
        if len(compact(structured)) > room:
            structured, notes["cut"] = fit(self.operation, self.values, structured, max(room, limit // 2))
        untrusted = tuple(path for path in named if has_path(structured, path))
        if "cut" in notes:
            untrusted = (*untrusted, CUT_PLACES)
        if notes:
            structured[NOTE] = notes
        return Reply(structured, untrusted=untrusted, is_error="error" in structured)

    def _structured(self, verdicts: Sequence[ItemResult], stop: Stop, *, together: bool) -> JsonObject:
        """The whole result; `together`: only the first message of failures with the same code."""
        groups = {word: [each for each in verdicts if each.word == word] for word in get_args(Word)}
        structured: JsonObject = {
            "summary": self._summary(verdicts, groups, stop),
            "counts": {word: len(group) for word, group in groups.items() if group},
        }
        if any(each.document_id for each in verdicts):
            parts: dict[str, list[ItemResult]] = {}
            for each in verdicts:
                parts.setdefault(each.document_id, []).append(each)
            structured[_DOCUMENTS] = {name: _one_by_one(part, together) for name, part in parts.items()}
        else:
            structured |= _one_by_one(verdicts, together)
        structured |= self.further
        failed = [*groups["failed"], *groups["unknown"]]
        if failed and not any(each.writes for each in verdicts):
            return {**self._error(failed, str(structured.pop("summary"))), **structured}
        return {**structured, "next": self.next_step} if self.next_step else structured

    def _summary(
        self, verdicts: Sequence[ItemResult], groups: dict[Word, list[ItemResult]], stop: Stop
    ) -> str:
        if not verdicts:
            return f"No {self.unit} are left."
        parts = [f"{len(groups['done'])} of {len(verdicts)} {self.unit} {self.verb}"]
        parts += [f"{len(groups[word])} {words}" for word, words in _IN_WORDS.items() if groups[word]]
        why = {"": "", "failures": "; stopped after a failure", "time": "; the call ran out of time"}[stop]
        is_partly = not all(each.is_settled for each in verdicts)
        return f"{'Partly done: ' if is_partly else ''}{', '.join(parts)}{why}."

    def _error(self, failed: Sequence[ItemResult], summary: str) -> JsonObject:
        first = cast("ToolFailure", failed[0].failure)
        effects = {each.failure.done for each in failed if each.failure is not None}
        summary = summary.removeprefix("Partly done: ")
        return ToolFailure(
            first.code,
            f"{self.operation.tool}: {summary} The first failure: {first.message}",
            status=first.status,
            retryable=all(each.failure is not None and each.failure.retryable for each in failed),
            done="unknown" if "unknown" in effects else "yes" if "yes" in effects else "no",
            next_step=f"{first.next_step} {self.next_step}".strip(),
        ).as_object()


def in_ranges(numbers: Sequence[int]) -> str:
    """Numbers as text in order, neighbours together: `3-5, 9`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _one_by_one(verdicts: Sequence[ItemResult], together: bool) -> JsonObject:
    """Each item by its id, under its verdict."""
    groups = {word: [each for each in verdicts if each.word == word] for word in get_args(Word)}
    entries: JsonObject = {}
    if groups["done"]:
        entries["done"] = {each.id: _entries(each) for each in groups["done"]}
    for word in ("failed", "unknown"):
        if groups[word]:
            entries[word] = cast("JsonValue", _failures(groups[word], together))
    for word in ("already", "not_tried"):
        if groups[word]:
            entries[word] = [each.id for each in groups[word]]
    return entries


def has_path(structured: JsonObject, path: str) -> bool:
    """Whether an answer has such a path: names, `*` for any entry, `[]` behind a list."""
    name, _, rest = path.partition(".")
    if name == "*":
        return any(isinstance(entry, dict) and has_path(entry, rest) for entry in structured.values())
    entry = structured.get(name.removesuffix("[]"))
    entries = entry if name.endswith("[]") and isinstance(entry, list) else [entry]
    if not rest:
        return name.removesuffix("[]") in structured
    return any(isinstance(each, dict) and has_path(each, rest) for each in entries)


def _entries(verdict: ItemResult) -> JsonValue:
    """The journal entry of an item, or all of them if there are more; null without a journal."""
    numbers: list[JsonValue] = [*verdict.entries]
    return numbers if len(numbers) > 1 else numbers[0] if numbers else None


def _failures(verdicts: Sequence[ItemResult], together: bool) -> list[JsonObject]:
    """The failures of items, those that say the same told once for all of their ids."""
    groups: dict[tuple[str, str, str], JsonObject] = {}
    for verdict in verdicts:
        failure = cast("ToolFailure", verdict.failure)
        key = (failure.code, failure.done, "" if together else failure.message)
        row = groups.setdefault(
            key, {"ids": [], "code": failure.code, "message": failure.message, "done": failure.done}
        )
        cast("list[JsonValue]", row["ids"]).append(verdict.id)
        entries: list[JsonValue] = [*verdict.entries]
        if verdict.failed_entry is not None:
            entries.append(verdict.failed_entry)
        if entries:
            row["entries"] = [*cast("list[JsonValue]", row.get("entries", [])), *entries]
    return list(groups.values())


def _notes(verdicts: Sequence[ItemResult]) -> JsonObject:
    """The journal entries of all writes that were carried out; `undoable` but for those in `not_undoable`."""
    entries = [entry for each in verdicts for entry in each.entries]
    if not entries:
        fault = next((each.journal_fault for each in verdicts if each.journal_fault), "")
        return {"journal": fault} if fault else {}
    reasons: dict[str, list[int]] = {}
    for each in verdicts:
        for entry, reason in each.not_undoable.items():
            reasons.setdefault(reason, []).append(entry)
    without = {number for numbers in reasons.values() for number in numbers}
    notes: JsonObject = {"entries": in_ranges(entries), "undoable": not without.issuperset(entries)}
    if reasons:
        notes["not_undoable"] = {in_ranges(numbers): reason for reason, numbers in reasons.items()}
    fault = next((each.journal_fault for each in verdicts if each.journal_fault), "")
    return {**notes, "journal": fault} if fault else notes
