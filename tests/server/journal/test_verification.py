"""What `docreview-mcp journal verify` finds: with a plain chain, with a hash noted before, with a key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result
from conftest import Network, connected, error_of
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening

KEY = base64.b64encode(bytes(range(200, 232))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
OPENING = Opening("nanonets_update_field", {"document_id": "d1"}, ("d1",), "f", Caller())
UPDATE = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f", "value": "12"}
COLUMNS = ("number", "entry", "kind", "at", "payload", "previous", "hash")
ONE_WORD = "SELECT min(word) FROM docreview_words WHERE entry = 1"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where there is no journal yet, set for the command."""
    file = tmp_path / "journal.sqlite"
    monkeypatch.setenv("DOCREVIEW_JOURNAL", f"sqlite:///{file}")
    return file


@contextmanager
def journal_at(file: Path, key: str | None) -> Generator[StoredJournal]:
    journal = open_journal(read_settings(journal=f"sqlite:///{file}", journal_key=key), tuple)
    assert journal is not None
    yield journal
    journal.stop()


def write(file: Path, key: str | None, count: int = 2) -> None:
    """Write so many entries, of two records each."""

    async def entries(journal: StoredJournal) -> None:
        for turn in range(count):
            number = await journal.open(replace(OPENING, about=(f"d{turn}",)))
            await journal.close(number, Closing("done", 200))

    with journal_at(file, key) as journal:
        anyio.run(entries, journal)


def verify(key: str | None = None, expect: str = "") -> Result:
    arguments = ["journal", "verify", *(["--expect", expect] if expect else [])]
    return CliRunner().invoke(command_line, arguments, env={"DOCREVIEW_JOURNAL_KEY": key or ""})


