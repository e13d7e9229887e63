"""Several documents in one call: read a few at a time, and combined in one result without repetition."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..json_text import compact
from .batch import ItemResult, Job, Word, run_batch

__all__ = ["ReadDocuments", "combined", "read_each"]

_Document = TypeVar("_Document")

_FRAME = 80
"""Characters of the names around the parts of an answer."""

_LEFT_OUT = "Call again for the rest, with the ids in left_out as document_ids."


@dataclass(slots=True)
class ReadDocuments(Generic[_Document]):
    """Documents by their id, and why others could not be read; what is in neither was not read in time."""

    found: dict[str, _Document] = field(default_factory=dict[str, _Document])
    failures: dict[str, ToolFailure] = field(default_factory=dict[str, ToolFailure])

    def failure(self, operation: Operation, message: str, advice: str) -> ToolFailure:
        """Why a call cannot go on: the first failure, or that there was not enough time."""
        for first in self.failures.values():
            failure = first.before_sending(f"{operation.tool}: {message} The first failure:")
            return failure.with_(next_step=f"{first.next_step} {advice}")
        return ToolFailure(
            "timeout",
            f"{operation.tool}: {message} The call ran out of time.",
            retryable=True,
            happened=NOTHING_SENT,
            next_step=advice,
        )


async def read_each(
    document_ids: Sequence[str],
    read_one: Callable[[str], Awaitable[_Document]],
    context: CallContext,
    began: float,
) -> ReadDocuments[_Document]:
    """Read documents, a few at a time, as long as there is time. `began` is when the call began."""
    documents = ReadDocuments[_Document]()

    async def look(verdict: ItemResult) -> Word:
        documents.found[verdict.id] = await read_one(verdict.id)
        return "done"

    jobs: list[Job] = [(ItemResult(document_id), look) for document_id in document_ids]
    await run_batch(jobs, context, stop_after=len(jobs) + 1, began=began, unit="documents read")
    for verdict, _ in jobs:
        if verdict.failure is not None:
            documents.failures[verdict.id] = verdict.failure
    return documents


def combined(
    document_ids: Sequence[str],
    read: Mapping[str, JsonObject],
    failures: Mapping[str, ToolFailure],
    limit: int,
) -> JsonObject:
    """The answer on several documents in the order of the ids, within the limit of characters.

    What most of them share is returned once. A document that does not fit is left out as a whole; only the
    first one is there in any case, so that calls with what was left out come to an end.
    """
    common = _common(list(read.values()))
    shown: list[JsonValue] = []
    left_out: list[JsonValue] = []
    room = limit - len(compact(common)) - len(compact([*document_ids])) - len(_LEFT_OUT) - _FRAME
    for document_id in document_ids:
        if document_id in failures:
            entry: JsonObject = {"document_id": document_id, **_error(failures[document_id])}
        elif document_id in read:
            entry = _without_common(read[document_id], common)
        else:
            left_out.append(document_id)
            continue
        room -= len(compact(entry)) + 1
        if room < 0 and shown:
            room += len(compact(entry)) + 1
            left_out.append(document_id)
        else:
            shown.append(entry)
    rest: JsonObject = {"left_out": left_out, "rest": _LEFT_OUT} if left_out else {}
    return {**rest, **common, "documents": shown}


def _error(failure: ToolFailure) -> JsonObject:
    return {"error": failure.as_object()["error"]}


def _common(entries: Sequence[JsonObject]) -> JsonObject:
    """What is returned once for all of them: how to read them. What to do next is part of each."""
    common: JsonObject = {}
    usual: JsonObject = {}
    for each in entries:
        usual = {**cast("JsonObject", each["unless_given"]), **usual}
    if usual:
        common["unless_given"] = usual
    readings = [str(each["reading"]) for each in entries if "reading" in each]
    if readings:
        common["reading"] = max(readings, key=len)
    return common


def _without_common(entry: JsonObject, common: JsonObject) -> JsonObject:
    """A document with what is different from the others or of its own."""
    usual = cast("JsonObject", common["unless_given"])
    given = cast("JsonObject", entry["unless_given"])
    different = {name: text for name, text in given.items() if usual[name] != text}
    kept = {name: value for name, value in entry.items() if name not in ("reading", "unless_given")}
    return {**kept, "unless_given": different} if different else kept
