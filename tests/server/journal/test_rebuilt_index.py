"""What is derived from the records is checked by `journal verify`, and made anew by `journal rebuild`."""

from __future__ import annotations

import base64
from pathlib import Path
from threading import Thread

import anyio
import psycopg
import pytest
from click.testing import CliRunner, Result
from conftest import Network, connected, error_of
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening
from postgresql import Cluster, empty
from test_journal import change, journal_at

WRITE = ("studio_add_label", {"project_id": 1})


def run(command: str, url: str) -> Result:
    return CliRunner().invoke(command_line, ["journal", command], env={"DOCREVIEW_JOURNAL": url})


def filled(url: str) -> None:
    """Four entries of one user, about two documents; the last was not done."""

    async def write(journal: StoredJournal) -> None:
        for turn, outcome in enumerate(("done", "done", "unknown", "not done")):
            number = await journal.open(
                Opening("studio_add_label", {}, (f"d{turn % 2}",), str(turn), Caller(user="ana"))
            )
            await journal.close(number, Closing(outcome))

    journal = journal_at(url)
    anyio.run(write, journal)
    journal.stop()


async def found(url: str, about: str) -> list[int]:
    journal = journal_at(url)
    entries = await journal.entries(about=(about,))
    journal.stop()
    return [each.number for each in entries]


CHANGED = {
    "a word is gone": "DELETE FROM docreview_words WHERE word = (SELECT min(word) FROM docreview_words)",
    "all are gone": "DELETE FROM docreview_words",
    "a foreign one": "INSERT INTO docreview_words (word, entry) VALUES ('foreign', 1)",
    "of an entry that there is not": "INSERT INTO docreview_words (word, entry) VALUES ('foreign', 99)",
}


@pytest.mark.parametrize("statement", CHANGED.values(), ids=CHANGED)
def test_an_index_that_was_changed_is_found_and_made_anew(statement: str, url: str) -> None:
    filled(url)
    assert run("verify", url).exit_code == 0
    change(url, statement)
    verified = run("verify", url)
    assert verified.exit_code == 1
    assert "The index for finding entries does not match the records" in verified.stdout
    assert "run docreview-mcp journal rebuild" in verified.stdout
    rebuilt = run("rebuild", url)
    assert (rebuilt.exit_code, rebuilt.stdout) == (
        0,
        "The index was made anew from the records; entries: 4.\n",
    )
    assert run("verify", url).exit_code == 0
    assert [anyio.run(found, url, each) for each in ("d0", "d1")] == [[5, 1], [7, 3]]


def test_a_record_that_cannot_be_read_is_left_out(url: str) -> None:
    filled(url)
    change(url, "UPDATE docreview_records SET payload = '{' WHERE number = 1", "DELETE FROM docreview_words")
    assert "entries: 3." in run("rebuild", url).stdout
    assert anyio.run(found, url, "d0") == [5]
    assert "record 1 was changed" in run("verify", url).stdout


def test_many_entries_are_indexed_and_none_that_cannot_be_read(url: str) -> None:
    async def write(journal: StoredJournal) -> None:
        for turn in range(501):
            await journal.open(Opening("studio_add_label", {}, ("all",), str(turn), Caller()))

    journal = journal_at(url)
    anyio.run(write, journal)
    journal.stop()
    change(url, "DELETE FROM docreview_words")
    assert run("rebuild", url).stdout.endswith("entries: 501.\n")
    assert anyio.run(found, url, "all")[-1] == 482
    assert run("verify", url).exit_code == 0
    change(url, "UPDATE docreview_records SET payload = '{' WHERE number > 1")
    assert run("rebuild", url).stdout.endswith("entries: 1.\n")
    change(url, "UPDATE docreview_records SET payload = '[]'")
    assert "no entries" in run("rebuild", url).stderr


