"""What an agent asks for in its own words, and the tool that it has to find."""

from __future__ import annotations

import json
from statistics import mean
from typing import Any, cast

import pytest
from conftest import Era, own, reviewing
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.lean.intents import load_intents
from docreview_mcp.tools.lean.tool_search import find
from docreview_mcp.tools.lean.words import words_of
from each_case import each_case
from results import text_of

EVERY = tuple(tool for tool in load_tools() if tool.tier not in ("lean", "app"))
USUAL = tuple(tool for tool in EVERY if tool.tier != "extra")
BY_NAME = {tool.name: tool for tool in EVERY}

ASKED = {
    "correct the total amount of an invoice": ("nanonets_update_field",),
    "fix a wrong value in a table row": ("nanonets_update_cell",),
    "sign off an invoice": ("nanonets_approve_file",),
    "approve many files": ("review_files",),
    "remove a field value": ("nanonets_delete_field",),
    "which documents are waiting for review": ("review_queue",),
    "list workflows": ("nanonets_list_workflows",),
    "read a document with its fields and tables": ("nanonets_get_document",),
    "upload a pdf invoice": ("nanonets_upload_document",),
    "take back an approval": ("nanonets_unapprove_file",),
    "undo my last change": ("review_undo",),
    "what was changed on this document and by whom": ("review_history",),
    "assign files to a reviewer": ("nanonets_assign_files",),
    "sentiment analysis of some texts": ("studio_run_adhoc_analysis",),
    "create a labeling project": ("studio_create_project",),
    "add topics to a project": ("studio_add_classes",),
    "train a model": ("studio_train_model",),
    "start a labelling session": ("studio_create_labeling_session",),
    "invite a colleague to the workspace": ("studio_invite_users",),
    "human in the loop reviews pending": ("studio_list_hitl_reviews",),
    "see the picture of a field on the page": ("review_region",),
    "wait until the analysis is finished": ("review_wait",),
    "what would this call do before sending it": ("review_preview",),
    "mark a segment as annotated": ("studio_mark_segment_annotated",),
    "rename a label": ("studio_update_label",),
    "verify all fields of a document": ("nanonets_verify_document",),
    "status of a batch analysis": ("studio_get_analysis", "studio_create_batch_analysis"),
    "send files again to the accounting system": ("nanonets_retry_exports",),
    "copy a project": ("studio_clone_project",),
    "change a member's role": ("studio_update_user_role",),
    "unread notifications": ("studio_list_notifications", "studio_update_notification"),
    "list the models I may use": ("studio_list_models",),
    "move project to another workspace": ("studio_transfer_project",),
    "add a missing line item to the table": ("nanonets_add_cell",),
    "reset password": ("studio_reset_password",),
    "values with low confidence": ("review_document", "review_queue"),
    "download the original file": ("nanonets_download_document",),
    "verify several fields at once": ("review_apply",),
    "switch human review on for a model": ("studio_add_hitl", "studio_update_hitl"),
}


@pytest.mark.parametrize(("query", "wanted"), ASKED.items(), ids=ASKED)
def test_the_tool_is_among_the_first_three(query: str, wanted: tuple[str, ...]) -> None:
    for offered in (USUAL, EVERY):
        first = [tool.name for tool in find(offered, query).tools[:3]]
        assert set(wanted) & set(first), first


@each_case(EVERY, lambda tool: tool.name)
def test_a_name_finds_its_tool_first_however_it_is_written(tool: Any) -> None:
    for written in (
        tool.name,
        tool.name.upper(),
        f"  {tool.name.replace('_', ' ')} ",
        f"how to call {tool.name}?",
    ):
        assert find(EVERY, written).tools[0] is tool


@each_case(EVERY, lambda tool: tool.name)
def test_a_title_finds_its_tool_among_the_first_three(tool: Any) -> None:
    assert tool in find(EVERY, tool.title).tools[:3]


