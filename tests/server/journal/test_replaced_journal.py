"""A journal that is taken away while writes are under way, or stands behind a link."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, Opening


class Held(Network):
    """Holds the answer to the first write until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = anyio.Event(), anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.method == "POST" and len(self.requests) == 1:
            self.begun.set()
            await self.go.wait()
        return httpx2.Response(201 if b"first" in request.content else 500, json={"id": 7})


async def test_an_end_does_not_go_to_the_entry_that_has_the_number_in_the_next_journal(
    era: Era, tmp_path: Path
) -> None:
    journal, network = tmp_path / "journal.sqlite", Held()
    async with connected(network, era, journal=f"sqlite:///{journal}") as client:
        results: list[Any] = []

        async def first() -> None:
            results.append(await client.call_tool("studio_add_label", {"project_id": 1, "name": "first"}))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await network.begun.wait()
            for each in list(tmp_path.iterdir()):
                each.unlink()
            await client.call_tool("studio_add_label", {"project_id": 1, "name": "second"})
            network.go.set()
        history = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert [(each["arguments"]["name"], each["outcome"]) for each in history] == [("second", "unknown")]
        (result,) = results
        assert "could not record the outcome" in result.structured_content["docreview"]["journal"]


async def test_an_end_goes_to_no_entry_that_another_server_opened_in_a_new_journal(url: str) -> None:
    journal, other = (open_journal(Settings(journal=url), tuple) for _ in range(2))
    assert journal is not None
    assert other is not None
    opening = Opening("a_tool", {}, ("d1",), "f", Caller(), until="2999-01-01T00:00:00+00:00")
    number = await journal.open(opening)
    if url.startswith("sqlite"):
        for each in Path(url.removeprefix("sqlite:///")).parent.iterdir():
            each.unlink()
    else:
        from postgresql import empty

        empty(url)
    assert await other.open(opening) == number
    with pytest.raises(JournalFault, match=f"no entry {number}"):
        await journal.close(number, Closing("done"))
    entry = await other.entry(number)
    assert entry is not None
    assert entry.outcome == "under way"
    for each in (journal, other):
        each.stop()


async def test_what_lies_beside_a_journal_behind_a_link_is_closed_to_others_too(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept" / "journal.sqlite", tmp_path / "journal.sqlite"
    kept.parent.mkdir()
    with closing(sqlite3.connect(kept, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE other (text)")
        files = list(kept.parent.iterdir())
        for each in files:
            each.chmod(0o644)
        link.symlink_to(kept)
        journal = open_journal(Settings(journal=f"sqlite:///{link}"), tuple)
        assert journal is not None
        await journal.open(Opening("a_tool", {}, (), "f", Caller()))
        assert len(files) == 3
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
        journal.stop()
