"""Undo: what a write changed is put back, unless it was changed since; what cannot be put back says so."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.schemas import load_operations
from docreview_mcp.tools.arguments import arguments_of
from mcp import Client
from samples import plain_arguments
from undo_scenarios import SCENARIOS, Use, comparable, place_of

WRITES = [each for each in load_operations().values() if each.effect != "read"]
JOURNALLED: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}


def using(client: Client) -> Use:
    """Calls by operation id, which have to succeed."""

    async def use(operation_id: str, /, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(load_operations()[operation_id].tool, arguments)
        assert not result.is_error, (operation_id, result.structured_content)
        return result.structured_content or {}

    return use


def test_every_write_that_can_be_undone_is_tried() -> None:
    assert {each.id for each in WRITES if each.undo} == set(SCENARIOS)


@pytest.mark.parametrize("operation_id", SCENARIOS)
async def test_a_change_undone_leaves_the_state_before(operation_id: str) -> None:
    async with reviewing(**JOURNALLED) as (client, _):
        use = using(client)
        trial = await SCENARIOS[operation_id](use)

        async def state() -> list[Any]:
            answers = [await use(read, **given) for read, given in trial.watched]
            return [comparable(answer, trial.apart) for answer in answers]

        before = await state()
        written = await use(operation_id, **trial.arguments)
        note = written["docreview"]
        assert note["undoable"], note
        if trial.gone is None:
            assert await state() != before, "the write changed nothing that is watched"
        undone = await client.call_tool("review_undo", {"entry": note["entry"]})
        assert not undone.is_error, undone.structured_content
        assert await state() == before
        if trial.gone is not None:
            read, argument = trial.gone
            tool = load_operations()[read].tool
            error = error_of(await client.call_tool(tool, {argument: written["id"]}))
            assert error["code"] == "not_found"
        history = (await client.call_tool("review_history", {"entry": note["entry"]})).structured_content
        calls = undone.structured_content["calls"]
        assert history["entries"][0]["undone_by"] == calls[-1]["entry"]


@pytest.mark.parametrize("operation", [each for each in WRITES if not each.undo], ids=lambda each: each.id)
async def test_what_cannot_be_undone_says_so_beforehand(operation: Any) -> None:
    async with reviewing(**JOURNALLED) as (client, _):
        shown = await client.call_tool(
            "review_preview", {"tool": operation.tool, "arguments": plain_arguments(operation, False)}
        )
        assert not shown.is_error, shown.structured_content
        assert shown.structured_content["undoable"] is False
        assert shown.structured_content["not_undoable"] == operation.not_undoable


async def test_what_has_no_preview_leads_to_what_has_one() -> None:
    async with reviewing(**JOURNALLED) as (client, sandbox):
        for tool, instead in (
            ("review_apply", "nanonets_update_field"),
            ("review_files", "nanonets_approve_file"),
            ("review_undo", "review_history"),
            ("review_queue", "directly"),
        ):
            error = error_of(await client.call_tool("review_preview", {"tool": tool, "arguments": {}}))
            assert error["code"] == "invalid_arguments"
            assert instead in error["next"]
        assert not sandbox.received


async def total(use: Use) -> tuple[dict[str, str], str]:
    """The place of invoice-003's total amount, and what it reads."""
    place = await place_of(use)
    found = (await use("getPageData", **place))["data"]["fields"]["total_amount"][0]
    return {**place, "field_data_id": found["field_data_id"]}, found["value"]


async def test_what_was_changed_since_is_not_undone_and_both_are_shown(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, sandbox):
        use = using(client)
        where, _ = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        await use("updateFieldValue", **where, value="two")
        sent = len(sandbox.received)
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert error["code"] == "conflict"
        assert "one" in error["message"]
        assert "two" in error["message"]
        assert all(request.method == "GET" for request in list(sandbox.received)[sent:])


async def test_an_undo_can_be_undone_and_none_is_made_twice(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        use = using(client)
        where, first = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        undone = (await client.call_tool("review_undo", {"entry": entry})).structured_content
        assert (await total(use))[1] == first
        assert (
            "undone already" in error_of(await client.call_tool("review_undo", {"entry": entry}))["message"]
        )
        again = await client.call_tool("review_undo", {"entry": undone["calls"][0]["entry"]})
        assert not again.is_error
        assert (await total(use))[1] == "one"


async def test_a_write_that_changes_nothing_has_nothing_to_undo(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        use = using(client)
        where, first = await total(use)
        note = (await use("updateFieldValue", **where, value=first))["docreview"]
        assert note["undoable"] is False
        assert note["not_undoable"] == "Nothing was changed."
        assert error_of(await client.call_tool("review_undo", {"entry": note["entry"]}))["code"] == "conflict"


async def test_deleting_what_was_created_is_confirmed_first(era: Era) -> None:
    async with reviewing(era=era, **{**JOURNALLED, "confirm": "destructive"}) as (client, _):
        use = using(client)
        created = await use("addLabel", project_id=3, name="Very urgent")
        undo = {"entry": created["docreview"]["entry"]}
        error = error_of(await client.call_tool("review_undo", undo))
        assert error["code"] == "needs_confirmation"
        assert "studio_delete_label" in error["message"]
        code = error["next"].rpartition("confirm=")[2]
        undone = await client.call_tool("review_undo", {**undo, "confirm": code})
        assert not undone.is_error, undone.structured_content


async def test_an_unknown_entry_and_a_journal_switched_off_are_told(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        assert error_of(await client.call_tool("review_undo", {"entry": 99}))["code"] == "not_found"
    async with reviewing(era=era) as (client, _):
        for tool, arguments in (("review_undo", {"entry": 1}), ("review_history", {})):
            error = error_of(await client.call_tool(tool, arguments))
            assert error["code"] == "not_configured"
            assert "DOCREVIEW_JOURNAL" in error["message"]


def test_guards_are_arguments_of_every_write_and_of_no_read() -> None:
    for operation in load_operations().values():
        guards = {each.name for each in arguments_of(operation) if each.location == "guard"}
        assert ({"confirm", "reason"} <= guards) == (operation.effect != "read")
