"""`review_preview`: single writes and whole review tools, shown with what stands against them, never sent."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from mcp import Client
from review_desk import field_of, invoices
from review_desk import sent as all_sent

GUARDED: dict[str, Any] = {"journal": "sqlite://", "confirm": "destructive", "toolsets": "review,all"}


def sent(sandbox: Sandbox) -> list[str]:
    """The writes that the sandbox received, but for signing in."""
    return [each for each in all_sent(sandbox) if each != "login"]


async def previewed(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What the preview of a call says."""
    result = await client.call_tool("review_preview", {"tool": tool, "arguments": arguments})
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_a_whole_review_apply_is_shown_and_nothing_of_it_is_sent(era: Era) -> None:
    async with reviewing(era=era, **GUARDED) as (client, sandbox):
        document = invoices(sandbox)[2]
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        table = (await client.call_tool("review_document", place)).structured_content["tables"][0]
        total = field_of(document, "total_amount")
        vendor = field_of(document, "vendor_name")
        changes = [
            {"field_data_id": total.id, "value": "4,898.29", "verification_status": "verified"},
            {"field_data_id": vendor.id, "value": vendor.value},
            {"table_id": table["table_id"], "cells": dict.fromkeys(table["columns"], "1")},
            {"table_id": table["table_id"], "row": 1, "delete": True},
        ]
        arguments = {**place, "changes": changes, "verify_document": True}
        told = await previewed(client, "review_apply", **arguments)
        assert sent(sandbox) == []
        assert total.value == "4,398.29"
        assert told["summary"] == f"{len(told['calls'])} calls would be sent."
        assert told["already"] == [vendor.id]
        correction = next(each for each in told["calls"] if each["tool"] == "nanonets_update_field")
        assert correction["present"] == {"value": "4,398.29"}
        assert correction["afterwards"] == {"value": "4,898.29"}
        assert correction["request"]["body"] == {"value": "4,898.29"}
        assert told["needs_confirmation"] is True
        assert "delete row 1" in told["confirmation"]
        assert "would_be_refused" not in told
        assert "calls[].present" in told["docreview"]["outside"]
        history = (await client.call_tool("review_history", {})).structured_content
        assert history["entries"] == []


