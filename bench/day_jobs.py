"""Jobs of a day's work as an agent does them: how many calls, and how many tokens it reads.

Run `python -m bench.day_jobs`. Tokens are characters of results divided by four.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client

__all__ = ["JOBS", "Agent", "Job", "counted"]

_CHARACTERS_OF_TOKEN = 4
_LONG_AGO = "2020-01-01"


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


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the most that it should take. `before` is work that is not counted."""

    name: str
    do: Work
    max_calls: int
    max_tokens: int | None = None
    before: Work | None = None


def _invoice(sandbox: Sandbox) -> Any:
    workflow = next(each for each in sandbox.nanonets.workflows.values() if each.workflow_type == "invoice")
    return sorted(sandbox.nanonets.documents_of(workflow), key=lambda document: document.name)[2]


async def _fix_line_and_add_row(agent: Agent, sandbox: Sandbox) -> None:
    document = _invoice(sandbox)
    place = {"workflow_id": document.workflow_id, "document_id": document.id}
    read = await agent("review_document", **place)
    table = read["tables"][0]
    cell = table["rows"][0][1][1]
    row = dict.fromkeys(table["columns"], "1")
    changes = [{"cell_id": cell, "value": "Steel"}, {"table_id": table["table_id"], "cells": row}]
    await agent("review_apply", **place, changes=changes)


async def _six_entries(agent: Agent, sandbox: Sandbox) -> None:
    document = _invoice(sandbox)
    values = document.pages[0].fields[:3]
    changes = [{"field_data_id": each.id, "value": "1", "verification_status": "verified"} for each in values]
    await agent("review_apply", workflow_id=document.workflow_id, document_id=document.id, changes=changes)


async def _undo_work_on_document(agent: Agent, sandbox: Sandbox) -> None:
    await agent("review_undo", since=_LONG_AGO, about=[_invoice(sandbox).id])


async def _tag_and_close(agent: Agent, sandbox: Sandbox) -> None:
    place = {"kind": "labeling_session", "project_id": 1, "id": 103}
    texts: list[dict[str, Any]] = []
    read: dict[str, Any] = {"next_offset": 0}
    while "next_offset" in read:
        read = await agent("review_texts", **place, limit=200, offset=read["next_offset"])
        texts += read["texts"]
    tag = {"class": "Room", "label": "POS"}
    changes = [{"segment_id": text["segments"][0]["segment_id"], "tags": [tag]} for text in texts]
    changes += [{"document_id": text["document_id"], "done": True} for text in texts]
    await agent("review_tag", **place, changes=changes)


async def _hitl_to_done(agent: Agent, sandbox: Sandbox) -> None:
    place = {"kind": "hitl_review", "project_id": 5, "id": 1}
    read = await agent("review_texts", **place)
    pages = {(each["document_id"], each["page"]) for each in read["reviews"]}
    corrections = [
        {"segment_id": each["segments"][0][0], "tags": [{"label": "IBAN", "text": "AT61"}]}
        for each in read["reviews"][:1]
    ]
    changes = [{"document_id": document, "page": page, "done": True} for document, page in sorted(pages)]
    await agent("review_tag", **place, changes=[*corrections, *changes])


async def _set_up(agent: Agent, sandbox: Sandbox) -> None:
    description: dict[str, Any] = {
        "name": "Guest feedback",
        "type": "ABSA",
        "classes": [{"name": f"Topic {n}", "description": f"What is said of {n}"} for n in range(5)],
        "labels": ["POS", "NEG"],
        "texts": [f"Answer number {n} is fine." for n in range(30)],
    }
    await agent("review_set_up", **description)
    await agent("review_set_up", **description, send=True)


async def _failed_exports(agent: Agent, sandbox: Sandbox) -> None:
    read = await agent("review_queue", kinds=["document"], reasons=["export_failed"])
    by_workflow: dict[str, list[str]] = {}
    for each in read["entries"]:
        by_workflow.setdefault(each["workflow_id"], []).append(each["document_id"])
    for workflow, files in by_workflow.items():
        await agent("nanonets_retry_exports", model_id=workflow, file_ids=files)


JOBS = (
    Job("fix a line item and add a row of 4 cells", _fix_line_and_add_row, 3, 2_500),
    Job("undo the work on a document (6 entries)", _undo_work_on_document, 2, None, _six_entries),
    Job("tag and close all texts of a session", _tag_and_close, 5),
    Job("HITL review to done", _hitl_to_done, 4, 2_000),
    Job("project, 5 classes, labels, 30 texts, labeling session", _set_up, 4),
    Job("failed exports found and retried", _failed_exports, 2, 800),
)


async def counted(job: Job) -> Agent:
    """Do a job on a new sandbox."""
    sandbox = Sandbox()
    settings = Settings(confirm="never", journal="sqlite://", toolsets="review,all")
    behind, transport = embedded(settings, sandbox)
    async with Client(build_server(behind, transport=transport), mode="auto") as client:
        if job.before is not None:
            await job.before(Agent(client), sandbox)
        agent = Agent(client)
        await job.do(agent, sandbox)
    return agent


async def _print_all() -> None:
    write = sys.stdout.write
    write("| job | calls, at most | tokens read, at most |\n| --- | --- | --- |\n")
    for job in JOBS:
        agent = await counted(job)
        most = f"{job.max_tokens:,}" if job.max_tokens else "–"
        write(f"| {job.name} | {agent.calls}, {job.max_calls} | {agent.tokens:,}, {most} |\n")
        write("".join(f"{error}\n" for error in agent.errors))


if __name__ == "__main__":
    asyncio.run(_print_all())
