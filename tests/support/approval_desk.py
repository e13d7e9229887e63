"""What tests of approval share: a server with a rule, three ways to approve, and the marks of a person."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from mcp import Client
from review_desk import field_of

RULES = {"verified": "[approval]\nall_verified = true\n", "confident": "[approval]\nmin_confidence = 0.9\n"}
APPROVALS = ("nanonets_approve_file", "nanonets_verify_document", "review_files")


@asynccontextmanager
async def desk(
    folder: Path, era: Era = "auto", rule: str = "verified", sandbox: Sandbox | None = None, **settings: Any
) -> AsyncGenerator[tuple[Client, Sandbox]]:
    """A server with an approval rule and a journal that others can share."""
    policy = folder / "policy.toml"
    policy.write_text(RULES[rule])
    journal = f"sqlite:///{folder / 'journal.sqlite'}"
    async with reviewing(sandbox, era=era, policy=policy, journal=journal, **settings) as (client, found):
        yield client, found


def place_of(document: Document) -> dict[str, str]:
    """The ids of a document's first page."""
    return {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "page_id": document.pages[0].id,
    }


def verify_everything(document: Document) -> None:
    """As a person does at the service."""
    for page in document.pages:
        for value in [*page.fields, *(cell for table in page.tables for cell in table.cells)]:
            value.verification_status = "verified"


async def done(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a call that works."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content or {}


async def approval(client: Client, document: Document, tool: str) -> Any:
    """The result of an attempt to approve a document by one of the three ways."""
    ids = {"model_id": document.workflow_id}
    match tool:
        case "nanonets_approve_file":
            return await client.call_tool(tool, {**ids, "request_file_id": document.id})
        case "review_files":
            return await client.call_tool(tool, {**ids, "file_ids": [document.id], "action": "approve"})
        case _:
            v4 = {"workflow_id": document.workflow_id, "document_id": document.id}
            return await client.call_tool(tool, {**v4, "verification_status": "verified"})


async def refused(client: Client, document: Document, tool: str) -> str:
    """The message of an approval that the policy refuses."""
    result = await approval(client, document, tool)
    error = error_of(result)
    assert error["done"] == "no"
    if tool != "review_files":
        assert "Nothing was sent" in error["message"]
        assert result.structured_content["docreview"]["outside"] == ["error.message"]
    assert "policy" in str(error)
    return error["message"]


async def passes(client: Client, document: Document, tool: str) -> None:
    """Approve a document that may be approved."""
    result = await approval(client, document, tool)
    assert not result.is_error, result.structured_content


def total_of(document: Document) -> dict[str, str]:
    """Where the total amount of a document stands."""
    return {**place_of(document), "field_data_id": field_of(document, "total_amount").id}
