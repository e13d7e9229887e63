"""A PostgreSQL of the tests' own, where its programs are there: in a temporary folder, behind a socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from docreview_mcp.server.journal.migrating import migrate_tables
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.journal_place import journal_place
from docreview_mcp.server.settings.settings import Settings

PASSWORD = "a-password-of-the-database"


@dataclass
class Cluster:
    """A server that can be stopped and started again."""

    programs: Path
    folder: Path
    user: dict[str, Any]
    waits_for_disk: bool = False
    _process: list[subprocess.Popen[Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"postgresql://docreview:{PASSWORD}@/postgres?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False, **self.user)
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        command = [
            self.programs / "postgres",
            *(() if self.waits_for_disk else ("-F",)),
            "-D",
            "data",
            "-k",
            self.folder,
            "-c",
            "listen_addresses=",
        ]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self.user)
        self._process.append(process)
        for _ in range(200):
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                assert process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.02)
        raise AssertionError("PostgreSQL does not answer")

    def stop(self) -> None:
        while self._process:
            process = self._process.pop()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)


@contextmanager
def running_cluster(*, waits_for_disk: bool = False) -> Generator[Cluster]:
    """A cluster that is thrown away afterwards. Skips the test where PostgreSQL is not installed.

    Tests do not wait for the disk; measurements do.
    """
    found = [shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    programs = [Path(path).resolve().parent for path in found if path]
    if not programs:
        pytest.skip("PostgreSQL is not installed: there is no initdb")
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        names = {each.pw_name: each for each in pwd.getpwall()}
        account = names.get("postgres") or names.get("nobody")
        if account is None:
            pytest.skip("PostgreSQL refuses to run as root, and there is no other user")
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="docreview-"))
    cluster = Cluster(programs[0], folder, user, waits_for_disk)
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        cluster.run(
            "initdb", "-D", "data", "-U", "docreview", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def journal_at(url: str) -> StoredJournal:
    """The journal in a database, as one server opens it."""
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    return journal


def migrate(url: str) -> None:
    """Make the journal's tables, as `docreview-mcp migrate` does."""
    migrate_tables(journal_place(url, sandbox=False))


def empty(url: str) -> None:
    """Take everything out of the journal's tables, which are made if there are none."""
    try:
        _truncate(url)
    except psycopg.errors.UndefinedTable:
        migrate(url)
        _truncate(url)


def _truncate(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE docreview_records, docreview_words, docreview_marks, docreview_counts")
