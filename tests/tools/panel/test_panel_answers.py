"""What the panel is told of a document and its pages: complete, in pixels of the page, and never too long."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import ODD_WORKFLOW, Document
from docreview_mcp.tools.panel.picture import page_picture
from mcp import Client
from PIL import Image
from pydantic import SecretStr
from review_desk import cells_of, field_of, interrupted, invoices, ready

MAX_PANEL, MAX_PAGE = 4_000, 120_000


def place(document: Document, **more: Any) -> dict[str, Any]:
    return {"workflow_id": document.workflow_id, "document_id": document.id, **more}


def odd(sandbox: Sandbox, part: str) -> Document:
    """A document that is hard to show, by a part of its name."""
    workflow = sandbox.nanonets.workflow(ODD_WORKFLOW)
    return next(each for each in sandbox.nanonets.documents_of(workflow) if part in each.name)


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer, after checking that the text says the same."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    text: Any = result.content[0]
    assert json.loads(text.text) == result.structured_content
    assert len(text.text) <= (MAX_PANEL if tool == "review_panel" else MAX_PAGE)
    return result.structured_content


def picture_of(page: dict[str, Any]) -> Image.Image:
    picture = page["picture"]
    shown = Image.open(io.BytesIO(base64.b64decode(picture["data"])))
    assert Image.MIME[shown.format or ""] == picture["mime"]
    assert shown.size == (picture["width"], picture["height"])
    return shown


@pytest.mark.slow
async def test_every_page_of_the_sandbox_is_told_whole_and_short_enough() -> None:
    sandbox = Sandbox(clock=anyio.current_time)
    sandbox.nanonets.workflow(ODD_WORKFLOW)
    seen = 0
    async with reviewing(sandbox) as (client, _):
        for document in [*sandbox.nanonets.documents.values()]:
            panel = await told(client, "review_panel", **place(document))
            assert panel["document"]["page_numbers"] == [page.number for page in document.pages]
            # Of the fifty pages that are all alike, some do.
            step = 7 if len(document.pages) > 40 else 1
            values = 0
            for page in document.pages[::step]:
                shown = await told(client, "review_panel_page", **place(document, page_number=page.number))
                values += len(shown["values"])
                seen += 1
                width, height = shown["page"]["width"], shown["page"]["height"]
                assert (width, height) == (page.sheet.width, page.sheet.height)
                for value in shown["values"]:
                    left, top, right, bottom = value["box"]
                    assert 0 <= left < right <= width
                    assert 0 <= top < bottom <= height
                    assert "cut" not in value
                drawn = picture_of(shown)
                assert abs(drawn.width / drawn.height - width / height) < 0.01
                assert max(drawn.size) >= 1_000, "its text has to be readable"
                assert shown["picture_note"] is None
                assert "left_out" not in shown
            assert values == panel["counts"]["values"] or step > 1
    assert seen > 50


async def test_the_answer_is_of_use_without_any_panel(era: Era) -> None:
    async with reviewing(era=era, panel_url="https://mcp.example.com/panel") as (client, sandbox):
        document = next(each for each in invoices(sandbox) if each.name == "invoice-003.pdf")
        answer = await told(client, "review_panel", **place(document))
    total = field_of(document, "total_amount")
    assert answer["document"]["name"] == "invoice-003.pdf"
    assert answer["document"]["stage"] == "validation passed"
    assert answer["counts"] | {"doubtful": 1, "verified": 0} == answer["counts"]
    assert answer["against_approval"] == []
    (doubt,) = answer["doubtful"]
    assert doubt["id"] == total.id
    assert doubt["confidence"] == 0.41
    assert doubt["page_number"] == answer["page_number"] == 1
    assert "4,898.29" in doubt["why"]
    assert answer["browser"].startswith("https://mcp.example.com/panel?workflow_id=")
    assert document.id in answer["browser"]


async def test_the_panel_opens_at_the_first_doubt_or_where_it_is_told_to() -> None:
    async with reviewing() as (client, sandbox):
        document = odd(sandbox, "fifty")
        first = await told(client, "review_panel", **place(document))
        asked = await told(client, "review_panel", **place(document, page_number=50))
        refused = error_of(await client.call_tool("review_panel", place(document, page_number=51)))
    assert first["page_number"] == 3
    assert first["document"]["doubtful_by_page"] == {"3": 1, "4": 1, "17": 1, "42": 1}
    assert asked["page_number"] == 50
    assert refused["code"] == "invalid_arguments"


async def test_a_page_has_every_value_with_its_place_and_its_last_entry(era: Era) -> None:
    sandbox = Sandbox(clock=anyio.current_time)
    async with reviewing(sandbox, era, journal="sqlite://") as (client, _):
        document = next(each for each in invoices(sandbox) if each.name == "invoice-003.pdf")
        total, cell = field_of(document, "total_amount"), cells_of(document)[0]
        wanted = {"field_data_id": total.id, "value": "4,898.29", "expected_value": total.value}
        changes = [wanted | {"verification_status": "verified"}]
        await client.call_tool("review_apply", place(document, changes=changes))
        page = await told(client, "review_panel_page", **place(document, page_number=1))
    shown = {value["id"]: value for value in page["values"]}
    assert shown[total.id]["value"] == "4,898.29"
    assert shown[total.id] | {"status": "verified", "corrected": True, "doubtful": False} == shown[total.id]
    assert shown[total.id]["last_entry"]["tool"] == "nanonets_verify_field"
    assert shown[total.id]["last_entry"]["undoable"] is True
    assert shown[total.id]["box"] == [round(each) for each in total.box or ()]
    assert shown[cell.id] | {"kind": "cell", "row": cell.row, "column": cell.column} == shown[cell.id]
    assert shown[cell.id]["confidence"] == cell.confidence
    assert shown[cell.id]["last_entry"] is None
    (table,) = page["tables"]
    assert table["columns"] == ["description", "quantity", "unit_price", "amount"]
    assert {value["table_id"] for value in page["values"]} == {None, table["id"]}


async def test_sums_that_do_not_add_up_name_their_values() -> None:
    async with reviewing() as (client, sandbox):
        document = odd(sandbox, "wrong-sums")
        page = await told(client, "review_panel_page", **place(document, page_number=1))
    checks = {each["check"]: each for each in page["checks"]}
    assert {"total", "line_sum"} <= set(checks)
    assert field_of(document, "total_amount").id in checks["total"]["value_ids"]
    why = {value["id"]: value["why"] for value in page["values"] if value["why"]}
    assert why, "a value that a check suspects says so although the service is sure of it"


async def test_a_change_made_elsewhere_is_seen_at_the_next_look() -> None:
    async with reviewing() as (client, sandbox):
        document = odd(sandbox, "wrong-sums")
        value = field_of(document, "invoice_number")
        await told(client, "review_panel_page", **place(document, page_number=1))
        value.value = "changed elsewhere"
        page = await told(client, "review_panel_page", **place(document, page_number=1))
    assert next(each for each in page["values"] if each["id"] == value.id)["value"] == "changed elsewhere"


async def test_the_picture_can_be_left_out_and_is_missed_where_there_is_none() -> None:
    asked: list[str] = []

    def first(method: str, path: str) -> None:
        asked.extend([path] if "/files/pages/" in path else [])

    sandbox = Sandbox(clock=anyio.current_time)
    document = ready(sandbox)[0]
    async with interrupted("auto", sandbox, first) as client:
        page = await told(client, "review_panel_page", **place(document, page_number=1, picture=False))
        assert page["picture"] is None
        assert asked == []
        assert page["values"][0]["box"]
        await told(client, "review_panel_page", **place(document, page_number=1))
        assert len(asked) == 1


async def test_without_a_picture_the_page_says_why_and_shows_its_values() -> None:
    class Blind(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            data = {"fields": {"total": [{"field_data_id": "a", "value": "7", "bbox": [10, 20, 90, 40]}]}}
            pages = [{"page_id": "p", "page_number": 7, "data": data}]
            return httpx2.Response(200, json={"document_id": "d", "status": "success", "pages": pages})

    from docreview_mcp.server import Settings, build_server

    settings = Settings(nanonets_api_key=SecretStr("key-0123456789"), journal="none", confirm="never")
    async with Client(build_server(settings, transport=Blind())) as client:
        page = await told(client, "review_panel_page", workflow_id="w", document_id="d", page_number=7)
    assert page["picture"] is None
    assert "no image" in page["picture_note"]
    assert page["page"] == {"page_number": 7, "page_id": "p", "width": 90, "height": 40}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("invoice-001.pdf", "already approved"), ("invoice-006.pdf", "rejected"), ("invoice-007.pdf", "stage")],
)
async def test_what_stands_against_approval_is_told(name: str, reason: str) -> None:
    async with reviewing() as (client, sandbox):
        document = next(each for each in invoices(sandbox) if each.name == name)
        answer = await told(client, "review_panel", **place(document))
    assert reason in " ".join(answer["against_approval"])
    assert answer["document"]["approve"]["allowed"] is False
    assert answer["document"]["read_only"] == (reason == "rejected")


async def test_the_policy_on_approvals_is_told_before_anybody_tries(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[approval]\nmin_confidence = 0.9\n")
    async with reviewing(policy=policy, journal="sqlite://") as (client, sandbox):
        document = next(each for each in invoices(sandbox) if each.name == "invoice-003.pdf")
        page = await told(client, "review_panel_page", **place(document, page_number=1))
        changes = [
            {"field_data_id": field_of(document, "total_amount").id, "verification_status": "verified"}
        ]
        await client.call_tool("review_apply", place(document, changes=changes))
        later = await told(client, "review_panel_page", **place(document, page_number=1))
    assert page["document"]["approve"]["allowed"] is False
    assert "total_amount" in page["document"]["approve"]["reasons"][0]
    assert later["document"]["approve"] == {"allowed": True, "reasons": []}


async def test_hostile_text_is_named_as_data_and_hides_nothing() -> None:
    async with reviewing() as (client, sandbox):
        document = odd(sandbox, "onerror")
        panel = await told(client, "review_panel", **place(document))
        page = await told(client, "review_panel_page", **place(document, page_number=1))
    for answer in (panel, page):
        assert "\u202e" not in json.dumps(answer, ensure_ascii=False)
        assert answer["docreview"]["hidden_characters_removed"]
        assert answer["docreview"]["outside"]
    assert any(
        value["value"].startswith("<i>vvv") and len(value["value"]) > 9_000 for value in page["values"]
    )


async def test_a_page_that_is_too_full_cuts_long_texts_then_leaves_values_out() -> None:
    async with reviewing() as (client, sandbox):
        document = odd(sandbox, "wrong-sums")
        cells = cells_of(document)
        for cell in cells:
            cell.text = "x" * 9_000
        cut = await told(client, "review_panel_page", **place(document, page_number=1))
        table = document.pages[0].tables[0]
        table.cells += [table.cells[0]] * 900
        full = await told(client, "review_panel_page", **place(document, page_number=1))
    assert {value["cut"] for value in cut["values"] if value["kind"] == "cell"} == {9_000}
    assert not any("cut" in value for value in cut["values"] if value["kind"] == "field")
    assert cut["picture"] is not None
    assert full["left_out"]["values"] + len(full["values"]) == len(document.pages[0].fields) + len(
        table.cells
    )
    assert full["picture"] is not None


def test_a_picture_is_made_small_enough_and_kept_as_it_is_where_it_is() -> None:
    import random

    noise = Image.frombytes("RGB", (900, 1200), random.Random(1).randbytes(900 * 1200 * 3))
    large, turned = io.BytesIO(), io.BytesIO()
    noise.save(large, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "white").save(turned, "JPEG", exif=exif)
    for room in (92_000, 40_000, 18_000):
        made = page_picture(large.getvalue(), room)
        assert len(made.content) * 4 / 3 <= room
        assert made.page_size == (900, 1200)
        assert made.mime_type == "image/webp"
    small = io.BytesIO()
    Image.new("L", (850, 1100), 255).save(small, "PNG")
    assert page_picture(small.getvalue(), 40_000).content == small.getvalue()
    upright = page_picture(turned.getvalue(), 40_000)
    assert upright.size == upright.page_size == (20, 40)
    with pytest.raises(ValueError, match="expected PNG, JPEG"):
        page_picture(b"nothing of the kind", 40_000)
