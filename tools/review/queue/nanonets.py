"""The Nanonets documents that wait for a person: those that are neither approved nor rejected.

Lists tell the stage of every document; how sure the service is of its values is known only after reading
it, so documents are read only where the caller asks for that, the oldest first and a limited number a call.
"""

from __future__ import annotations

from functools import partial

import anyio

from ....schemas import JsonObject, JsonValue
from ...beside_loop import beside_loop
from ...checks.paper import Paper
from ...documents.values import DocumentValues, values_of_document
from ..cell_confidence import with_cell_confidence
from .exports import find_failed_exports
from .search import Search, Work, listed, moment, text

__all__ = ["look_at_nanonets"]

_PAGE = 100
_MAX_PAGES = 10
"""The most pages of documents of one workflow in a call: a thousand documents."""

_MAX_WORKFLOW_PAGES = 10
_MAX_READS = 40
"""The most documents that a call reads; each takes two requests, as only v2 knows the confidence of cells."""

_REPORT_EACH = 10
_MAX_NAMES, _MAX_NAME = 3, 40

_BEING_READ = frozenset({"pending", "processing", "queued"})
_DECIDED = frozenset({"approved", "rejected"})
_EXPORT_FAILED = "export failed"
_FAILED_CHECK = frozenset({"failed", "validation failed"})
_CAN_BE_APPROVED = "validation passed"


async def look_at_nanonets(search: Search) -> None:
    """Find the documents that wait, and read those whose values matter to the caller."""
    workflow_ids = await _workflow_ids(search)
    search.unseen["workflows"] += len(workflow_ids)
    async with anyio.create_task_group() as group:
        for workflow_id in workflow_ids:
            group.start_soon(_look_at_workflow, search, workflow_id)
    if search.wanted.min_confidence is not None:
        documents = [work for work in search.found if work.kind == "document"]
        await _read(search, sorted(documents, key=lambda work: work.since))


async def _workflow_ids(search: Search) -> list[str]:
    if search.wanted.workflow_id:
        return [search.wanted.workflow_id]
    found: dict[str, None] = {}
    for page in range(1, _MAX_WORKFLOW_PAGES + 1):
        answer = await search.ask("nanonets", "workflows", "listWorkflows", {"page": page, "limit": _PAGE})
        if answer is None:
            return list(found)
        rows = listed(answer, "workflows", "data")
        new = {text(row.get("id") or row.get("workflow_id")): None for row in rows}
        is_last = len(rows) < _PAGE or new.keys() <= found.keys()
        found |= new
        if is_last:
            break
    if not found:
        search.answered.add("nanonets")
    found.pop("", None)
    return list(found)


async def _look_at_workflow(search: Search, workflow_id: str) -> None:
    """The waiting documents of one workflow, over as many pages as a call may take."""
    seen: set[str] = set()
    async with search.looking_at("workflows"):
        for page in range(1, _MAX_PAGES + 1):
            answer = await search.ask(
                "nanonets",
                "documents",
                "listDocuments",
                {"workflow_id": workflow_id, "page": page, "limit": _PAGE},
            )
            if answer is None:
                break
            search.answered.add("nanonets")
            rows = listed(answer, "documents", "data")
            new = [row for row in rows if text(row.get("document_id")) not in seen]
            seen |= {text(row.get("document_id")) for row in new}
            for row in new:
                search.add(_waiting(workflow_id, row, search.wanted.reasons))
            if len(rows) < _PAGE or not new:
                break
        else:
            search.unseen["workflows_with_more_documents"] += 1
    if "export_failed" in search.wanted.reasons:
        await find_failed_exports(search, workflow_id)