def last_hash(done: Result) -> str:
    return done.stdout.partition("the last hash is ")[2].split()[0]


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def forge(file: Path, number: int) -> None:
    """Change a record, and compute its hash and all that follow anew, without a key."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(
            "UPDATE docreview_records SET payload = replace(payload, '200', '201') WHERE number = ?",
            (number,),
        )
        rows = database.execute(
            f"SELECT {', '.join(COLUMNS)} FROM docreview_records ORDER BY number"
        ).fetchall()
        previous = rows[number - 2][6] if number > 1 else "0" * 64
        for row in rows[number - 1 :]:
            covered = json.dumps([previous, *row[:5]], separators=(",", ":"))
            made = hashlib.sha256(covered.encode()).hexdigest()
            database.execute(
                "UPDATE docreview_records SET previous = ?, hash = ? WHERE number = ?",
                (previous, made, row[0]),
            )
            previous = made


def test_a_hash_noted_before_finds_what_was_cut_off_or_written_anew(file: Path) -> None:
    write(file, None)
    noted = last_hash(verify())
    write(file, None, 1)
    done = verify(expect=noted)
    assert done.exit_code == 0
    assert "The expected hash belongs to record 4." in done.stdout
    forge(file, 2)
    assert verify().exit_code == 0, "a plain chain cannot know"
    done = verify(expect=noted)
    assert done.exit_code == 1
    assert "The expected hash is not in the chain" in done.stdout


@pytest.mark.parametrize("key", [None, KEY])
def test_a_journal_that_was_cut_off_lacks_the_hash_noted_before(key: str | None, file: Path) -> None:
    write(file, key)
    noted = last_hash(verify(key))
    for number in (4, 2):
        change(file, f"DELETE FROM docreview_records WHERE number >= {number}")
        assert verify(key).exit_code == (0 if number == 4 else 1), "entry 3 is in the index still"
        assert "is not in the chain" in verify(key, noted).stdout
    file.unlink()
    assert verify(key).exit_code == 0
    done = verify(key, noted)
    assert done.exit_code == 1
    assert "is not in the chain" in done.stdout


@pytest.mark.parametrize("hash", ["abc", "hmac-sha256:abc", "\x1b[2J" + "0" * 60])
def test_an_expected_hash_that_is_none_is_refused(hash: str, file: Path) -> None:
    done = verify(expect=hash)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--expect: expected a hash" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_forged_record_with_hashes_computed_anew_is_found_with_the_key(number: int, file: Path) -> None:
    write(file, KEY)
    done = verify(KEY)
    assert done.exit_code == 0
    assert "\n4 records, from record 1 on, are protected by the key." in done.stdout
    forge(file, number)
    done = verify(KEY)
    assert done.exit_code == 1
    assert "without the key" in done.stdout or "No record is protected by the key" in done.stdout


def test_the_hash_with_a_key_is_an_hmac_that_can_be_computed_elsewhere(file: Path) -> None:
    write(file, KEY, 1)
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM docreview_records").fetchall()
    for row in rows:
        covered = json.dumps([row[5], *row[:5]], separators=(",", ":"))
        made = hmac.new(base64.b64decode(KEY), covered.encode(), "sha256").digest()
        assert row[6] == "hmac-sha256:" + base64.urlsafe_b64encode(made).decode().rstrip("=")


def test_a_journal_may_go_on_with_a_key_which_then_holds_what_was_there(file: Path) -> None:
    write(file, None)
    done = verify(KEY)
    assert done.exit_code == 1
    assert "No record is protected by the key" in done.stdout
    write(file, KEY)
    done = verify(KEY)
    assert done.exit_code == 0
    assert "8 records, the chain is intact" in done.stdout
    assert "\n4 records, from record 5 on, are protected by the key." in done.stdout
    change(file, "UPDATE docreview_records SET at = '2020' WHERE number = 2")
    assert "record 2 was changed" in verify(KEY).stdout
    forge(file, 2)
    assert verify(KEY).exit_code == 1


@pytest.mark.parametrize("payload", ["not json", "[]", "{}"])
def test_a_record_that_cannot_be_read_is_a_change_of_the_index(payload: str, file: Path) -> None:
    write(file, KEY)
    change(file, f"UPDATE docreview_records SET payload = '{payload}' WHERE number = 3")
    done = verify()
    assert done.exit_code == 1
    assert "for entry 3, 0 words are missing and" in done.stdout


@pytest.mark.parametrize("key", [None, OTHER_KEY])
def test_records_with_a_key_cannot_be_checked_or_gone_on_with_by_another(key: str | None, file: Path) -> None:
    write(file, KEY)
    done = verify(key)
    assert done.exit_code == 1
    assert (
        "to check them, set DOCREVIEW_JOURNAL_KEY" in done.stdout
        if key is None
        else "with another key" in done.stdout
    )
    settings: dict[str, Any] = {"journal": f"sqlite:///{file}", "journal_key": key}
    network = Network()

    async def call() -> dict[str, Any]:
        async with connected(network, **settings) as client:
            return error_of(await client.call_tool("nanonets_update_field", UPDATE))

    error = anyio.run(call)
    assert error["code"] == "not_configured"
    why = (
        "is not set, but its last record was written with a key"
        if key is None
        else "is not the key of its last record"
    )
    assert f"DOCREVIEW_JOURNAL_KEY {why}." in error["message"]
    assert all(request.method == "GET" for request in network.requests)
    assert verify(KEY).exit_code == 0


@pytest.mark.parametrize("key", ["short", KEY[:-4], KEY + "AAAA", "!" * 44])
def test_a_key_that_is_none_is_told_without_showing_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCREVIEW_JOURNAL_KEY", key)
    with pytest.raises(SettingsError, match=r"^DOCREVIEW_JOURNAL_KEY: expected 32 bytes in base64") as caught:
        read_settings()
    assert key not in str(caught.value)


def test_the_key_is_a_secret() -> None:
    settings = read_settings(journal_key=KEY)
    assert KEY in settings.secrets
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()


@pytest.mark.parametrize("number", [0, -1, -(2**31)])
def test_a_record_before_the_first_is_found(number: int, file: Path) -> None:
    write(file, None)
    change(
        file,
        f"INSERT INTO docreview_records SELECT {number}, {number}, kind, at, payload, previous, hash"
        " FROM docreview_records WHERE number = 1",
    )
    done = verify()
    assert done.exit_code == 1
    assert f"record {number} precedes record 1" in done.stdout


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("DELETE FROM docreview_words WHERE entry = 3", 3),
        (f"DELETE FROM docreview_words WHERE entry = 1 AND word = ({ONE_WORD})", 1),
        ("UPDATE docreview_words SET word = 'x' || substr(word, 2) WHERE entry = 3", 3),
        ("UPDATE docreview_words SET entry = 9 WHERE entry = 3", 3),
        ("INSERT INTO docreview_words VALUES ('more', 1)", 1),
        ("INSERT INTO docreview_words VALUES ('a closing', 2)", 2),
        ("INSERT INTO docreview_words VALUES ('before', 0)", 0),
        ("INSERT INTO docreview_words VALUES ('beyond', 99)", 99),
    ],
)
def test_an_index_that_does_not_follow_from_the_records_is_found(
    statement: str, entry: int, file: Path
) -> None:
    write(file, None)
    assert verify().exit_code == 0
    change(file, statement)
    done = verify()
    assert done.exit_code == 1
    assert "does not match the records" in done.stdout
    assert f"for entry {entry}, " in done.stdout


def test_a_long_journal_is_verified_whole(file: Path) -> None:
    write(file, None, 600)
    assert verify().stdout.startswith("1200 records, the chain is intact")
    change(file, "DELETE FROM docreview_words WHERE entry = 1001")
    assert "for entry 1001, " in verify().stdout
