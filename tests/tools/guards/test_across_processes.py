"""Guards that hold although each call may come to another process: codes, limits, duplicates."""

from __future__ import annotations

import base64
import errno
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from mcp import Client
from postgresql import empty
from pydantic import SecretStr
from review_desk import field_of, ready, sent

CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})
KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings of servers that share an empty journal."""
    if request.param == "sqlite":
        return {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}"}
    url = request.getfixturevalue("cluster").url
    empty(url)
    return {"journal": url, "seal_keys": KEY}


def total_of(sandbox: Sandbox) -> dict[str, str]:
    document = ready(sandbox)[0]
    return {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "page_id": document.pages[0].id,
        "field_data_id": field_of(document, "total_amount").id,
    }


async def code_of(sandbox: Sandbox, era: Era, **settings: Any) -> str:
    """The code that one process gives out for deleting the total amount."""
    async with reviewing(sandbox, era=era, confirm="destructive", **settings) as (client, _):
        result = await client.call_tool("nanonets_delete_field", total_of(sandbox))
        return result.structured_content["docreview"]["confirm"]


async def deleting(sandbox: Sandbox, code: str, era: Era, **settings: Any) -> Any:
    """The result of using the code in a process of its own."""
    async with reviewing(sandbox, era=era, confirm="destructive", **settings) as (client, _):
        return await client.call_tool("nanonets_delete_field", {**total_of(sandbox), "confirm": code})


async def message_without_key(era: Era, folder: Path) -> str:
    """What a call is told that needs a code, where the key beside the journal cannot be used."""
    sandbox = Sandbox()
    kept = {"journal": f"sqlite:///{folder / 'journal.sqlite'}"}
    async with reviewing(sandbox, era=era, confirm="destructive", **kept) as (client, _):
        error = error_of(await client.call_tool("nanonets_delete_field", total_of(sandbox)))
    assert error["code"] == "not_configured"
    assert sent(sandbox) == []
    return error["message"]


async def test_a_code_works_in_the_next_process_once(era: Era, kept: dict[str, Any], tmp_path: Path) -> None:
    sandbox = Sandbox()
    arguments = total_of(sandbox)
    code = await code_of(sandbox, era, **kept)
    done = await deleting(sandbox, code, era, **kept)
    assert not done.is_error, done.structured_content
    async with reviewing(sandbox, era=era, confirm="destructive", **kept) as (client, _):
        await client.call_tool("review_undo", {"entry": done.structured_content["docreview"]["entry"]})
        again = error_of(await client.call_tool("nanonets_delete_field", {**arguments, "confirm": code}))
        assert again["done"] == "no"
    assert sent(sandbox).count("deleteFieldValue") == 1
    if "seal_keys" not in kept:
        key = tmp_path / "journal.sqlite.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another address": {
        "nanonets_base_url": "https://eu.example.com",
        "studio_base_url": "https://eu.example.org",
    },
    "another account": {
        "nanonets_api_key": SecretStr("the-key-of-another-account"),
        "studio_token": SecretStr("the-token-of-another-account"),
    },
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize(
    "tool", ["nanonets_delete_field", "review_apply", "studio_add_label", "review_set_up"]
)
async def test_a_code_is_not_good_at_another_address_or_with_another_account(
    tool: str, elsewhere: dict[str, Any], era: Era, tmp_path: Path
) -> None:
    """The ids may be the same there, and what the person agreed to is not there."""
    settings: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}", "confirm": "writes"}
    place = {"workflow_id": "w", "document_id": "d"}
    calls: dict[str, dict[str, Any]] = {
        "nanonets_delete_field": {**place, "page_id": "p", "field_data_id": "f"},
        "review_apply": {**place, "changes": [{"field_data_id": "f", "value": "11"}]},
        "studio_add_label": CREATE[1],
        "review_set_up": {"name": "a", "type": "LABEL", "labels": ["b"], "send": True},
    }
    page = {
        "page_id": "p",
        "data": {"fields": {"total": [{"field_data_id": "f", "value": "10"}]}, "tables": []},
    }
    there = {**page, "document_id": "d", "status": "completed", "pages": [page], "id": 1, "labels": []}

    async def called(network: Network, code: str, **other: Any) -> Any:
        async with connected(network, era, **settings, **other) as client:
            return await client.call_tool(tool, {**calls[tool], **({"confirm": code} if code else {})})

    network = Network(lambda _: httpx2.Response(200, json=there))
    code = (await called(network, "")).structured_content["docreview"]["confirm"]
    error = error_of(await called(network, code, **elsewhere))
    assert (error["code"], error["done"]) == ("needs_confirmation", "no")
    assert all(each.method == "GET" for each in network.requests)
    assert not (await called(network, code)).is_error, "where it was given, it is good"


@pytest.mark.parametrize("journal", ["none", "sqlite://"])
async def test_without_a_lasting_key_the_message_says_what_codes_need(journal: str, era: Era) -> None:
    sandbox = Sandbox()
    code = await code_of(sandbox, era, journal=journal)
    error = error_of(await deleting(sandbox, code, era, journal=journal))
    assert error["code"] == "needs_confirmation"
    assert "journal is kept in a file" in error["message"]
    assert "DOCREVIEW_SEAL_KEYS" in error["message"]


async def test_codes_of_an_older_key_stay_good_and_no_key_is_ever_shown(era: Era) -> None:
    sandbox = Sandbox()
    newer = base64.b64encode(bytes(32)).decode()
    code = await code_of(sandbox, era, journal="sqlite://", seal_keys=KEY)
    done = await deleting(sandbox, code, era, journal="sqlite://", seal_keys=f"{newer},{KEY}")
    assert not done.is_error, done.structured_content
    with pytest.raises(
        SettingsError, match="DOCREVIEW_SEAL_KEYS: expected a comma-separated list of keys"
    ) as fault:
        read_settings(seal_keys=KEY[:20])
    assert KEY[:20] not in str(fault.value)


async def test_a_key_that_is_damaged_is_named_and_nothing_is_sent(era: Era, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite.key").write_bytes(b"short")
    message = await message_without_key(era, tmp_path)
    assert "journal.sqlite.key" in message


async def test_a_key_that_cannot_be_read_is_told_and_nothing_is_sent(era: Era, tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite.key").mkdir()
    message = await message_without_key(era, tmp_path)
    what = r"journal\.sqlite\.key, cannot be used: (Is a directory|Permission denied)\."
    assert re.search(what, message)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
@pytest.mark.usefixtures("without_umask")
async def test_a_new_key_and_its_folders_are_for_the_user_alone_from_the_moment_they_are_made(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key may be made before the journal: with the code that is given out for the first call."""
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    await code_of(Sandbox(), era, journal=f"sqlite:///{tmp_path}/one/two/journal.sqlite")
    made = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")
    }
    assert made["one"] == made["one/two"] == 0o700
    assert made["one/two/journal.sqlite.key"] == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
