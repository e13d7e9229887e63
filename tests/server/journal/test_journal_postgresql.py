"""What is special about a journal in PostgreSQL; all that it remembers is tested beside SQLite."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import psycopg
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.server.journal import group_commit, postgresql_store
from docreview_mcp.server.journal.marks import StoredMarks
from docreview_mcp.server.journal.migrating import check_tables
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.tools import ToolFailure
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, JournalView, LookFirst, Opening
from postgresql import PASSWORD, Cluster, empty, journal_at, migrate, running_cluster

OPENING = Opening("a_tool", {"text": "value of a document"}, ("d1",), "fingerprint", Caller())


@pytest.fixture
def cluster(cluster: Cluster) -> Cluster:
    """A PostgreSQL with an empty journal."""
    empty(cluster.url)
    return cluster


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this file, which tests may stop."""
    with running_cluster() as cluster:
        migrate(cluster.url)
        yield cluster


async def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    journal = journal_at(f"postgresql://user:{PASSWORD}@127.0.0.1:1/reviews")
    for work in (journal.open(OPENING), journal.close(1, Closing("done")), journal.entries()):
        with pytest.raises(
            JournalFault, match=r"^The journal in PostgreSQL \(reviews at 127.0.0.1\)"
        ) as caught:
            await work
        assert PASSWORD not in str(caught.value)
        assert "\n" not in str(caught.value)


async def test_the_journal_works_again_when_the_database_is_back(own_cluster: Cluster) -> None:
    journal = journal_at(own_cluster.url)
    number = await journal.open(OPENING)
    own_cluster.stop()
    try:
        with pytest.raises(JournalFault, match="cannot be written"):
            await journal.close(number, Closing("done"))
        with pytest.raises(JournalFault, match="cannot be read"):
            await journal.entry(number)
    finally:
        own_cluster.start()
    await journal.close(number, Closing("done"))
    own_cluster.stop()
    own_cluster.start()
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    journal.stop()


async def test_who_waits_while_the_database_is_found_to_be_away_does_not_wait_for_another_try() -> None:
    tries: list[asyncio.StreamWriter] = []
    is_tried, may_end = asyncio.Event(), asyncio.Event()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(writer)
        is_tried.set()
        await may_end.wait()
        writer.close()

    faults: list[JournalFault] = []

    async def read() -> None:
        with pytest.raises(JournalFault, match="cannot be read") as caught:
            await journal.entries()
        faults.append(caught.value)

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        journal = journal_at(f"postgresql://user@127.0.0.1:{port}/reviews?sslmode=disable&gssencmode=disable")
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(read)
            await is_tried.wait()
            await anyio.lowlevel.checkpoint()
            may_end.set()
        assert [fault.is_away for fault in faults] == [True] * 5
        assert len(tries) == 1
        await read()
        assert len(tries) == 2, "who comes later tries anew"


async def test_who_waits_while_nobody_is_let_in_is_told_that_it_will_not_pass(cluster: Cluster) -> None:
    journal = journal_at(cluster.url.replace("//docreview:", "//somebody:"))
    faults: list[JournalFault] = []

    async def read() -> None:
        with pytest.raises(JournalFault, match="cannot be read") as caught:
            await journal.entries()
        faults.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(read)
    assert [fault.is_away for fault in faults] == [False] * 3


async def test_who_waits_while_another_reading_gets_no_answer_is_answered(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_store, "_SLACK_SECONDS", -1.8)
    journal = open_journal(Settings(journal=cluster.url, timeout=0.1), tuple)
    assert journal is not None
    number = await journal.open(OPENING)
    await StoredMarks(journal).put("mark", 3.0, 60.0)
    assert await journal.entry(number)
    found: list[float | None] = []

    async def read() -> None:
        with pytest.raises(JournalFault, match="does not answer in time"):
            await journal.entry(number)

    async def look() -> None:
        found.append(await StoredMarks(journal).moment_of("mark"))

    with psycopg.connect(cluster.url) as other:
        other.execute("LOCK TABLE docreview_words IN ACCESS EXCLUSIVE MODE")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(look)
    assert found == [3.0]
    journal.stop()


FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}


def page(value: str) -> dict[str, Any]:
    """The page of the field as the service shows it."""
    return {"data": {"fields": {"total": [{"field_data_id": "f", "value": value}]}, "tables": []}}


