"""A value that this server changed or deleted after it was verified does not count as verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from approval_desk import (
    APPROVALS,
    RULES,
    desk,
    done,
    passes,
    place_of,
    refused,
    total_of,
    verify_everything,
)
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from review_desk import cells_of, field_of, ready, sent


@pytest.mark.parametrize("tool", APPROVALS)
@pytest.mark.parametrize("rule", list(RULES))
async def test_a_verified_value_that_is_changed_keeps_the_document_from_being_approved(
    tool: str, rule: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era, rule) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        field_of(document, "total_amount").confidence = 0.99
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        assert field_of(document, "total_amount").verification_status == "verified", (
            "the service keeps its mark"
        )
        message = await refused(client, document, tool)
        assert "total_amount" in message
        assert document.decision == ""


async def test_other_entries_about_a_document_say_nothing_of_its_values(era: Era, tmp_path: Path) -> None:
    async with desk(tmp_path, era) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        await passes(client, document, "nanonets_approve_file")
        await done(client, "nanonets_unapprove_file", **ids)
        await passes(client, document, "nanonets_approve_file")


async def test_it_holds_for_cells_and_for_every_server_that_shares_the_journal(tmp_path: Path) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    verify_everything(document)
    table = document.pages[0].tables[0]
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        cell = {**place_of(document), "table_id": table.id, "cell_id": table.cells[0].id}
        await done(client, "nanonets_update_cell", **cell, value="another text")
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        await refused(client, document, "nanonets_approve_file")
        await done(
            client,
            "nanonets_verify_table",
            **{k: cell[k] for k in (*place_of(document), "table_id")},
            verification_status="verified",
        )
        await passes(client, document, "nanonets_approve_file")


@pytest.mark.parametrize("tool", APPROVALS)
async def test_corrected_then_verified_passes(tool: str, tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await done(client, "nanonets_verify_field", **total_of(document), verification_status="verified")
        await passes(client, document, tool)


async def test_a_change_that_is_taken_back_leaves_the_value_verified(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        changed = await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await refused(client, document, "nanonets_approve_file")
        await done(client, "review_undo", entry=changed["docreview"]["entry"])
        await passes(client, document, "nanonets_approve_file")


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("tool", APPROVALS)
async def test_deleting_what_fails_the_rule_does_not_make_the_document_pass(
    tool: str, rule: str, tmp_path: Path
) -> None:
    async with desk(tmp_path, rule=rule) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        doubtful = field_of(document, "total_amount")
        doubtful.verification_status, doubtful.confidence = "unverified", 0.2
        await refused(client, document, tool)
        gone = await done(client, "nanonets_delete_field", **total_of(document))
        assert "deleted" in await refused(client, document, tool)
        await done(client, "review_undo", entry=gone["docreview"]["entry"])
        back = next(each for each in document.pages[0].fields if each.name == "total_amount")
        place = {**place_of(document), "field_data_id": back.id}
        await done(client, "nanonets_verify_field", **place, verification_status="verified")
        await passes(client, document, tool)


async def test_a_value_that_passed_may_be_deleted_and_so_may_one_that_was_added(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        await done(client, "nanonets_delete_field", **total_of(document))
        added = await done(
            client,
            "nanonets_add_field",
            **place_of(document),
            field_name="note",
            value="x",
            bbox=[1, 1, 9, 9],
            verification_status="unverified",
        )
        await refused(client, document, "nanonets_approve_file")
        note = {**place_of(document), "field_data_id": added["field_data_id"]}
        await done(client, "nanonets_delete_field", **note)
        await passes(client, document, "nanonets_approve_file")


async def test_what_was_added_before_does_not_hide_that_something_else_was_deleted(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        field_of(document, "total_amount").verification_status = "unverified"
        await done(
            client,
            "nanonets_add_field",
            **place_of(document),
            field_name="note",
            value="x",
            bbox=[1, 1, 9, 9],
            verification_status="verified",
        )
        await done(client, "nanonets_delete_field", **total_of(document))
        assert "deleted unverified" in await refused(client, document, "nanonets_approve_file")


async def test_boxes_that_v2_writes_count_as_changed_or_deleted(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        ids = {"model_id": document.workflow_id, "request_file_id": document.id}
        file = await done(client, "nanonets_get_file", **ids)
        page = [*file["moderated_images"], *file["unmoderated_images"]][0]
        boxes = page["moderated_boxes"] or page["predicted_boxes"]
        field_of(document, "total_amount").verification_status = "unverified"
        kept = [box for box in boxes if box.get("label") != "total_amount"]
        assert len(kept) < len(boxes)
        await done(
            client,
            "nanonets_update_file_fields",
            model_id=document.workflow_id,
            moderated_boxes=kept,
            page={"id": page["id"]},
        )
        verify_everything(document)
        message = await refused(client, document, "nanonets_approve_file")
        assert "total_amount, deleted" in message


@pytest.mark.parametrize("tool", APPROVALS)
@pytest.mark.parametrize("rule", list(RULES))
async def test_a_mark_that_was_set_elsewhere_after_the_change_counts(
    tool: str, rule: str, era: Era, tmp_path: Path
) -> None:
    async with desk(tmp_path, era, rule) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        cell = document.pages[0].tables[0].cells[0]
        field_of(document, "total_amount").verification_status = cell.verification_status = "unverified"
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        place = {**place_of(document), "table_id": document.pages[0].tables[0].id, "cell_id": cell.id}
        await done(client, "nanonets_update_cell", **place, value="another text")
        await refused(client, document, tool)
        verify_everything(document)
        await passes(client, document, tool)


async def test_a_mark_that_the_change_may_have_left_does_not_count(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = ready(sandbox)[0]
        verify_everything(document)
        total = field_of(document, "total_amount")
        total.verification_status = "unverified"
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        verify_everything(document)
        # The last change found the mark there, and the service keeps it.
        await done(client, "nanonets_update_field", **total_of(document), value="2.00")
        await refused(client, document, "nanonets_approve_file")


@pytest.mark.parametrize(
    ("shown", "answered", "passes_then"),
    [
        ({"verification_status": "unverified"}, {"verification_status": "unverified"}, True),
        ({"verification_status": "unverified"}, {"verification_status": "verified"}, False),
        ({"verification_status": "verified"}, {"verification_status": "unverified"}, False),
        ({"verification_status": "unverified"}, {}, False),
        ({"verification_status": "unverified"}, {"verification_status": "unverified", "id": "other"}, False),
        ({}, {"verification_status": "unverified"}, False),
    ],
    ids=["set later", "set by the change", "kept", "not told", "of another", "by its table"],
)
async def test_what_the_service_shows_around_a_change_decides_whether_a_later_mark_counts(
    shown: dict[str, Any], answered: dict[str, Any], passes_then: bool, tmp_path: Path
) -> None:
    cell = {"cell_id": "c", "row": 0, "col": 0, "header": "sum", "text": "10", **shown}
    table = {"table_id": "t", "cells": [cell], "verification_status": "verified"}

    def service(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            cell["text"] = "12"
            told = {"cell_id": answered.get("id", "c"), "text": "12", **answered}
            return httpx2.Response(200, json=told)
        page = {"page_id": "p", "data": {"fields": {}, "tables": [table]}}
        document = {"document_id": "d", "status": "success", "pages": [page]}
        return httpx2.Response(200, json=page if "/pages/" in request.url.path else document)

    policy = tmp_path / "policy.toml"
    policy.write_text(RULES["verified"])
    place = {"workflow_id": "w", "document_id": "d", "page_id": "p", "table_id": "t", "cell_id": "c"}
    async with connected(Network(service), journal="sqlite://", policy=policy) as client:
        await done(client, "nanonets_update_cell", **place, value="12")
        cell["verification_status"] = "verified"
        ids = {"workflow_id": "w", "document_id": "d", "verification_status": "verified"}
        result = await client.call_tool("nanonets_verify_document", ids)
        assert result.is_error is not passes_then, result.structured_content


@pytest.mark.parametrize(
    "spelled", ["A7F3C2D1-4B5E-4F60-8A91-0C2D3E4F5A6B", "a7f3c2d14b5e4f608a910c2d3e4f5a6b"]
)
@pytest.mark.parametrize("comes_first", [True, False])
async def test_another_spelling_of_its_id_does_not_hide_a_change(
    spelled: str, comes_first: bool, tmp_path: Path
) -> None:
    field = {"field_data_id": "f", "value": "10", "verification_status": "verified"}

    def service(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            return httpx2.Response(200, json=field)
        page = {"page_id": "p", "data": {"fields": {"total": [field]}, "tables": []}}
        document = {"document_id": "d", "status": "success", "pages": [page]}
        return httpx2.Response(200, json=page if "/pages/" in request.url.path else document)

    policy = tmp_path / "policy.toml"
    policy.write_text(RULES["verified"])
    plain = "a7f3c2d1-4b5e-4f60-8a91-0c2d3e4f5a6b"
    changed, approved = (spelled, plain) if comes_first else (plain, spelled)
    async with connected(Network(service), journal="sqlite://", policy=policy) as client:
        place = {"workflow_id": "w", "document_id": changed, "page_id": "p", "field_data_id": "f"}
        await done(client, "nanonets_update_field", **place, value="12")
        ids = {"workflow_id": "w", "document_id": approved, "verification_status": "verified"}
        error = error_of(await client.call_tool("nanonets_verify_document", ids))
        assert "“total” (changed, not verified)" in error["message"]


async def test_a_box_without_id_is_compared_over_all_of_its_changes(tmp_path: Path) -> None:
    box = {"label": "total", "ocr_text": "10", "score": 0.99, "validation_status": "verified"}
    page = {"id": "p", "request_file_id": "f", "status": "success", "moderated_boxes": [box]}

    def service(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            return httpx2.Response(200, json={})
        file = {"moderated_images": [page], "unmoderated_images": []}
        return httpx2.Response(200, json={"result": [page], **file})

    policy = tmp_path / "policy.toml"
    policy.write_text(RULES["verified"])
    async with connected(Network(service), journal="sqlite://", policy=policy) as client:
        # The first change is none as people read it; the second is one.
        for text in ("10\u200b", "99"):
            boxes = [{**box, "ocr_text": text}]
            ids = {"model_id": "m", "page": {"id": "p", "request_file_id": "f"}}
            await done(client, "nanonets_update_file_fields", **ids, moderated_boxes=boxes)
            page["moderated_boxes"] = boxes
        approve = {"model_id": "m", "request_file_id": "f"}
        error = error_of(await client.call_tool("nanonets_approve_file", approve))
        assert error["code"] == "not_allowed"
        assert "“total” (changed, not verified)" in error["message"]


async def test_without_a_rule_nothing_of_it_is_asked(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await passes(client, document, "nanonets_approve_file")
        assert sent(sandbox) == ["updateFieldValue", "verifyFile"]
        assert cells_of(document)
