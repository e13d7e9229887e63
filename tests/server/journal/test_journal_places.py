"""Where the journal is kept, who can read it there, and what happens when the place fails."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.settings import Settings, read_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, Opening

OPENING = Opening("a_tool", {"text": "value of a document"}, ("d1",), "fingerprint", Caller())
Write = Any


@pytest.fixture
def journals() -> Iterator[list[StoredJournal]]:
    """The journals that a test opened."""
    opened: list[StoredJournal] = []
    yield opened
    for journal in opened:
        journal.stop()


@pytest.fixture
def at(journals: list[StoredJournal]) -> Any:
    """Opens the journal of these settings."""

    def at(journal: Any = None, **settings: Any) -> StoredJournal:
        url = f"sqlite:///{journal}" if isinstance(journal, Path) else journal
        opened = open_journal(Settings(journal=url, **settings), tuple)
        assert opened is not None
        journals.append(opened)
        return opened

    return at


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("without_umask")
async def test_by_default_it_is_in_the_users_data_directory_and_for_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: Any
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    journal = at()
    await journal.close(await journal.open(OPENING), Closing("done"))
    folder = tmp_path / "data" / "docreview"
    assert journal.where() == str(folder / "journal.sqlite")
    assert mode(folder) == 0o700
    files = {path.name: mode(path) for path in folder.iterdir()}
    assert files == {f"journal.sqlite{end}": 0o600 for end in ("", "-wal", "-shm")}
    journal.stop()
    assert [path.name for path in folder.iterdir()] == ["journal.sqlite"]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
@pytest.mark.usefixtures("without_umask")
async def test_every_folder_that_is_made_for_it_is_for_the_user_alone(tmp_path: Path, at: Any) -> None:
    await at(tmp_path / "one" / "two" / "three" / "journal.sqlite").open(OPENING)
    made = [tmp_path / "one", tmp_path / "one" / "two", tmp_path / "one" / "two" / "three"]
    assert [mode(folder) for folder in made] == [0o700] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
@pytest.mark.usefixtures("without_umask")
async def test_a_new_file_is_for_the_user_alone_from_the_moment_it_is_made(
    tmp_path: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    await at(tmp_path / "journal.sqlite").open(OPENING)
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {
        f"journal.sqlite{end}": 0o600 for end in ("", "-wal", "-shm")
    }


async def test_a_folder_that_another_server_makes_at_the_same_moment_serves_both(
    tmp_path: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = Path.mkdir

    def made_by_another_first(self: Path, mode: int = 0o777, **further: Any) -> None:
        genuine(self, mode)
        genuine(self, mode, **further)

    monkeypatch.setattr(Path, "mkdir", made_by_another_first)
    assert await at(tmp_path / "one" / "two" / "journal.sqlite").open(OPENING) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
@pytest.mark.parametrize("use", ["read", "write"])
async def test_a_file_that_others_may_read_is_closed_to_them_when_it_is_opened(
    use: str, tmp_path: Path, at: Any
) -> None:
    path = tmp_path / "journal.sqlite"
    other = at(path)
    await other.open(OPENING)
    files = [path.with_name(f"journal.sqlite{end}") for end in ("", "-wal", "-shm")]
    for each in files:
        each.chmod(0o644)
    await (at(path).entries() if use == "read" else at(path).open(OPENING))
    assert [mode(each) for each in files] == [0o600] * 3


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can make a file by another caller"
)
async def test_a_file_that_cannot_be_closed_to_others_is_told_and_not_used(at: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        owner = at(path)
        await owner.open(OPENING)
        owner.stop()
        path.chmod(0o666)
        Path(folder).chmod(0o777)
        os.seteuid(65534)
        try:
            for _ in range(2):
                with pytest.raises(JournalFault, match="mode 0666") as caught:
                    await at(path).open(OPENING)
                assert "cannot be restricted (Operation not permitted)" in str(caught.value)
                assert not caught.value.is_away
        finally:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
async def test_a_file_beside_the_journal_may_go_away_at_any_moment(
    tmp_path: Path, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    owner = at(path)
    await owner.open(OPENING)
    owner.stop()
    shared = path.with_name("journal.sqlite-shm")
    shared.touch(0o644)
    shared.chmod(0o644)
    closed: list[Path] = []

    real_chmod = Path.chmod

    def removed_first(self: Path, mode: int, **further: Any) -> None:
        closed.append(self)
        self.unlink()
        real_chmod(self, mode, **further)

    monkeypatch.setattr(Path, "chmod", removed_first)
    await at(path).open(OPENING)
    assert closed == [shared]


async def test_a_folder_named_by_mistake_keeps_its_mode(tmp_path: Path, at: Any) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(JournalFault):
        await at(folder).open(OPENING)
    assert mode(folder) == 0o755


async def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path, at: Any) -> None:
    tmp_path.chmod(0o755)
    await at(tmp_path / "journal.sqlite").open(OPENING)
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "journal.sqlite") == 0o600


def test_nothing_is_loaded_before_the_first_write() -> None:
    program = (
        "import sys; loaded_before = set(sys.modules);"
        "from docreview_mcp.server.settings import settings;"
        "from docreview_mcp.server.journal import store;"
        "store.open_journal(settings.Settings(), tuple);"
        "assert not {'sqlalchemy', 'platformdirs', 'sqlite3'} & (set(sys.modules) - loaded_before)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "settings", [{"sandbox": True}, {"journal": "sqlite://"}, {"journal": "sqlite:///:memory:"}]
)
async def test_in_the_sandbox_it_is_in_memory_unless_set(settings: Any, at: Any) -> None:
    journal = at(**settings)
    assert journal.where() == "in memory"
    assert await journal.entries() == []
    number = await journal.open(OPENING)
    await journal.close(number, Closing("done"))
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    assert await at(**settings).entries() == []


async def test_the_sandbox_uses_a_file_that_is_set(tmp_path: Path, at: Any) -> None:
    await at(tmp_path / "journal.sqlite", sandbox=True).open(OPENING)
    assert (tmp_path / "journal.sqlite").exists()


@pytest.mark.parametrize("value", ["none", " NONE "])
def test_none_means_no_journal(value: str) -> None:
    assert open_journal(Settings(journal=value), tuple) is None


@pytest.mark.parametrize(
    "value",
    [
        "somewhere",
        "mysql://host/database",
        "sqlite:/file",
        "sqlite:///",
        "sqlite:///file?mode=ro",
        "postgresql://",
        "postgresql:/host",
        "postgresql://user:pass@word-1234@host/database",
        "postgresql://user:pass/word-1234@host/database",
        "postgresql://user:pass#word-1234@host/database",
        "postgresql://host:port/database",
        "postgresql://host/data\nbase",
    ],
)
def test_a_place_that_cannot_be_is_told_at_the_start_without_showing_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCREVIEW_JOURNAL", value)
    with pytest.raises(SettingsError, match=r"^DOCREVIEW_JOURNAL: expected none, ") as caught:
        read_settings()
    assert "word-1234" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="every name has a home directory there")
def test_a_home_directory_that_is_not_known_is_told_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^DOCREVIEW_JOURNAL: .*; the home directory .* is not known$"):
        read_settings(journal="sqlite:///~nobody-of-this-name/journal.sqlite")


@pytest.mark.parametrize("password", ["p%40ss-word-1234", "plain-word-1234"])
def test_the_password_of_the_database_is_a_secret(password: str) -> None:
    settings = read_settings(journal=f"postgresql://user:{password}@host/database?application_name=x")
    assert password in settings.secrets
    assert password.replace("%40", "@") in settings.secrets
    assert password not in repr(settings)
    journal = open_journal(settings, tuple)
    assert journal is not None
    assert "word-1234" not in journal.where()


def below_a_file(path: Path) -> Path:
    path.write_text("a file")
    return path / "journal.sqlite"


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


def no_database(path: Path) -> Path:
    path.write_bytes(b"something else" * 1000)
    return path


@pytest.mark.parametrize("broken", [below_a_file, a_folder, no_database])
async def test_a_place_that_fails_is_told_in_a_line_and_works_again_when_put_right(
    broken: Any, tmp_path: Path, at: Any
) -> None:
    path = broken(tmp_path / "place")
    journal = at(path)
    for _ in range(2):
        with pytest.raises(JournalFault) as caught:
            await journal.open(OPENING)
        message = str(caught.value)
        assert message.startswith(f"The journal {path} cannot be written: ")
        assert "\n" not in message
        assert "document" not in message
    (tmp_path / "place").rename(tmp_path / "aside")
    assert await journal.open(OPENING) == 1


async def test_a_file_that_breaks_while_it_is_used_is_told(tmp_path: Path, at: Any) -> None:
    path = tmp_path / "journal.sqlite"
    journal = at(path)
    await journal.open(OPENING)
    journal.stop()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40_000)
    with pytest.raises(JournalFault, match="cannot be read: "):
        await journal.entry(1)
    with pytest.raises(JournalFault, match="cannot be written: "):
        await journal.open(OPENING)


async def test_a_file_that_was_taken_away_is_not_written_to_any_longer(tmp_path: Path, at: Any) -> None:
    path = tmp_path / "journal.sqlite"
    journal = at(path)
    last = [await journal.open(OPENING) for _ in range(3)][-1]
    for each in list(tmp_path.iterdir()):
        each.rename(each.with_name(f"old-{each.name}"))
    with pytest.raises(JournalFault, match="no entry 3"):
        await journal.close(last, Closing("done"))
    assert await journal.open(OPENING) == 1
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("SELECT count(*) FROM docreview_records").fetchone() == (1,)


async def test_outcomes_that_could_not_be_written_are_written_in_order_before_the_next_record(
    tmp_path: Path, at: Any
) -> None:
    path = tmp_path / "journal.sqlite"
    journal, reader = at(path, timeout=0.1), at(path)
    first, second = [await journal.open(OPENING) for _ in range(2)]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in (second, first):
            with pytest.raises(JournalFault) as caught:
                await journal.close(number, Closing("done"))
            assert caught.value.is_away
    assert {entry.outcome for entry in await reader.entries()} == {"unknown"}
    third = await journal.open(OPENING)
    assert [record.entry for record in written(path)] == [first, second, second, first, third]
    assert [entry.outcome for entry in await reader.entries()] == ["unknown", "done", "done"]
    assert not journal.verify().broken


async def test_a_server_that_ends_waits_for_another_one_that_writes_to_record_an_outcome(
    tmp_path: Path, at: Any
) -> None:
    path = tmp_path / "journal.sqlite"
    journal = at(path, timeout=0.5)
    number = await journal.open(OPENING)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFault):
            await journal.close(number, Closing("done"))
        assert [entry.outcome for entry in await journal.entries()] == ["unknown"]
        ends = threading.Timer(0.02, other.execute, ["COMMIT"])
        ends.start()
        journal.stop()
        ends.join()
    assert [record.kind for record in written(path)] == ["opened", "closed"]


async def test_an_outcome_of_a_journal_that_was_taken_away_holds_up_no_record(
    tmp_path: Path, at: Any
) -> None:
    path = tmp_path / "journal.sqlite"
    journal = at(path, timeout=0.1)
    number = await journal.open(OPENING)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFault):
            await journal.close(number, Closing("done"))
    for each in list(tmp_path.iterdir()):
        each.rename(each.with_name(f"old-{each.name}"))
    assert await journal.open(OPENING) == 1
    assert await journal.open(OPENING) == 2


def written(path: Path) -> list[Any]:
    """The records of a journal, in their order."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = lambda cursor, row: SimpleNamespace(
            **{column[0]: value for column, value in zip(cursor.description, row, strict=True)}
        )
        return database.execute("SELECT * FROM docreview_records ORDER BY number").fetchall()


FULL_DISK = """
import resource, signal, sys, anyio
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, JournalFault, Opening

journal = open_journal(Settings(journal=sys.argv[1]), tuple)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
async def write():
    return await journal.open(Opening("a_tool", {"text": "secret value " * 2000}, (), "f", Caller()))
async def main():
    await write()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, -1))
    done = 1
    try:
        while done < 100:
            done = await write()
    except JournalFault as fault:
        print(fault)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    assert await write() == done + 1
    found = journal.verify()
    assert (found.count, found.broken) == (done + 1, ""), found
anyio.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit for the size of a file")
def test_a_full_disk_stops_the_journal_until_there_is_room(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, f"sqlite:///{tmp_path}/journal.sqlite"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The journal {tmp_path}/journal.sqlite cannot be written: ")
    assert "secret" not in done.stdout


async def test_calls_at_once_are_written_one_after_the_other(tmp_path: Path, at: Any) -> None:
    journal = at(tmp_path / "journal.sqlite")

    async def write() -> None:
        await journal.close(await journal.open(OPENING), Closing("done"))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(write)
    assert journal.verify().count == 40
    assert {entry.outcome for entry in await journal.entries(limit=50)} == {"done"}