async def test_while_the_database_restarts_nothing_is_sent_and_afterwards_the_outcome_is_recorded(
    own_cluster: Cluster, era: Era
) -> None:
    """The database stops while a write is under way."""
    writes: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=page("12" if writes else "10"))
        if not writes:
            own_cluster.stop()
        writes.append(request.method)
        return httpx2.Response(200, json={"field_data_id": "f", "value": "12"})

    async with connected(Network(answer), era, journal=own_cluster.url) as client:
        try:
            written = await client.call_tool("nanonets_update_field", {**FIELD, "value": "12"})
            assert not written.is_error, "the write was carried out"
            note = written.structured_content["docreview"]
            assert "could not record" in note["journal"]
            for tool, arguments in (
                ("nanonets_update_field", {**FIELD, "value": "13"}),
                ("review_history", {}),
                ("review_undo", {"entry": note["entry"]}),
            ):
                error = error_of(await client.call_tool(tool, arguments))
                assert (error["code"], error["retryable"], error["done"]) == ("unavailable", True, "no"), tool
                assert "Nothing was sent" in error["message"]
                assert PASSWORD not in str(error)
            assert len(writes) == 1
        finally:
            own_cluster.start()
        again = await client.call_tool("nanonets_update_field", {**FIELD, "value": "13"})
        assert not again.is_error
        history = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert [each["outcome"] for each in history[:2]] == ["done", "done"]
        assert history[1]["entry"] == note["entry"]
    journal = journal_at(own_cluster.url)
    assert not journal.verify().broken
    journal.stop()


async def test_a_server_that_ends_records_the_outcomes_that_it_knows(own_cluster: Cluster) -> None:
    journal = journal_at(own_cluster.url)
    numbers = [await journal.open(OPENING) for _ in range(3)]
    own_cluster.stop()
    try:
        for number in reversed(numbers):
            with pytest.raises(JournalFault) as caught:
                await journal.close(number, Closing("done"))
            assert caught.value.is_away
    finally:
        own_cluster.start()
    journal.stop()
    reader = journal_at(own_cluster.url)
    found = [await reader.entry(number) for number in reversed(numbers)]
    assert [entry.outcome for entry in found if entry] == ["done"] * 3
    ended = [entry.closed_at for entry in found if entry]
    assert ended == sorted(ended), "in the order in which the calls ended"
    reader.stop()


@pytest.mark.parametrize(
    ("user", "database"), [("nobody-of-that-name", "postgres"), ("docreview", "no-such-database")]
)
async def test_a_database_that_lets_nobody_in_is_not_taken_for_away(
    user: str, database: str, cluster: Cluster
) -> None:
    url = cluster.url.replace("//docreview:", f"//{user}:").replace("/postgres?", f"/{database}?")
    with pytest.raises(JournalFault) as caught:
        await journal_at(url).open(OPENING)
    assert not caught.value.is_away


async def test_a_role_that_may_only_read_and_add_is_enough(own_cluster: Cluster) -> None:
    owner = journal_at(own_cluster.url)
    await owner.open(OPENING)
    with psycopg.connect(own_cluster.url) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("GRANT SELECT, INSERT ON docreview_records, docreview_words TO clerk")
        connection.execute("GRANT SELECT ON docreview_version TO clerk")
        connection.execute("GRANT ALL ON docreview_marks, docreview_counts TO clerk")
    clerk = journal_at(own_cluster.url.replace("//docreview:", "//clerk:"))
    await clerk.close(await clerk.open(OPENING), Closing("done"))
    assert not owner.verify().broken
    for journal in (owner, clerk):
        journal.stop()


def closing_of_turn(turn: int) -> Closing:
    return Closing("done" if turn % 2 else "not done")


async def test_what_waits_is_written_together_in_one_chain(cluster: Cluster) -> None:
    """Two servers, each with many who write at once: few transactions, and every record in its place."""
    journals = [journal_at(cluster.url) for _ in range(2)]

    async def write(journal: StoredJournal, turn: int) -> None:
        number = await journal.open(replace(OPENING, fingerprint=f"{turn}"))
        await journal.close(number, closing_of_turn(turn))

    async with anyio.create_task_group() as tasks:
        for journal in journals:
            for turn in range(40):
                tasks.start_soon(write, journal, turn)
    found = journals[0].verify()
    assert (found.count, found.broken, found.index) == (160, "", "")
    entries = await journals[1].entries(limit=100)
    assert sorted((each.opening.fingerprint, each.outcome) for each in entries) == sorted(
        (f"{turn}", closing_of_turn(turn).outcome) for turn in range(40) for _ in journals
    )
    with psycopg.connect(cluster.url) as connection:
        rows = connection.execute("SELECT count(DISTINCT xmin::text) FROM docreview_records").fetchall()
    assert rows[0][0] < 80
    for journal in journals:
        journal.stop()