def test_where_there_is_no_journal_nothing_is_made(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    rebuilt = run("rebuild", f"sqlite:///{file}")
    assert (rebuilt.exit_code, rebuilt.stdout) == (0, "")
    assert "no entries in the journal" in rebuilt.stderr
    assert not file.exists()


def test_a_journal_that_cannot_be_changed_is_told_in_a_line(tmp_path: Path) -> None:
    for place in (f"sqlite:///{tmp_path}", "postgresql://user:a-password@127.0.0.1:1/reviews"):
        rebuilt = run("rebuild", place)
        assert rebuilt.exit_code == 1
        assert "cannot be" in rebuilt.stderr
        assert rebuilt.stderr.count("\n") == 1
        assert "a-password" not in rebuilt.stderr


MISCOUNTED = {
    "not counted": ("DELETE FROM docreview_counts WHERE entry = 3", "entry 3 is not counted"),
    "for another user": (
        "UPDATE docreview_counts SET caller = 'somebody' WHERE entry = 3",
        "entry 3 is counted for another user, time or document",
    ),
    "at another time": (
        "UPDATE docreview_counts SET at = '2020-01-01T00:00:00.000000+00:00' WHERE entry = 3",
        "entry 3 is counted for another user, time or document",
    ),
    "for another document": (
        "UPDATE docreview_counts SET document = '\"d9\"' WHERE entry = 3",
        "entry 3 is counted for another user, time or document",
    ),
    "not done": (
        "INSERT INTO docreview_counts SELECT 7, caller, at, document FROM docreview_counts WHERE entry = 1",
        "entry 7 is counted, but was not carried out",
    ),
    "no entry": (
        "INSERT INTO docreview_counts SELECT 2, caller, at, document FROM docreview_counts WHERE entry = 1",
        "entry 2 is counted, but there is no such entry",
    ),
}


@pytest.mark.parametrize(("statement", "why"), MISCOUNTED.values(), ids=MISCOUNTED)
def test_what_postgresql_counts_for_limits_is_checked_and_made_anew(
    statement: str, why: str, cluster: Cluster
) -> None:
    empty(cluster.url)
    filled(cluster.url)
    with psycopg.connect(cluster.url) as connection:
        counts = connection.execute("SELECT * FROM docreview_counts ORDER BY entry").fetchall()
    assert [row[0] for row in counts] == [1, 3, 5]
    assert run("verify", cluster.url).exit_code == 0
    change(cluster.url, statement)
    verified = run("verify", cluster.url)
    assert verified.exit_code == 1
    assert f"The writes counted for limits do not match the records: {why}." in verified.stdout
    assert run("rebuild", cluster.url).exit_code == 0
    assert run("verify", cluster.url).exit_code == 0
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT * FROM docreview_counts ORDER BY entry").fetchall() == counts


def test_what_the_key_would_have_to_check_is_no_miscount(cluster: Cluster) -> None:
    empty(cluster.url)
    key = base64.b64encode(bytes(range(32))).decode()
    journal = open_journal(read_settings(journal=cluster.url, journal_key=key), tuple)
    assert journal is not None
    anyio.run(journal.open, Opening("studio_add_label", {}, (), "", Caller()))
    journal.stop()
    change(cluster.url, "UPDATE docreview_records SET payload = '{'", "DELETE FROM docreview_words")
    verified = run("verify", cluster.url)
    assert verified.exit_code == 1
    assert "to check them, set DOCREVIEW_JOURNAL_KEY" in verified.stdout
    assert "counted" not in verified.stdout


def test_counts_of_former_days_are_not_missed(cluster: Cluster) -> None:
    """They are taken out in the course of time."""
    empty(cluster.url)
    filled(cluster.url)
    earlier = "'2020-01-01T00:00:00.000000+00:00'"
    change(
        cluster.url,
        f"UPDATE docreview_records SET at = {earlier} WHERE number < 3",
        "DELETE FROM docreview_counts WHERE entry = 1",
    )
    journal = journal_at(cluster.url)
    assert journal.rebuild() == 4
    journal.stop()
    with psycopg.connect(cluster.url) as connection:
        rows = connection.execute("SELECT entry FROM docreview_counts ORDER BY entry").fetchall()
    assert rows == [(3,), (5,)]


def test_no_server_writes_while_the_index_is_made_anew(cluster: Cluster) -> None:
    empty(cluster.url)
    filled(cluster.url)
    rebuilt: list[Result] = []
    rebuilding = Thread(target=lambda: rebuilt.append(run("rebuild", cluster.url)))
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(cluster.url) as server, psycopg.connect(cluster.url, autocommit=True) as watcher:
        server.execute("SELECT pg_advisory_xact_lock(110429572588918)")
        rebuilding.start()
        while not watcher.execute(waiting).fetchall():
            assert not rebuilt, "it does not wait for a server that writes"
    rebuilding.join()
    assert rebuilt[0].exit_code == 0


async def test_limits_hold_by_what_was_counted_anew(cluster: Cluster, tmp_path: Path) -> None:
    empty(cluster.url)
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 2\n")
    async with connected(Network(), journal=cluster.url, policy=policy) as client:
        for name in ("one", "two"):
            written = await client.call_tool(WRITE[0], {**WRITE[1], "name": name})
            assert not written.is_error, written.structured_content
        change(cluster.url, "DELETE FROM docreview_counts")
        rebuilt = await anyio.to_thread.run_sync(run, "rebuild", cluster.url)
        assert rebuilt.exit_code == 0
        error = error_of(await client.call_tool(WRITE[0], {**WRITE[1], "name": "three"}))
        assert (error["code"], error["done"]) == ("not_allowed", "no")
        assert "limits.max_writes_per_hour" in error["message"]
