"""Records that docreview did not write, with hashes computed anew: each command says so in a line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.journal.records import FIRST, Record, hash_of, payload_of
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening

OPENING = Opening("a_tool", {}, ("d1",), "f", Caller("host", "session", "ada"))
ODD: list[Any] = [b"\xff", 5, 1.5, "", "odd\x00"]
DEEP = "[" * 100_000 + "]" * 100_000


def written(place: str) -> StoredJournal:
    """A journal with three entries, of two records each."""
    journal = open_journal(Settings(journal=place), tuple)
    assert journal is not None

    async def write() -> None:
        for _ in range(3):
            await journal.close(await journal.open(OPENING), Closing("done"))

    anyio.run(write)
    return journal


def changed(name: str, value: Any, number: int) -> str:
    """The payload of a record, with another value under a name."""
    return json.dumps({**payload_of(OPENING if number == 1 else Closing("done"), ()), name: value})


FORGED: list[tuple[str, Any, int]] = [
    *((column, value, number) for column in ("kind", "at", "payload") for value in ODD for number in (1, 2)),
    *(("entry", value, 2) for value in (1.5, 3, -1, "x", b"x")),
    *(("payload", payload, number) for payload in ("{}", "[]", DEEP) for number in (1, 2)),
    ("kind", "closed", 1),
    ("kind", "opened", 2),
    ("at", "2026-01-01", 1),
    *(("payload", changed(name, 5, 1), 1) for name in ("tool", "arguments", "about", "caller", "reason")),
    ("payload", changed("about", [5], 1), 1),
    ("payload", changed("caller", {"host": 5, "session": "", "user": ""}, 1), 1),
    *(("payload", changed(name, "5", 2), 2) for name in ("status", "undo", "after_known", "answer")),
    *(("payload", changed("undo", undo, 2), 2) for undo in ([5], [{}], [{"operation": 5, "arguments": {}}])),
    ("payload", changed("undo", [{"operation": "addLabel", "arguments": 5}], 2), 2),
    ("payload", changed("reason", "in bytes", 1).encode(), 1),
    ("entry", "\x1b[2J", 2),
    ("payload", changed("outcome", None, 2), 2),
]


def forge(file: Path, column: str, value: Any, number: int) -> None:
    """Change a record, and compute its hash and all that follow anew."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(f"UPDATE docreview_records SET {column} = ? WHERE number = ?", (value, number))
        last = FIRST
        for row in database.execute("SELECT * FROM docreview_records ORDER BY number").fetchall():
            record = Record(*row)._replace(previous=last.hash)
            last = record._replace(hash=hash_of(record, None))
            where = (last.previous, last.hash, last.number)
            database.execute("UPDATE docreview_records SET previous = ?, hash = ? WHERE number = ?", where)


@pytest.mark.parametrize(
    ("column", "value", "number"), FORGED, ids=[f"{each[0]}-{index}" for index, each in enumerate(FORGED)]
)
def test_a_record_in_no_form_of_ours_is_told_in_a_line(
    column: str, value: Any, number: int, tmp_path: Path
) -> None:
    place = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    written(place).stop()
    forge(tmp_path / "journal.sqlite", column, value, number)

    def run(*command: str) -> Any:
        done = CliRunner().invoke(command_line, ["journal", *command], env={"DOCREVIEW_JOURNAL": place})
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        return done

    verified = run("verify")
    assert verified.exit_code == 1
    assert f"record {number} " in verified.stdout
    assert "\x1b" not in verified.output
    for command in ("list", "export"):
        done = run(command)
        assert done.stderr.count("\n") == (done.exit_code == 1)


def test_an_opening_within_the_entry_of_another_is_told(tmp_path: Path) -> None:
    """Its form, its hash and its words in the index are right."""
    file = tmp_path / "journal.sqlite"
    journal = written(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("INSERT INTO docreview_words SELECT word, 2 FROM docreview_words WHERE entry = 1")
    forge(file, "payload", json.dumps(payload_of(OPENING, ())), 2)
    forge(file, "kind", "opened", 2)
    assert "record 2 belongs to no entry, though it says that it is opened" in journal.verify().broken
    journal.stop()


def test_an_entry_is_in_the_index_by_its_ids_call_user_and_tool(tmp_path: Path) -> None:
    """Other servers on the same journal may be of another version."""
    file = tmp_path / "journal.sqlite"
    written(f"sqlite:///{file}").stop()
    with closing(sqlite3.connect(file)) as database:
        found = {word for (word,) in database.execute("SELECT word FROM docreview_words WHERE entry = 1")}
    names = (["about", "d1"], ["call", "f"], ["by", "ada"], ["tool", "a_tool"])
    assert found == {
        sha256(json.dumps(each, separators=(",", ":")).encode()).hexdigest()[:32] for each in names
    }


@pytest.mark.parametrize("value", [b"\xff", 5])
def test_a_hash_that_is_no_text_is_found(value: Any, tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    journal = written(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("UPDATE docreview_records SET hash = ? WHERE number = 6", (value,))
    assert "record 6 was changed" in journal.verify().broken
    journal.stop()


async def test_a_password_that_is_the_number_of_an_entry_spoils_no_record_of_its_undo(tmp_path: Path) -> None:
    """Or else the undo would not be known for one, and could be made once more."""
    file = tmp_path / "journal.sqlite"
    journal = open_journal(Settings(journal=f"sqlite:///{file}"), lambda: ["12345"])
    assert journal is not None
    number = await journal.open(OPENING)
    await journal.close(number, Closing("done", 200, undo=({"operation": "addLabel", "arguments": {}},)))
    undo = await journal.open(Opening("a_tool", {}, (), "f", Caller(), undoes=12345))
    await journal.close(undo, Closing("done", 12345))
    found = await journal.entry(undo)
    assert found is not None
    assert found.opening.undoes == 12345
    assert found.closing is not None
    assert found.closing.status == 12345
    journal.stop()
