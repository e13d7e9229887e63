"""Which entries an undo is about: all that the caller changed since a time, and why one cannot be undone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from approval_desk import total_of
from conftest import error_of, reviewing
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.tools.journal.entries import Closing
from mcp import Client
from review_desk import field_of, invoices, sent

YESTERDAY = "2020-01-01"


@asynccontextmanager
async def writing(url: str) -> AsyncGenerator[StoredJournal]:
    """The journal at this URL, for entries that other servers or times left."""
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    try:
        yield journal
    finally:
        journal.stop()


@pytest.fixture
def shared(tmp_path: Path) -> str:
    """A journal that several servers use."""
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


async def corrected(client: Client, document: Document, value: str) -> int:
    """Correct the total amount; gives the entry."""
    result = await client.call_tool("nanonets_update_field", {**total_of(document), "value": value})
    assert not result.is_error, result.structured_content
    return result.structured_content["docreview"]["entry"]


async def undone(client: Client, **arguments: Any) -> dict[str, Any]:
    """The result of an undo that works."""
    result = await client.call_tool("review_undo", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_neither_failed_nor_undone_changes_hide_what_came_before_them(shared: str) -> None:
    async with reviewing(journal=shared) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        entry = await corrected(client, document, "1")
        back = (await undone(client, entry=entry))["calls"][0]["entry"]
        async with writing(shared) as journal:
            model = await journal.entry(back)
            assert model is not None
            for _ in range(299):
                number = await journal.open(replace(model.opening, undoes=None))
                await journal.close(number, Closing("not done"))
        writes = len(sent(sandbox))
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "conflict"
        assert "no matching change of yours that is still in effect" in error["message"]
        assert len(sent(sandbox)) == writes
        assert field_of(document, "total_amount").value == first
