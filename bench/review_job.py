"""One job done twice on the sandbox, with the raw tools and with the review tools: calls and characters.

The job: review and approve 20 invoices, correct 2 fields in each. Both ways know ids from answers only, see
every value of every document before they decide, write the same values, mark the whole document as verified,
approve the file, and look once at the end what is left. They have to leave the sandbox in the same state.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import anyio
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client

from .inputs import plain_environment

__all__ = ["DOCUMENTS", "FIELDS", "JobError", "Tally", "measure_job"]

DOCUMENTS = 20
FIELDS = ("vendor_name", "buyer_name")
"""The fields that are corrected in each document: names are wanted in capitals."""

_PORTION = 10
"""How many documents are read in one call: as many as an agent can well keep in mind."""

_KIND = "invoice"
_MODERATION_FAILED = ("validation failed", "duplicate check")
"""Stages in which a person has to settle something else first; the job leaves such documents alone."""


class JobError(RuntimeError):
    """The job was not done, or not the same way twice, so that its numbers mean nothing."""


@dataclass(slots=True)
class Tally:
    """What one way of doing the job takes: calls, characters that the model writes and that it reads."""

    calls: int = 0
    written: int = 0
    read: int = 0

    @property
    def characters(self) -> int:
        """All characters."""
        return self.written + self.read


Call = Callable[..., Awaitable[dict[str, Any]]]
"""Calls a tool by its name with arguments, and gives its structured answer."""

Contender = Callable[[Call], Awaitable[list[str]]]
"""Does the job, and gives the ids of the documents that it approved."""


def measure_job() -> Mapping[str, Tally]:
    """The way, `raw tools` or `review tools`, → what it took.

    Raises:
        JobError: the two ways did not both do the job, or left different states.
    """
    with patch.dict(os.environ, plain_environment(), clear=True):
        return anyio.run(_measure)


async def _measure() -> Mapping[str, Tally]:
    tallies: dict[str, Tally] = {}
    states: list[Any] = []
    for name, contender in (("raw tools", _with_raw_tools), ("review tools", _with_review_tools)):
        async with _sandbox() as client:
            uncounted = _counted(client, Tally())
            before = await _state(uncounted)
            tallies[name] = Tally()
            approved = await contender(_counted(client, tallies[name]))
            after = await _state(uncounted)
        _check(name, approved, before, after)
        states.append(after)
    if states[0] != states[1]:
        raise JobError("the two ways left different states")
    return tallies


@asynccontextmanager
async def _sandbox() -> AsyncGenerator[Client]:
    """A client of a server with a journal on a sandbox of its own, in which 20 invoices can be approved."""
    settings = Settings(sandbox=True, confirm="destructive", journal="sqlite://")
    behind, transport = embedded(settings, Sandbox(clock=lambda: 0.0))
    async with Client(build_server(behind, transport=transport)) as client:
        call = _counted(client, Tally())
        workflow_id = await _workflow(call)
        missing = DOCUMENTS - len(await _open_documents(call, workflow_id))
        for number in range(missing):
            await call(
                "nanonets_upload_document",
                workflow_id=workflow_id,
                file_name=f"{_KIND}-{number + 23:03d}.pdf",
                file_base64=base64.b64encode(f"%PDF-1.4 {number}".encode()).decode(),
            )
        yield client


def _counted(client: Client, tally: Tally) -> Call:
    """A way to call tools that counts: arguments as the model writes them, results as text."""

    async def call(tool: str, /, **arguments: Any) -> dict[str, Any]:
        tally.calls += 1
        tally.written += len(json.dumps(arguments, ensure_ascii=False, separators=(",", ":")))
        result = await client.call_tool(tool, arguments)
        tally.read += sum(len(block.text) for block in result.content if block.type == "text")
        if result.is_error or result.structured_content is None:
            raise JobError(f"{tool} failed: {result.structured_content}")
        return result.structured_content

    return call


async def _with_raw_tools(call: Call) -> list[str]:
    """As an agent does it that is careful and wastes nothing."""
    workflow_id = await _workflow(call)
    approved: list[str] = []
    for document_id in await _open_documents(call, workflow_id):
        ids = {"workflow_id": workflow_id, "document_id": document_id}
        document = await call("nanonets_get_document", **ids)
        for page in document["pages"]:
            for name in FIELDS:
                for field in page["data"]["fields"].get(name, ()):
                    await call(
                        "nanonets_update_field",
                        **ids,
                        page_id=page["page_id"],
                        field_data_id=field["field_data_id"],
                        value=_corrected(field["value"]),
                        expected_value=field["value"],
                    )
        # Its answer holds every value with its status as they are now: nothing has to be read again.
        verified = await call("nanonets_verify_document", **ids, verification_status="verified")
        values = [field for page in verified["pages"] for field in page["fields"]]
        if any(not field["value"].isupper() for field in values if field["field_name"] in FIELDS):
            raise JobError(f"a value of {document_id} was not corrected")
        await call("nanonets_approve_file", model_id=workflow_id, request_file_id=document_id)
        approved.append(document_id)
    if await _open_documents(call, workflow_id):
        raise JobError("not all documents were approved")
    return approved


async def _with_review_tools(call: Call) -> list[str]:
    """The same job with the same care."""
    queue = await call("review_queue", kinds=["document"], limit=100)
    chosen = _open_entries(queue)
    workflow_id = chosen[0]["workflow_id"]
    document_ids = [entry["document_id"] for entry in chosen]
    changes: list[dict[str, str]] = []
    waiting = document_ids
    while waiting:
        portion, waiting = waiting[:_PORTION], waiting[_PORTION:]
        read = await call("review_document", workflow_id=workflow_id, document_ids=portion)
        for document in read["documents"]:
            if "error" in document:
                raise JobError(f"not read: {document}")
            changes += [
                {
                    "document_id": document["document_id"],
                    "field_data_id": field["field_data_id"],
                    "value": _corrected(field["value"]),
                    "expected_value": field["value"],
                }
                for field in document["fields"]
                if field["name"] in FIELDS
            ]
        waiting = [*read.get("left_out", ()), *waiting]
    applied = await call("review_apply", workflow_id=workflow_id, changes=changes, verify_document=True)
    if applied["counts"] != {"done": len(changes) + len(document_ids)}:
        raise JobError(f"not all changes were made: {applied['summary']}")
    decided = await call("review_files", action="approve", model_id=workflow_id, file_ids=document_ids)
    if decided["counts"] != {"done": len(document_ids)}:
        raise JobError(f"not all files were approved: {decided}")
    if _open_entries(await call("review_queue", workflow_id=workflow_id, limit=100)):
        raise JobError("not all documents were approved")
    return document_ids


def _corrected(value: str) -> str:
    return value.upper()


async def _workflow(call: Call) -> str:
    """The id of the workflow of the invoices."""
    listed = await call("nanonets_list_workflows")
    return next(each["id"] for each in listed["workflows"] if _KIND in each["description"])


async def _open_documents(call: Call, workflow_id: str) -> list[str]:
    """The documents of a workflow that can be approved, by the list alone."""
    listed = await call("nanonets_list_documents", workflow_id=workflow_id, limit=100)
    settled = ("approved", "rejected", *_MODERATION_FAILED)
    return [
        each["document_id"]
        for each in listed["documents"]
        if each["status"] == "success" and each["verification_stage"] not in settled
    ]


def _open_entries(queue: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of the queue that are invoices and can be approved."""
    return [
        entry
        for entry in queue["entries"]
        if entry["name"].startswith(_KIND)
        and entry.get("stage") not in _MODERATION_FAILED
        and "failed" not in entry["reasons"]
    ]


