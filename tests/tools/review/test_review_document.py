"""One document in one call: nothing missing that a correction needs, doubtful first, short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Fault, Sandbox
from mcp import Client
from results import text_of

MAX_CHARACTERS = 16_000
"""4,000 tokens."""

MIN_CONFIDENCE = 0.8


def documents(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Every document of the sandbox: its name without the ending → the arguments that name it."""
    held = sandbox.nanonets.documents.values()
    return {
        each.name.partition(".")[0]: {"workflow_id": each.workflow_id, "document_id": each.id}
        for each in held
    }


async def review(client: Client, where: dict[str, str], **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("review_document", {**where, **arguments})
    assert not result.is_error, result.structured_content
    assert json.loads(text_of(result)) == result.structured_content
    return result.structured_content


def shown(reviewed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every value of an answer in one form: id, text, and what is said of it."""
    usual = {"status": reviewed["unless_given"]["status"]} if "unless_given" in reviewed else {}
    for value in reviewed["fields"]:
        yield {**usual, **value, "id": value["field_data_id"], "text": value["value"]}
    for table in reviewed.get("tables", []):
        for row in table.get("rows", []):
            for header, cell in zip(table["columns"], row[1:], strict=True):
                if isinstance(cell, list):
                    text, identity, *remarks = cell
                    said = {**usual, **(remarks[0] if remarks else {})}
                    yield {**said, "id": identity, "text": text, "name": header, "row": row[0]}
        for cell in table.get("cells", []):
            yield {**usual, **cell, "id": cell["cell_id"], "name": cell["header"]}


def raw_values(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every value of a raw document in the same form."""
    for page in document["pages"]:
        for name, values in page["data"]["fields"].items():
            for value in values:
                yield {**value, "id": value["field_data_id"], "text": value["value"], "name": name}
        for table in page["data"]["tables"]:
            for cell in table["cells"]:
                yield {**cell, "id": cell["cell_id"], "name": cell["header"]}


@pytest.mark.slow
async def test_every_value_of_every_document_is_there_with_its_ids(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        for where in documents(sandbox).values():
            raw = (await client.call_tool("nanonets_get_document", where)).structured_content
            reviewed = await review(client, where)
            text = json.dumps(reviewed)
            assert len(text) < MAX_CHARACTERS
            found = {value["id"]: value for value in shown(reviewed)}
            values = list(raw_values(raw))
            assert set(found) == {value["id"] for value in values}
            for value in values:
                told = found[value["id"]]
                assert (told["text"], told["name"]) == (value["text"], value["name"])
                assert told["status"] == value["verification_status"]
                assert told.get("message", "") == value["verification_message"]
                assert told.get("corrected", False) == value["is_moderated"]
                assert "confidence" not in value or told["confidence"] == value["confidence"]
            for page in raw["pages"]:
                assert page["page_id"] in text
                assert all(table["table_id"] in text for table in page["data"]["tables"])
            assert reviewed["counts"]["values"] == reviewed["counts"]["shown"] == len(values)
            assert reviewed["next"]


async def test_an_invoice_with_thirty_lines_is_short_in_every_state(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where = documents(sandbox)["invoice-004"]
        result = await client.call_tool("review_document", where)
        assert len(text_of(result)) < MAX_CHARACTERS * 0.6
        assert len(json.dumps(await review(client, where, min_confidence=1))) < MAX_CHARACTERS
        await client.call_tool("nanonets_verify_document", {**where, "verification_status": "verified"})
        verified = await review(client, where)
        assert verified["unless_given"]["status"] == "verified"
        assert verified["counts"]["unverified"] == verified["counts"]["doubtful"] == 0
        assert len(json.dumps(verified)) < MAX_CHARACTERS * 0.62
        assert "review_files" in verified["next"]
        sandbox.nanonets.documents[where["document_id"]].decision = "approved"
        approved = await review(client, where)
        assert approved["next"] == "Every value is verified. The file is already approved."


async def test_doubtful_fields_and_rows_come_first(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        reviewed = await review(client, documents(sandbox)["invoice-003"])
        first = reviewed["fields"][0]
        assert (first["name"], first["value"], first["confidence"]) == ("total_amount", "4,398.29", 0.41)
        reviewed = await review(client, documents(sandbox)["invoice-020"])
        assert [field["confidence"] for field in reviewed["fields"][:2]] == [0.2, 0.36]
        reviewed = await review(client, documents(sandbox)["invoice-004"])
        rows = reviewed["tables"][0]["rows"]
        assert [row[0] for row in rows] == [17, *range(17), *range(18, 30)]
        assert rows[0][4][2] == {"confidence": 0.38}
        assert reviewed["counts"]["doubtful"] == 1


async def test_a_value_that_somebody_settled_is_not_doubtful_any_more(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where = documents(sandbox)["invoice-020"]
        page = (await review(client, where))["pages"][0]["page_id"]
        first, second = (await review(client, where, show="doubtful"))["fields"]
        place = {**where, "page_id": page}
        await client.call_tool(
            "nanonets_update_field",
            {**place, "field_data_id": first["field_data_id"], "value": "DE00"},
        )
        await client.call_tool(
            "nanonets_verify_field",
            {**place, "field_data_id": second["field_data_id"], "verification_status": "verified"},
        )
        reviewed = await review(client, where)
        assert reviewed["counts"]["doubtful"] == 0
        assert reviewed["counts"]["corrected"] == 1
        said = {value["id"]: value for value in shown(reviewed)}
        assert said[first["field_data_id"]]["corrected"]
        assert said[second["field_data_id"]]["status"] == "verified"


Wanted = Callable[[dict[str, Any]], bool]
FILTERS: list[tuple[dict[str, Any], Wanted]] = [
    ({"show": "all"}, lambda value: True),
    ({"show": "unverified"}, lambda value: value["verification_status"] != "verified"),
    ({"show": "corrected"}, lambda value: value["is_moderated"]),
    ({"show": "corrected", "search": "DUE"}, lambda v: v["is_moderated"] and "due" in v["name"]),
    ({"search": "amount"}, lambda value: "amount" in value["name"]),
    ({"search": "2026"}, lambda value: "2026" in value["text"]),
    ({"search": "no such text"}, lambda value: False),
]


async def test_filters_show_just_what_they_say(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        for name in ("invoice-005", "invoice-011", "receipt-013"):
            where = documents(sandbox)[name]
            raw = (await client.call_tool("nanonets_get_document", where)).structured_content
            for arguments, wanted in FILTERS:
                reviewed = await review(client, where, **arguments)
                expected = {value["id"] for value in raw_values(raw) if wanted(value)}
                assert {value["id"] for value in shown(reviewed)} == expected, arguments
                assert reviewed["counts"]["shown"] == len(expected)


async def test_one_page_of_several(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where = documents(sandbox)["invoice-005"]
        raw = (await client.call_tool("nanonets_get_document", where)).structured_content
        for page in raw["pages"]:
            reviewed = await review(client, where, page_number=page["page_number"])
            expected = {value["id"] for value in raw_values({"pages": [page]})}
            assert {value["id"] for value in shown(reviewed)} == expected
            assert {value["page_number"] for value in reviewed["fields"]} <= {page["page_number"]}
        failed = await client.call_tool("review_document", {**where, "page_number": 4})
        assert error_of(failed)["code"] == "invalid_arguments"
        assert "1, 2, 3" in error_of(failed)["message"]


async def test_of_a_filtered_row_the_other_cells_are_shown_without_ids(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where = documents(sandbox)["invoice-004"]
        reviewed = await review(client, where, show="doubtful")
        assert reviewed["fields"] == []
        ((row, description, quantity, price, amount),) = reviewed["tables"][0]["rows"]
        assert [row, description, quantity, price] == [17, "Stretch film 500 mm, 23 my, roll", "24", "7.65"]
        assert amount[0] == "133.60"
        assert len(json.dumps(reviewed)) < 1_400


async def test_without_the_file_in_v2_the_confidence_of_cells_is_not_known(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        where = documents(sandbox)["invoice-004"]
        sandbox.faults.add(Fault("status", "getPredictionFileByFileId", times=9, status=404))
        reviewed = await review(client, where)
        assert reviewed["unless_given"]["cell_confidence"] == "not known"
        assert reviewed["counts"]["doubtful"] == 0
        assert reviewed["counts"]["shown"] == 132


@pytest.mark.parametrize("limit", [6_000, 12_000])
async def test_what_does_not_fit_is_cut_with_a_note(limit: int, era: Era) -> None:
    async with reviewing(era=era, answer_limit=limit) as (client, sandbox):
        where = documents(sandbox)["invoice-005"]
        result = await client.call_tool("review_document", where)
        assert len(text_of(result)) <= limit
        reviewed = result.structured_content
        cut = reviewed["docreview"]["cut"]
        assert cut["left_out"]
        assert "page_number" in cut["rest"]
        assert reviewed["counts"]["values"] == 227
        assert all(len(value["id"]) == 36 for value in shown(reviewed))


async def test_documents_that_hold_nothing_say_what_to_do(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        failed = await review(client, documents(sandbox)["invoice-021"])
        assert (failed["status"], failed["fields"]) == ("failure", [])
        assert "person" in failed["next"]
        where = documents(sandbox)["invoice-001"]
        sandbox.nanonets.documents[where["document_id"]].ready_at = float("inf")
        assert "review_wait" in (await review(client, where))["next"]
        unknown = {**where, "document_id": "unknown"}
        assert error_of(await client.call_tool("review_document", unknown))["code"] == "not_found"


def cell(identity: str, row: int, col: int, **more: Any) -> dict[str, Any]:
    return {"cell_id": identity, "row": row, "col": col, "text": identity, **more}


ODD: dict[str, tuple[Any, set[str]]] = {
    "nothing": ({}, set()),
    "no list": ({"pages": "none"}, set()),
    "no data": ({"pages": [{"page_id": "p"}, None, 5]}, set()),
    "fields as a list": (
        {"pages": [{"data": {"fields": [{"field_data_id": "a", "field_name": "total", "value": 12.5}]}}]},
        {"a"},
    ),
    "one value instead of a list": (
        {"pages": [{"data": {"fields": {"total": {"field_data_id": "a", "value": None}}}}]},
        {"a"},
    ),
    "cells named otherwise": (
        {"pages": [{"data": {"tables": [{"cells": [{"cell_id": "a", "value": "x"}]}]}}]},
        {"a"},
    ),
    "two cells in one place": (
        {"pages": [{"data": {"tables": [{"cells": [cell("a", 0, 0), cell("b", 0, 0)]}]}}]},
        {"a", "b"},
    ),
    "a table that is hardly filled": (
        {"pages": [{"data": {"tables": [{"cells": [cell(str(n), n, n) for n in range(300)]}]}}]},
        {str(n) for n in range(300)},
    ),
    "far away": (
        {"pages": [{"data": {"tables": [{"cells": [cell("a", 10**12, 10**12), cell("b", -1, -1)]}]}}]},
        {"a", "b"},
    ),
    "two tables with one id": (
        {"pages": [{"data": {"tables": [{"table_id": "t", "cells": [cell(n, 0, 0)]} for n in "ab"]}}]},
        {"a", "b"},
    ),
    "two names in one column": (
        {"pages": [{"data": {"tables": [{"cells": [cell(n, r, 0, header=n) for r, n in enumerate("ab")]}]}}]},
        {"a", "b"},
    ),
    "a gap in a row": (
        {"pages": [{"data": {"tables": [{"cells": [cell("a", 0, 0), cell("b", 0, 1), cell("c", 1, 1)]}]}}]},
        {"a", "b", "c"},
    ),
}


@pytest.mark.parametrize(("answer", "ids"), ODD.values(), ids=ODD)
async def test_odd_answers_lose_nothing(answer: Any, ids: set[str], era: Era) -> None:
    def told(request: httpx2.Request) -> httpx2.Response:
        return (
            httpx2.Response(200, json=answer) if "/documents/" in request.url.path else httpx2.Response(404)
        )

    async with connected(Network(told), era) as client:
        reviewed = await review(client, {"workflow_id": "w", "document_id": "d"})
    assert {value["id"] for value in shown(reviewed)} == ids
    assert reviewed["counts"]["shown"] == len(ids)
    assert len(json.dumps(reviewed)) < 60_000


async def test_text_from_outside_is_named_and_holds_nothing_hidden(era: Era) -> None:
    value = {"field_data_id": "a", "value": "12\u200b.50", "verification_message": "\u202echeck"}
    pages = [{"page_id": "p", "data": {"fields": {"to\u200btal": [value]}}}]
    network = Network(lambda request: httpx2.Response(200, json={"pages": pages}))
    async with connected(network, era) as client:
        reviewed = await review(client, {"workflow_id": "w", "document_id": "d"}, search="12.50")
    (field,) = reviewed["fields"]
    assert (field["name"], field["value"], field["message"]) == ("total", "12.50", "check")
    assert reviewed["docreview"] == {
        "outside": ["fields[]: message, name, value"],
        "hidden_characters_removed": 3,
    }
