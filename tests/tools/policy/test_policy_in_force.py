"""The policy through the public interface: what stands in the file holds for every way to a write."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.doctor.policy import examine_policy
from docreview_mcp.tools import load_tools
from review_desk import ready, sent

LABEL = "studio_add_label"


def written(folder: Path, text: str) -> Path:
    """A policy file."""
    file = folder / "policy.toml"
    file.write_text(text)
    return file


async def test_no_more_writes_are_sent_than_allowed_and_the_preview_says_so(tmp_path: Path, era: Era) -> None:
    policy = written(tmp_path, "[session]\nmax_writes = 2\n")
    async with reviewing(era=era, policy=policy) as (client, sandbox):
        results: list[Any] = []

        async def add(name: str) -> None:
            results.append(await client.call_tool(LABEL, {"project_id": 3, "name": name}))

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(add, f"label {number}")
        assert sorted(result.is_error for result in results) == [False, False, True, True, True]
        posted = [each for each in sandbox.received if each.operation == "addLabel"]
        assert len(posted) == 2
        shown = await client.call_tool(
            "review_preview", {"tool": LABEL, "arguments": {"project_id": 3, "name": "one more"}}
        )
        assert "session.max_writes" in shown.structured_content["would_be_refused"]["message"]
        assert error_of(next(each for each in results if each.is_error))["code"] == "not_allowed"


EVERY_RULE = """
[tools]
allowed = ["nanonets_*", "review_*"]
forbidden = ["nanonets_delete_*"]

[toolsets]
allowed = ["nanonets-files", "review"]

[workflows]
forbidden = ["w-1"]

[models]
allowed = ["1201"]

[projects]
allowed = []

[session]
max_writes = 200
max_approvals = 50

[limits]
max_writes_per_hour = 30
max_approvals_per_day = 20

[approval]
min_confidence = 0.9
all_verified = true
checks = {checks}