async def _state(call: Call) -> dict[str, Any]:
    """Every invoice with its stage and values, by its id."""
    workflow_id = await _workflow(call)
    listed = await call("nanonets_list_documents", workflow_id=workflow_id, limit=100)
    found: dict[str, Any] = {}
    for each in listed["documents"]:
        document = await call(
            "nanonets_get_document", workflow_id=workflow_id, document_id=each["document_id"]
        )
        found[each["document_id"]] = {
            "name": each["original_document_name"],
            "stage": document["verification_stage"],
            "pages": document.get("pages", []),
        }
    return found


def _check(name: str, approved: list[str], before: dict[str, Any], after: dict[str, Any]) -> None:
    """See in the sandbox that the job was done, and nothing else."""
    if len(approved) != DOCUMENTS:
        raise JobError(f"{name}: {len(approved)} documents were approved, wanted {DOCUMENTS}")
    for document_id, state in after.items():
        if document_id not in approved:
            if state != before[document_id]:
                raise JobError(f"{name}: {state['name']} was changed")
            continue
        if state["stage"] != "approved":
            raise JobError(f"{name}: {state['name']} is not approved")
        earlier = _values(before[document_id])
        wanted = [(field, _corrected(text) if field in FIELDS else text) for field, text, _ in earlier]
        values = _values(state)
        if [(field, text) for field, text, _ in values] != wanted:
            raise JobError(f"{name}: {state['name']} has other values than wanted")
        if any(status != "verified" for _, _, status in values):
            raise JobError(f"{name}: {state['name']} is not verified")
        if sum(text != old for (_, text, _), (_, old, _) in zip(values, earlier, strict=True)) != len(FIELDS):
            raise JobError(f"{name}: {state['name']} was not corrected in {len(FIELDS)} fields")


def _values(state: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, text and status of every field and cell."""
    data = [page["data"] for page in state["pages"]]
    fields = [
        (name, field["value"], field["verification_status"])
        for each in data
        for name, found in each["fields"].items()
        for field in found
    ]
    cells = [
        ("cell", cell["text"], cell["verification_status"])
        for each in data
        for table in each["tables"]
        for cell in table["cells"]
    ]
    return fields + cells
