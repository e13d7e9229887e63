"""`review_files`: a verdict for each file, stopped by failures or the time, and gone on with by a code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.faults import Fault
from docreview_mcp.sandbox.nanonets.state import Document
from results import text_of
from review_desk import HeldWrites, interrupted, invoices, ready, sent

JOURNAL: dict[str, Any] = {"journal": "sqlite://"}
MEMBER = "new.reviewer@example.com"


def wanted(
    documents: Sequence[Document], action: str = "approve", **further: Any
) -> tuple[str, dict[str, Any]]:
    """A call about these files."""
    files = [document.id for document in documents]
    return "review_files", {
        "action": action,
        "model_id": documents[0].workflow_id,
        "file_ids": files,
        **further,
    }


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    """The verdict of each file."""
    found = dict.fromkeys(told.get("done", {}), "done")
    for word in ("already", "not_tried"):
        found |= dict.fromkeys(told.get(word, []), word)
    for word in ("failed", "unknown"):
        found |= {file_id: word for row in told.get(word, []) for file_id in row["ids"]}
    return found


async def test_files_are_approved_taken_back_and_assigned_each_with_an_entry(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        files = ready(sandbox)[:6]
        for action, further in (("approve", {}), ("unapprove", {}), ("assign", {"member": MEMBER})):
            call = wanted(files, action, **further)
            told = (await client.call_tool(*call)).structured_content
            assert told["counts"] == {"done": 6}, told
            assert list(told["done"]) == call[1]["file_ids"]
            assert len({*told["done"].values()}) == 6
            assert "resume" not in told
            sandbox.received.clear()
            again = (await client.call_tool(*call)).structured_content
            assert again["counts"] == {"already": 6}
            assert sent(sandbox) == []
        assert {file.decision for file in files} == {""}
        assert all(file.reviewers == [MEMBER] for file in files)


async def test_each_assignment_can_be_undone_alone(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        with_reviewer = [file for file in ready(sandbox) if file.reviewers][:2]
        before = list(with_reviewer[0].reviewers[:1])
        told = (await client.call_tool(*wanted(with_reviewer, "assign", member=MEMBER))).structured_content
        await client.call_tool("review_undo", {"entry": told["done"][with_reviewer[0].id]})
        assert with_reviewer[0].reviewers == before
        assert with_reviewer[1].reviewers == [MEMBER]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"member": MEMBER}, "member: given with approve"),
        ({"action": "assign"}, "member: missing"),
        ({"resume": "ABC"}, "resume: the code belongs to a call"),
        ({"resume": "not base32 §"}, "resume: the code belongs to a call"),
        ({"file_ids": []}, "file_ids"),
        ({"file_ids": ["a", ".."]}, "file_ids.1: got"),
        ({"action": "reject"}, "action"),
    ],
)
async def test_arguments_that_do_not_go_together_send_nothing(
    era: Era, change: dict[str, Any], words: str
) -> None:
    async with reviewing(era=era) as (client, sandbox):
        name, arguments = wanted(ready(sandbox)[:2])
        error = error_of(await client.call_tool(name, {**arguments, **change}))
        assert error["code"] == "invalid_arguments"
        assert words in error["message"]
        assert not sandbox.received


async def test_files_of_all_kinds_get_their_own_verdict(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        files = invoices(sandbox)
        name, arguments = wanted(files, stop_after=100)
        arguments["file_ids"] += ["unknown file", arguments["file_ids"][0]]
        told = (await client.call_tool(name, arguments)).structured_content
        found = verdicts(told)
        assert len(found) == len(files) + 1
        assert told["duplicates"] == 1
        ready_ids = [file.id for file in files if found[file.id] == "done"]
        assert all(sandbox.nanonets.documents[file_id].decision == "approved" for file_id in ready_ids)
        rejected = [files[5].id, files[15].id]
        row = next(row for row in told["failed"] if rejected[0] in row["ids"])
        assert row["ids"] == rejected
        assert (row["code"], row["done"]) == ("conflict", "no")
        assert "a rejected file never changes" in row["message"]
        codes = {file_id: row["code"] for row in told["failed"] for file_id in row["ids"]}
        assert codes["unknown file"] == "not_found"
        assert found[files[0].id] == "already"
        assert found[files[20].id] == "failed"
        # All that failed only repeats itself, so nothing is left to go on with.
        assert "resume" not in told
        assert told["summary"].startswith(f"Partly done: {len(ready_ids)} of {len(found)} files approved, ")


async def test_it_stops_after_failures_and_the_code_does_only_the_rest(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        files = invoices(sandbox)
        name, arguments = wanted(files)
        told = (await client.call_tool(name, arguments)).structured_content
        assert "stopped after a failure" in told["summary"]
        assert 1 <= told["counts"]["failed"] <= 4
        assert told["counts"]["not_tried"] > 0
        left = set(told["not_tried"])
        # The order of the list and ids that come twice make no difference.
        shuffled = {**arguments, "file_ids": [*reversed(arguments["file_ids"]), arguments["file_ids"][3]]}
        while "resume" in told:
            sandbox.received.clear()
            told = (await client.call_tool(name, {**shuffled, "resume": told["resume"]})).structured_content
            found = verdicts(told)
            assert set(found) == left
            assert told["by_earlier_calls"] == len(files) - len(left)
            assert {each.path.rpartition("/")[2] for each in sandbox.received} <= left
            left = {file_id for file_id, word in found.items() if word == "not_tried"}
        assert not left
        assert ready(sandbox) == []


async def test_a_code_works_after_a_restart_and_for_its_own_call_only(era: Era) -> None:
    sandbox = Sandbox()
    files = [invoices(sandbox)[5], *ready(sandbox)[:8]]
    name, arguments = wanted(files)
    async with reviewing(sandbox, era) as (client, _):
        code = (await client.call_tool(name, arguments)).structured_content["resume"]
    assert len(code) < 30
    async with reviewing(sandbox, era) as (client, _):
        other_calls = [
            {"action": "unapprove"},
            {"file_ids": arguments["file_ids"][1:]},
            {"model_id": "other"},
            {"action": "assign", "member": MEMBER},
        ]
        for change in other_calls:
            error = error_of(await client.call_tool(name, {**arguments, **change, "resume": code}))
            assert "resume: the code belongs to a call" in error["message"]
        told = (await client.call_tool(name, {**arguments, "resume": code.lower()})).structured_content
        assert "failed" not in told
    assert all(file.decision == "approved" for file in files[1:])


async def test_trouble_of_the_service_is_an_error_that_can_be_gone_on_with(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        files = ready(sandbox)[:3]
        name, arguments = wanted(files)
        sandbox.faults.add(Fault("status", "verifyFile", times=100, status=401))
        result = await client.call_tool(name, arguments)
        error = error_of(result)
        assert (error["code"], error["done"]) == ("unauthorized", "no")
        assert result.structured_content["counts"] == {"failed": 3}
        sandbox.faults.clear()
        code = result.structured_content["resume"]
        told = (await client.call_tool(name, {**arguments, "resume": code})).structured_content
        assert told["counts"] == {"done": 3}


async def test_a_file_without_a_clear_answer_is_unknown_and_looked_at_again(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        files = ready(sandbox)[:1]
        name, arguments = wanted(files)
        sandbox.faults.add(Fault("cut", "verifyFile", times=3, after=True))
        result = await client.call_tool(name, arguments)
        assert error_of(result)["done"] == "unknown"
        assert verdicts(result.structured_content) == {files[0].id: "unknown"}
        told = (
            await client.call_tool(name, {**arguments, "resume": result.structured_content["resume"]})
        ).structured_content
        assert told["counts"] == {"already": 1}


async def test_a_file_that_is_rejected_meanwhile_is_not_approved(era: Era) -> None:
    sandbox = Sandbox()
    files = ready(sandbox)[:3]

    def then(method: str, path: str) -> None:
        if path.endswith(files[1].id):
            files[1].decision = "rejected"

    async with interrupted(era, sandbox, then=then) as client:
        told = (await client.call_tool(*wanted(files, stop_after=9))).structured_content
    assert verdicts(told) == {files[0].id: "done", files[1].id: "failed", files[2].id: "done"}
    assert "rejected" in told["failed"][0]["message"]
    assert [each.decision for each in files] == ["approved", "rejected", "approved"]


async def test_the_policy_holds_for_each_file(era: Era, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_approvals = 3\n")
    async with reviewing(era=era, policy=policy) as (client, sandbox):
        told = (await client.call_tool(*wanted(ready(sandbox)[:6], stop_after=9))).structured_content
        assert told["counts"] == {"done": 3, "failed": 3}
        assert {row["code"] for row in told["failed"]} == {"not_allowed"}
        assert sent(sandbox) == ["verifyFile"] * 3


async def test_progress_is_told_for_each_file(era: Era) -> None:
    told: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async with reviewing(era=era) as (client, sandbox):
        await client.call_tool(*wanted(ready(sandbox)[:5]), progress_callback=hear)
    assert told == [f"{number} of 5 files" for number in range(1, 6)]


async def test_what_there_is_no_time_for_is_left_to_the_next_call() -> None:
    sandbox = Sandbox()
    files = ready(sandbox)[:12]
    sandbox.faults.add(Fault("latency", "verifyFile", times=4, seconds=60))
    name, arguments = wanted(files)
    async with reviewing(sandbox, timeout=3, **JOURNAL) as (client, _):
        result = await client.call_tool(name, arguments)
        told = result.structured_content
        assert error_of(result)["done"] == "unknown"
        assert told["counts"] == {"unknown": 4, "not_tried": 8}
        assert "call ran out of time" in error_of(result)["message"]
    async with reviewing(sandbox) as (client, _):
        told = (await client.call_tool(name, {**arguments, "resume": told["resume"]})).structured_content
        assert told["counts"] == {"done": 12}


async def test_a_call_that_the_client_gives_up_starts_nothing_more(era: Era) -> None:
    sandbox = Sandbox()
    files = ready(sandbox)[:8]
    held = HeldWrites(4)
    async with interrupted(era, sandbox, first=held.first) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, *wanted(files))
            await held.begun.wait()
            group.cancel_scope.cancel()
        outcomes: list[str] = []
        for _ in range(500):
            told = await client.call_tool("review_history", {})
            outcomes = [entry["outcome"] for entry in told.structured_content["entries"]]
            if "under way" not in outcomes:
                break
            await anyio.sleep(0.01)
    assert outcomes == ["unknown"] * 4
    assert sent(sandbox) == []


async def test_one_confirmation_is_for_all_files_and_their_present_state(era: Era) -> None:
    async with reviewing(era=era, confirm="writes", **JOURNAL) as (client, sandbox):
        files = ready(sandbox)[:5]
        name, arguments = wanted(files)
        asked = await client.call_tool(name, arguments)
        assert error_of(asked)["code"] == "needs_confirmation"
        note = asked.structured_content["docreview"]
        assert all(each.name in note["summary"] for each in files)
        more = {**arguments, "file_ids": [*arguments["file_ids"], ready(sandbox)[5].id]}
        error = error_of(await client.call_tool(name, {**more, "confirm": note["confirm"]}))
        assert error["code"] == "needs_confirmation"
        files[0].reviewers = [MEMBER]
        changed = await client.call_tool(name, {**arguments, "confirm": note["confirm"]})
        assert error_of(changed)["code"] == "needs_confirmation"
        assert sent(sandbox) == []
        code = changed.structured_content["docreview"]["confirm"]
        told = (await client.call_tool(name, {**arguments, "confirm": code})).structured_content
        assert told["counts"] == {"done": 5}
        assert (await client.call_tool(name, arguments)).structured_content["counts"] == {"already": 5}


async def test_the_answer_stays_short_and_within_the_limit(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        files = ready(sandbox)
        result = await client.call_tool(*wanted(files))
        assert result.structured_content["counts"] == {"done": len(files)}
        assert len(text_of(result)) < 1_500 * len(files) / 20
    async with reviewing(era=era, answer_limit=2_000) as (client, sandbox):
        name, arguments = wanted(ready(sandbox)[:1], stop_after=500)
        arguments["file_ids"] += [f"unknown file {number}" for number in range(150)]
        result = await client.call_tool(name, arguments)
        told = result.structured_content
        assert len(text_of(result)) <= 2_000
        assert told["counts"] == {"done": 1, "failed": 150}
        assert told["docreview"]["cut"]
