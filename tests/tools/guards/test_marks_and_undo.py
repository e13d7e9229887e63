"""What was changed or deleted counts until it is verified, whatever marks and undos come in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from approval_desk import APPROVALS, desk, done, passes, place_of, refused, total_of, verify_everything
from conftest import Era
from docreview_mcp.sandbox.nanonets.state import Document
from mcp import Client
from review_desk import field_of, ready


async def unverify(client: Client, what: str, document: Document) -> int:
    """Take the mark of the total away, or of all values, and give the entry."""
    ids = {"workflow_id": document.workflow_id, "document_id": document.id}
    place = ids if what == "document" else total_of(document)
    answer = await done(client, f"nanonets_verify_{what}", **place, verification_status="unverified")
    return answer["docreview"]["entry"]


@pytest.mark.parametrize("tool", APPROVALS)
async def test_a_mark_that_is_taken_away_and_put_back_by_an_undo_is_no_verification(
    tool: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await done(client, "review_undo", entry=await unverify(client, "field", document))
        assert field_of(document, "total_amount").verification_status == "verified"
        assert "changed, not verified" in await refused(client, document, tool)
        await done(client, "nanonets_verify_field", **total_of(document), verification_status="verified")
        await passes(client, document, tool)


@pytest.mark.parametrize("what", ["field", "document"])
async def test_a_person_may_verify_what_lost_its_mark_after_the_change(what: str, tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await unverify(client, what, document)
        await refused(client, document, "nanonets_approve_file")
        verify_everything(document)
        await passes(client, document, "nanonets_approve_file")


@pytest.mark.parametrize("what", ["field", "document"])
async def test_the_confidence_of_a_changed_value_does_not_come_back_without_its_mark(
    what: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era, "confident") as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        total = field_of(document, "total_amount")
        total.confidence = 0.99
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await done(client, "nanonets_verify_field", **total_of(document), verification_status="verified")
        await unverify(client, what, document)
        verify_everything(document)
        # A service that does not say that it was changed.
        total.verification_status, total.is_moderated = "unverified", False
        message = await refused(client, document, "nanonets_verify_document")
        assert "1 of 44 fail: “total_amount” (changed, not verified)" in message


@pytest.mark.parametrize("tool", ["nanonets_verify_document", "review_files"])
async def test_taking_all_marks_away_does_not_hide_a_deletion(tool: str, tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        field_of(document, "total_amount").verification_status = "unverified"
        await done(client, "nanonets_delete_field", **total_of(document))
        await unverify(client, "document", document)
        verify_everything(document)
        await refused(client, document, tool)


@pytest.mark.parametrize("second", ["deleted", "undone"])
async def test_a_deleted_value_that_an_undo_added_again_is_not_free_to_be_deleted(
    second: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        field_of(document, "total_amount").verification_status = "unverified"
        gone = await done(client, "nanonets_delete_field", **total_of(document))
        undone = await done(client, "review_undo", entry=gone["docreview"]["entry"])
        if second == "deleted":
            await done(client, "nanonets_delete_field", **total_of(document))
        else:
            await done(client, "review_undo", entry=undone["calls"][0]["entry"])
        message = await refused(client, document, "nanonets_verify_document")
        assert "1 of 44 fail: “a field, deleted unverified”" in message


async def test_an_added_value_may_be_deleted_again_though_an_undo_brought_it_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        note: dict[str, Any] = {"field_name": "note", "value": "x", "bbox": [1, 1, 9, 9]}
        added = await done(client, "nanonets_add_field", **place_of(document), **note)
        place = {**place_of(document), "field_data_id": added["field_data_id"]}
        gone = await done(client, "nanonets_delete_field", **place)
        await done(client, "review_undo", entry=gone["docreview"]["entry"])
        await refused(client, document, "nanonets_verify_document")
        place["field_data_id"] = field_of(document, "note").id
        await done(client, "nanonets_delete_field", **place)
        await passes(client, document, "nanonets_verify_document")


async def test_the_cells_of_an_added_table_may_be_deleted_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        cell: dict[str, Any] = {"row": 0, "col": 0, "header": "net", "text": "1"}
        table: dict[str, Any] = {"headers": ["net"], "cells": [cell], "bbox": [1, 1, 9, 9]}
        added = await done(client, "nanonets_add_table", **place_of(document), **table)
        ids = {"table_id": added["table_id"], "cell_id": added["cells"][0]["cell_id"]}
        await refused(client, document, "nanonets_verify_document")
        await done(client, "nanonets_delete_cell", **place_of(document), **ids)
        await passes(client, document, "nanonets_verify_document")


@pytest.mark.parametrize("tool", APPROVALS)
async def test_an_earlier_text_over_what_somebody_else_wrote_is_a_change(
    tool: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        total = field_of(document, "total_amount")
        first = total.value
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        # A person corrects and verifies it; the mark was there all the time.
        total.value = "250.00"
        update = {**total_of(document), "value": first, "expected_value": "250.00"}
        await done(client, "nanonets_update_field", **update)
        assert "changed, not verified" in await refused(client, document, tool)


async def test_an_earlier_text_of_a_value_that_others_wrote_in_between_is_a_change(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        total = field_of(document, "total_amount")
        first = total.value
        # What a person writes in between is verified, as the mark stays.
        for shown, new in ((first, "1.00"), ("8.00", "9.00"), ("1.00", first)):
            total.value = shown
            update = {**total_of(document), "value": new, "expected_value": shown}
            await done(client, "nanonets_update_field", **update)
        assert "changed, not verified" in await refused(client, document, "nanonets_verify_document")


@pytest.mark.parametrize("kind", ["field", "row", "column"])
async def test_a_verified_text_that_v2_moves_to_another_name_is_another_value(
    kind: str, tmp_path: Path
) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        file = await done(client, "nanonets_get_file", **ids)
        page = [*file["moderated_images"], *file["unmoderated_images"]][0]
        boxes = page["moderated_boxes"] or page["predicted_boxes"]
        total = total_of(document)
        if kind == "field":
            next(each for each in boxes if each["label"] == "total_amount")["label"] = "tax"
        else:
            cell = next(each for each in boxes if each.get("cells"))["cells"][0]
            cell.update({"row": 99} if kind == "row" else {"col": 99})
        model = {"model_id": document.workflow_id, "page": {"id": page["id"]}}
        await done(client, "nanonets_update_file_fields", **model, moderated_boxes=boxes)
        assert "changed, not verified" in await refused(client, document, "nanonets_verify_document")
        verified = {"verification_status": "verified"}
        if kind == "field":
            await done(client, "nanonets_verify_field", **total, **verified)
        else:
            table = {**place_of(document), "table_id": document.pages[0].tables[0].id}
            await done(client, "nanonets_verify_table", **table, **verified)
        await passes(client, document, "nanonets_verify_document")


async def test_of_all_that_v2_takes_out_of_a_page_cells_are_settled_with_their_table(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        table = document.pages[0].tables[0]
        verify_everything(document)
        for cell in table.cells[:2]:
            cell.verification_status = "unverified"
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        file = await done(client, "nanonets_get_file", **ids)
        page = [*file["moderated_images"], *file["unmoderated_images"]][0]
        boxes = page["moderated_boxes"] or page["predicted_boxes"]
        del next(each for each in boxes if each.get("cells"))["cells"][:2]
        model = {"model_id": document.workflow_id, "page": {"id": page["id"]}}
        await done(client, "nanonets_update_file_fields", **model, moderated_boxes=boxes)
        verify_everything(document)
        assert "2 of " in await refused(client, document, "nanonets_verify_document")
        verified = {"table_id": table.id, "verification_status": "verified"}
        await done(client, "nanonets_verify_table", **place_of(document), **verified)
        await passes(client, document, "nanonets_verify_document")


async def test_the_confidence_of_an_added_value_says_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, rule="confident") as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        note: dict[str, Any] = {"field_name": "note", "value": "x", "bbox": [1, 1, 9, 9]}
        added = await done(client, "nanonets_add_field", **place_of(document), **note)
        field_of(document, "note").is_moderated = False
        await refused(client, document, "nanonets_verify_document")
        place = {**place_of(document), "field_data_id": added["field_data_id"]}
        await done(client, "nanonets_verify_field", **place, verification_status="verified")
        await passes(client, document, "nanonets_verify_document")


async def test_a_changed_value_that_was_deleted_and_added_again_is_verified_under_its_new_id(
    era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        for _ in range(2):
            gone = await done(client, "nanonets_delete_field", **total_of(document))
            await done(client, "review_undo", entry=gone["docreview"]["entry"])
        assert "1 of 44 fail" in await refused(client, document, "nanonets_verify_document")
        await done(client, "nanonets_verify_field", **total_of(document), verification_status="verified")
        await passes(client, document, "nanonets_verify_document")
