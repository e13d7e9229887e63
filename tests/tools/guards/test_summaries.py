"""What a person is shown before they agree: what there is to judge, the most doubtful first, cut to size."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, reviewing
from mcp import Client
from review_desk import cells_of, field_of, ready

STATE: dict[str, Any] = {"confirm": "writes", "journal": "sqlite://"}


async def summary(client: Client, tool: str, **arguments: Any) -> str:
    """The summary of a call that a person has to confirm."""
    result = await client.call_tool(tool, arguments)
    return result.structured_content["docreview"]["summary"]


@pytest.mark.parametrize("tool", ["nanonets_approve_file", "nanonets_verify_document"])
async def test_of_a_whole_document_the_most_doubtful_values_are_shown(tool: str, era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        values = [
            each
            for page in document.pages
            for each in [*page.fields, *(cell for table in page.tables for cell in table.cells)]
        ]
        for each in values:
            each.verification_status, each.confidence = "unverified", 0.97
        total, subtotal = field_of(document, "total_amount"), field_of(document, "subtotal")
        total.verification_status = "failed"
        subtotal.confidence = 0.11
        values[-1].verification_status = "verified"
        v4 = {"workflow_id": document.workflow_id, "document_id": document.id}
        v2 = {"model_id": document.workflow_id, "request_file_id": document.id}
        arguments = v2 if tool == "nanonets_approve_file" else {**v4, "verification_status": "verified"}
        told = await summary(client, tool, **arguments)
    assert f"values {len(values)}" in told
    assert "verified 1" in told
    doubtful = f'total_amount:” “"{total.value}" (failed a check)”'
    assert doubtful in told
    assert f'subtotal:” “"{subtotal.value}" (confidence 0.11)”' in told
    assert told.index("total_amount") < told.index("subtotal")
    assert "more unverified values" in told


async def test_a_value_that_was_changed_is_shown_as_such(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        for page in document.pages:
            for each in [*page.fields, *(cell for table in page.tables for cell in table.cells)]:
                each.verification_status = "verified"
        total = field_of(document, "total_amount")
        total.verification_status, total.is_moderated = "unverified", True
        ids = {"workflow_id": document.workflow_id, "document_id": document.id}
        told = await summary(client, "nanonets_verify_document", **ids, verification_status="verified")
    assert f'total_amount:” “"{total.value}" (changed, not verified)”' in told
    assert "more unverified values" not in told


async def test_a_summary_has_an_end_that_is_told(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        for each in document.pages[0].fields:
            each.verification_status, each.confidence, each.value = "unverified", 0.1, "9" * 500
        ids = {"workflow_id": document.workflow_id, "document_id": document.id}
        told = await summary(client, "nanonets_verify_document", **ids, verification_status="verified")
    assert len(told) < 2_200
    assert "the rest is not shown" in told


async def test_the_present_reviewers_of_several_files_are_shown(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        documents = ready(sandbox)[:2]
        told = await summary(
            client,
            "nanonets_assign_files",
            model_id=documents[0].workflow_id,
            file_ids=[each.id for each in documents],
            member="ada@example.com",
        )
    assert "ada@example.com" in told
    assert "Current state: " in told
    assert "assigned_member" in told.partition("Current state: ")[2]


async def test_the_name_of_a_document_that_is_deleted_is_shown(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"workflow_id": document.workflow_id, "document_id": document.id}
        told = await summary(client, "nanonets_delete_document", **ids)
    assert f"original_document_name “{document.name}”" in told
    assert f"values {sum(len(page.fields) for page in document.pages) + len(cells_of(document))}" in told


async def test_a_call_without_ids_is_shown_by_its_arguments(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, _):
        told = await summary(client, "studio_create_project", name="Very urgent", type="ABSA")
    assert "Very urgent" in told
    assert "Ids: " not in told


@pytest.mark.parametrize("kind", ["field_data_id", "cell_id"])
async def test_corrections_show_each_value_that_they_only_mark(kind: str, era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        value, cell = field_of(document, "total_amount"), cells_of(document)[0]
        identity, text = (cell.id, cell.text) if kind == "cell_id" else (value.id, value.value)
        ids = {"workflow_id": document.workflow_id, "document_id": document.id}
        change = {kind: identity, "verification_status": "verified"}
        told = await summary(client, "review_apply", **ids, changes=[change])
    assert f'“"{text}": mark as verified”' in told


async def test_a_page_that_is_written_whole_is_shown_by_what_changes(era: Era) -> None:
    async with reviewing(era=era, confirm="destructive", journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"model_id": document.workflow_id, "page_id": document.pages[0].id}
        page = (await client.call_tool("nanonets_get_file_page", ids)).structured_content["result"][0]
        boxes = page["predicted_boxes"]
        plain = [each for each in boxes if each["type"] == "field"]
        cells = next(each["cells"] for each in boxes if each["type"] == "table")
        plain[0]["ocr_text"], first = "Other Ltd", plain[0]["ocr_text"]
        cells[1]["text"], amount = "99", cells[1]["text"]
        boxes.remove(plain[1])
        boxes.append({**plain[0], "id": "", "label": "notes", "ocr_text": "by hand"})
        sent = {"model_id": document.workflow_id, "moderated_boxes": boxes, "page": {"id": page["id"]}}
        told = await summary(client, "nanonets_update_file_fields", **sent)
    assert f'{plain[0]["label"]}:” “"{first}" → "Other Ltd"”' in told
    assert f'in row {cells[1]["row"]}:” “"{amount}" → "99"”' in told
    assert f'{plain[1]["label"]}:” “remove "{plain[1]["ocr_text"]}"”' in told
    assert 'notes:” “add "by hand"”' in told
    assert "changed 4" in told
    assert "xmin" not in told


async def test_a_row_that_is_named_by_its_number_is_no_table(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        ids = {"workflow_id": document.workflow_id, "document_id": document.id}
        change = {"table_id": document.pages[0].tables[0].id, "row": 0, "delete": True}
        told = await summary(client, "review_apply", **ids, changes=[change])
    assert "row 0: “”" not in told
    assert f"“1. delete row 0” row 0: “{cells_of(document)[0].text}”" in told
