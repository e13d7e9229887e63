"""The stored journal: what it remembers, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, Opening
from sqlalchemy import create_engine, text

WRITER = Path(__file__).parents[2] / "support" / "journal_writer.py"
SECRET = "key-0123456789-abcdef"
OPENING = Opening(
    "nanonets_update_field",
    {"document_id": "d1", "value": "12.00", "odd": "\x00 \ud800 \u202e ü"},
    ("d1", "w1", "x" * 10_000, "\x00\ud800"),
    "fingerprint",
    Caller("Claude 1.0", "session", "ada"),
    before={"value": None, "list": [1, 2.5, True]},
    before_known=True,
    reason="typing error",
)
FORKED = "record 2 does not follow from record 1: one of the two was replaced, or the chain was forked"
CLOSING = Closing(
    "done",
    200,
    "request-1",
    after=[{"value": "12.00"}],
    after_known=True,
    answer={"id": 7},
    undo=({"operation": "updateField", "arguments": {"value": None}},),
    message="done",
)


async def test_an_undo_that_was_not_done_is_none(journal: StoredJournal) -> None:
    number = await journal.open(OPENING)
    await journal.close(number, CLOSING)
    for outcome, is_named in (("not done", False), ("unknown", True)):
        undoing = await journal.open(replace(OPENING, undoes=number))
        await journal.close(undoing, replace(CLOSING, outcome=outcome))
        entry = await journal.entry(number)
        assert entry is not None
        assert [each.number for each in entry.undoing] == ([undoing] if is_named else [])


@pytest.fixture
def journal(url: str) -> Iterator[StoredJournal]:
    journal = journal_at(url)
    yield journal
    journal.stop()


def journal_at(url: str, *secrets: str, **settings: Any) -> StoredJournal:
    journal = open_journal(Settings(journal=url, **settings), lambda: secrets)
    assert journal is not None
    return journal


def change(url: str, *statements: str) -> None:
    """What somebody does behind the journal's back."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_an_entry_reads_as_it_was_written(journal: StoredJournal) -> None:
    number = await journal.open(OPENING)
    entry = await journal.entry(number)
    assert entry is not None
    assert (entry.opening, entry.closing, entry.outcome) == (OPENING, None, "unknown")
    await journal.close(number, CLOSING)
    entry = await journal.entry(number)
    assert entry is not None
    assert (entry.opening, entry.closing, entry.outcome) == (OPENING, CLOSING, "done")
    at, closed_at = map(datetime.fromisoformat, (entry.at, entry.closed_at))
    assert at < closed_at
    assert at.utcoffset() == timedelta(0)


async def test_before_the_first_write_there_is_nothing_and_nothing_is_made(url: str, tmp_path: Path) -> None:
    journal = journal_at(url)
    assert await journal.entry(1) is None
    assert await journal.entries() == []
    assert await journal.unclear("fingerprint") is None
    assert list(journal.all_entries()) == []
    assert journal.verify().count == 0
    assert list(tmp_path.iterdir()) == []
    journal.stop()


async def test_an_entry_that_is_not_closed_is_under_way_until_its_call_is_over(
    journal: StoredJournal,
) -> None:
    ends = {in_seconds(60): "under way", in_seconds(-1): "unknown", "": "unknown", "2999-01-01": "unknown"}
    for until, outcome in ends.items():
        entry = await journal.entry(await journal.open(replace(OPENING, until=until)))
        assert entry is not None
        assert entry.outcome == outcome


async def test_the_last_closing_counts_and_what_was_never_opened_cannot_be_closed(
    journal: StoredJournal,
) -> None:
    number = await journal.open(OPENING)
    await journal.close(number, Closing("unknown"))
    await journal.close(number, Closing("not done"))
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "not done"
    for missing in (number + 1, 99):
        with pytest.raises(JournalFault, match=f"no entry {missing}"):
            await journal.close(missing, CLOSING)
        assert await journal.entry(missing) is None
    assert await journal.entry(10**30) is None
    assert journal.verify().count == 3


async def test_entries_are_found_by_every_id_they_are_about(journal: StoredJournal) -> None:
    about = [("a",), ("a", "b"), ("b",), ("a", "b", "c"), ()]
    numbers = [await journal.open(replace(OPENING, about=ids)) for ids in about]

    async def found(*ids: str, **more: Any) -> list[int]:
        return [numbers.index(entry.number) for entry in await journal.entries(about=ids, **more)]

    assert await found() == [4, 3, 2, 1, 0]
    assert await found("a") == [3, 1, 0]
    assert await found("a", "b") == [3, 1]
    assert await found("b", "b", limit=1) == [3]
    assert await found("b", before=numbers[3]) == [2, 1]
    assert await found(before=10**30, limit=2) == [4, 3]
    assert await found("A") == []
    assert await found(limit=0) == []


