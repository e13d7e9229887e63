"""What tools say of themselves and of their results, so that an agent need not guess the next step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.schemas import JsonObject, load_operations
from docreview_mcp.tools import load_tools
from review_desk import invoices, ready

TAGGED = {
    "studio_list_analysis_documents": {"analysis_id": 31},
    "studio_list_labeling_documents": {"project_id": 1, "annotation_id": 102},
    "studio_get_labeling_document": {"project_id": 1, "annotation_id": 102},
    "studio_list_correction_documents": {"project_id": 1, "correction_id": 111},
    "studio_list_group_documents": {"project_id": 1, "group_id": 24},
    "studio_get_group_document": {"project_id": 1, "group_id": 24},
}
"""Tools whose results hold tags only if `details` asks for them."""


@pytest.mark.parametrize("tool", TAGGED)
async def test_a_result_without_tags_says_how_to_get_them(tool: str) -> None:
    described = next(each for each in load_tools() if each.name == tool)
    assert "details" in described.description or "on request" in described.description
    async with reviewing() as (client, sandbox):
        arguments: dict[str, Any] = {**TAGGED[tool]}
        if "document_id" in str(
            next(each.input_schema for each in load_tools() if each.name == tool)["required"]
        ):
            arguments["document_id"] = sandbox.studio.sessions[102].document_ids[0]
        for details, is_told in ((None, True), (["segments"], True), (["segments", "tags"], False)):
            given = arguments if details is None else {**arguments, "details": details}
            result = await client.call_tool(tool, given)
            assert not result.is_error, result.structured_content
            hint = result.structured_content["docreview"].get("next", "")
            assert ("details segments and tags" in hint) == is_told


async def test_every_tool_with_tags_in_its_parts_says_so() -> None:
    told = {each.tool for each in load_operations().values() if each.parts}
    assert told == set(TAGGED)


def _arguments(schema: Any, path: str = "") -> Iterator[tuple[str, JsonObject]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", inner
        yield from _arguments(inner, f"{path}{name}.")
        yield from _arguments(inner.get("items", {}), f"{path}{name}.")


def test_every_page_number_says_where_counting_begins() -> None:
    counted = {
        (tool.name, path): str(inner.get("description"))
        for tool in load_tools()
        for path, inner in _arguments(tool.input_schema)
        if path.rpartition(".")[2] in ("page", "page_number", "page_num", "pages_to_process")
        and inner.get("type") != "object"
    }
    assert len(counted) >= 8
    for (tool, path), description in counted.items():
        # Studio counts pages from 0, Nanonets from 1, but for the boxes of its older interface.
        is_from_zero = tool.startswith("studio") or (tool, path) in (
            ("review_tag", "changes.page"),
            ("nanonets_update_file_fields", "moderated_boxes.page"),
        )
        assert f"from {0 if is_from_zero else 1}" in description, (tool, path)


async def test_an_argument_with_one_possible_value_need_not_be_given() -> None:
    marks = ("studio_mark_segment_annotated", "studio_mark_document_annotated", "studio_mark_page_annotated")
    tools = {tool.name: tool for tool in load_tools()}
    for name in (*marks, "studio_mark_segment_corrected"):
        assert "name" not in cast("list[str]", tools[name].input_schema["required"])
    async with reviewing() as (client, sandbox):
        document = sandbox.studio.sessions[103].document_ids[0]
        place = {"project_id": 1, "annotation_id": 103, "document_id": document}
        result = await client.call_tool("studio_mark_document_annotated", place)
        assert not result.is_error, result.structured_content


async def test_confirming_a_tag_says_what_closes_its_segment() -> None:
    async with reviewing() as (client, sandbox):
        session, texts = sandbox.studio.sessions[111], sandbox.studio.texts.values()
        segment = next(number for number, tags in session.tags.items() if tags)
        text = next(each for each in texts if segment in [part.id for part in each.segments])
        place = {"project_id": 1, "correction_id": 111, "document_id": text.id, "segment_id": segment}
        arguments = {**place, "tag_id": session.tags[segment][0].id, "status": "READY"}
        result = await client.call_tool("studio_confirm_correction_tag", arguments)
        assert not result.is_error, result.structured_content
        assert "studio_mark_segment_corrected closes" in result.structured_content["docreview"]["next"]


async def test_an_upload_says_where_its_texts_will_be() -> None:
    async with reviewing() as (client, _):
        arguments = {"project_id": 1, "documents": [{"text": "The lift is slow."}]}
        result = await client.call_tool("studio_upload_documents", arguments)
        assert "studio_list_project_documents" in result.structured_content["docreview"]["next"]


async def test_doubtful_values_do_not_hide_that_a_file_cannot_be_approved(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        failed = next(each for each in invoices(sandbox) if each.stage == "validation failed")
        place = {"workflow_id": failed.workflow_id, "document_id": failed.id}
        told = (await client.call_tool("review_document", place)).structured_content
        assert told["counts"]["doubtful"]
        assert "review_apply" in told["next"]
        assert "cannot be approved in stage validation failed" in told["next"]


async def test_several_documents_have_a_next_step_each_and_none_on_top() -> None:
    async with reviewing() as (client, sandbox):
        some = invoices(sandbox)[:4]
        arguments = {"workflow_id": some[0].workflow_id, "document_ids": [each.id for each in some]}
        told = (await client.call_tool("review_document", arguments)).structured_content
        assert "next" not in told
        assert len({each["next"] for each in told["documents"]}) > 1


async def test_a_session_nobody_has_begun_is_ready_and_not_done() -> None:
    async with reviewing() as (client, _):
        arguments = {"kind": "labeling_session", "project_id": 1, "id": 103}
        told = (await client.call_tool("review_wait", arguments)).structured_content
        assert (told["status"], told["progress"]) == ("ready", 0)
        assert "review_texts" in told["next"]


async def test_an_approval_of_many_counts_the_doubtful_values_in_them() -> None:
    async with reviewing(confirm="writes") as (client, sandbox):
        some = [each for each in invoices(sandbox) if each.stage == "validation passed" and not each.decision]
        arguments = {
            "action": "approve",
            "model_id": some[0].workflow_id,
            "file_ids": [each.id for each in some],
            "stop_after": 50,
        }
        error = error_of(await client.call_tool("review_files", arguments))
        assert "doubtful values" in error["message"]
    async with reviewing() as (client, sandbox):
        done = (await client.call_tool("review_files", arguments)).structured_content
        assert done["doubtful_values"] > 0


async def test_a_reviewer_is_found_by_the_tool_that_the_argument_names(era: Era) -> None:
    tools = {each.name: each for each in load_tools()}
    properties: Any = tools["studio_assign_hitl"].input_schema["properties"]
    named = "studio_list_workspace_permissions"
    assert named in properties["assigned_user_id"]["description"]
    async with reviewing(era=era) as (client, sandbox):
        people = (await client.call_tool(named, {"organization_id": 1})).structured_content["items"]
        reviewer = next(each["user_id"] for each in people if each["user"] == "Mei Tanaka")
        place = {"project_id": 5, "hitl_id": 1}
        hitl = (await client.call_tool("studio_get_hitl", place)).structured_content
        kept = {name: hitl[name] for name in ("name", "description", "model_id", "is_live", "webhook_url")}
        arguments = {**place, **kept, "assigned_user_id": reviewer}
        result = await client.call_tool("studio_assign_hitl", arguments)
        assert not result.is_error, result.structured_content
        assert sandbox.studio.hitls[1].assigned_user_id == reviewer


async def test_the_queue_shows_who_nanonets_files_are_assigned_to(era: Era) -> None:
    """Nanonets has no list of its reviewers: those of other files are all that is known of them."""
    async with reviewing(era=era) as (client, sandbox):
        document = ready(sandbox)[0]
        document.reviewers = ["maria@example.com"]
        arguments = {"assigned_to": "maria@example.com", "kinds": ["document"]}
        told = (await client.call_tool("review_queue", arguments)).structured_content
        assert ["maria@example.com"] in [each["assigned_to"] for each in told["entries"]]


def test_what_closes_a_segment_says_what_it_accepts_and_that_nothing_takes_it_back() -> None:
    described = {each.name: each.description for each in load_tools()}
    closing = described["studio_mark_segment_corrected"]
    assert "accepts its open predictions" in closing
    assert "last segment finishes the session" in closing
    assert "Cannot be undone" in closing
    assert "Progress counts segments" in described["studio_confirm_correction_tag"]


async def test_predictions_can_be_corrected_and_not_only_accepted_by_what_is_listed() -> None:
    async with reviewing() as (client, _):
        listed = {each.name for each in (await client.list_tools()).tools}
    assert listed >= {
        "studio_list_labels",
        "studio_list_workspace_permissions",
        "studio_get_auth_status",
        "studio_add_labeling_tag",
        "studio_delete_labeling_tag",
        "studio_add_correction_tag",
        "studio_update_correction_tag",
        "studio_delete_correction_tag",
        "studio_confirm_correction_tag",
    }
