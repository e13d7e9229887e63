"""`review_check`: what does not add up in many documents of a workflow, each read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation
from ..checks.checker import Checker
from ..checks.paper import Paper
from ..documents.field_state import state_of_value
from ..documents.values import values_of_document
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..json_text import compact
from ..operation_call import read
from ..requests.validation import invalid
from ..results.reply import Reply
from ..results.untrusted_paths import untrusted_paths
from .check_view import finding_entry, not_checked_entries
from .queue.search import listed, text

__all__ = ["run"]

_MAX_DOCUMENTS = 200
_MAX_SECONDS, _READ_SHARE = 45.0, 0.8
"""The longest that a call may take, and the share of it in which documents are read."""

_TIMEOUT_SHARE = 0.9
_AT_ONCE = 6
_PAGE, _MAX_PAGES = 100, 20
_BEING_READ = frozenset({"pending", "processing", "queued"})
_NOTE_CHARACTERS = 600
_REPORT_EACH = 20


@dataclass(slots=True)
class _Reading:
    """The documents of a call: those that were read, and why others could not be."""

    papers: dict[str, Paper] = field(default_factory=dict[str, Paper])
    failures: dict[str, ToolFailure] = field(default_factory=dict[str, ToolFailure])

    def has(self, document_id: str) -> bool:
        """Whether nothing is left to do for a document."""
        return document_id in self.papers or document_id in self.failures


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """What the checks find in the documents that were asked for, as many as there is time for.

    Raises:
        ToolFailure: an argument cannot be used, or no document could be read.
    """
    seconds = min(_MAX_SECONDS, context.upstream.timeout * _TIMEOUT_SHARE)
    began = anyio.current_time()
    checker = context.guards.checks
    names = _names(operation, values, checker)
    waiting = await _waiting(operation, values, context)
    wanted = [document_id for document_id, _ in waiting[:_MAX_DOCUMENTS]]
    reading = await _read(context, str(values["workflow_id"]), wanted, began + seconds * _READ_SHARE)
    if wanted and not reading.papers:
        raise _nothing_read(operation, reading)
    # A document that was not read in time is where the next call begins, so that none is left out.
    missing = (index for index, document_id in enumerate(wanted) if not reading.has(document_id))
    done = wanted[: next(missing, len(wanted))]
    papers = [reading.papers[document_id] for document_id in done if document_id in reading.papers]
    judgements = await checker.judge_together(papers, names)
    structured: JsonObject = {"checked": len(papers), "passed": 0, "documents": []}
    problems = [_problem(each, reading.failures[each]) for each in done if each in reading.failures]
    if problems:
        structured["problems"] = problems
    if not_checked := not_checked_entries(judgements):
        structured["not_checked"] = not_checked
    room = context.upstream.answer_limit - _NOTE_CHARACTERS - len(compact(structured))
    shown: list[JsonValue] = []
    last = len(done)
    for index, document_id in enumerate(done):
        judgement = judgements.get(document_id)
        if judgement is None or not judgement.findings:
            continue
        paper = reading.papers[document_id]
        findings: list[JsonValue] = [finding_entry(finding) for finding in judgement.findings]
        entry: JsonObject = {"document_id": document_id, "name": paper.name, "findings": findings}
        room -= len(compact(entry)) + 1
        if room < 0 and shown:
            last = index
            break
        shown.append(entry)
        seen = [state_of_value(value) for finding in judgement.findings for value in finding.values]
        context.guards.seen.note(context.caller, seen)
    judged = [document_id for document_id in done[:last] if document_id in judgements]
    structured |= {
        "checked": len(judged),
        "passed": sum(not judgements[document_id].findings for document_id in judged),
        "documents": shown,
        **_rest(waiting, last),
    }
    return Reply(structured, untrusted=tuple(untrusted_paths(operation, structured)))


def _names(operation: Operation, values: JsonObject, checker: Checker) -> frozenset[str] | None:
    """The checks that are asked for, None for all; raises `ToolFailure` for one that there is not."""
    if "checks" not in values:
        return None
    asked = cast("list[str]", values["checks"])
    for name in asked:
        if name not in checker.names:
            near = get_close_matches(name, checker.names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(checker.names)}"
            raise invalid(operation, [f"checks: got {name[:40]!r}, but there is no such check; {hint}"])
    return frozenset(asked)


async def _waiting(operation: Operation, values: JsonObject, context: CallContext) -> list[tuple[str, str]]:
    """The documents from the cursor on, each with when it was uploaded, the oldest first."""
    cursor = str(values.get("cursor", ""))
    if "document_ids" in values:
        given = list(dict.fromkeys(cast("list[str]", values["document_ids"])))
        if cursor and cursor not in given:
            raise invalid(operation, [f"cursor: got {cursor[:80]!r}, which belongs to other document_ids"])
        start = given.index(cursor) if cursor else 0
        return [(document_id, "") for document_id in given[start:]]
    moment, _, document_id = cursor.rpartition(" ")
    found = await _listed(context, str(values["workflow_id"]))
    return [each for each in found if not cursor or (each[1], each[0]) >= (moment, document_id)]


async def _listed(context: CallContext, workflow_id: str) -> list[tuple[str, str]]:
    """All documents of a workflow that have been read by the service, the oldest first."""
    found: dict[str, str] = {}
    for page in range(1, _MAX_PAGES + 1):
        arguments: JsonObject = {"workflow_id": workflow_id, "page": page, "limit": _PAGE}
        rows = listed(await read(context, "listDocuments", arguments), "documents", "data")
        new = {text(row.get("document_id")): row for row in rows}
        is_last = len(rows) < _PAGE or new.keys() <= found.keys()
        found |= {
            document_id: text(row.get("uploaded_at"))
            for document_id, row in new.items()
            if document_id and text(row.get("status")).strip().casefold() not in _BEING_READ
        }
        if is_last:
            break
    return sorted(found.items(), key=lambda each: (each[1], each[0]))


def _rest(waiting: Sequence[tuple[str, str]], done: int) -> JsonObject:
    """The cursor, if documents are left, and what to do next."""
    if done >= len(waiting):
        advice = "Look at suspect values with review_region, then correct them with review_apply."
        return {"next": advice}
    document_id, moment = waiting[done]
    advice = (
        f"Call again with this cursor for {len(waiting) - done} more; duplicates are only found within one"
        " call."
    )
    return {"cursor": f"{moment} {document_id}".strip(), "next": advice}


async def _read(
    context: CallContext, workflow_id: str, document_ids: Sequence[str], until: float
) -> _Reading:
    """Read documents, a few at a time, until that moment."""
    reading = _Reading()
    waiting = iter(document_ids)

    async def work() -> None:
        for document_id in waiting:
            arguments: JsonObject = {"workflow_id": workflow_id, "document_id": document_id}
            try:
                answer = await read(context, "getDocument", arguments)
            except ToolFailure as failure:
                reading.failures[document_id] = failure
                continue
            document = values_of_document(answer)
            reading.papers[document_id] = Paper.of(workflow_id, document_id, answer, document)
            if len(reading.papers) % _REPORT_EACH == 0:
                await context.report(f"{len(reading.papers)} of {len(document_ids)} documents read")

    with anyio.CancelScope(deadline=until):
        async with anyio.create_task_group() as group:
            for _ in range(min(_AT_ONCE, len(document_ids))):
                group.start_soon(work)
    return reading


def _problem(document_id: str, failure: ToolFailure) -> JsonValue:
    return {"document_id": document_id, "code": failure.code, "message": failure.message}


def _nothing_read(operation: Operation, reading: _Reading) -> ToolFailure:
    for failure in reading.failures.values():
        return failure.before_sending(f"{operation.tool}: no document could be read:")
    return ToolFailure(
        "timeout",
        f"{operation.tool}: no document could be read within the call's time limit.",
        retryable=True,
        happened=NOTHING_SENT,
        next_step="Call again later, or pass fewer documents.",
    )