async def test_entries_of_a_tool_are_found_behind_many_of_others(journal: StoredJournal) -> None:
    wanted = [await journal.open(replace(OPENING, tool="studio_add_label")) for _ in range(2)]
    for _ in range(201):
        await journal.open(OPENING)
    found = await journal.entries(tool="studio_add_label", limit=2)
    assert [entry.number for entry in found] == wanted[::-1]
    assert len(await journal.entries(tool="studio_add_label", limit=1)) == 1


async def test_an_entry_knows_the_newest_that_took_it_back(journal: StoredJournal) -> None:
    async def undone_by() -> int | None:
        entry = await journal.entry(number)
        assert entry is not None
        return entry.undone_by

    number = await journal.open(OPENING)
    refused = await journal.open(replace(OPENING, undoes=number))
    await journal.close(refused, Closing("not done"))
    assert await undone_by() is None
    first = await journal.open(replace(OPENING, undoes=number))
    await journal.close(first, Closing("done"))
    assert await undone_by() == first
    unclear = await journal.open(replace(OPENING, undoes=number))
    await journal.close(unclear, Closing("unknown"))
    await journal.open(replace(OPENING, undoes=number, until=in_seconds(60)))
    assert await undone_by() == first


async def test_an_entry_is_not_undone_by_a_call_that_got_no_clear_answer(journal: StoredJournal) -> None:
    number = await journal.open(OPENING)
    await journal.close(number, CLOSING)
    unclear = await journal.open(replace(OPENING, undoes=number))
    await journal.close(unclear, Closing("unknown"))
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.undone_by is None
    assert [each.number for each in entry.undo_unclear] == [unclear]
    await journal.close(unclear, Closing("done"))
    entry = await journal.entry(number)
    assert entry is not None
    assert (entry.undone_by, entry.undo_unclear) == (unclear, ())


@pytest.mark.parametrize(
    ("until", "outcome", "is_unclear"),
    [
        (-1, None, True),
        (60, None, True),
        (60, "unknown", True),
        (60, "done", False),
        (-1, "not done", False),
    ],
)
async def test_the_last_call_of_its_kind_is_unclear_until_its_end_is_known(
    journal: StoredJournal, until: int, outcome: Any, is_unclear: bool
) -> None:
    await journal.open(replace(OPENING, fingerprint="call"))
    number = await journal.open(replace(OPENING, fingerprint="call", until=in_seconds(until)))
    await journal.open(replace(OPENING, fingerprint="other call"))
    if outcome:
        await journal.close(number, Closing(outcome))
    unclear = await journal.unclear("call")
    assert (unclear.number if unclear else None) == (number if is_unclear else None)
    assert await journal.unclear("never called") is None


async def test_after_a_day_a_call_is_no_longer_unclear(journal: StoredJournal, url: str) -> None:
    await journal.open(OPENING)
    day_before = (datetime.now(UTC) - timedelta(hours=24, seconds=1)).isoformat(timespec="microseconds")
    change(url, f"UPDATE docreview_records SET at = '{day_before}'")
    assert await journal.unclear(OPENING.fingerprint) is None


async def test_no_known_secret_is_ever_written(url: str) -> None:
    journal = journal_at(url, SECRET, 'quoted"secret-value', "done")
    told = replace(OPENING, arguments={"a": [f"x{SECRET}x"], SECRET: 'quoted"secret-value'}, about=(SECRET,))
    number = await journal.open(told)
    await journal.close(number, replace(CLOSING, message=f"Bearer {SECRET}", request_id=SECRET))
    everything = json.dumps(list(journal.all_entries()))
    assert SECRET not in everything
    assert "secret-value" not in everything
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    journal.stop()


