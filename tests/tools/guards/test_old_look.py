"""A write from an old look does not overwrite what somebody else wrote since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox.nanonets.state import Document
from results import text_of
from review_desk import cells_of, field_of, ready, sent


def ids_of(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


def total_of(document: Document) -> dict[str, str]:
    place = {**ids_of(document), "page_id": document.pages[0].id}
    return {**place, "field_data_id": field_of(document, "total_amount").id}


def change(document: Document, **given: Any) -> dict[str, Any]:
    return {"field_data_id": field_of(document, "total_amount").id, **given}


LOOKS: dict[str, Callable[[Document], dict[str, Any]]] = {
    "review_document": ids_of,
    "nanonets_get_document": ids_of,
    "nanonets_get_page": lambda document: {**ids_of(document), "page_id": document.pages[0].id},
}
WRITES: dict[str, tuple[str, Callable[[Document], dict[str, Any]]]] = {
    "correct": ("nanonets_update_field", lambda document: {**total_of(document), "value": "101"}),
    "verify": (
        "nanonets_verify_field",
        lambda document: {**total_of(document), "verification_status": "verified"},
    ),
    "delete": ("nanonets_delete_field", total_of),
    "verify all": (
        "nanonets_verify_document",
        lambda document: {**ids_of(document), "verification_status": "verified"},
    ),
    "apply": (
        "review_apply",
        lambda document: {**ids_of(document), "changes": [change(document, value="101")]},
    ),
    "apply a mark": (
        "review_apply",
        lambda document: {**ids_of(document), "changes": [change(document, verification_status="verified")]},
    ),
}


@pytest.mark.parametrize("journal", ["sqlite://", "none"])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("write", WRITES)
async def test_what_changed_since_it_was_read_is_a_conflict_that_shows_both(
    write: str, look: str, journal: str, era: Era
) -> None:
    tool, arguments = WRITES[write]
    async with reviewing(era=era, journal=journal) as (client, sandbox):
        document = ready(sandbox)[0]
        total = field_of(document, "total_amount")
        before = total.value
        assert not (await client.call_tool(look, LOOKS[look](document))).is_error
        total.value, total.verification_status = "999", "verified"
        error = error_of(await client.call_tool(tool, arguments(document)))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert "999" in error["message"]
        assert before in error["message"]
        assert "“”" not in error["message"], "the value has a name"
        assert (total.value, sent(sandbox)) == ("999", [])


OTHER_LOOKS: dict[str, Callable[[Document], dict[str, Any]]] = {
    "nanonets_get_document_fields": ids_of,
    "nanonets_get_document_tables": ids_of,
    "nanonets_get_file_page": lambda document: {
        "model_id": document.workflow_id,
        "page_id": document.pages[0].id,
    },
    "review_region": lambda document: {**ids_of(document), "cell_id": cells_of(document)[0].id},
}


@pytest.mark.parametrize("look", OTHER_LOOKS)
async def test_whatever_shows_a_value_is_a_look(look: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://", toolsets=("all",)) as (client, sandbox):
        document = ready(sandbox)[0]
        assert not (await client.call_tool(look, OTHER_LOOKS[look](document))).is_error
        place = {**ids_of(document), "page_id": document.pages[0].id}
        tool, found = "nanonets_update_field", total_of(document)
        if look != "nanonets_get_document_fields":
            table, cell = document.pages[0].tables[0], cells_of(document)[0]
            tool, found = "nanonets_update_cell", {**place, "table_id": table.id, "cell_id": cell.id}
            cell.text = "999"
        field_of(document, "total_amount").value = "999"
        error = error_of(await client.call_tool(tool, {**found, "value": "101"}))
        assert error["code"] == "conflict"
        assert sent(sandbox) == []


@pytest.mark.parametrize("look", ["review_document", "review_table"])
async def test_what_was_cut_from_an_answer_was_not_shown(look: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://", answer_limit=2_000) as (client, sandbox):
        document = ready(sandbox)[0]
        arguments: dict[str, Any] = ids_of(document)
        if look == "review_table":
            names = ["vendor_name", "total_amount", "invoice_number", "due_date"]
            arguments = {"workflow_id": document.workflow_id, "fields": names, "limit": 100}
            shown = text_of(await client.call_tool(look, arguments))
            document = next(each for each in ready(sandbox) if each.id not in shown)
            value: dict[str, str] = {"field_data_id": field_of(document, "total_amount").id}
            tool, place = "nanonets_update_field", total_of(document)
        else:
            page = document.pages[-1]
            value = {"cell_id": page.tables[-1].cells[-1].id}
            tool = "nanonets_update_cell"
            place = {**ids_of(document), "page_id": page.id, "table_id": page.tables[-1].id, **value}
        assert not (await client.call_tool("review_region", {**ids_of(document), **value})).is_error
        field_of(document, "total_amount").value = cells_of(document)[-1].text = "999"
        looked = await client.call_tool(look, arguments)
        assert not looked.is_error
        if look == "review_table":
            assert "999" not in text_of(looked)
        error = error_of(await client.call_tool(tool, {**place, "value": "101"}))
        assert error["code"] == "conflict"
        assert sent(sandbox) == []


@pytest.mark.parametrize("write", ["correct", "verify", "delete", "verify all"])
async def test_once_the_value_was_shown_the_call_goes_through(write: str, era: Era) -> None:
    tool, arguments = WRITES[write]
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await client.call_tool("review_document", ids_of(document))
        field_of(document, "total_amount").value = "999"
        assert (await client.call_tool(tool, arguments(document))).is_error
        again = await client.call_tool(tool, arguments(document))
        assert not again.is_error, again.structured_content


async def test_an_expected_value_counts_for_more_and_what_was_never_read_is_not_compared(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        first, second = ready(sandbox)[:2]
        await client.call_tool("review_document", ids_of(first))
        field_of(first, "total_amount").value = "999"
        given = {**total_of(first), "value": "101", "expected_value": "999"}
        assert not (await client.call_tool("nanonets_update_field", given)).is_error
        field_of(second, "total_amount").value = "999"
        unread = {**total_of(second), "value": "101"}
        assert not (await client.call_tool("nanonets_update_field", unread)).is_error


async def test_an_agent_s_own_writes_are_what_it_last_saw(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await client.call_tool("review_document", ids_of(document))
        for value in ("1", "2", "3"):
            result = await client.call_tool("nanonets_update_field", {**total_of(document), "value": value})
            assert not result.is_error, result.structured_content
        applied = await client.call_tool(
            "review_apply",
            {**ids_of(document), "changes": [change(document, value="4", verification_status="verified")]},
        )
        assert not applied.is_error, applied.structured_content
        marked = await client.call_tool(
            "nanonets_verify_field", {**total_of(document), "verification_status": "unverified"}
        )
        assert not marked.is_error, marked.structured_content


async def test_many_changes_are_shown_and_taken_as_seen_a_few_at_a_time(era: Era) -> None:
    tool, arguments = WRITES["verify all"]
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await client.call_tool("review_document", ids_of(document))
        for each in document.pages[0].fields[:5]:
            each.value = "999"
        messages = [error_of(await client.call_tool(tool, arguments(document)))["message"] for _ in range(2)]
        assert [message.count("now “999”") for message in messages] == [3, 2]
        assert "and 2 more values" in messages[0]
        assert "further" not in messages[1]
        assert sent(sandbox) == []
        assert not (await client.call_tool(tool, arguments(document))).is_error


async def test_a_page_of_v2_is_not_written_from_an_old_look(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        file = (await client.call_tool("nanonets_get_file", ids)).structured_content
        page = [*file["moderated_images"], *file["unmoderated_images"]][0]
        boxes = page["moderated_boxes"] or page["predicted_boxes"]
        field_of(document, "total_amount").value = "999"
        written = {
            "model_id": document.workflow_id,
            "moderated_boxes": boxes,
            "page": {"id": page["id"]},
        }
        error = error_of(await client.call_tool("nanonets_update_file_fields", written))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert "999" in error["message"]
        assert sent(sandbox) == []


async def test_the_expected_value_of_a_table_is_the_number_of_its_cells(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        table = document.pages[0].tables[0]
        place = {**ids_of(document), "page_id": document.pages[0].id, "table_id": table.id}
        count = len(table.cells)
        error = error_of(
            await client.call_tool("nanonets_delete_table", {**place, "expected_value": str(count + 1)})
        )
        assert error["code"] == "conflict"
        done = await client.call_tool("nanonets_delete_table", {**place, "expected_value": str(count)})
        assert not done.is_error, done.structured_content


async def test_without_a_journal_a_value_that_nobody_saw_is_written_in_one_request(era: Era) -> None:
    async with reviewing(era=era, journal="none") as (client, sandbox):
        tool, arguments = WRITES["correct"]
        assert not (await client.call_tool(tool, arguments(ready(sandbox)[0]))).is_error
        assert len(sandbox.received) == 1


async def test_without_a_journal_nothing_is_read_before_a_write_that_touches_no_value(era: Era) -> None:
    async with reviewing(era=era, journal="none") as (client, sandbox):
        await client.call_tool("review_document", ids_of(ready(sandbox)[0]))
        before = len(sandbox.received)
        renamed = await client.call_tool("studio_update_project", {"project_id": 1, "name": "Renamed"})
        assert not renamed.is_error, renamed.structured_content
        assert [each.method for each in list(sandbox.received)[before:] if each.operation != "login"] == [
            "PUT"
        ]
