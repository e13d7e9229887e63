"""Credentials that whoever runs the server has stored for a caller, sealed for this caller alone."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from click.testing import CliRunner, Result
from conftest import Era, Network, error_of
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.settings.settings_error import SettingsError
from http_callers import caller, new_key, post, served

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
NO_ACCOUNT = {"nanonets_api_key": None, "studio_token": None}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.txt"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the journal, which is that of commands as well; they seal with the older key."""
    file = tmp_path / "journal.sqlite"
    monkeypatch.setenv("DOCREVIEW_JOURNAL", f"sqlite:///{file}")
    monkeypatch.setenv("DOCREVIEW_SEAL_KEYS", OLD)
    return file


def store_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.credentials")


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(command_line, ["credentials", *arguments], input=given)


def subject_of(key: str) -> str:
    return key.removeprefix("docreview_").partition("_")[0]


def options(keys: Path, journal: Path, seal_keys: str = OLD) -> dict[str, Any]:
    http = {"auth": "keys", "keys": keys, "credentials": "store"}
    return {"http": http, "journal": f"sqlite:///{journal}", "seal_keys": seal_keys, **NO_ACCOUNT}


def sent_by(network: Network) -> list[str]:
    """Whose credentials were sent, request by request."""
    headers = [each.headers["authorization"].removeprefix("Basic ") for each in network.requests]
    return [base64.b64decode(each).decode().rstrip(":") for each in headers]


async def called(client: httpx2.AsyncClient, era: Era, key: str) -> Any:
    async with caller(client, era, key) as calling:
        return await calling.call_tool("nanonets_list_workflows", {})


async def test_each_caller_works_with_what_is_stored_for_it(keys: Path, journal: Path, era: Era) -> None:
    ana, bo, cy = (new_key(keys, name) for name in ("Ana", "Bo", "Cy"))
    network = Network()
    for key, secret in ((ana, "key-of-ana-0123"), (bo, "key-of-bo-0123")):
        done = run("set", subject_of(key), given=f"# from a vault\nNANONETS_API_KEY={secret}\n")
        assert done.exit_code == 0, done.output
        assert secret not in done.output
    assert b"key-of" not in store_of(journal).read_bytes()
    assert store_of(journal).stat().st_mode & 0o077 == 0
    async with served(network, **options(keys, journal)) as client:
        for key in (ana, bo, ana):
            assert not (await called(client, era, key)).is_error
        missing = error_of(await called(client, era, cy))
    assert sent_by(network) == ["key-of-ana-0123", "key-of-bo-0123", "key-of-ana-0123"]
    assert missing["code"] == "not_configured"
    assert "docreview-mcp credentials set" in missing["next"]