async def test_the_calls_that_are_shown_are_those_that_are_sent(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        change = {"field_data_id": total.id, "value": "4,898.29", "verification_status": "verified"}
        arguments = {
            "workflow_id": document.workflow_id,
            "changes": [{**change, "document_id": document.id}],
            "verify_document": True,
        }
        told = await previewed(client, "review_apply", **arguments)
        sandbox.received.clear()
        done = await client.call_tool("review_apply", arguments)
        assert not done.is_error, done.structured_content
        paths = [each.path for each in sandbox.received if each.method != "GET"]
        assert [each["request"]["url"].partition("127.0.0.1")[2] for each in told["calls"]] == paths


async def test_what_does_not_hold_any_more_is_told_instead_of_raised(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        change = {"field_data_id": total.id, "value": "1", "expected_value": "another"}
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        told = await previewed(client, "review_apply", **place, changes=[change])
        assert told["would_be_refused"]["code"] == "conflict"
        assert "calls" not in told
        fault = {"workflow_id": document.workflow_id, "document_id": document.id, "changes": []}
        result = await client.call_tool("review_preview", {"tool": "review_apply", "arguments": fault})
        assert "review_apply: changes" in error_of(result)["message"]


@pytest.mark.parametrize("tool", ["review_files", "nanonets_approve_file"])
async def test_what_stands_against_an_approval_is_told_by_file(tool: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        failed = next(each for each in invoices(sandbox) if each.stage == "validation failed")
        if tool == "review_files":
            arguments: dict[str, Any] = {"action": "approve", "model_id": failed.workflow_id}
            told = await previewed(client, tool, **arguments, file_ids=[failed.id])
            (call,) = told["calls"]
            assert told["doubtful_values"] >= 0
        else:
            ids = {"model_id": failed.workflow_id, "request_file_id": failed.id}
            told = call = await previewed(client, tool, **ids)
        assert call["stage"] == "validation failed"
        assert "cannot be approved in stage validation failed" in call["would_be_refused"]["message"]
        assert told["would_be_refused"] == call["would_be_refused"]
        assert sent(sandbox) == []


async def test_a_rule_of_the_policy_stands_against_a_whole_call(era: Era, tmp_path: Any) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tools]\nforbidden = ["nanonets_verify_document"]\n')
    async with reviewing(era=era, journal="sqlite://", policy=str(policy)) as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        change = {"field_data_id": total.id, "value": "1"}
        told = await previewed(client, "review_apply", **place, changes=[change], verify_document=True)
        assert "nanonets_verify_document" in str(told)
        assert told["would_be_refused"]["code"] == "not_allowed"
        assert sent(sandbox) == []


async def test_an_undo_of_several_entries_is_shown_and_can_still_be_made(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        change = {"field_data_id": total.id, "value": "4,898.29", "verification_status": "verified"}
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        await client.call_tool("review_apply", {**place, "changes": [change]})
        sandbox.received.clear()
        told = await previewed(client, "review_undo", since="2020-01-01")
        assert [each["tool"] for each in told["calls"]] == ["nanonets_verify_field", "nanonets_update_field"]
        assert told["calls"][1]["afterwards"] == {"value": "4,398.29"}
        assert sent(sandbox) == []
        undone = await client.call_tool("review_undo", {"since": "2020-01-01"})
        assert not undone.is_error, undone.structured_content
        assert total.value == "4,398.29"


async def test_tags_are_previewed_with_what_the_person_is_asked(era: Era) -> None:
    async with reviewing(era=era, **GUARDED) as (client, sandbox):
        place = {"kind": "correction", "project_id": 1, "id": 111}
        texts = (await client.call_tool("review_texts", {**place, "show": "doubtful"})).structured_content
        change = {"document_id": texts["texts"][0]["document_id"], "done": True}
        told = await previewed(client, "review_tag", **place, changes=[change])
        assert {each["tool"] for each in told["calls"]} == {"studio_mark_segment_corrected"}
        assert told["needs_confirmation"] is True
        assert "mark text" in told["confirmation"]
        assert told["undoable"] is False
        assert sent(sandbox) == []


async def test_a_set_up_is_previewed_without_what_is_there_already(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        arguments = {"classes": [{"name": "Room"}, {"name": "Lift"}], "texts": ["The lift is slow."]}
        told = await previewed(client, "review_set_up", project_id=1, **arguments, send=True)
        assert told["summary"] == "2 calls would be sent."
        assert told["plan"][0] == {"tool": "studio_add_classes", "classes": ["Lift"]}
        assert sent(sandbox) == []


async def test_a_set_up_says_what_the_policy_forbids_of_it(era: Era, tmp_path: Any) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tools]\nforbidden = ["studio_create_labeling_session"]\n')
    async with reviewing(era=era, policy=str(policy)) as (client, sandbox):
        arguments = {"name": "New", "type": "CLASS", "classes": [{"name": "A"}], "texts": ["One."]}
        told = await previewed(client, "review_set_up", **arguments)
        assert len(told["stands_against"]) == 1
        assert "studio_create_labeling_session" in told["stands_against"][0]
        assert not sandbox.received


async def test_what_changes_nothing_and_what_runs_others_have_no_preview(era: Era) -> None:
    async with reviewing(era=era, surface="core") as (client, sandbox):
        for tool, instead in (("review_queue", "directly"), ("run_write_tool", "the tool that it runs")):
            error = error_of(await client.call_tool("review_preview", {"tool": tool, "arguments": {}}))
            assert error["code"] == "invalid_arguments"
            assert instead in error["next"]
        assert not sandbox.received