@each_case(EVERY, lambda tool: tool.name)
def test_each_tool_has_phrases_of_its_own(tool: Any) -> None:
    phrases = load_intents()[tool.name]
    others = {phrase for name, every in load_intents().items() if name != tool.name for phrase in every}
    assert 6 <= len(phrases) <= 10
    assert len(set(phrases)) == len(phrases)
    assert not others & set(phrases)
    assert all(phrase == phrase.lower().strip() and phrase.isascii() for phrase in phrases)
    told = {" ".join(words_of(text)) for text in (tool.title, *tool.description.split("."))}
    assert not told & {" ".join(words_of(phrase)) for phrase in phrases}


@pytest.mark.slow
@each_case(EVERY, lambda tool: tool.name)
def test_most_phrases_find_their_tool(tool: Any) -> None:
    found = [tool in find(EVERY, phrase).tools[:5] for phrase in load_intents()[tool.name]]
    assert mean(found) >= 0.7


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("aprove an invoce", "nanonets_approve_file"),
        ("dowload the orignal file", "nanonets_download_document"),
        ("transfer a projekt to another workspce", "studio_transfer_project"),
        ("invte a collegue", "studio_invite_users"),
        ("creat a labling sesion", "studio_create_labeling_session"),
    ],
)
def test_mistyped_words_find_the_tool(query: str, wanted: str) -> None:
    assert wanted in [tool.name for tool in find(EVERY, query).tools[:3]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Rechnung freigeben", "nanonets_approve_file"),
        ("Datei löschen", "nanonets_delete_file"),
        ("Feld korrigieren", "nanonets_update_field"),
        ("aprobar la factura", "nanonets_approve_file"),
        ("descargar el archivo original", "nanonets_download_document"),
        ("invitar a un usuario", "studio_invite_users"),
    ],
)
def test_common_words_of_other_languages_find_the_tool_weakly(query: str, wanted: str) -> None:
    found = find(EVERY, query)
    assert wanted in [tool.name for tool in found.tools[:3]]
    assert found.is_weak


@pytest.mark.parametrize("word", ["print", "lunch", "john", "complain"])
def test_a_word_that_is_only_somewhat_like_another_is_not_taken_for_it(word: str) -> None:
    query = "rename a class"
    assert find(EVERY, f"{query} {word}").tools[0] is find(EVERY, query).tools[0]


@pytest.mark.parametrize(
    "forms",
    [
        "approve approved approval",
        "class classes",
        "correct corrections",
        "analyses analyzing",
        "verify verification",
    ],
)
def test_forms_of_a_word_are_one_word(forms: str) -> None:
    assert len(set(words_of(forms))) == 1


def test_names_are_taken_apart() -> None:
    assert (
        words_of("nanonets_update_field")
        == words_of("nanonetsUpdateField")
        == words_of("Nanonets, update: field!")
    )


async def test_an_answer_holds_what_a_call_needs(era: Era) -> None:
    async with reviewing(era=era, surface="lean", confirm="destructive") as (client, _):
        found = own(
            await client.call_tool("find_tools", {"query": "delete a cell from a table", "effect": "write"})
        )
    first = found["tools"][0]
    assert (first["tool"], first["effect"]) == ("nanonets_delete_cell", "destructive")
    assert first["toolset"] == "nanonets-moderation"
    assert first["call_with"] == "run_write_tool"
    assert first["description"] == BY_NAME["nanonets_delete_cell"].description
    assert first["required"] == BY_NAME["nanonets_delete_cell"].input_schema["required"]
    assert first["arguments"]["cell_id"] == "string"
    assert "confirm" in first["arguments"]
    assert len(found["tools"]) == 5
    assert all(entry["effect"] != "read" for entry in found["tools"])


