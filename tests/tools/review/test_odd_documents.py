"""Documents in odd forms: what says something is read, and what cannot be read is never called fine."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import pytest
from conftest import Network, connected, error_of, told_beside
from PIL import Image

WHERE = {"workflow_id": "w", "document_id": "d"}


def value(identity: str, **more: Any) -> dict[str, Any]:
    return {"field_data_id": identity, "value": identity, "verification_status": "unverified", **more}


def document(fields: dict[str, dict[str, Any]], *, tables: Any = (), **page: Any) -> dict[str, Any]:
    data = {"fields": {name: [entry] for name, entry in fields.items()}, "tables": [*tables]}
    return {"document_id": "d", "status": "success", "pages": [{"page_id": "p", **page, "data": data}]}


def network_of(answer: dict[str, Any]) -> Network:
    """A v4 document, which v2 does not have; pictures of its pages, whose width is the end of the address."""

    def told(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.startswith("/pages/"):
            output = io.BytesIO()
            Image.new("RGB", (int(path.rpartition("/")[2]), 500), "white").save(output, "PNG")
            return httpx2.Response(200, content=output.getvalue())
        return httpx2.Response(200, json=answer) if path.startswith("/api/v4/") else httpx2.Response(404)

    return Network(told)


async def call(answer: dict[str, Any], tool: str = "review_document", **arguments: Any) -> Any:
    async with connected(network_of(answer)) as client:
        return await client.call_tool(tool, {**WHERE, **arguments})


async def review(answer: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    result = await call(answer, **arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (0.31, 0.31),
        (31, 0.31),
        (31.5, 0.315),
        ("0.31", 0.31),
        (" 0,31 ", 0.31),
        ("31%", 0.31),
        ("31,5 %", 0.315),
        ("1%", 0.01),
        ("31", 0.31),
        ("31/100", 0.31),
        ("31 of 100", 0.31),
        ("3.1e-1", 0.31),
        ([0.31], 0.31),
        ([0.99, "31%"], 0.31),
        ({"value": 0.31}, 0.31),
    ],
)
async def test_a_low_confidence_is_doubtful_in_every_spelling(told: Any, read: float) -> None:
    fields = {"date": value("b", confidence=0.99), "total": value("a", confidence=told)}
    reviewed = await review(document(fields))
    assert reviewed["counts"]["doubtful"] == 1
    assert (reviewed["fields"][0]["name"], reviewed["fields"][0]["confidence"]) == ("total", read)


@pytest.mark.parametrize("told", [1, 1.0, "100%", 100, "1", "0.99", [0.99], 99.5, 1.0000001, "98 / 100"])
async def test_a_high_confidence_is_fine_in_every_spelling(told: Any) -> None:
    reviewed = await review(document({"total": value("a", confidence=told)}))
    assert reviewed["counts"]["doubtful"] == 0
    assert "no_confidence" not in reviewed["counts"]
    assert "No value is doubtful." in reviewed["next"]


@pytest.mark.parametrize(
    "told",
    [None, "high", "", "?", True, -0.5, 101, "101%", "0.9.9", "1,000.5", [], ["?", 0.99], {}, [[[0.9]]]],
)
async def test_without_a_readable_confidence_nothing_is_called_fine(told: Any) -> None:
    reviewed = await review(document({"total": value("a", confidence=told)}))
    assert reviewed["counts"]["no_confidence"] == 1
    assert reviewed["fields"][0]["confidence"] == "not known"
    assert "No value is doubtful" not in reviewed["next"]
    assert "review_region" in reviewed["next"]


async def test_a_settled_value_needs_no_confidence() -> None:
    fields = {
        "total": value("a", verification_status="Verified"),
        "date": value("b", is_moderated="true"),
    }
    reviewed = await review(document(fields))
    assert "no_confidence" not in reviewed["counts"]
    assert (reviewed["counts"]["unverified"], reviewed["counts"]["corrected"]) == (1, 1)


@pytest.mark.parametrize(
    "status", ["failed", "FAILED", " Failed ", "failure", "doubted", "needs_review", 5, {"a": 1}]
)
async def test_a_failed_or_unknown_status_is_not_fine(status: Any) -> None:
    reviewed = await review(document({"total": value("a", confidence=0.99, verification_status=status)}))
    assert reviewed["counts"]["doubtful"] == 1


@pytest.mark.parametrize("status", ["Unverified", "SUCCESS", "Validation passed", "not_verified", "", None])
async def test_known_words_in_any_case_are_fine(status: Any) -> None:
    reviewed = await review(document({"total": value("a", confidence=0.99, verification_status=status)}))
    assert (reviewed["counts"]["doubtful"], reviewed["counts"]["unverified"]) == (0, 1)


async def test_what_is_no_text_is_shown_as_json_and_found() -> None:
    fields = {
        "total": value("a", value={"amount": 5, "currency": "EUR"}),
        "names": value("b", value=["Müller", None]),
        "paid": value("c", value=False),
        "none": value("d", value=None),
    }
    answer = document(fields, tables=[{"table_id": "t", "cells": [{"cell_id": "e", "text": {"x": 1}}]}])
    reviewed = await review(answer)
    shown = {entry["name"]: entry["value"] for entry in reviewed["fields"]}
    assert shown == {
        "total": '{"amount":5,"currency":"EUR"}',
        "names": '["Müller",null]',
        "paid": "false",
        "none": "",
    }
    assert reviewed["tables"][0]["rows"][0][1][0] == '{"x":1}'
    assert [entry["name"] for entry in (await review(answer, search="eur"))["fields"]] == ["total"]


def pages_numbered(*numbers: Any) -> dict[str, Any]:
    """A document whose pages have these numbers, the ids A, B, C and pictures 100, 200, 300 pixels wide."""
    pages = [
        {
            "page_id": identity,
            "page_number": number,
            "image_url": f"https://app.nanonets.com/pages/{index * 100}",
            "data": {"fields": {"total": [value(f"f{identity}", bbox=[10, 10, 40, 20])]}, "tables": []},
        }
        for index, (identity, number) in enumerate(zip("ABC", numbers, strict=True), 1)
    ]
    return {"document_id": "d", "status": "success", "pages": pages}


@pytest.mark.parametrize(
    "numbers", [(0, 1, 2), (1, 1, 1), (1, 2, 2), (None, 1, 1), ("3", "2", "1"), (1, 2, 3)]
)
async def test_a_value_is_shown_on_its_own_page_whatever_the_numbers(numbers: tuple[Any, ...]) -> None:
    answer = pages_numbered(*numbers)
    for index, identity in enumerate("ABC", 1):
        result = await call(answer, "review_region", field_data_id=f"f{identity}")
        shown = told_beside(result)
        assert (shown["page_id"], shown["page_size"][0]) == (identity, index * 100)
        whole = told_beside(await call(answer, "review_region", page_id=identity))
        assert (whole["shown"], whole["page_id"], whole["page_size"][0]) == ("page", identity, index * 100)
        filtered = await review(answer, page_id=identity)
        assert [entry["field_data_id"] for entry in filtered["fields"]] == [f"f{identity}"]
    reviewed = await review(answer)
    expected = [place if number is None else int(number) for place, number in enumerate(numbers, 1)]
    told = [{"page_number": number, "page_id": each} for number, each in zip(expected, "ABC", strict=True)]
    assert reviewed["pages"] == told
    is_clear = len(set(expected)) == 3
    assert [("page_id" in entry) for entry in reviewed["fields"]] == [not is_clear] * 3


async def test_a_number_that_stands_for_two_pages_is_not_guessed() -> None:
    refused = error_of(await call(pages_numbered(1, 2, 2), "review_region", page_number=2))
    assert refused["code"] == "invalid_arguments"
    assert "page_id: B, C" in refused["message"]
    zero = told_beside(await call(pages_numbered(0, 1, 2), "review_region", page_number=0))
    assert zero["page_id"] == "A"
    both = await review(pages_numbered(1, 2, 2), page_number=2)
    assert [entry["page_id"] for entry in both["fields"]] == ["B", "C"]
    unknown = error_of(await call(pages_numbered(1, 2, 3), page_id="X"))
    assert "A, B, C" in unknown["message"]


@pytest.mark.parametrize(
    "bbox",
    [
        [100, 200, 180, 220],
        ["100", "200", "180", "220"],
        "100, 200, 180, 220",
        "[100, 200, 180, 220]",
        "(100 200 180 220)",
        {"xmin": 100, "ymin": 200, "xmax": 180, "ymax": 220},
        {"x1": "100", "y1": "200", "x2": "180", "y2": "220"},
        {"x0": 100, "y0": 200, "x1": 180, "y1": 220},
        {"left": 100, "top": 200, "right": 180, "bottom": 220},
        {"Left": 100, "Top": 200, "Width": 80, "Height": 20},
        {"x": 100, "y": 200, "w": 80, "h": 20},
        [[100, 200], [180, 200], [180, 220], [100, 220]],
        [100, 200, 180, 200, 180, 220, 100, 220],
        [[100, 200, 140, 220], [140, 200, 180, 220]],
        [{"x": 100, "y": 200}, {"x": 180, "y": 220}],
        {"vertices": [{"x": 100, "y": 200}, {"x": 180, "y": 220}]},
        '{"xmin": 100, "ymin": 200, "xmax": 180, "ymax": 220}',
    ],
)
async def test_boxes_in_every_form_are_drawn(bbox: Any) -> None:
    answer = document({"total": value("a", bbox=bbox)}, image_url="https://app.nanonets.com/pages/400")
    shown = told_beside(await call(answer, "review_region", field_data_id="a"))
    assert shown["box"] == [100, 200, 180, 220]


@pytest.mark.parametrize(
    "bbox",
    [
        None,
        "",
        [],
        {},
        "here",
        "page 3",
        [1, 2, 3],
        [1, 2, 1, 2],
        [[1, 2], "?"],
        {"x": 1},
        [None] * 4,
        True,
        "1e999",
    ],
)
async def test_what_is_no_box_leads_to_the_page(bbox: Any) -> None:
    answer = document({"total": value("a", bbox=bbox)}, image_url="https://app.nanonets.com/pages/400")
    assert "page_number 1" in error_of(await call(answer, "review_region", field_data_id="a"))["next"]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("validation passed", "review_files approves the file"),
        ("manager approval", "review_files approves the file"),
        ("Validation Failed", "cannot be approved in stage validation failed"),
        ("validation_failed", "a person has to move the file on"),
        ("REJECTED", "already rejected. A rejected file cannot change"),
        ("approved", "already approved"),
    ],
)
async def test_it_is_said_from_which_stages_a_file_can_be_approved(stage: str, said: str) -> None:
    answer = {**document({"total": value("a", confidence=0.99)}), "verification_stage": stage}
    assert said in (await review(answer))["next"]


async def test_a_refused_approval_says_which_stages_can_be_approved() -> None:
    refusal = httpx2.Response(409, json={"code": "conflict", "message": "not in this stage"})
    network = Network(lambda request: refusal if request.method != "GET" else httpx2.Response(200, json={}))
    async with connected(network) as client:
        arguments = {"model_id": "w", "request_file_id": "d"}
        error = error_of(await client.call_tool("nanonets_approve_file", arguments))
    assert error["code"] == "conflict"
    assert "validation passed" in error["next"]


async def test_the_queue_lists_rejected_documents_and_failed_exports_on_request() -> None:
    rows = [
        {"document_id": "a", "status": "success", "verification_stage": "rejected"},
        {
            "document_id": "b",
            "status": "success",
            "verification_stage": "approved",
            "export_status": "failed",
        },
        {"document_id": "c", "status": "success", "verification_stage": "validation passed"},
    ]
    network = Network(lambda request: httpx2.Response(200, json={"documents": rows}))
    found: dict[str, list[str]] = {}
    async with connected(network) as client:
        for reason in ("rejected", "export_failed", "not_approved"):
            arguments = {"workflow_id": "w", "reasons": [reason], "kinds": ["document"]}
            told = (await client.call_tool("review_queue", arguments)).structured_content
            found[reason] = [entry["document_id"] for entry in told["entries"]]
    assert found == {"rejected": ["a"], "export_failed": ["b"], "not_approved": ["c"]}


def cells(rows: int, columns: int = 4) -> list[dict[str, Any]]:
    return [
        {"cell_id": f"c{row}_{col}", "row": row, "col": col, "header": f"h{col}", "text": f"{row},{col:02d}"}
        for row in range(rows)
        for col in range(columns)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("is_grid", [True, False])
async def test_every_row_of_long_tables_can_be_read(is_grid: bool) -> None:
    """Following what the cut says reads each row of each table, doubtful ones first."""
    tables = [{"table_id": name, "cells": cells(500)} for name in ("t", "u")]
    tables[0]["cells"][4 * 450]["verification_status"] = "failed"
    if not is_grid:
        for table in tables:
            table["cells"][0]["header"] = "another"
            table["cells"][4]["header"] = "name"
    answer = document({}, tables=tables)
    seen: set[str] = set()
    to_ask: list[dict[str, Any]] = [{}]
    calls = 0
    async with connected(network_of(answer), answer_limit=12_000) as client:
        while to_ask:
            result = await client.call_tool("review_document", {**WHERE, **to_ask.pop()})
            reviewed = result.structured_content
            for table in reviewed["tables"]:
                for row in table.get("rows", []):
                    seen |= {cell[1] for cell in row[1:]}
                seen |= {cell["cell_id"] for cell in table.get("cells", [])}
            further = reviewed.get("docreview", {}).get("cut", {}).get("further_rows", [])
            if calls == 0:
                assert "c450_0" in seen
                to_ask = further
            elif further:
                assert len(further) == 1
                to_ask += further
            calls += 1
            assert calls < 200
    assert seen == {cell["cell_id"] for table in tables for cell in table["cells"]}


async def test_columns_are_what_col_counts() -> None:
    reviewed = await review(document({}, tables=[{"table_id": "t", "cells": cells(2)}]))
    (table,) = reviewed["tables"]
    assert table["columns"] == ["h0", "h1", "h2", "h3"]
    assert [cell[1] for cell in table["rows"][1][1:]] == ["c1_0", "c1_1", "c1_2", "c1_3"]
    assert table["rows"][1][0] == 1
    assert "A row starts with its number" in reviewed["reading"]