def test_processes_that_write_at_once_make_one_chain(url: str) -> None:
    count, each = 4, 20
    command = [sys.executable, WRITER, url, "write", str(each), str(count)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    journal = journal_at(url)
    verified = journal.verify()
    assert (verified.count, verified.broken) == (2 * count * each, "")
    entries = anyio.run(lambda: journal.entries(limit=1000))
    assert len(entries) == count * each
    for entry in entries:
        assert entry.closing is not None
        assert entry.closing.answer == entry.opening.arguments
    journal.stop()


async def test_the_journal_of_a_killed_process_tells_what_is_known(url: str) -> None:
    times = {in_seconds(-60): "unknown", in_seconds(60): "under way"}
    command = [sys.executable, WRITER, url, "wait", *times]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: ASYNC220 - nothing else runs
        assert writer.stdout is not None
        assert writer.stdout.readline()
        writer.kill()
    journal = journal_at(url)
    for number, (until, outcome) in enumerate(times.items(), 1):
        entry = await journal.entry(number)
        assert entry is not None
        assert (entry.outcome, entry.closing) == (outcome, None)
        assert await journal.unclear(until) == entry
    await journal.close(await journal.open(OPENING), CLOSING)
    assert journal.verify().count == 4
    journal.stop()


async def test_another_writer_is_waited_for_without_holding_up_the_server(url: str) -> None:
    journal, reader, impatient = journal_at(url), journal_at(url), journal_at(url, timeout=0.1)
    await journal.open(OPENING)
    lock = "SELECT pg_advisory_xact_lock(110429572588918)" if url.startswith("post") else "BEGIN IMMEDIATE"
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    async with anyio.create_task_group() as tasks:
        with engine.connect() as other:
            other.exec_driver_sql(lock)
            tasks.start_soon(journal.open, OPENING)
            await anyio.sleep(0.1)
            assert len(await reader.entries()) == 1
            other.rollback()
    engine.dispose()
    assert len(await journal.entries()) == 2
    with engine.connect() as other:
        other.exec_driver_sql(lock)
        with pytest.raises(JournalFault, match="lock"):
            await impatient.open(OPENING)
    engine.dispose()
    assert await impatient.open(OPENING) == 3
    for each in (journal, reader, impatient):
        each.stop()


@pytest.mark.parametrize(
    ("statement", "count", "broken"),
    [
        ("UPDATE docreview_records SET payload = '{}' WHERE number = 3", 2, "record 3 was changed"),
        ("UPDATE docreview_records SET at = '2020' WHERE number = 1", 0, "record 1 was changed"),
        ("UPDATE docreview_records SET hash = 'x' WHERE number = 4", 3, "record 4 was changed"),
        ("UPDATE docreview_records SET entry = 3 WHERE number = 2", 1, "record 2 was changed"),
        ("UPDATE docreview_records SET previous = 'x' WHERE number = 2", 1, FORKED),
        ("DELETE FROM docreview_records WHERE number = 1", 0, "record 1 is missing"),
        ("DELETE FROM docreview_records WHERE number IN (2, 3)", 1, "record 2 and more are missing"),
        ("DELETE FROM docreview_records WHERE number = 4", 3, ""),
    ],
)
async def test_the_first_break_of_the_chain_is_found(
    journal: StoredJournal, url: str, statement: str, count: int, broken: str
) -> None:
    for _ in range(2):
        await journal.close(await journal.open(OPENING), CLOSING)
    whole = journal.verify()
    assert (whole.count, whole.broken) == (4, "")
    change(url, statement)
    found = journal.verify()
    assert found.count == count
    assert found.broken.startswith(broken)
    assert bool(found.broken) == bool(broken)
    assert found.last_hash != whole.last_hash


async def test_a_file_that_another_process_writes_is_waited_for_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docreview_mcp.server.journal.sqlite_store._QUICK_SECONDS", 60.0)
    journal = journal_at(f"sqlite:///{tmp_path}/journal.sqlite")
    number = await journal.open(OPENING)
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with anyio.create_task_group() as group:
        group.start_soon(journal.close, number, CLOSING)
        await anyio.wait_all_tasks_blocked()
        other.execute("ROLLBACK")
    other.close()
    entry = await journal.entry(number)
    journal.stop()
    assert entry is not None
    assert entry.outcome == "done"


async def test_of_an_entry_whose_opening_was_taken_out_nothing_is_told(
    journal: StoredJournal, url: str
) -> None:
    number = await journal.open(OPENING)
    await journal.close(number, CLOSING)
    change(url, f"DELETE FROM docreview_records WHERE number = {number}")
    assert await journal.entry(number) is None
    assert await journal.unclear(OPENING.fingerprint) is None
    assert journal.verify().broken


async def test_a_record_that_cannot_be_read_is_told(journal: StoredJournal, url: str) -> None:
    number = await journal.open(OPENING)
    for payload in ("not json", "[]", "{}"):
        change(url, f"UPDATE docreview_records SET payload = '{payload}'")
        with pytest.raises(JournalFault, match=f"entry {number} cannot be read"):
            await journal.entry(number)