async def test_a_row_that_is_moved_to_another_caller_does_not_open(
    keys: Path, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    assert run("set", subject_of(ana), given="NANONETS_API_KEY=key-of-ana-0123").exit_code == 0
    database = sqlite3.connect(store_of(journal))
    with database:
        moved = (subject_of(bo), subject_of(ana))
        assert database.execute("UPDATE docreview_credentials SET subject=? WHERE subject=?", moved).rowcount
    database.close()
    network = Network()
    async with served(network, **options(keys, journal)) as client:
        for key in (ana, bo):
            assert error_of(await called(client, "auto", key))["code"] == "not_configured"
    assert not network.requests
    assert "cannot be decrypted" in caplog.text
    listed = run("list")
    assert listed.exit_code == 1
    assert "cannot be decrypted" in listed.output


async def test_older_keys_still_open_and_the_newest_seals(
    keys: Path, journal: Path, monkeypatch: Any
) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    login = "STUDIO_EMAIL=ana@example.com\nSTUDIO_PASSWORD=a password = of hers\nNANONETS_API_KEY=k-ana"
    assert run("set", subject_of(ana), given=login).exit_code == 0
    monkeypatch.setenv("DOCREVIEW_SEAL_KEYS", f"{NEW},{OLD}")
    assert run("set", subject_of(bo), given="NANONETS_API_KEY=k-bo").exit_code == 0
    first, second = run("list").output.splitlines()
    assert first.startswith(f"{subject_of(ana)}\t")
    assert first.endswith(
        "nanonets and studio, sealed with an older key; set them again to use the newest key"
    )
    assert second.endswith("\tnanonets")
    assert "k-ana" not in first + second
    network = Network()
    async with served(network, **options(keys, journal, f"{NEW},{OLD}")) as client:
        await called(client, "auto", ana)
        await called(client, "auto", bo)
    assert sent_by(network) == ["k-ana", "k-bo"]
    monkeypatch.setenv("DOCREVIEW_SEAL_KEYS", NEW)
    assert run("list").exit_code == 1
    assert run("remove", subject_of(ana)).exit_code == 0
    assert run("list").exit_code == 0
    assert run("remove", subject_of(ana)).exit_code == 1


async def test_a_wrong_password_of_one_caller_fails_nobody_else(keys: Path, journal: Path, era: Era) -> None:
    """While both wait for being signed in."""

    class Studio(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await anyio.sleep(1)
            if request.url.path != "/auth/login":
                return httpx2.Response(200, json={"id": 1, "name": request.headers["authorization"][-3:]})
            given = json.loads(await request.aread())
            if given["password"] == "wrong password":
                return httpx2.Response(401, json={"message": "no"})
            return httpx2.Response(200, json={"auth_token": f"a-long-token-for-{given['email'][:3]}"})

    known = {name: new_key(keys, name) for name in ("Ana", "Bob", "Cyd")}
    for name, key in known.items():
        password = "wrong password" if name == "Bob" else "right password"
        login = f"STUDIO_EMAIL={name.lower()}@example.com\nSTUDIO_PASSWORD={password}\n"
        assert run("set", subject_of(key), given=login).exit_code == 0
    said: dict[str, Any] = {}
    async with served(Studio(), **options(keys, journal)) as client:

        async def look(name: str) -> None:
            async with caller(client, era, known[name]) as calling:
                said[name] = await calling.call_tool("studio_get_project", {"project_id": 1})

        async with anyio.create_task_group() as group:
            for name in ("Bob", "Ana", "Cyd", "Bob"):
                group.start_soon(look, name)
    assert error_of(said["Bob"])["code"] == "unauthorized"
    assert "docreview-mcp credentials set" in error_of(said["Bob"])["next"]
    assert [said[name].structured_content["id"] for name in ("Ana", "Cyd")] == [1, 1]


async def test_while_they_cannot_be_read_those_known_go_on_and_others_wait(keys: Path, journal: Path) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    for key in (ana, bo):
        assert run("set", subject_of(key), given="NANONETS_API_KEY=k").exit_code == 0
    async with served(Network(), **options(keys, journal)) as client:
        assert not (await called(client, "auto", ana)).is_error
        content = store_of(journal).read_bytes()
        store_of(journal).write_bytes(b"no database" * 1000)
        await anyio.sleep(60)
        assert not (await called(client, "auto", ana)).is_error
        headers = {"Authorization": f"Bearer {bo}"}
        response, message = await post(client, "auto", "tools/list", headers=headers)
        assert (response.status_code, message["error"]["data"]["code"]) == (503, "unavailable")
        assert message["error"]["data"]["retryable"]
        store_of(journal).write_bytes(content)
        await anyio.sleep(6)
        assert not (await called(client, "auto", bo)).is_error


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("", "NANONETS_API_KEY"),
        ("my-secret-key", "line 1: expected NAME=VALUE"),
        ("NANONETS_KEY=my-secret-key", "line 1: expected NAME=VALUE"),
        ("STUDIO_EMAIL=a@b.c", "STUDIO_PASSWORD"),
        ("NANONETS_API_KEY=my secret key", "NANONETS_API_KEY"),
    ],
)
def test_what_cannot_be_used_is_not_stored(journal: Path, given: str, wanted: str) -> None:
    refused = run("set", "ana", given=given)
    assert isinstance(refused.exception, SettingsError)
    assert wanted in str(refused.exception)
    assert "my" not in str(refused.exception)
    assert not store_of(journal).exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DOCREVIEW_SEAL_KEYS", ""), ("DOCREVIEW_JOURNAL", "none"), ("DOCREVIEW_JOURNAL", "sqlite://")],
)
def test_without_a_place_or_a_key_nothing_can_be_stored(
    journal: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    refused = run("set", "ana", given="NANONETS_API_KEY=k")
    assert isinstance(refused.exception, SettingsError)
    assert str(refused.exception).startswith(variable)
