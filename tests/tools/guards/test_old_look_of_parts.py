"""A write from an old look does not overwrite a cell, a table, a page or a further page either."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Cell, Document
from review_desk import field_of, invoices, ready, sent


def ids_of(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


def first_cell(document: Document) -> tuple[dict[str, str], Cell]:
    """Where the first cell of the first table stands, and the cell."""
    page = document.pages[0]
    place = {**ids_of(document), "page_id": page.id, "table_id": page.tables[0].id}
    return place, page.tables[0].cells[0]


VERIFIED = {"verification_status": "verified"}
PARTS: dict[str, Callable[[dict[str, str], str], dict[str, Any]]] = {
    "nanonets_update_cell": lambda place, cell: {**place, "cell_id": cell, "value": "101"},
    "nanonets_verify_cell": lambda place, cell: {**place, "cell_id": cell, **VERIFIED},
    "nanonets_delete_cell": lambda place, cell: {**place, "cell_id": cell},
    "nanonets_verify_table": lambda place, cell: {**place, **VERIFIED},
    "nanonets_delete_table": lambda place, cell: place,
}


@pytest.mark.parametrize("tool", PARTS)
async def test_a_cell_that_changed_since_it_was_read_is_a_conflict(tool: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        place, cell = first_cell(document)
        arguments, before = PARTS[tool](place, cell.id), cell.text
        assert not (await client.call_tool("nanonets_get_document", ids_of(document))).is_error
        cell.text = "999"
        result = await client.call_tool(tool, arguments)
        error = error_of(result)
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert f"{cell.header} in row 0” was “{before}” when you last read it" in error["message"]
        assert "is now “999”" in error["message"]
        assert result.structured_content["docreview"]["outside"] == ["error.message"]
        assert sent(sandbox) == []
        done = await client.call_tool(tool, arguments)
        assert not done.is_error, done.structured_content


@pytest.mark.parametrize("tool", PARTS)
async def test_a_code_is_void_once_a_cell_that_the_call_touches_is_another_one(tool: str, era: Era) -> None:
    async with reviewing(era=era, confirm="writes", journal="sqlite://") as (client, sandbox):
        place, cell = first_cell(ready(sandbox)[0])
        arguments = PARTS[tool](place, cell.id)
        cell.text = "4,444.44"
        note = (await client.call_tool(tool, arguments)).structured_content["docreview"]
        assert "4,444.44" in note["summary"]
        cell.text = "999"
        error = error_of(await client.call_tool(tool, {**arguments, "confirm": note["confirm"]}))
        assert error["code"] == "needs_confirmation"
        cell.text = "4,444.44"
        done = await client.call_tool(tool, {**arguments, "confirm": note["confirm"]})
        assert not done.is_error, done.structured_content
        assert len(sent(sandbox)) == 1


async def test_exactly_three_changes_are_all_told(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await client.call_tool("review_document", ids_of(document))
        for each in document.pages[0].fields[:3]:
            each.value = "999"
        error = error_of(await client.call_tool("nanonets_verify_document", {**ids_of(document), **VERIFIED}))
    assert error["message"].count("is now “999”") == 3
    assert "is now “999”. Nothing was sent." in error["message"]


@pytest.mark.parametrize("boxes", ["moderated_boxes", "predicted_boxes"])
async def test_a_page_of_v2_may_have_either_list_of_boxes(boxes: str, era: Era) -> None:
    box = {"id": "b", "label": "total", "ocr_text": "100", "score": 0.9}
    page: dict[str, Any] = {"id": "p", "request_file_id": "d", boxes: [box]}
    file = {"moderated_images": [page], "unmoderated_images": []}

    def answer(request: httpx2.Request) -> httpx2.Response:
        is_page = "ImageLevelInferences" in request.url.path
        return httpx2.Response(200, json={"result": [page]} if is_page else file)

    network = Network(answer)
    async with connected(network, era, journal="sqlite://") as client:
        read = await client.call_tool("nanonets_get_file", {"model_id": "w", "request_file_id": "d"})
        assert not read.is_error, read.structured_content
        box["ocr_text"] = "999"
        written = {"model_id": "w", "moderated_boxes": [{**box, "ocr_text": "101"}], "page": {"id": "p"}}
        error = error_of(await client.call_tool("nanonets_update_file_fields", written))
    assert (error["code"], error["done"]) == ("conflict", "no")
    assert "“total” was “100” when you last read it and is now “999”" in error["message"]
    assert {request.method for request in network.requests} == {"GET"}


MARKS: dict[str, Any] = {
    "approval_status": "approved",
    "is_moderated": True,
    "Is_Moderated": True,
    "status": "moderated",
    "current_stage_id": "stage-2",
    "assigned_member": "ana@example.com",
    "verified_at": "2026-01-01T00:00:00Z",
    "verified_by": "ana@example.com",
    "export_status": "exported",
}


@pytest.mark.parametrize("journal", ["sqlite://", "none"])
@pytest.mark.parametrize("mark", MARKS)
async def test_a_page_is_not_sent_back_with_other_marks_of_its_review(
    mark: str, journal: str, era: Era
) -> None:
    """A service that takes them over would approve or assign the file by a call that changes boxes."""
    box = {"id": "b", "label": "total", "ocr_text": "100", "score": 0.9}
    page: dict[str, Any] = {
        "id": "p",
        "request_file_id": "d",
        "moderated_boxes": [box],
        "is_moderated": False,
    }
    network = Network(lambda request: httpx2.Response(200, json={"result": [page]}))
    given: dict[str, Any] = {"model_id": "w", "moderated_boxes": [box]}
    sent = {"id": "p", "request_file_id": "d", mark: MARKS[mark]}
    async with connected(network, era, journal=journal, confirm="never") as client:
        refused = await client.call_tool("nanonets_update_file_fields", {**given, "page": sent})
        error = error_of(refused)
        assert (error["code"], error["done"]) == ("conflict", "no")
        now = "false" if mark.casefold() == "is_moderated" else "null"
        wanted = "true" if MARKS[mark] is True else MARKS[mark]
        assert f"page.{mark}: got “{wanted}”, but it is “{now}” now" in error["message"]
        assert "Nothing was sent" in error["message"]
        assert f"Leave {mark} out of page" in error["next"]
        assert refused.structured_content["docreview"]["outside"] == ["error.message"]
        assert {request.method for request in network.requests} == {"GET"}
        page[mark.casefold()] = MARKS[mark]
        for as_read in (sent, {"id": "p", mark: MARKS[mark]}):
            done = await client.call_tool("nanonets_update_file_fields", {**given, "page": as_read})
            assert not done.is_error, done.structured_content


READINGS: dict[str, list[dict[str, Any]]] = {
    "surer": [{"id": "b", "label": "total", "ocr_text": "100", "score": 0.99}],
    "another": [{"id": "b", "label": "total", "ocr_text": "999", "score": 0.4}],
    "of another name": [{"id": "b", "label": "tax", "ocr_text": "100", "score": 0.4}],
    "of another id": [{"id": "c", "label": "total", "ocr_text": "100", "score": 0.4}],
    "none": [],
}


@pytest.mark.parametrize("reading", READINGS)
async def test_a_page_is_not_sent_back_with_other_readings_of_the_service(reading: str, era: Era) -> None:
    """Whoever could write them could make the service look surer than it was."""
    read = [{"id": "b", "label": "total", "ocr_text": "100", "score": 0.4}]
    page = {"id": "p", "request_file_id": "d", "predicted_boxes": read, "moderated_boxes": read}
    network = Network(lambda request: httpx2.Response(200, json={"result": [page]}))
    given: dict[str, Any] = {"model_id": "w", "moderated_boxes": read}
    async with connected(network, era, journal="none", confirm="never") as client:

        async def send(name: str, boxes: list[dict[str, Any]]) -> Any:
            sent = {"id": "p", "request_file_id": "d", name: boxes}
            return await client.call_tool("nanonets_update_file_fields", {**given, "page": sent})

        for name in ("predicted_boxes", "Predicted_Boxes"):
            error = error_of(await send(name, READINGS[reading]))
            assert (error["code"], error["done"]) == ("conflict", "no")
            assert f"Leave {name} out of page" in error["next"]
        assert {request.method for request in network.requests} == {"GET"}
        for as_read in (read, [{**read[0], "ocr_text": "100\u200b", "xmin": 5}]):
            done = await send("predicted_boxes", as_read)
            assert not done.is_error, done.structured_content


async def test_marks_of_a_page_that_cannot_be_read_are_not_sent(era: Era) -> None:
    network = Network(lambda request: httpx2.Response(500 if request.method == "GET" else 200, json={}))
    given = {"model_id": "w", "moderated_boxes": [], "page": {"id": "p", "is_moderated": True}}
    async with connected(network, era, journal="none", confirm="never", retries=0) as client:
        error = error_of(await client.call_tool("nanonets_update_file_fields", given))
        assert (error["code"], error["done"]) == ("upstream_error", "no")
        assert "page.is_moderated: got “true”, but it cannot be compared: nano" in error["message"]
        given["page"] = {"id": "p", "is_moderated": False}
        done = await client.call_tool("nanonets_update_file_fields", given)
        assert not done.is_error, "a mark that is not set approves nothing"


async def test_an_approval_looks_at_all_pages(era: Era) -> None:
    def page(number: int, text: str) -> dict[str, Any]:
        box = {"id": f"b{number}", "label": "total", "ocr_text": text, "score": 0.9}
        return {"id": f"p{number}", "moderated_boxes": [box]}

    pages = [page(1, "1"), page(2, "2")]
    network = Network(lambda request: httpx2.Response(200, json={"moderated_images": pages}))
    async with connected(network, era, journal="sqlite://") as client:
        ids = {"model_id": "w", "request_file_id": "d"}
        assert not (await client.call_tool("nanonets_get_file", ids)).is_error
        pages[1] = page(2, "999")
        error = error_of(await client.call_tool("nanonets_approve_file", ids))
    assert error["code"] == "conflict"
    assert "“total” was “2” when you last read it and is now “999”" in error["message"]
    assert {request.method for request in network.requests} == {"GET"}


async def test_an_undo_of_what_somebody_else_wrote_needs_no_new_look(era: Era, tmp_path: Path) -> None:
    """The undo compares with the journal by itself."""
    sandbox, journal = Sandbox(), f"sqlite:///{tmp_path / 'journal.sqlite'}"
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")
    total.verification_status = "unverified"
    async with (
        reviewing(sandbox, era=era, journal=journal) as (one, _),
        reviewing(sandbox, era=era, journal=journal) as (two, _),
    ):
        await one.call_tool("review_document", ids_of(document))
        place = {**ids_of(document), "page_id": document.pages[0].id, "field_data_id": total.id}
        await two.call_tool("nanonets_update_field", {**place, "value": "101"})
        marked = await two.call_tool("nanonets_verify_field", {**place, **VERIFIED})
        undone = await one.call_tool(
            "review_undo", {"entry": marked.structured_content["docreview"]["entry"]}
        )
        assert not undone.is_error, undone.structured_content
    assert (total.value, total.verification_status) == ("101", "unverified")


@pytest.mark.parametrize("tool", ["nanonets_update_field", "nanonets_update_cell"])
async def test_an_own_write_is_what_was_last_seen_though_the_answer_tells_nothing(
    tool: str, era: Era
) -> None:
    field: dict[str, Any] = {"field_data_id": "f", "value": "10"}
    cell: dict[str, Any] = {"cell_id": "c", "text": "10", "row": 0, "col": 0, "header": "net"}
    tables = [{"table_id": "t", "cells": [cell]}]
    page = {"page_id": "p", "data": {"fields": {"total": [field]}, "tables": tables}}

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            field["value"] = cell["text"] = json.loads(request.content).popitem()[1]
        return httpx2.Response(200, json=page if request.method == "GET" else {})

    place = {"workflow_id": "w", "document_id": "d", "page_id": "p"}
    item = {"field_data_id": "f"} if tool == "nanonets_update_field" else {"table_id": "t", "cell_id": "c"}
    async with connected(Network(answer), era, journal="sqlite://") as client:
        assert not (await client.call_tool("nanonets_get_page", place)).is_error
        for value in ("11", "12"):
            result = await client.call_tool(tool, {**place, **item, "value": value})
            assert not result.is_error, result.structured_content
        field["value"] = cell["text"] = "999"
        error = error_of(await client.call_tool(tool, {**place, **item, "value": "13"}))
    assert "was “12” when you last read it and is now “999”" in error["message"]


async def test_a_state_that_cannot_be_read_is_no_conflict(era: Era) -> None:
    """But the value that was named cannot be compared with it, so nothing is sent."""
    network = Network(lambda request: httpx2.Response(500, json={"message": "down"}))
    ids = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
    async with connected(network, era) as client:
        error = error_of(
            await client.call_tool("nanonets_update_field", {**ids, "value": "2", "expected_value": "1"})
        )
    assert (error["code"], error["done"]) == ("upstream_error", "no")
    assert "expected_value cannot be compared" in error["message"]
    assert {request.method for request in network.requests} == {"GET"}


def new_cell(document: Document, **given: Any) -> dict[str, Any]:
    page = document.pages[0]
    place = {**ids_of(document), "page_id": page.id, "table_id": page.tables[0].id}
    return {**place, "row": 0, "col": 0, "text": "x", "bbox": [1, 1, 2, 2], **given}


async def test_the_columns_that_a_header_contradicts_are_told_as_text_of_others(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = next(each for each in invoices(sandbox) if each.pages and each.pages[0].tables)
        headers = document.pages[0].tables[0].headers
        arguments = new_cell(document, header=headers[1])
        result = await client.call_tool("nanonets_add_cell", arguments)
        error = error_of(result)
        assert (error["code"], error["done"]) == ("invalid_arguments", "no")
        assert f"column 0 is '{headers[0]}' (columns: 0: {headers[0]}, 1: {headers[1]}" in error["message"]
        assert result.structured_content["docreview"]["outside"] == ["error.message"]
        assert sent(sandbox) == []


async def test_a_header_that_nobody_can_compare_does_not_stop_a_cell(era: Era) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(404 if request.method == "GET" else 200, json={"cell_id": "c"})

    network = Network(answer)
    place = {"workflow_id": "w", "document_id": "d", "page_id": "p", "table_id": "t"}
    async with connected(network, era) as client:
        given = {**place, "row": 0, "col": 0, "text": "x", "header": "net", "bbox": [1, 1, 2, 2]}
        result = await client.call_tool("nanonets_add_cell", given)
        assert not result.is_error, result.structured_content
    assert [request.method for request in network.requests].count("POST") == 1


@pytest.mark.parametrize("journal", ["sqlite://", "none"])
async def test_an_id_in_another_spelling_is_the_same_value(journal: str, era: Era) -> None:
    identity = "a7f3c2d1-4b5e-4f60-8a91-0c2d3e4f5a6b"
    value = {"field_data_id": identity, "value": "100", "verification_status": "unverified"}
    page: dict[str, Any] = {"page_id": "p", "data": {"fields": {"total": [value]}, "tables": []}}

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=page if request.method == "GET" else value)

    network = Network(answer)
    async with connected(network, era, journal=journal) as client:
        place = {"workflow_id": "w", "document_id": "d", "page_id": "p"}
        await client.call_tool("nanonets_get_page", place)
        value["value"] = "999"
        spelled = {**place, "field_data_id": identity.upper(), "value": "101"}
        error = error_of(await client.call_tool("nanonets_update_field", spelled))
        assert error["code"] == "conflict"
    assert {request.method for request in network.requests} == {"GET"}
