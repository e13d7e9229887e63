"""Which entries of the journal keep a document from being approved, and which marks take them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from approval_desk import (
    RULES,
    desk,
    done,
    passes,
    place_of,
    refused,
    total_of,
    verify_everything,
)
from conftest import error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.store import open_journal
from docreview_mcp.tools.guards import own_changes
from docreview_mcp.tools.journal.entries import Caller, Opening
from mcp import Client
from review_desk import field_of, interrupted, ready, sent

APPROVE = "nanonets_approve_file"


def verified_document(sandbox: Sandbox) -> Document:
    """A document whose values a person has verified."""
    document = ready(sandbox)[0]
    verify_everything(document)
    return document


def whole(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


def journal_of(folder: Path) -> str:
    """The journal of `desk`, for a server without a policy."""
    return f"sqlite:///{folder / 'journal.sqlite'}"


async def boxes_of(client: Client, document: Document) -> tuple[str, list[dict[str, Any]]]:
    """The id of the first page of a file and its boxes as v2 shows them."""
    ids = {"model_id": document.workflow_id, "request_file_id": document.id}
    file = await done(client, "nanonets_get_file", **ids)
    page = [*file["moderated_images"], *file["unmoderated_images"]][0]
    return page["id"], page["moderated_boxes"] or page["predicted_boxes"]


async def write_page(client: Client, document: Document, texts: dict[str, str]) -> None:
    """Write the first page by v2, with these texts for fields by name, and for a cell by its id."""
    page, boxes = await boxes_of(client, document)
    sent = [
        {
            **box,
            **({"ocr_text": texts[box["label"]]} if box.get("label") in texts else {}),
            **({"cells": [_cell(cell, texts) for cell in box["cells"]]} if box.get("cells") else {}),
        }
        for box in boxes
    ]
    arguments = {"model_id": document.workflow_id, "moderated_boxes": sent, "page": {"id": page}}
    await done(client, "nanonets_update_file_fields", **arguments)
    verify_everything(document)


def _cell(cell: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    return {**cell, "text": texts[cell["id"]]} if cell["id"] in texts else cell


async def test_a_text_that_v2_changes_is_not_verified_until_it_is_verified_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        await write_page(client, document, {"total_amount": "1.00"})
        assert "total_amount" in await refused(client, document, APPROVE)
        await done(client, "nanonets_verify_field", **total_of(document), verification_status="verified")
        await passes(client, document, APPROVE)


async def test_a_page_that_v2_writes_as_it_is_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        await write_page(client, document, {})
        await passes(client, document, APPROVE)


async def test_both_ways_of_writing_a_value_are_one_history(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        first = field_of(document, "total_amount").value
        await write_page(client, document, {"total_amount": "1.00"})
        await done(client, "nanonets_update_field", **total_of(document), value="2.00")
        await refused(client, document, APPROVE)
        await done(client, "nanonets_update_field", **total_of(document), value=first)
        await passes(client, document, APPROVE)


async def test_a_change_that_v2_takes_back_leaves_the_value_verified(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        first = field_of(document, "total_amount").value
        await done(client, "nanonets_update_field", **total_of(document), value="2.00")
        await write_page(client, document, {"total_amount": first})
        await passes(client, document, APPROVE)


async def test_of_two_texts_that_v2_changes_each_is_verified_for_itself(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        names = [each.name for each in document.pages[0].fields]
        await write_page(client, document, dict.fromkeys(names, "1.00"))
        for name in names[:-1]:
            place = {**place_of(document), "field_data_id": field_of(document, name).id}
            await done(client, "nanonets_verify_field", **place, verification_status="verified")
        assert names[-1] in await refused(client, document, APPROVE)


async def test_a_page_that_is_too_long_for_the_journal_counts_as_changed(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        field_of(document, "total_amount").value = "9" * 30_000
        await write_page(client, document, {"total_amount": "9" * 30_001})
        assert "“values of entry 1”" in await refused(client, document, APPROVE)


async def test_the_same_text_once_more_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        value = field_of(document, "total_amount").value
        await done(client, "nanonets_update_field", **total_of(document), value=value)
        await passes(client, document, APPROVE)


@pytest.mark.parametrize("rule", RULES)
async def test_a_changed_value_that_is_deleted_does_not_count_as_verified(rule: str, tmp_path: Path) -> None:
    async with desk(tmp_path, rule=rule) as (client, sandbox):
        document = verified_document(sandbox)
        field_of(document, "total_amount").confidence = 0.99
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        await done(client, "nanonets_delete_field", **total_of(document))
        assert "changed" in await refused(client, document, "nanonets_verify_document")


async def test_a_changed_value_that_somebody_removed_since_still_counts(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        page = document.pages[0]
        page.fields = [each for each in page.fields if each.name != "total_amount"]
        await refused(client, document, "nanonets_verify_document")


async def test_a_change_to_one_document_is_nothing_to_another(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        changed, other = ready(sandbox)[:2]
        for document in (changed, other):
            verify_everything(document)
        await done(client, "nanonets_update_field", **total_of(changed), value="1.00")
        await passes(client, other, APPROVE)
        await refused(client, changed, APPROVE)


async def test_a_cell_that_v2_changes_may_be_verified_with_its_table(tmp_path: Path) -> None:
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        table = document.pages[0].tables[0]
        await write_page(client, document, {table.cells[0].id: "another text"})
        await refused(client, document, APPROVE)
        ids = {**place_of(document), "table_id": table.id}
        await done(client, "nanonets_verify_table", **ids, verification_status="verified")
        await passes(client, document, APPROVE)


@pytest.mark.parametrize("write", ["text", "deletion", "page"])
async def test_who_verified_the_whole_document_saw_what_was_written_before(
    write: str, tmp_path: Path
) -> None:
    sandbox = Sandbox()
    document = verified_document(sandbox)
    async with interrupted("auto", sandbox, journal=journal_of(tmp_path)) as client:
        if write == "text":
            await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        elif write == "page":
            await write_page(client, document, {"total_amount": "1.00"})
        else:
            field_of(document, "total_amount").verification_status = "unverified"
            await done(client, "nanonets_delete_field", **total_of(document))
        async with desk(tmp_path, sandbox=sandbox) as (judged, _):
            await refused(judged, document, APPROVE)
        await done(client, "nanonets_verify_document", **whole(document), verification_status="verified")
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        # v2 goes on showing a doubtful box that was removed.
        await passes(client, document, "nanonets_verify_document" if write == "deletion" else APPROVE)


@pytest.mark.parametrize("fault", [httpx2.ConnectError("down"), httpx2.ReadTimeout("late")])
async def test_a_write_counts_unless_it_was_certainly_not_done(fault: Exception, tmp_path: Path) -> None:
    sandbox = Sandbox()
    document = verified_document(sandbox)

    def first(method: str, path: str) -> None:
        if method != "GET":
            raise fault

    async with interrupted("auto", sandbox, first, journal=journal_of(tmp_path)) as client:
        arguments = {**total_of(document), "value": "1.00"}
        assert (await client.call_tool("nanonets_update_field", arguments)).is_error
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        if isinstance(fault, httpx2.ConnectError):
            await passes(client, document, APPROVE)
        else:
            await refused(client, document, APPROVE)


async def test_a_mark_of_which_nobody_knows_whether_it_was_set_is_none(tmp_path: Path) -> None:
    sandbox = Sandbox()
    document = verified_document(sandbox)
    is_late = False

    def then(method: str, path: str) -> None:
        if is_late and method != "GET":
            raise httpx2.ReadTimeout("late")

    async with interrupted("auto", sandbox, None, then, journal=journal_of(tmp_path)) as client:
        await done(client, "nanonets_update_field", **total_of(document), value="1.00")
        is_late = True
        mark = {**total_of(document), "verification_status": "verified"}
        assert (await client.call_tool("nanonets_verify_field", mark)).is_error
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        await refused(client, document, APPROVE)


@pytest.mark.parametrize("write", ["a text", "no text", "deletion"])
async def test_what_was_written_without_a_look_at_the_state_before_counts(write: str, tmp_path: Path) -> None:
    """Nobody can say that the value is the one that was verified."""
    sandbox = Sandbox()
    document = verified_document(sandbox)
    is_away = False

    def first(method: str, path: str) -> None:
        if is_away and method == "GET":
            raise httpx2.ConnectError("down")

    async with interrupted("auto", sandbox, first, journal=journal_of(tmp_path)) as client:
        is_away = True
        total = total_of(document)
        if write == "deletion":
            await done(client, "nanonets_delete_field", **total)
        else:
            await done(client, "nanonets_update_field", **total, value="1.00" if write == "a text" else "")
    verify_everything(document)
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        named = "“values of entry 1”" if write == "deletion" else "“total_amount”"
        assert named in await refused(client, document, APPROVE)


@pytest.mark.parametrize("ending", ["no clear answer", "none on record"])
async def test_an_addition_whose_end_is_not_known_makes_up_for_no_deletion(
    ending: str, tmp_path: Path
) -> None:
    sandbox = Sandbox()
    document = verified_document(sandbox)
    field_of(document, "total_amount").verification_status = "unverified"

    def first(method: str, path: str) -> None:
        if method == "POST":
            raise httpx2.ReadTimeout("late")

    async with interrupted("auto", sandbox, first, journal=journal_of(tmp_path)) as client:
        await done(client, "nanonets_delete_field", **total_of(document))
        if ending == "no clear answer":
            new = {**place_of(document), "field_name": "total_amount", "value": "1.00", "bbox": [1, 1, 9, 9]}
            assert (await client.call_tool("nanonets_add_field", new)).is_error
    if ending == "none on record":
        journal = open_journal(Settings(journal=journal_of(tmp_path)), tuple)
        assert journal is not None
        await journal.open(Opening("nanonets_add_field", {}, (document.id,), "f", Caller()))
        journal.stop()
    async with desk(tmp_path, sandbox=sandbox) as (client, _):
        said = await refused(client, document, "nanonets_verify_document")
        assert "deleted unverified”" in said


@pytest.mark.parametrize("page", ["left out", "unknown", "away"])
async def test_no_page_is_changed_of_which_nobody_can_say_whose_it_is(page: str, tmp_path: Path) -> None:
    """The service would find it by its boxes, and the journal would not know the document."""
    sandbox = Sandbox()
    document = verified_document(sandbox)
    is_away = False

    def first(method: str, path: str) -> None:
        if is_away and method == "GET":
            raise httpx2.ConnectError("down")

    journal, policy = journal_of(tmp_path), tmp_path / "policy.toml"
    policy.write_text("[approval]\nall_verified = true\n")
    async with interrupted("auto", sandbox, first, journal=journal, policy=policy) as client:
        identity, boxes = await boxes_of(client, document)
        is_away = page == "away"
        arguments: dict[str, Any] = {"model_id": document.workflow_id, "moderated_boxes": boxes[1:]}
        if page != "left out":
            arguments["page"] = {"id": identity if page == "away" else "another"}
        error = error_of(await client.call_tool("nanonets_update_file_fields", arguments))
    assert (error["code"], error["done"]) == ("not_allowed", "no")
    assert "rule on approval" in error["message"]
    assert sent(sandbox) == []


async def test_a_change_is_found_however_many_entries_came_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_changes, "_PAGE", 2)
    async with desk(tmp_path) as (client, sandbox):
        document = verified_document(sandbox)
        first = field_of(document, "total_amount").value
        for value in ("1.00", "2.00", "3.00", "4.00"):
            await done(client, "nanonets_update_field", **total_of(document), value=value)
        other = {**place_of(document), "field_data_id": field_of(document, "subtotal").id}
        for _ in range(3):
            await done(client, "nanonets_verify_field", **other, verification_status="verified")
        assert "total_amount" in await refused(client, document, APPROVE)
        await done(client, "nanonets_update_field", **total_of(document), value=first)
        await passes(client, document, APPROVE)
