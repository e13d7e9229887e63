"""Jobs of a day's work as an agent does them: how many calls, and how many tokens it reads.

Run `python -m bench.day_jobs`. Tokens are characters of results divided by four.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client

from .review_job import JobError

__all__ = [
    "JOBS",
    "LISTS",
    "Agent",
    "Done",
    "Job",
    "ToolList",
    "counted",
    "measure_day_jobs",
    "measure_lists",
    "tokens_of",
]

_CHARACTERS_OF_TOKEN = 4
_LONG_AGO = "2020-01-01"
_SUPPLIER = "Quillon"
_CHECKED = 20
_ANALYZED = 50
_TAGGED, _SESSION = 29, "To tag"
_MODEL_OF_HOTELS = 11


@dataclass(slots=True)
class Agent:
    """Calls tools as an agent does, and counts what it reads."""

    client: Client
    calls: int = 0
    characters: int = 0
    errors: list[str] = field(default_factory=list[str])

    async def __call__(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        result = await self.client.call_tool(tool, arguments)
        self.calls += 1
        read = result.structured_content or {}
        self.characters += len(json.dumps(read, ensure_ascii=False, separators=(",", ":")))
        if result.is_error:
            self.errors.append(str(read)[:300])
        return read

    @property
    def tokens(self) -> int:
        """What was read so far."""
        return round(self.characters / _CHARACTERS_OF_TOKEN)


Work = Callable[[Agent, Sandbox], Awaitable[None]]
"""Does a job, and raises `JobError` if what it is for was not reached."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the most that it should take. `before` is work that is not counted.

    `formerly` is what it took before there were tools for it, as far as that was measured.
    """

    name: str
    do: Work
    max_calls: int
    max_tokens: int | None = None
    before: Work | None = None
    formerly: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A job as it was done."""

    job: Job
    calls: int
    tokens: int

    @property
    def is_met(self) -> bool:
        """Whether it took no more than it should."""
        return self.calls <= self.job.max_calls and self.tokens <= (self.job.max_tokens or self.tokens)


@dataclass(frozen=True, slots=True)
class ToolList:
    """One of the lists of tools with the most tokens that it may take, output schemas included."""

    surface: Literal["core", "lean"]
    max_tokens: int


def _invoice(sandbox: Sandbox) -> Any:
    workflow = next(each for each in sandbox.nanonets.workflows.values() if each.workflow_type == "invoice")
    return sorted(sandbox.nanonets.documents_of(workflow), key=lambda document: document.name)[2]


async def _forty_documents(agent: Agent, sandbox: Sandbox) -> None:
    state = sandbox.nanonets
    pattern = [each for each in state.documents.values() if each.workflow_id == _invoice(sandbox).workflow_id]
    for number in range(40 - len(pattern)):
        copy = deepcopy(pattern[number])
        copy.id, copy.name = f"copy-{number}", f"copy-{number}.pdf"
        state.documents[copy.id] = copy


async def _invoices_of_supplier(agent: Agent, sandbox: Sandbox) -> None:
    workflow = _invoice(sandbox).workflow_id
    fields = ["vendor_name", "invoice_number", "invoice_date", "total_amount"]
    answer = await agent(
        "review_table",
        workflow_id=workflow,
        fields=fields,
        where=f'fields.vendor_name.contains("{_SUPPLIER}")',
    )
    documents = [each for each in sandbox.nanonets.documents.values() if each.workflow_id == workflow]
    values = [value.value for each in documents for page in each.pages for value in page.fields]
    _expect(len(documents) == 40, "40 documents")
    _expect(
        len(answer["rows"]) == sum(_SUPPLIER in value for value in values), "all invoices of the supplier"
    )


async def _totals_against_lines(agent: Agent, sandbox: Sandbox) -> None:
    workflow = _invoice(sandbox).workflow_id
    own = [each for each in sandbox.nanonets.documents.values() if each.workflow_id == workflow]
    documents = sorted(own, key=lambda document: document.name)
    answer = await agent(
        "review_check",
        workflow_id=workflow,
        document_ids=[each.id for each in documents[:_CHECKED]],
        checks=["line_amount", "line_sum", "total"],
    )
    _expect(answer["checked"] == _CHECKED, "20 documents checked")
    _expect("4,898.29" in json.dumps(answer["documents"]), "the wrong total and the right one")