[confirmation]
where = "browser"
{tools}
"""


@pytest.mark.parametrize(
    ("checks", "tools"), [('"all"', ""), ('["total", "line_sum"]', 'tools = ["nanonets_update_*"]')]
)
async def test_the_settings_and_the_doctor_show_every_rule_as_it_stands_in_the_file(
    checks: str, tools: str, tmp_path: Path, era: Era
) -> None:
    rules = EVERY_RULE.format(checks=checks, tools=tools)
    file = written(tmp_path, rules)
    async with reviewing(era=era, policy=file, journal="sqlite://") as (client, _):
        (read,) = (await client.read_resource("docreview://settings")).contents
    assert json.loads(read.text)["policy"] == tomllib.loads(rules)  # type: ignore[union-attr]
    (told,) = [
        said for _, said in examine_policy(Settings(policy=file), load_tools())[1] if "in force" in said
    ]
    for table, keys in tomllib.loads(rules).items():
        for key, value in keys.items():
            assert f"{table}.{key} = {value}" in told


async def test_a_write_that_was_certainly_not_done_does_not_count(tmp_path: Path, era: Era) -> None:
    """As many as before may be sent then, and not one more."""
    answers = [403, 403, 403, 201, 403, 201, 201]
    network = Network(lambda request: httpx2.Response(answers.pop(0), json={"id": 7, "name": "late"}))
    policy = written(tmp_path, "[session]\nmax_writes = 2\n")
    results: list[Any] = []
    async with connected(network, era, policy=policy) as client:
        for number in range(7):
            given = {"project_id": 3, "name": f"label {number}"}
            results.append(await client.call_tool(LABEL, given))
    ends = [error_of(each)["code"] if each.is_error else "done" for each in results]
    assert ends == ["forbidden"] * 3 + ["done", "forbidden", "done", "not_allowed"]
    assert len(network.requests) == 6
    assert "outside" not in results[-1].structured_content.get("docreview", {}), "it quotes nobody"


async def test_a_write_whose_outcome_is_unknown_counts(tmp_path: Path, era: Era) -> None:
    network = Network(lambda request: httpx2.Response(500, text="broken"))
    policy = written(tmp_path, "[session]\nmax_writes = 1\n")
    async with connected(network, era, policy=policy) as client:
        first = error_of(await client.call_tool(LABEL, {"project_id": 3, "name": "a"}))
        second = error_of(await client.call_tool(LABEL, {"project_id": 3, "name": "b"}))
    assert (first["done"], second["code"]) == ("unknown", "not_allowed")
    assert len(network.requests) == 1


async def test_the_journal_tells_nothing_of_what_may_not_be_touched(tmp_path: Path, era: Era) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    async with reviewing(journal=journal) as (client, _):
        for project in (1, 3):
            created = await client.call_tool(
                "studio_create_document", {"project_id": project, "text": "between us"}
            )
            assert not created.is_error, created.structured_content
    policy = written(tmp_path, "[projects]\nforbidden = [3]\n")
    async with reviewing(era=era, journal=journal, policy=policy) as (client, sandbox):
        for arguments in ({}, {"about": ["3"]}, {"entry": 3}):
            told = (await client.call_tool("review_history", arguments)).structured_content["entries"]
            hidden = {"entry": 3, "outcome": "done", "not_shown": told[0]["not_shown"]}
            assert told[0] == hidden
            assert "projects.forbidden" in told[0]["not_shown"]
        resource = await client.read_resource("docreview://journal/3")
        assert "between us" not in str(resource)
        error = error_of(await client.call_tool("review_undo", {"entry": 3}))
        assert (error["code"], error["done"]) == ("not_allowed", "no")
        assert [each.operation for each in sandbox.received if each.operation != "login"] == []


@pytest.mark.parametrize("required", [True, False])
async def test_nothing_is_approved_while_the_journal_cannot_be_read(
    required: bool, tmp_path: Path, era: Era
) -> None:
    """What was changed after it was verified stands there only."""
    policy = written(tmp_path, "[approval]\nmin_confidence = 0\n")
    (tmp_path / "journal").mkdir()
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal'}", "journal_required": required}
    async with reviewing(era=era, policy=policy, **kept) as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        error = error_of(await client.call_tool("nanonets_approve_file", ids))
        assert (error["code"], error["done"]) == ("not_configured", "no")
        assert sent(sandbox) == []


async def test_without_a_journal_the_marks_of_the_service_decide(tmp_path: Path, era: Era) -> None:
    policy = written(tmp_path, "[approval]\nall_verified = true\n")
    async with reviewing(era=era, policy=policy, journal="none") as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        assert error_of(await client.call_tool("nanonets_approve_file", ids))["code"] == "not_allowed"
        for page in document.pages:
            for value in [*page.fields, *(cell for table in page.tables for cell in table.cells)]:
                value.verification_status = "verified"
        assert not (await client.call_tool("nanonets_approve_file", ids)).is_error


async def test_a_document_is_one_approval_of_a_run_whichever_way_it_is_approved(
    tmp_path: Path, era: Era
) -> None:
    policy = written(tmp_path, "[session]\nmax_approvals = 1\n")
    async with reviewing(era=era, policy=policy, journal="sqlite://") as (client, sandbox):
        first, second = ready(sandbox)[:2]
        v4 = {"workflow_id": first.workflow_id, "document_id": first.id, "verification_status": "verified"}
        assert not (await client.call_tool("nanonets_verify_document", v4)).is_error
        for document, passes in ((first, True), (second, False)):
            ids = {"model_id": document.workflow_id, "request_file_id": document.id}
            result = await client.call_tool("nanonets_approve_file", ids)
            assert result.is_error != passes, result.structured_content
        other = {**v4, "document_id": second.id, "verification_status": "unverified"}
        assert not (await client.call_tool("nanonets_verify_document", other)).is_error
