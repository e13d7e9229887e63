"""`docreview-mcp journal` as a person uses it."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner, Result
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening
from sqlalchemy import create_engine, text

TRICK = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\r\n\tnext [red]markup[/]"
OPENING = Opening(
    "nanonets_update_field", {"document_id": "d1"}, ("d1",), "f", Caller("Claude", "s", "ada"), reason="typo"
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["journal", *arguments], prog_name="docreview-mcp")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place where there is no journal yet, set for the command."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    monkeypatch.setenv("DOCREVIEW_JOURNAL", url)
    return url


@pytest.fixture
def written(url: str) -> str:
    """Three entries: one undone by the second, and one that is unclear and plays tricks."""

    async def write() -> None:
        journal = open_journal(Settings(journal=url), tuple)
        assert journal is not None
        first = await journal.open(OPENING)
        await journal.close(first, Closing("done", 200))
        undo = await journal.open(replace(OPENING, undoes=first, reason=""))
        await journal.close(undo, Closing("done", 200))
        await journal.open(replace(OPENING, about=("d2", TRICK), reason=TRICK))
        journal.stop()

    anyio.run(write)
    return url


@pytest.mark.parametrize("command", [(), ("list",), ("export",), ("verify",), ("list", "--about", "x")])
def test_no_journal_yet_is_said_and_is_no_error(command: tuple[str, ...], url: str) -> None:
    done = run(*command)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no entries" in done.stderr
    assert url.removeprefix("sqlite:///") in done.stderr


@pytest.mark.parametrize("command", ["list", "export", "verify"])
def test_no_journal_by_choice_is_an_error(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCREVIEW_JOURNAL", "none")
    done = run(command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "DOCREVIEW_JOURNAL is none" in done.stderr


@pytest.mark.parametrize("command", ["list", "export", "verify"])
def test_a_journal_that_cannot_be_read_is_told_in_a_line(command: str, url: str) -> None:
    Path(url.removeprefix("sqlite:///")).write_bytes(b"no database" * 1000)
    done = run(command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("docreview-mcp: The journal ")
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("written")
def test_the_list_is_a_line_with_tabs_for_each_entry_the_newest_first() -> None:
    rows = [line.split("\t") for line in run().stdout.splitlines()]
    assert [(row[0], row[3]) for row in rows] == [("5", "unknown"), ("3", "done"), ("1", "undone by 3")]
    assert rows[2][2:] == ["nanonets_update_field", "undone by 3", "d1", "Claude", "ada", "typo"]
    assert run("list", "--limit", "1").stdout == run("list", "--about", "d2").stdout
    assert run("list", "--about", "d1", "--about", "d2").stdout == ""


@pytest.mark.usefixtures("written")
def test_what_stands_in_documents_plays_no_tricks_in_a_terminal() -> None:
    listed = run().stdout.splitlines()[0]
    assert all(each.isprintable() or each == "\t" for each in listed)
    assert "\\x1b[2J" in listed
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "docreview_mcp.server", "journal"],
        stdout=terminal,
        stderr=terminal,
        # A terminal that is said to be dumb is taken to be 80 columns wide.
        env={**os.environ, "COLUMNS": "300", "TERM": "xterm", "NO_COLOR": "1"},
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while block := os.read(controller, 65536):
                shown += block
        except OSError:
            """The end of a terminal on Linux."""
    os.close(controller)
    assert process.returncode == 0
    text = shown.decode()
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "[red]markup[/]" in text
    assert "undone by 3" in text


@pytest.mark.usefixtures("written")
def test_the_export_holds_all_that_is_needed_to_check_it_elsewhere(tmp_path: Path) -> None:
    done = run("export")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(entry["entry"], entry["outcome"], entry["undone_by"]) for entry in entries] == [
        (1, "done", 3),
        (3, "done", None),
        (5, "unknown", None),
    ]
    assert entries[2]["records"][0]["payload"]["reason"] == TRICK
    last = "0" * 64
    for record in sorted(
        (each for entry in entries for each in entry["records"]), key=lambda each: each["number"]
    ):
        payload = json.dumps(record["payload"], sort_keys=True, separators=(",", ":"))
        covered = [last, record["number"], record["entry"], record["kind"], record["at"], payload]
        assert record["previous"] == last
        last = hashlib.sha256(json.dumps(covered, separators=(",", ":")).encode()).hexdigest()
        assert record["hash"] == last
    assert last in run("verify").stdout
    file = tmp_path / "export.jsonl"
    to_file = run("export", "--output", str(file))
    assert (to_file.exit_code, to_file.stdout) == (0, "")
    assert file.read_text() == done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    nowhere = run("export", "--output", str(file / "below"))
    assert nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr


def test_verify_counts_the_records_or_names_the_first_break(written: str) -> None:
    done = run("verify")
    assert done.exit_code == 0
    assert done.stdout.startswith("5 records, the chain is intact")
    engine = create_engine(written)
    with engine.begin() as connection:
        connection.execute(text("UPDATE docreview_records SET payload = '{}' WHERE number = 2"))
    engine.dispose()
    done = run("verify")
    assert done.exit_code == 1
    assert "record 2 was changed" in done.stdout


def test_the_journal_of_the_sandbox_is_gone_with_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCREVIEW_SANDBOX", "1")
    done = run()
    assert done.exit_code == 0
    assert "in memory" in done.stderr