async def _sentiment_report(agent: Agent, sandbox: Sandbox) -> None:
    texts = [each.text for each in sandbox.studio.texts.values() if each.project_id == 1][:_ANALYZED]
    answer = await agent("review_table", model_id=_MODEL_OF_HOTELS, texts=texts)
    _expect(answer["texts"] == _ANALYZED, "50 texts analyzed")
    _expect(len(answer["rows"]) > 1, "counts of classes and labels")


def _expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise JobError(f"expected: {what}")


async def _fix_line_and_add_row(agent: Agent, sandbox: Sandbox) -> None:
    document = _invoice(sandbox)
    ids = {"workflow_id": document.workflow_id, "document_id": document.id}
    read = await agent("review_document", **ids)
    table = read["tables"][0]
    cell = table["rows"][0][1][1]
    row = dict.fromkeys(table["columns"], "1")
    changes = [{"cell_id": cell, "value": "Steel"}, {"table_id": table["table_id"], "cells": row}]
    await agent("review_apply", **ids, changes=changes)
    _expect(len(document.pages[0].tables[0].cells) % len(table["columns"]) == 0, "whole rows")


async def _six_entries(agent: Agent, sandbox: Sandbox) -> None:
    document = _invoice(sandbox)
    values = document.pages[0].fields[:3]
    changes = [{"field_data_id": each.id, "value": "1", "verification_status": "verified"} for each in values]
    await agent("review_apply", workflow_id=document.workflow_id, document_id=document.id, changes=changes)


async def _undo_work_on_document(agent: Agent, sandbox: Sandbox) -> None:
    answer = await agent("review_undo", since=_LONG_AGO, about=[_invoice(sandbox).id])
    _expect(len(answer["undone"]) == 6, "6 entries undone")


async def _open_session(agent: Agent, sandbox: Sandbox) -> None:
    texts = [each.text for each in sandbox.studio.texts.values() if each.project_id == 1][:_TAGGED]
    await agent("review_set_up", project_id=1, texts=texts, session_name=_SESSION, send=True)


async def _tag_and_close(agent: Agent, sandbox: Sandbox) -> None:
    session = next(each for each in sandbox.studio.sessions.values() if each.name == _SESSION)
    ids = {"kind": "labeling_session", "project_id": 1, "id": session.id}
    read = await agent("review_texts", **ids, limit=_TAGGED)
    texts = read["texts"]
    _expect(len(texts) == _TAGGED, f"{_TAGGED} texts")
    tag = {"class": "Room", "label": "POS"}
    changes = [{"segment_id": text["segments"][0]["segment_id"], "tags": [tag]} for text in texts]
    changes += [{"document_id": text["document_id"], "done": True} for text in texts]
    await agent("review_tag", **ids, changes=changes)
    _expect(session.status == "FINISHED", "a finished session")


async def _hitl_to_done(agent: Agent, sandbox: Sandbox) -> None:
    ids = {"kind": "hitl_review", "project_id": 5, "id": 1}
    read = await agent("review_texts", **ids)
    pages = {(each["document_id"], each["page"]) for each in read["reviews"]}
    corrections = [
        {"segment_id": each["segments"][0][0], "tags": [{"label": "IBAN", "text": "AT61"}]}
        for each in read["reviews"][:1]
    ]
    changes = [{"document_id": document, "page": page, "done": True} for document, page in sorted(pages)]
    await agent("review_tag", **ids, changes=[*corrections, *changes])
    waiting = [each for each in sandbox.studio.reviews.values() if each.status == "PENDING"]
    _expect(not [each for each in waiting if each.hitl_id == 1], "no review left")