async def test_every_argument_is_told_and_a_tool_costs_about_a_hundred_tokens() -> None:
    told: dict[str, Any] = {}
    async with reviewing(surface="lean", toolsets="all") as (client, _):
        for tool in EVERY:
            found = own(await client.call_tool("find_tools", {"query": tool.name, "limit": 1}))
            told[tool.name] = found["tools"][0]
    for name, entry in told.items():
        tool = BY_NAME[name]
        if tool.tier in ("review", "lean"):
            assert entry["call_with"] == name
        else:
            assert (
                entry["arguments"].keys() == cast("dict[str, Any]", tool.input_schema["properties"]).keys()
            ), name
            assert entry["call_with"] == ("run_read_tool" if tool.effect == "read" else "run_write_tool")
    assert mean(len(json.dumps(entry)) for entry in told.values()) < 500


async def test_what_fits_weakly_is_said_to_and_an_answer_is_never_empty(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        for query in (
            "Rechnung freigeben",
            "weather in paris tomorrow",
            "漢字 🙂",
            "",
            "...",
            "the of and",
            "x" * 5_000,
            "\ud7ff_" * 50,
        ):
            found = own(await client.call_tool("find_tools", {"query": query}))
            assert found["tools"]
            assert found["weak"] is True
            assert "English" in found["note"]
            assert "correct" in found["toolsets"]["nanonets-moderation"]
        assert "weak" not in own(await client.call_tool("find_tools", {"query": "approve a file"}))


async def test_five_tools_are_told_in_full_and_five_more_by_name(era: Era) -> None:
    async with reviewing(era=era, surface="lean", toolsets="all") as (client, _):
        found = own(await client.call_tool("find_tools", {"query": "delete a document"}))
    assert len(found["tools"]) == len(found["more"]) == 5
    assert not {entry["tool"] for entry in found["tools"]} & set(found["more"])


async def test_each_result_names_the_tool_to_call(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        listed = {tool.name for tool in (await client.list_tools()).tools}
        for query in ("approve files", "show a document", "undo a change", "list projects"):
            for entry in own(await client.call_tool("find_tools", {"query": query}))["tools"]:
                called = entry["call_with"]
                assert called in listed
                assert (called == entry["tool"]) == (entry["tool"] in listed)
                assert ("arguments" in entry) == (entry["tool"] not in listed)


async def test_only_what_may_be_called_is_found() -> None:
    async with reviewing(surface="lean", read_only=True, exclude_tools="studio_list_projects") as (client, _):
        for query in ("update field value", "studio_list_projects", "studio_delete_project", "run_read_tool"):
            found = own(await client.call_tool("find_tools", {"query": query, "limit": 20}))
            names = {entry["tool"] for entry in found["tools"]}
            assert all(BY_NAME[name].effect == "read" for name in names)
            assert not names & {"studio_list_projects", "studio_delete_project"}


async def test_a_better_tool_that_the_settings_leave_out_is_named(era: Era) -> None:
    query = {"query": "delete a labeling session"}
    async with reviewing(era=era, surface="lean") as (client, _):
        answer = own(await client.call_tool("find_tools", query))
        assert "studio_delete_labeling_session" in answer["not_offered"]
        assert "--toolsets extra" in answer["not_offered"]["studio_delete_labeling_session"]
        assert "user" in answer["why_not"]
        assert "not_offered" not in own(await client.call_tool("find_tools", {"query": "approve a file"}))
    async with reviewing(era=era, surface="lean", read_only=True) as (client, _):
        answer = own(await client.call_tool("find_tools", {"query": "approve a file"}))
        assert "read-only" in answer["not_offered"]["nanonets_approve_file"]
    async with reviewing(era=era, surface="lean", toolsets="all") as (client, _):
        answer = own(await client.call_tool("find_tools", query))
        assert answer["tools"][0]["tool"] == "studio_delete_labeling_session"
        assert "not_offered" not in answer


async def test_many_tools_are_named_only_and_the_answer_stays_small() -> None:
    async with reviewing(surface="lean", toolsets="all", answer_limit=2_000) as (client, _):
        result = await client.call_tool("find_tools", {"query": "update document", "limit": 20})
        found = own(result)
    assert len(text_of(result)) <= 2_000
    assert found["tools"]
    assert len(found["tools"]) + len(found["more"]) == 20