async def test_of_identical_calls_that_are_opened_together_the_first_one_is_seen_by_the_others(
    cluster: Cluster,
) -> None:
    journal = journal_at(cluster.url)
    seen: list[int | None] = []

    def judge(view: JournalView) -> None:
        seen.append(view.last_of_call.number if view.last_of_call else None)
        if view.last_of_call is not None:
            raise ToolFailure("conflict", "once", next_step="none")

    refused = 0

    async def write() -> None:
        nonlocal refused
        try:
            await journal.open(OPENING, LookFirst(judge, at_call=True))
        except ToolFailure:
            refused += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(write)
    assert (refused, seen) == (4, [None, 1, 1, 1, 1])
    assert len(await journal.entries()) == 1
    journal.stop()


async def test_a_caller_who_goes_away_takes_no_other_along(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    await journal.open(OPENING)
    async with anyio.create_task_group() as tasks:
        leaving = anyio.CancelScope()

        async def leave() -> None:
            with leaving:
                await journal.open(replace(OPENING, fingerprint="leaves"))

        tasks.start_soon(leave)
        tasks.start_soon(journal.open, replace(OPENING, fingerprint="stays"))
        await anyio.lowlevel.checkpoint()
        leaving.cancel()
    assert "stays" in [each.opening.fingerprint for each in await journal.entries()]
    assert not journal.verify().broken
    journal.stop()


async def test_a_lock_that_is_not_given_up_is_waited_for_only_so_long(cluster: Cluster) -> None:
    journal = open_journal(Settings(journal=cluster.url, timeout=0.1), tuple)
    assert journal is not None
    number = await journal.open(OPENING)
    with psycopg.connect(cluster.url) as other:
        other.execute("SELECT pg_advisory_lock(110429572588918)")
        for work in (journal.open(OPENING), journal.close(number, Closing("done"))):
            with pytest.raises(JournalFault, match="lock timeout") as caught:
                await work
            assert caught.value.is_away
        assert (await journal.entry(number)) is not None, "reading goes on"
    assert await journal.open(OPENING) == number + 2, "after the closing that had to wait"
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    journal.stop()


async def test_a_connection_that_the_database_ended_is_made_anew_unnoticed(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    number = await journal.open(OPENING)
    assert await journal.entry(number)
    with psycopg.connect(cluster.url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'"
            " AND pid <> pg_backend_pid()"
        )
    await journal.close(number, Closing("done"))
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    assert journal.verify().count == 2
    journal.stop()


async def test_what_is_over_is_taken_out(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_at(cluster.url)
    await StoredMarks(journal).put("old", 0.0, -1.0)
    await journal.open(OPENING)
    journal.stop()
    monkeypatch.setattr(group_commit, "KEPT", timedelta(0))
    journal = journal_at(cluster.url)
    await journal.open(OPENING)
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT mark FROM docreview_marks").fetchall() == []
        rows = connection.execute("SELECT entry FROM docreview_counts").fetchall()
    assert rows == []
    assert len(await journal.entries()) == 2, "the journal itself keeps all"
    journal.stop()


async def test_who_comes_while_others_are_written_is_written_next(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    await journal.open(OPENING)
    async with (
        await psycopg.AsyncConnection.connect(cluster.url) as other,
        anyio.create_task_group() as tasks,
    ):
        await other.execute("SELECT pg_advisory_xact_lock(110429572588918)")
        tasks.start_soon(journal.open, replace(OPENING, fingerprint="first"))
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not await (await other.execute(waiting)).fetchall():
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(journal.open, replace(OPENING, fingerprint="second"))
        await anyio.lowlevel.checkpoint()
        await other.rollback()
    found = [each.opening.fingerprint for each in await journal.entries(limit=2)]
    assert found == ["second", "first"]
    journal.stop()


async def test_an_end_and_another_call_that_are_written_together_do_not_disturb_each_other(
    cluster: Cluster,
) -> None:
    journal = journal_at(cluster.url)
    one, _ = [
        await journal.open(replace(OPENING, fingerprint=each, until="2999-01-01T00:00:00+00:00"))
        for each in ("one", "two")
    ]
    seen: list[str] = []

    def judge(view: JournalView) -> None:
        seen.append(view.last_of_call.outcome if view.last_of_call else "")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.close, one, Closing("done"))
        for each in ("one", "two"):
            opening = replace(OPENING, fingerprint=each)
            tasks.start_soon(journal.open, opening, LookFirst(judge, at_call=True))
    assert seen == ["done", "under way"]
    journal.stop()


async def test_the_end_of_an_early_entry_is_written_together_with_a_late_one(cluster: Cluster) -> None:
    """PostgreSQL has integers of several sizes, and the numbers of both go into one list."""
    journal = journal_at(cluster.url)
    early = await journal.open(replace(OPENING, fingerprint="early"))
    with psycopg.connect(cluster.url) as connection:
        connection.execute(
            "INSERT INTO docreview_records SELECT 40000, 40000, kind, at, payload, previous, hash"
            " FROM docreview_records"
        )
    numbers: list[int] = []

    async def open_another() -> None:
        numbers.append(await journal.open(replace(OPENING, fingerprint="late")))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.close, early, Closing("done"))
        tasks.start_soon(open_another)
    entry = await journal.entry(early)
    assert entry is not None
    assert (entry.outcome, numbers) == ("done", [40002])
    journal.stop()


async def test_a_database_that_stops_answering_is_given_up(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_store, "_SLACK_SECONDS", -1.8)
    journal = open_journal(Settings(journal=cluster.url, timeout=0.1), tuple)
    assert journal is not None
    number = await journal.open(OPENING)
    assert await journal.entry(number)
    with psycopg.connect(cluster.url) as other:
        other.execute("LOCK TABLE docreview_records IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(JournalFault, match="does not answer in time") as caught:
            await journal.entry(number)
        assert caught.value.is_away
    assert await journal.entry(number)
    journal.stop()


async def test_what_a_command_has_opened_serves_to_write_what_is_left(cluster: Cluster) -> None:
    journal = open_journal(Settings(journal=cluster.url, timeout=0.1), tuple)
    assert journal is not None
    number = await journal.open(OPENING)
    with psycopg.connect(cluster.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(110429572588918)")
        with pytest.raises(JournalFault):
            await journal.close(number, Closing("done"))
        assert journal.verify().count == 1
    journal.stop()
    reader = journal_at(cluster.url)
    entry = await reader.entry(number)
    reader.stop()
    assert entry is not None
    assert entry.outcome == "done"


def test_a_server_that_ends_while_it_writes_leaves_the_journal_whole(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)

    async def begin_and_end() -> None:
        task = asyncio.create_task(journal.open(OPENING))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(begin_and_end())
    journal.stop()
    after = journal_at(cluster.url)

    async def write() -> int:
        return await after.open(OPENING)

    assert asyncio.run(write()) >= 1
    assert not after.verify().broken
    after.stop()


async def test_what_the_end_of_a_server_breaks_off_does_not_count_as_written(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    others = asyncio.all_tasks()
    caller = asyncio.create_task(journal.open(OPENING))
    await asyncio.sleep(0)
    (writing,) = asyncio.all_tasks() - others - {caller}
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(JournalFault, match="shutting down"):
        await caller
    journal.stop()


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs the driver is loaded anew in this test."""
    for name in [name for name in sys.modules if name.startswith("docreview_mcp.server.journal.postgresql")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("not_loaded")
async def test_a_library_that_does_not_load_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutItsOwnLibrary(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise ImportError("no pq wrapper available.\nAttempts made:\n- libpq library not found")

    monkeypatch.setitem(sys.modules, "psycopg", WithoutItsOwnLibrary("psycopg"))
    with pytest.raises(JournalFault) as caught:
        await journal_at("postgresql://host/reviews").open(OPENING)
    assert str(caught.value) == "The journal cannot be opened: no pq wrapper available."
    with pytest.raises(SettingsError, match=r"^DOCREVIEW_JOURNAL: no pq wrapper available$"):
        check_tables(Settings(journal="postgresql://host/reviews"))
    with pytest.raises(JournalFault, match=r"^no pq wrapper available\.$"):
        migrate("postgresql://host/reviews")


@pytest.mark.usefixtures("not_loaded")
async def test_without_its_library_the_journal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalFault, match=r"psycopg is not installed; install docreview-mcp\[postgresql\]"):
        await journal_at("postgresql://host/reviews").open(OPENING)
    with pytest.raises(SettingsError, match=r"DOCREVIEW_JOURNAL: psycopg is not installed"):
        check_tables(Settings(journal="postgresql://host/reviews"))
    with pytest.raises(JournalFault, match=r"psycopg is not installed"):
        migrate("postgresql://host/reviews")
