"""Limits on writes and approvals in a time: what counts, for whom and for how long."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.journal import records
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.server.protocol import call_context
from docreview_mcp.tools.journal.entries import Caller, Closing, Opening
from review_desk import ready

CREATE = "studio_add_label"


class Desk:
    """A journal, a policy with limits, and runs of a server that share them."""

    def __init__(self, folder: Path, rules: str) -> None:
        self.policy = folder / "policy.toml"
        self.policy.write_text(f"[limits]\n{rules}\n")
        self.journal = f"sqlite:///{folder / 'journal.sqlite'}"
        self.sandbox = Sandbox()
        self._labels = 0

    async def call(self, tool: str, **arguments: Any) -> Any:
        """The result of a call in a run of its own."""
        settings: dict[str, Any] = {"policy": self.policy, "journal": self.journal}
        async with reviewing(self.sandbox, **settings) as (client, _):
            return await client.call_tool(tool, arguments)

    async def write(self) -> Any:
        """The result of a write that approves nothing."""
        self._labels += 1
        return await self.call(CREATE, project_id=3, name=f"label {self._labels}")

    async def approve(self, document: Document) -> Any:
        """The result of an approval."""
        return await self.call(
            "nanonets_approve_file", model_id=document.workflow_id, request_file_id=document.id
        )


def ago(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    """Let what is recorded from now on be recorded that long ago."""
    moment = datetime.now(UTC) - timedelta(**time)
    monkeypatch.setattr(records, "now", lambda: moment.isoformat(timespec="microseconds"))


async def test_every_write_counts_however_many_there_are(tmp_path: Path) -> None:
    """Some that are done are not closed yet when others begin, as with parallel calls."""
    count, desk = 400, Desk(tmp_path, "max_writes_per_hour = 401")
    journal = open_journal(Settings(journal=desk.journal), tuple)
    assert journal is not None
    caller = Caller(user=call_context.user_of_machine())
    not_done = [await journal.open(Opening(CREATE, {}, (), "", caller)) for _ in range(5)]
    for _ in range(count):
        number = await journal.open(Opening(CREATE, {}, (), "", caller))
        await journal.close(number, Closing("done"))
    for number in not_done:
        await journal.close(number, Closing("not done"))
    journal.stop()
    assert not (await desk.write()).is_error
    assert "already has 401" in error_of(await desk.write())["message"]


@pytest.mark.parametrize(
    ("rule", "within", "over"),
    [
        ("max_writes_per_hour = 1", {"minutes": 59}, {"minutes": 61}),
        ("max_writes_per_day = 1", {"hours": 23}, {"hours": 25}),
    ],
)
async def test_a_write_counts_until_its_time_is_over(
    rule: str,
    within: dict[str, float],
    over: dict[str, float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(tmp_path, rule)
    with monkeypatch.context() as past:
        ago(past, **over)
        assert not (await desk.write()).is_error
    with monkeypatch.context() as past:
        ago(past, **within)
        assert not (await desk.write()).is_error, "the first one is over"
    assert error_of(await desk.write())["code"] == "not_allowed"


async def test_a_clock_that_was_set_back_for_a_while_hides_no_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 1")
    assert not (await desk.write()).is_error
    with monkeypatch.context() as patch:
        ago(patch, hours=3)
        journal = open_journal(Settings(journal=desk.journal), tuple)
        assert journal is not None
        await journal.open(Opening(CREATE, {}, (), "", Caller(user="somebody else")))
        journal.stop()
    assert error_of(await desk.write())["code"] == "not_allowed"


async def test_each_limit_counts_over_its_own_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 1\nmax_writes_per_day = 3")
    for minutes in (130, 65):
        with monkeypatch.context() as past:
            ago(past, minutes=minutes)
            assert not (await desk.write()).is_error
    assert not (await desk.write()).is_error
    message = error_of(await desk.write())["message"]
    assert "limits.max_writes_per_hour" in message
    assert "already has 1" in message


async def test_limits_are_for_one_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 1")
    for user in ("ada", "ben"):
        monkeypatch.setattr(call_context, "user_of_machine", lambda user=user: user)
        assert not (await desk.write()).is_error
        assert error_of(await desk.write())["code"] == "not_allowed"


async def test_the_environment_does_not_say_who_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 1")
    assert not (await desk.write()).is_error
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    call_context.user_of_machine.cache_clear()
    assert error_of(await desk.write())["code"] == "not_allowed"


async def test_an_account_without_a_name_is_a_user_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 1")
    with monkeypatch.context() as container:
        for number in (70_001, 70_002):
            container.setattr(os, "getuid", lambda number=number: number)
            call_context.user_of_machine.cache_clear()
            assert not (await desk.write()).is_error
            assert error_of(await desk.write())["code"] == "not_allowed"
    call_context.user_of_machine.cache_clear()


async def test_approvals_and_writes_have_limits_of_their_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "max_approvals_per_day = 1")
    first, second = ready(desk.sandbox)[:2]
    for _ in range(2):
        assert not (await desk.write()).is_error
    for _ in range(2):
        assert not (await desk.approve(first)).is_error, "one document is one approval"
    assert "limits.max_approvals_per_day" in error_of(await desk.approve(second))["message"]
    assert not (await desk.write()).is_error


async def test_an_approval_that_was_counted_already_is_still_a_write(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "max_approvals_per_day = 1\n\n[others.limits]\nmax_writes_per_hour = 2")
    document = ready(desk.sandbox)[0]
    for _ in range(2):
        assert not (await desk.approve(document)).is_error
    assert "others.limits.max_writes_per_hour" in error_of(await desk.approve(document))["message"]


async def test_another_spelling_of_its_id_is_the_same_approval(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    network = Network(lambda request: httpx2.Response(200, json={"message": "ok"}))
    identity = "a7f3c2d1-4b5e-4f60-8a91-0c2d3e4f5a6b"
    for rule in ("[limits]\nmax_approvals_per_day = 1\n", "[session]\nmax_approvals = 1\n"):
        policy.write_text(rule)
        async with connected(network, policy=policy, journal="sqlite://") as client:
            for spelled in (identity, identity.upper(), identity.replace("-", "")):
                ids = {"model_id": "m", "request_file_id": spelled}
                assert not (await client.call_tool("nanonets_approve_file", ids)).is_error
            ids = {"model_id": "m", "request_file_id": "another"}
            assert error_of(await client.call_tool("nanonets_approve_file", ids))["code"] == "not_allowed"


async def test_a_write_of_a_tool_that_is_gone_counts_as_a_write_and_no_more(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "max_writes_per_hour = 2\nmax_approvals_per_day = 1")
    journal = open_journal(Settings(journal=desk.journal), tuple)
    assert journal is not None
    caller = Caller(user=call_context.user_of_machine())
    await journal.open(Opening("nanonets_sign_file", {"request_file_id": "f"}, (), "", caller))
    journal.stop()
    assert not (await desk.approve(ready(desk.sandbox)[0])).is_error
    assert "already has 2" in error_of(await desk.write())["message"]


async def test_a_write_whose_outcome_is_unknown_counts(tmp_path: Path, era: Era) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 1\n")
    network = Network(lambda request: httpx2.Response(500, text="broken"))
    async with connected(network, era, policy=policy, journal="sqlite://") as client:
        arguments = {"project_id": 1, "name": "late"}
        assert error_of(await client.call_tool(CREATE, arguments))["done"] == "unknown"
        other = {"project_id": 1, "name": "another"}
        assert error_of(await client.call_tool(CREATE, other))["code"] == "not_allowed"


async def test_a_limit_stops_writes_if_the_journal_is_away_although_it_is_not_required(
    tmp_path: Path, era: Era
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 100\n")
    (tmp_path / "journal").mkdir()
    network = Network()
    settings: dict[str, Any] = {"policy": policy, "journal": f"sqlite:///{tmp_path / 'journal'}"}
    async with connected(network, era, **settings, journal_required=False) as client:
        error = error_of(await client.call_tool(CREATE, {"project_id": 1, "name": "late"}))
    assert (error["code"], error["done"]) == ("not_configured", "no")
    assert network.requests == []
