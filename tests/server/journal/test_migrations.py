"""The tables in PostgreSQL: made and changed by `docreview-mcp migrate` alone."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result
from conftest import Network, connected, error_of
from docreview_mcp.server.command_line import command_line, main
from docreview_mcp.server.journal import migrating
from docreview_mcp.server.journal.migrating import check_tables
from docreview_mcp.server.journal.schema_version import SCHEMA_VERSION
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.protocol import call_context
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening
from postgresql import Cluster, migrate, running_cluster

OLDER = (
    r"^DOCREVIEW_JOURNAL: The journal in PostgreSQL .* cannot be used: its tables are of an older version;"
    r" run docreview-mcp migrate with the same DOCREVIEW_JOURNAL$"
)
SEAL_KEYS = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this file, whose tables are of any version."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def url(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, set for the command."""
    change(cluster.url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    monkeypatch.setenv("DOCREVIEW_JOURNAL", cluster.url)
    monkeypatch.setenv("DOCREVIEW_SEAL_KEYS", SEAL_KEYS)
    return cluster.url


def change(url: str, *statements: Any) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        return {name for (name,) in found}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, arguments, prog_name="docreview-mcp")


@pytest.mark.parametrize("command", ["http", "stdio"])
def test_a_server_does_not_start_without_the_tables_and_makes_none(
    command: str, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["docreview-mcp", command, "--sandbox"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "DOCREVIEW_JOURNAL" in line
    assert "run docreview-mcp migrate" in line
    assert tables(url) == set()


async def test_without_the_tables_nothing_is_sent_and_the_next_step_is_named(url: str) -> None:
    async with connected(journal=url) as client:
        call = await client.call_tool("studio_add_label", {"project_id": 1, "name": "late"})
    error = error_of(call)
    assert (error["code"], error["done"]) == ("not_configured", "no")
    assert "run docreview-mcp migrate" in error["message"]


def test_doctor_names_the_command(url: str) -> None:
    assert "run docreview-mcp migrate" in run("doctor", "--sandbox").stdout
    migrate(url)
    assert "run docreview-mcp migrate" not in run("doctor", "--sandbox").stdout


def test_the_command_makes_the_tables_once(url: str) -> None:
    first, second = run("migrate"), run("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "now has the tables of this version" in first.stdout
    assert "already" in second.stdout
    assert tables(url) >= {"docreview_records", "docreview_words", "docreview_marks", "docreview_counts"}
    check_tables(Settings(journal=url))


async def test_a_journal_of_an_earlier_version_keeps_its_entries_and_counts(url: str, tmp_path: Path) -> None:
    migrate(url)
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 4\nmax_approvals_per_day = 1\n")

    async def write(name: str, **settings: Any) -> Any:
        async with connected(Network(), journal=url, **settings) as client:
            return await client.call_tool("studio_add_label", {"project_id": 1, "name": name})

    assert not (await write("one")).is_error
    # One that was not done, which does not count, and some that a later version or a stranger wrote.
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    caller = Caller(user=call_context.user_of_machine())
    file: dict[str, Any] = {"model_id": "m", "request_file_id": "f"}
    approval = await journal.open(Opening("nanonets_approve_file", file, (), "", caller))
    await journal.close(approval, Closing("done"))
    not_done = await journal.open(Opening("studio_add_label", {}, (), "", caller))
    await journal.close(not_done, Closing("not done"))
    for payload in ("[]", "{", "{}", '{"tool": "nanonets_approve_file", "arguments": []}'):
        strange = await journal.open(Opening("studio_add_label", {}, (), "", caller))
        change(url, f"UPDATE docreview_records SET payload = '{payload}' WHERE number = {strange}".encode())
    journal.stop()
    assert not (await write("two")).is_error
    change(url, "DROP TABLE docreview_version, docreview_marks, docreview_counts")
    assert run("migrate").exit_code == 0
    async with connected(Network(), journal=url, policy=policy) as client:
        another = {**file, "request_file_id": "another"}
        error = error_of(await client.call_tool("nanonets_approve_file", another))
        assert "limits.max_approvals_per_day" in error["message"]
    assert not (await write("three", policy=policy)).is_error
    assert "the journal already has 4" in error_of(await write("four", policy=policy))["message"]
    assert [each.outcome for each in await journal.entries(limit=1)] == ["done"]
    journal.stop()


async def test_a_database_without_an_encoding_will_do(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS plain")
        connection.execute("CREATE DATABASE plain TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
    plain = url.replace("/postgres?", "/plain?")
    monkeypatch.setenv("DOCREVIEW_JOURNAL", plain)
    assert run("migrate").exit_code == 0
    check_tables(Settings(journal=plain))
    for name in ("größe", "two"):
        async with connected(Network(), journal=plain) as client:
            call = await client.call_tool("studio_add_label", {"project_id": 1, "name": name})
            assert not call.is_error, call.structured_content
    journal = open_journal(Settings(journal=plain), tuple)
    assert journal is not None
    assert [each.opening.arguments["name"] for each in await journal.entries()] == ["two", "größe"]
    journal.stop()


def test_tables_between_two_versions_are_changed_and_not_counted_again(url: str) -> None:
    migrate(url)
    change(url, "DROP TABLE docreview_credentials", "UPDATE docreview_version SET version_num = '0003'")
    with pytest.raises(SettingsError, match=OLDER):
        check_tables(Settings(journal=url))
    assert run("migrate").exit_code == 0
    check_tables(Settings(journal=url))


def test_a_database_that_is_away_cannot_be_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCREVIEW_JOURNAL", "postgresql://user:a-password@127.0.0.1:1/reviews")
    done = run("migrate")
    assert done.exit_code == 1
    assert "cannot be changed" in done.stderr
    assert "a-password" not in done.stderr


def test_other_journals_are_not_checked_for_tables() -> None:
    for journal in ("none", "sqlite://"):
        check_tables(Settings(journal=journal))


def test_the_changes_can_be_imported_without_running() -> None:
    importlib.import_module("docreview_mcp.server.journal.migrations.env")


def test_newer_tables_are_left_alone_and_can_be_used(url: str) -> None:
    migrate(url)
    change(url, "UPDATE docreview_version SET version_num = '9999'")
    check_tables(Settings(journal=url))
    assert run("migrate").exit_code == 0


def test_a_database_that_is_away_keeps_no_server_from_starting() -> None:
    check_tables(Settings(journal="postgresql://user@127.0.0.1:1/reviews"))


@pytest.mark.parametrize("journal", ["none", "sqlite:///journal.sqlite"])
def test_other_journals_need_no_migration(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCREVIEW_JOURNAL", journal)
    done = run("migrate")
    assert done.exit_code == 0
    assert "Nothing to do" in done.stdout


def test_the_version_that_a_server_wants_is_that_of_the_last_change() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]