async def _set_up(agent: Agent, sandbox: Sandbox) -> None:
    description: dict[str, Any] = {
        "name": "Guest feedback",
        "type": "ABSA",
        "classes": [{"name": f"Topic {n}", "description": f"What is said of {n}"} for n in range(5)],
        "labels": ["POS", "NEG"],
        "texts": [f"Answer number {n} is fine." for n in range(30)],
    }
    await agent("review_set_up", **description)
    answer = await agent("review_set_up", **description, send=True)
    _expect(answer["annotation_id"] in sandbox.studio.sessions, "a labeling session")


async def _failed_exports(agent: Agent, sandbox: Sandbox) -> None:
    read = await agent("review_queue", kinds=["document"], reasons=["export_failed"])
    by_workflow: dict[str, list[str]] = {}
    for each in read["entries"]:
        by_workflow.setdefault(each["workflow_id"], []).append(each["document_id"])
    for workflow, files in by_workflow.items():
        await agent("nanonets_retry_exports", model_id=workflow, file_ids=files)
    states = [each.export_status for each in sandbox.nanonets.documents.values()]
    _expect("failed" not in states, "no failed export left")


JOBS = (
    Job(
        "invoices of a supplier among 40 documents",
        _invoices_of_supplier,
        1,
        900,
        _forty_documents,
        formerly="4, 5,754",
    ),
    Job("totals against line sums over 20 documents", _totals_against_lines, 1, 1_200, formerly="3, 12,997"),
    Job("fix a line item and add a row of 4 cells", _fix_line_and_add_row, 3, 2_500, formerly="12, 5,421"),
    Job("undo the work on a document (6 entries)", _undo_work_on_document, 2, None, _six_entries),
    Job("tag and close 29 texts", _tag_and_close, 5, None, _open_session, formerly="87"),
    Job("HITL review to done", _hitl_to_done, 4, 2_000, formerly="12, 2,720"),
    Job("project, 5 classes, labels, 30 texts, labeling session", _set_up, 4, formerly="12"),
    Job("failed exports found and retried", _failed_exports, 2, 800, formerly="4, 11,497"),
    Job("sentiment report on 50 texts", _sentiment_report, 2, 1_500, formerly="2, 3,838"),
)

LISTS = (ToolList("core", 9_000), ToolList("lean", 3_500))


async def counted(job: Job) -> Done:
    """Do a job on a new sandbox.

    Raises:
        JobError: it was not done, or a call failed.
    """
    sandbox = Sandbox()
    settings = Settings(confirm="never", journal="sqlite://", toolsets="review,all")
    behind, transport = embedded(settings, sandbox)
    async with Client(build_server(behind, transport=transport), mode="auto") as client:
        if job.before is not None:
            await job.before(Agent(client), sandbox)
        agent = Agent(client)
        await job.do(agent, sandbox)
    if agent.errors:
        raise JobError(f"{job.name}: {agent.errors[0]}")
    return Done(job, agent.calls, agent.tokens)


async def tokens_of(listed: ToolList) -> int:
    """The tokens of a list of tools as a host gets it."""
    async with Client(build_server(Settings(sandbox=True, surface=listed.surface)), mode="auto") as client:
        tools = (await client.list_tools()).tools
    definitions = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    text = json.dumps(definitions, ensure_ascii=False, separators=(",", ":"))
    return round(len(text) / _CHARACTERS_OF_TOKEN)


def measure_day_jobs() -> list[Done]:
    """All jobs, each on a sandbox of its own.

    Raises:
        JobError: one was not done.
    """

    async def each() -> list[Done]:
        return [await counted(job) for job in JOBS]

    return asyncio.run(each())


def measure_lists() -> list[tuple[ToolList, int]]:
    """The short lists of tools with their tokens."""

    async def each() -> list[tuple[ToolList, int]]:
        return [(listed, await tokens_of(listed)) for listed in LISTS]

    return asyncio.run(each())


def _print_all() -> None:
    from .report import day_table

    headings, rows = day_table(measure_day_jobs(), measure_lists())
    for row in (headings, ["---"] * len(headings), *rows):
        sys.stdout.write(f"| {' | '.join(row)} |\n")


if __name__ == "__main__":
    _print_all()