async def test_a_key_that_others_may_read_is_closed_to_them(era: Era, tmp_path: Path) -> None:
    kept = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}"}
    key = tmp_path / "journal.sqlite.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    await code_of(Sandbox(), era, **kept)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes() == bytes(32)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
async def test_a_key_that_cannot_be_closed_to_others_is_told_and_not_used(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "journal.sqlite.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)

    def of_somebody_else(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", of_somebody_else)
    message = await message_without_key(era, tmp_path)
    assert "journal.sqlite.key, cannot be used: other users can access" in message
    assert "mode 0644" in message


async def test_the_sandbox_seals_codes_without_a_file(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    sandbox = Sandbox()
    settings, transport = embedded(Settings(sandbox=True, confirm="destructive"), sandbox)
    async with Client(build_server(settings, transport=transport), mode=era) as client:
        error = error_of(await client.call_tool("nanonets_delete_field", total_of(sandbox)))
    assert error["code"] == "needs_confirmation"
    assert list(tmp_path.iterdir()) == []


LIMITS = {
    "max_writes_per_hour": "writes in an hour",
    "max_writes_per_day": "writes in a day",
    "max_approvals_per_hour": "approvals in an hour",
    "max_approvals_per_day": "approvals in a day",
}


@pytest.mark.parametrize("key", LIMITS)
async def test_limits_count_what_other_runs_wrote(
    key: str, era: Era, kept: dict[str, Any], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[limits]\n{key} = 2\n")
    sandbox = Sandbox()
    results: list[Any] = []
    for document in ready(sandbox)[:3]:
        async with reviewing(sandbox, era=era, policy=policy, **kept) as (client, _):
            ids = {"model_id": document.workflow_id, "request_file_id": document.id}
            results.append(await client.call_tool("nanonets_approve_file", ids))
    assert [each.is_error for each in results] == [False, False, True]
    error = error_of(results[2])
    assert (error["code"], error["done"]) == ("not_allowed", "no")
    assert f"limits.{key}" in error["message"]
    assert LIMITS[key] in error["message"]
    assert sent(sandbox) == ["verifyFile"] * 2


async def test_the_same_document_counts_as_one_approval(kept: dict[str, Any], tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_approvals_per_day = 1\n")
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    ids = {"model_id": document.workflow_id, "request_file_id": document.id}
    for _ in range(2):
        async with reviewing(sandbox, policy=policy, **kept) as (client, _found):
            assert not (await client.call_tool("nanonets_approve_file", ids)).is_error
            await client.call_tool("nanonets_unapprove_file", ids)


async def test_what_was_not_done_does_not_count(tmp_path: Path, kept: dict[str, Any], era: Era) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 1\n")
    refused = Network(lambda request: httpx2.Response(403, json={"message": "no"}))
    async with connected(refused, era, policy=policy, **kept) as client:
        for _ in range(3):
            assert error_of(await client.call_tool(*CREATE))["code"] == "forbidden"


def test_a_server_with_limits_and_no_journal_does_not_start(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 5\n")
    with pytest.raises(SettingsError, match="counted in the journal"):
        build_server(Settings(policy=policy, journal="none"))


async def test_of_two_servers_that_begin_the_same_call_only_one_sends_it(
    era: Era, kept: dict[str, Any]
) -> None:
    held, first = anyio.Event(), anyio.Event()

    class Held(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            first.set()
            await held.wait()
            return httpx2.Response(201, json={"id": 7, "name": "late"})

    network = Held()
    results: list[Any] = []
    async with (
        connected(network, era, **kept) as one,
        connected(network, era, **kept) as two,
        anyio.create_task_group() as tasks,
    ):

        async def call(client: Any) -> None:
            results.append(await client.call_tool(*CREATE))

        tasks.start_soon(call, one)
        await first.wait()
        await call(two)
        held.set()
    assert len(network.requests) == 1
    assert error_of(results[0])["code"] == "conflict"
    assert not results[1].is_error


async def test_after_an_unclear_outcome_all_that_come_before_the_stop_are_stopped(
    era: Era, kept: dict[str, Any]
) -> None:
    answers = [httpx2.ReadTimeout("late")]

    def answer(request: httpx2.Request) -> httpx2.Response:
        if answers:
            raise answers.pop()
        return httpx2.Response(201, json={"id": 7, "name": "late"})

    network = Network(answer)
    results: list[Any] = []
    async with connected(network, era, **kept) as client:
        assert error_of(await client.call_tool(*CREATE))["done"] == "unknown"
    async with connected(network, era, **kept) as client:

        async def call() -> None:
            results.append(await client.call_tool(*CREATE))

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(call)
        assert [error_of(each)["code"] for each in results] == ["conflict"] * 4
        assert len(network.requests) == 1
    async with connected(network, era, **kept) as client:
        assert not (await client.call_tool(*CREATE)).is_error, "stopped once means once for all servers"
    assert len(network.requests) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits to the size of files")
@pytest.mark.parametrize("has_links", [True, False])
async def test_a_key_that_a_full_disk_cut_off_is_not_left_behind(
    has_links: bool, era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    def link(new: Path, path: Path) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
        raise PermissionError("no links here")

    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with monkeypatch.context() as without_links:
        if has_links:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
        else:
            without_links.setattr("os.link", link)
        try:
            message = await message_without_key(era, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))
    assert "The key for confirmation codes" in message
    assert [*tmp_path.glob("*.key*")] == []
    # What a killed process left is in nobody's way either.
    (tmp_path / f"journal.sqlite.key.{os.getpid()}.new").touch()
    sandbox, kept = Sandbox(), {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}"}
    code = await code_of(sandbox, era, **kept)
    assert not (await deleting(sandbox, code, era, **kept)).is_error


@pytest.mark.parametrize("fault", [PermissionError("no links here"), FileExistsError("made meanwhile")])
async def test_the_key_is_made_without_links_and_once_for_all(
    fault: OSError, era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}"}
    key = tmp_path / "journal.sqlite.key"
    there = bytes(range(32))

    def link(new: Path, path: Path) -> None:
        if isinstance(fault, FileExistsError):
            path.write_bytes(there)
        raise fault

    monkeypatch.setattr("os.link", link)
    sandbox = Sandbox()
    code = await code_of(sandbox, era, **kept)
    assert len(key.read_bytes()) == 32
    assert (key.read_bytes() == there) == isinstance(fault, FileExistsError)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.glob("*.key*")) == [key.name]
    assert not (await deleting(sandbox, code, era, **kept)).is_error