def _waiting(workflow_id: str, document: JsonObject, asked: frozenset[str]) -> Work | None:
    """A document as work, with what its list entry tells; None if it does not wait for anybody.

    A document that could not be read waits too: somebody has to look at the file. One that is decided on is
    shown where the reason `asked` for is that it was rejected or that its export failed.
    """
    status, check, stage = (
        text(document.get(name)).strip() for name in ("status", "verification_status", "verification_stage")
    )
    words = {stage.casefold(), check.casefold()}
    if text(document.get("export_status")).strip().casefold() in ("failed", "failure", "error"):
        words.add(_EXPORT_FAILED)
    ended = ["rejected"] if "rejected" in words else ["export_failed"] if _EXPORT_FAILED in words else []
    if status.casefold() in _BEING_READ or (words & _DECIDED and asked.isdisjoint(ended)):
        return None
    failed = status.casefold() in ("failure", "failed")
    reasons = (
        ["failed"]
        if failed
        else ended
        or [
            *(["failed_validation"] if words & _FAILED_CHECK else []),
            *(["unverified"] if check.casefold() == "unverified" else []),
            "not_approved",
        ]
    )
    return Work(
        kind="document",
        name=text(document.get("original_document_name")),
        ids={"workflow_id": workflow_id, "document_id": text(document.get("document_id"))},
        reasons=reasons,
        next_tool="nanonets_download_document" if failed else "review_document",
        waiting_since=text(document.get("uploaded_at")),
        assigned_to=_reviewers(document.get("assigned_reviewers")),
        more={} if failed or stage.casefold() == _CAN_BE_APPROVED else {"stage": stage},
    )


def _reviewers(value: JsonValue) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [name for entry in entries if (name := text(entry))]


async def _read(search: Search, waiting: list[Work]) -> None:
    """Read the documents that have waited longest, a limited number of them."""
    readable = [work for work in waiting if work.is_readable]
    if len(readable) > _MAX_READS:
        first = readable[_MAX_READS].waiting_since
        search.unread_from = first if moment(first) else ""
    done = 0

    async def read_one(work: Work) -> None:
        nonlocal done
        answer = await search.ask("nanonets", "values of documents", "getDocument", work.ids)
        if answer is not None:
            document = await beside_loop(answer, partial(values_of_document, answer))
            async with search.places["nanonets"]:
                ids = (text(work.ids["workflow_id"]), text(work.ids["document_id"]))
                document = await with_cell_confidence(document, search.context, *ids)
            paper = Paper.of(*ids, answer, document)
            work.failed_checks = (await search.context.guards.checks.judge(paper)).failed
            _add_values(work, document, search.wanted.min_confidence or 0.0)
        done += 1
        if done % _REPORT_EACH == 0:
            await search.context.report(f"{done} of {len(readable[:_MAX_READS])} documents read")

    async with anyio.create_task_group() as group:
        for work in readable[:_MAX_READS]:
            group.start_soon(partial(read_one, work))


def _add_values(work: Work, document: DocumentValues, min_confidence: float) -> None:
    """What the values of a document add to it. Those that somebody settled are of no doubt any more."""
    values = document.values
    unsettled = [value for value in values if not value.is_verified and not value.is_moderated]
    confidences = [value.confidence for value in unsettled if value.confidence is not None]
    work.lowest_confidence = min(confidences, default=None)
    doubtful = [value for value in values if value.is_doubtful(min_confidence)]
    work.doubtful = len(doubtful)
    names = dict.fromkeys(value.name[:_MAX_NAME] for value in doubtful)
    work.doubtful_names = [name for name in names if name][:_MAX_NAMES]
    work.unverified = sum(not value.is_verified for value in values)
    work.no_confidence = sum(value.is_unrated and not value.is_doubtful(min_confidence) for value in values)
    notes = [
        ("failed_check", len(work.failed_checks)),
        ("doubtful", work.doubtful),
        ("no_confidence", work.no_confidence),
        ("unverified", work.unverified),
    ]
    others = [reason for reason in work.reasons if reason not in dict(notes)]
    work.reasons = [*(reason for reason, count in notes if count), *others]
