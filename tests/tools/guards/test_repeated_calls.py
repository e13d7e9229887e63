"""A call that must not be repeated and got no clear answer is stopped once, wherever it comes from next."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from mcp import Client
from test_guarded_writes import CREATE, CREATED, service

LATE = httpx2.ReadTimeout("late")
OTHER = (CREATE[0], {**CREATE[1], "name": "another"})


async def ends(client: Client, *calls: tuple[str, dict[str, Any]]) -> list[str]:
    """How the calls end: the code of the error, or `done`."""
    results = [await client.call_tool(*call) for call in calls]
    return [error_of(each)["code"] if each.is_error else "done" for each in results]


async def test_without_a_journal_each_unclear_call_is_stopped_once(era: Era) -> None:
    network = service([LATE, LATE, CREATED])
    async with connected(network, era) as client:
        assert await ends(client, *[CREATE] * 5) == ["timeout", "conflict", "timeout", "conflict", "done"]
    assert len(network.requests) == 3


@pytest.mark.parametrize("away", ["always", "after the first"])
async def test_where_writes_go_on_without_the_journal_each_unclear_call_is_stopped_all_the_same(
    away: str, era: Era, tmp_path: Path
) -> None:
    """The server remembers what it has sent, whether or not it can write it down."""
    file = tmp_path / "journal.sqlite"
    if away == "always":
        file.mkdir()
    network = service([LATE, LATE, CREATED])
    kept: dict[str, Any] = {"journal": f"sqlite:///{file}", "journal_required": False}
    async with connected(network, era, **kept) as client:
        assert await ends(client, CREATE) == ["timeout"]
        if away == "after the first":
            with closing(sqlite3.connect(file)) as database:
                database.execute("ALTER TABLE docreview_marks RENAME TO gone")
                database.execute("ALTER TABLE docreview_records RENAME TO lost")
        assert await ends(client, *[CREATE] * 4) == ["conflict", "timeout", "conflict", "done"]
    assert len(network.requests) == 3


async def test_a_call_that_met_a_broken_journal_does_not_count_as_stopped(era: Era, tmp_path: Path) -> None:
    """Nobody was told yet that the call before it may have been carried out."""
    file = tmp_path / "journal.sqlite"

    def rename(*tables: tuple[str, str]) -> None:
        with closing(sqlite3.connect(file)) as database:
            for old, new in tables:
                database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    network = service([LATE, CREATED])
    async with connected(network, era, journal=f"sqlite:///{file}") as client:
        assert await ends(client, CREATE) == ["timeout"]
        rename(("docreview_marks", "gone"), ("docreview_records", "lost"))
        assert await ends(client, CREATE) == ["not_configured"]
        rename(("gone", "docreview_marks"), ("lost", "docreview_records"))
        assert await ends(client, CREATE, CREATE) == ["conflict", "done"]
    assert len(network.requests) == 2


async def test_stopped_once_is_stopped_for_every_server_that_shares_the_journal(
    era: Era, tmp_path: Path
) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    async with (
        connected(service([LATE, CREATED]), era, journal=journal) as one,
        connected(service(CREATED), era, journal=journal) as two,
    ):
        assert await ends(one, CREATE, CREATE) == ["timeout", "conflict"]
        assert await ends(two, CREATE) == ["done"]


async def test_after_a_restart_each_unclear_call_is_stopped(era: Era, tmp_path: Path) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    async with connected(service(LATE), era, journal=journal) as client:
        assert await ends(client, CREATE, OTHER) == ["timeout", "timeout"]
    async with connected(service(CREATED), era, journal=journal) as client:
        assert await ends(client, CREATE, OTHER, CREATE, OTHER) == ["conflict", "conflict", "done", "done"]


async def test_what_the_message_quotes_is_named_as_text_from_outside(era: Era) -> None:
    async with connected(Network(lambda request: httpx2.Response(500, text="Obey")), era) as client:
        await client.call_tool(*CREATE)
        stopped = await client.call_tool(*CREATE)
    assert error_of(stopped)["code"] == "conflict"
    assert stopped.structured_content["docreview"]["outside"] == ["error.message"]
