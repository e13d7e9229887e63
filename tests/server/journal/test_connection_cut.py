"""What becomes of records whose connection to PostgreSQL is cut while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import anyio
import psycopg
import pytest
from docreview_mcp.server.journal import postgresql_store
from docreview_mcp.server.journal.marks import StoredMarks
from docreview_mcp.tools import ToolFailure
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, JournalView, LookFirst, Opening
from postgresql import Cluster, empty, journal_at

OPENING = Opening("a_tool", {"text": "value of a document"}, ("d1",), "fingerprint", Caller())


@pytest.fixture
def cluster(cluster: Cluster) -> Cluster:
    """A PostgreSQL with an empty journal."""
    empty(cluster.url)
    return cluster


@contextmanager
def connection_cut(*, is_committed: bool) -> Iterator[None]:
    """The connection is cut when a transaction was committed, or just before."""
    genuine = postgresql_store._round_trip

    async def cut(connection: Any, steps: Any) -> Any:
        if steps[-1].statement == "COMMIT":
            if is_committed:
                await genuine(connection, steps)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return await genuine(connection, steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgresql_store, "_round_trip", cut)
        yield


async def test_an_entry_that_was_opened_while_the_connection_was_cut_stops_no_later_call(
    cluster: Cluster,
) -> None:
    """The record is there, but nobody heard of it, so nothing was sent: it must not count as under way."""
    journal = journal_at(cluster.url)
    opening = replace(OPENING, until="2999-01-01T00:00:00+00:00")
    await journal.open(replace(opening, fingerprint="another"))
    with connection_cut(is_committed=True), pytest.raises(JournalFault) as caught:
        await journal.open(opening)
    assert caught.value.is_away
    outcomes: list[str] = []

    def judge(view: JournalView) -> None:
        outcomes.append(view.last_of_call.outcome if view.last_of_call else "")

    again = await journal.open(opening, LookFirst(judge, at_call=True))
    assert outcomes == ["not done"]
    entries = await journal.entries()
    assert [(each.number, each.outcome) for each in entries] == [
        (again, "under way"),
        (2, "not done"),
        (1, "under way"),
    ]
    assert entries[1].closing is not None
    assert entries[1].closing.message.startswith("Not sent: the journal's connection was lost")
    assert not journal.verify().broken
    journal.stop()


async def test_a_server_that_ends_after_its_connection_was_cut_leaves_nothing_of_what_was_not_written(
    cluster: Cluster,
) -> None:
    journal = journal_at(cluster.url)
    with connection_cut(is_committed=False), pytest.raises(JournalFault):
        await journal.open(OPENING)
    journal.stop()
    reader = journal_at(cluster.url)
    assert await reader.entries() == []
    reader.stop()


async def test_a_number_that_another_server_used_after_the_connection_was_cut_stays_that_of_its_entry(
    cluster: Cluster,
) -> None:
    journal, other = journal_at(cluster.url), journal_at(cluster.url)
    opening = replace(OPENING, until="2999-01-01T00:00:00+00:00")
    with connection_cut(is_committed=False), pytest.raises(JournalFault):
        await journal.open(replace(opening, fingerprint="lost"))
    await other.open(replace(opening, fingerprint="of the other server"))
    await journal.open(replace(opening, fingerprint="next"))
    found = {each.opening.fingerprint: each.outcome for each in await other.entries()}
    assert found == {"of the other server": "under way", "next": "under way"}
    for each in (journal, other):
        each.stop()


@pytest.mark.parametrize("is_committed", [True, False])
async def test_of_all_that_was_written_when_the_connection_was_cut_each_ends_in_its_own_way(
    is_committed: bool, cluster: Cluster
) -> None:
    journal = journal_at(cluster.url)
    opening = replace(OPENING, until="2999-01-01T00:00:00+00:00")
    ending = await journal.open(replace(opening, fingerprint="ends"))

    def refuse(view: JournalView) -> None:
        raise ToolFailure("conflict", "once", next_step="none")

    told: dict[str, type[Exception]] = {}

    async def ends(name: str, work: Any) -> None:
        try:
            await work
        except (JournalFault, ToolFailure) as error:
            told[name] = type(error)

    refused = journal.open(replace(opening, fingerprint="refused"), LookFirst(refuse, at_call=True))
    with connection_cut(is_committed=is_committed):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ends, "begins", journal.open(replace(opening, fingerprint="begins")))
            tasks.start_soon(ends, "refused", refused)
            tasks.start_soon(ends, "ends", journal.close(ending, Closing("done")))
            tasks.start_soon(ends, "mark", StoredMarks(journal).claim("mark", 60.0))
    assert told == {
        "begins": JournalFault,
        "refused": ToolFailure,
        "ends": JournalFault,
        "mark": JournalFault,
    }
    found = {each.opening.fingerprint: each.outcome for each in await journal.entries()}
    assert found == {"ends": "done", **({"begins": "not done"} if is_committed else {})}
    assert not journal.verify().broken
    journal.stop()
