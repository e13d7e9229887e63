"""What writes cost at the service: how many requests the sandbox gets for each.

Run `python -m bench.write_requests`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client

from .review_job import JobError

__all__ = ["WRITES", "CostOfWrite", "measure_write_requests", "requests_of"]

_MEMBER = "someone@norwick.example"
_STAGES = ("validation passed", "manager approval", "finance approval")


@dataclass(frozen=True, slots=True)
class CostOfWrite:
    """A call that writes, with the arguments for it, and the most requests that it should cost.

    `formerly` is what it cost when the state was read once more after each write.
    """

    name: str
    tool: str
    arguments: Callable[[list[Document]], dict[str, Any]]
    formerly: int
    max_requests: int


def _file(documents: list[Document]) -> dict[str, Any]:
    return {"model_id": documents[0].workflow_id, "request_file_id": documents[0].id}


def _field(documents: list[Document]) -> dict[str, Any]:
    first = documents[0]
    page = first.pages[0]
    return {
        "workflow_id": first.workflow_id,
        "document_id": first.id,
        "page_id": page.id,
        "field_data_id": page.fields[0].id,
        "value": f"{page.fields[0].value}0",
    }


def _files(documents: list[Document], count: int, **more: Any) -> dict[str, Any]:
    return {
        "model_id": documents[0].workflow_id,
        "file_ids": [each.id for each in documents[:count]],
        **more,
    }


def _six_changes(documents: list[Document]) -> dict[str, Any]:
    first = documents[0]
    changes = [{"field_data_id": each.id, "value": f"{each.value}0"} for each in first.pages[0].fields[:6]]
    return {"workflow_id": first.workflow_id, "document_id": first.id, "changes": changes}


WRITES = (
    CostOfWrite("correct a field", "nanonets_update_field", _field, 3, 2),
    CostOfWrite("approve a file", "nanonets_approve_file", _file, 3, 2),
    CostOfWrite(
        "assign 3 files", "nanonets_assign_files", lambda each: _files(each, 3, member=_MEMBER), 7, 4
    ),
    CostOfWrite("correct 6 fields of a document", "review_apply", _six_changes, 13, 8),
    CostOfWrite("approve 8 files", "review_files", lambda each: _files(each, 8, action="approve"), 31, 17),
)


async def requests_of(write: CostOfWrite) -> int:
    """How many requests the call costs on a new sandbox.

    Raises:
        JobError: the call failed.
    """
    sandbox = Sandbox()
    settings = Settings(confirm="never", journal="sqlite://", toolsets=("review", "all"))
    behind, transport = embedded(settings, sandbox)
    async with Client(build_server(behind, transport=transport), mode="auto") as client:
        result = await client.call_tool(write.tool, write.arguments(_waiting(sandbox)))
    if result.is_error:
        raise JobError(f"{write.name}: {result.structured_content}")
    return len(sandbox.received)


def _waiting(sandbox: Sandbox) -> list[Document]:
    """Invoices that can be approved and are not yet."""
    state = sandbox.nanonets
    workflow = next(each for each in state.workflows.values() if each.workflow_type == "invoice")
    return [
        each
        for each in state.documents_of(workflow)
        if each.stage in _STAGES and not each.decision and not each.failed
    ]


def measure_write_requests() -> list[tuple[CostOfWrite, int]]:
    """All rows with what they cost.

    Raises:
        JobError: a call failed.
    """

    async def each() -> list[tuple[CostOfWrite, int]]:
        return [(write, await requests_of(write)) for write in WRITES]

    return asyncio.run(each())


if __name__ == "__main__":
    for write, count in measure_write_requests():
        sys.stdout.write(f"{write.name}: {count} (formerly {write.formerly}, at most {write.max_requests})\n")
