"""`review_set_up`: a project that people can begin to label, planned first and made by one further call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Era, error_of, reviewing

DESCRIPTION: dict[str, Any] = {
    "name": "Guest feedback",
    "type": "ABSA",
    "classes": [{"name": f"Topic {n}", "description": f"What is said of {n}"} for n in range(5)],
    "labels": ["POS", "NEG"],
    "texts": [f"Answer number {n} is fine." for n in range(30)],
    "session_name": "First round",
}


async def test_a_project_is_shown_then_made_and_can_be_tagged_and_taken_back(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        plan = (await client.call_tool("review_set_up", DESCRIPTION)).structured_content
        assert not sandbox.received
        assert [step["tool"] for step in plan["plan"]][-1] == "studio_create_labeling_session"
        made = (await client.call_tool("review_set_up", {**DESCRIPTION, "send": True})).structured_content
        place = {"project_id": made["project_id"], "id": made["annotation_id"]}
        arguments = {"kind": "labeling_session", **place}
        told = (await client.call_tool("review_texts", arguments)).structured_content
        assert told["counts"]["texts"] == 30
        assert told["classes"] == [each["name"] for each in DESCRIPTION["classes"]]
        assert {"POS", "NEG"} <= set(told["labels"])
        project, *rest = made["entries"]
        error = error_of(await client.call_tool("review_undo", {"entries": made["entries"]}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert error["next"].startswith("If newer entries of this call changed what is in it")
        for entries in (rest, [project]):
            undone = await client.call_tool("review_undo", {"entries": entries})
            assert not undone.is_error, undone.structured_content
        assert made["project_id"] not in sandbox.studio.projects


async def test_a_step_that_fails_says_what_was_made(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, _):
        await client.call_tool("review_set_up", {**DESCRIPTION, "send": True})
        result = await client.call_tool("review_set_up", {**DESCRIPTION, "send": True})
        assert error_of(result)["done"] == "no"
        again = {
            "project_id": 1,
            "classes": [{"name": "New topic"}],
            "labels": ["NOT FOR THIS TYPE"],
            "send": True,
        }
        error = error_of(await client.call_tool("review_set_up", again))
        assert error["done"] == "yes"
        assert "studio_add_label" in error["message"]


async def test_a_step_that_a_limit_stops_says_what_the_rule_wants_and_how_to_go_on(
    era: Era, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 2\n")
    async with reviewing(era=era, journal="sqlite://", policy=policy) as (client, _):
        error = error_of(await client.call_tool("review_set_up", {**DESCRIPTION, "send": True}))
    assert (error["code"], error["done"]) == ("not_allowed", "yes")
    assert error["next"].startswith("Do not look for a workaround")
    assert "Call again with project_id" in error["next"]


@pytest.mark.parametrize("journal", ["sqlite://", "none"])
async def test_what_was_there_already_is_not_counted_as_made(journal: str, era: Era) -> None:
    async with reviewing(era=era, journal=journal) as (client, sandbox):
        there = {"project_id": 1, "labels": ["POS", "NEG"], "send": True}
        result = await client.call_tool("review_set_up", there)
        assert result.structured_content == {"made": 0, "entries": []}
        assert {each.operation for each in sandbox.received} == {"login", "getProject"}
        one_more = {**there, "classes": [{"name": "New topic"}]}
        assert (await client.call_tool("review_set_up", one_more)).structured_content["made"] == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_what_was_made_without_the_journal_is_told(fails: bool, era: Era, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path}", "journal_required": False}
    labels = ["NOT FOR THIS TYPE"] if fails else []
    arguments = {"project_id": 1, "classes": [{"name": "New topic"}], "labels": labels, "send": True}
    async with reviewing(era=era, **kept) as (client, _):
        result = await client.call_tool("review_set_up", arguments)
    assert result.is_error == fails
    assert "not recorded in it" in result.structured_content["docreview"]["journal"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"project_id": 1}, "either name"),
        ({"type": "LABEL"}, "have none"),
        ({"labels": ["POS", "POS"]}, "twice"),
        ({"texts": ["fine", " "]}, "empty text"),
    ],
)
async def test_a_description_at_fault_is_not_sent(change: dict[str, Any], said: str, era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        arguments = {**DESCRIPTION, **change, "send": True}
        error = error_of(await client.call_tool("review_set_up", arguments))
        assert error["code"] == "invalid_arguments"
        assert said in error["message"]
        assert not sandbox.received
