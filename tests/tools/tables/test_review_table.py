"""A table of many documents: rows, conditions, totals by currency, groups, files and charts."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of, own, reviewing, told_beside
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from openpyxl import load_workbook
from results import blob_of, text_of

HEADERS = ("description", "quantity", "amount")


def a_bill(
    supplier: str, total: str, currency: str = "EUR", *, lines: Sequence[Sequence[str]] = (), **more: str
) -> dict[str, Any]:
    """What the service says of a document with these fields and the lines of a table."""
    fields = {"vendor_name": supplier, "total_amount": total, "currency": currency, **more}
    cells = [
        {"cell_id": f"c{row}{column}", "row": row, "col": column, "header": HEADERS[column], "text": text}
        for row, line in enumerate(lines)
        for column, text in enumerate(line)
    ]
    named = {name: [{"field_data_id": f"{name}-id", "value": text}] for name, text in fields.items()}
    data = {"fields": named, "tables": [{"table_id": "t", "cells": cells}] if lines else []}
    return {"status": "success", "pages": [{"page_id": "p", "page_number": 1, "data": data}]}


def service(*bills: dict[str, Any]) -> Network:
    """A workflow with these documents, d0 first."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        last = request.url.path.rpartition("/")[2]
        if last.startswith("d") and last[1:].isdigit():
            return httpx2.Response(200, json={**bills[int(last[1:])], "document_id": last})
        listed = [
            {"document_id": f"d{number}", "status": bill["status"], "uploaded_at": f"2026-10-{number + 1:02}"}
            for number, bill in enumerate(bills)
        ]
        page, size = (int(request.url.params.get(name, 1)) for name in ("page", "limit"))
        shown = listed[(page - 1) * size : page * size]
        return httpx2.Response(200, json={"documents": shown, "total_count": len(listed)})

    return Network(answer)


async def table_of(network: Network, era: Era = "auto", **arguments: Any) -> dict[str, Any]:
    async with connected(network, era) as client:
        result = await client.call_tool("review_table", {"workflow_id": "w", **arguments})
    assert not result.is_error, result.structured_content
    return own(result)


async def refused(network: Network, **arguments: Any) -> dict[str, Any]:
    async with connected(network) as client:
        return error_of(await client.call_tool("review_table", {"workflow_id": "w", **arguments}))


async def first_workflow(client: Client) -> str:
    found = await client.call_tool("nanonets_list_workflows", {"limit": 1})
    return own(found)["workflows"][0]["id"]


async def test_the_bills_of_one_supplier_among_forty_take_one_small_call(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        workflow = await first_workflow(client)
        for number in range(18):
            upload = {"file_name": f"more-{number}.pdf", "file_base64": base64.b64encode(b"%PDF").decode()}
            await client.call_tool("nanonets_upload_document", {"workflow_id": workflow, **upload})
        result = await client.call_tool(
            "review_table",
            {
                "workflow_id": workflow,
                "conditions": [{"field": "vendor_name", "op": "contains", "value": "duval"}],
            },
        )
    found = own(result)
    assert found["documents_read"] + found.get("documents_without_values", 0) == 40
    assert found["matching"] == len(found["rows"]) >= 4
    supplier = found["columns"].index("vendor_name")
    assert {row[supplier] for row in found["rows"]} == {"Papeterie Duval SARL"}
    assert len(text_of(result)) / 4 < 900
    assert {"rows", "totals"} <= set(result.structured_content["docreview"]["outside"])


async def test_amounts_in_every_spelling_are_added_by_currency_and_never_across(era: Era) -> None:
    network = service(
        a_bill("A", "1.234,56 €"),
        a_bill("B", "1,234.56"),
        a_bill("C", "1'234.56", "CHF"),
        a_bill("D", "१२३"),
        a_bill("E", "(100.00)"),
        a_bill("F", "$ 20.00", "USD"),
        a_bill("G", ""),
        a_bill("H", "see attachment"),
        a_bill("I", "1.234"),
    )
    found = await table_of(network, era, fields=["total_amount"])
    assert found["totals"] == {"total_amount": {"EUR": "2492.12", "CHF": "1234.56", "USD": "20"}}
    assert found["unreadable"]["count"] == 2
    told = {entry["document_id"]: entry["text"] for entry in found["unreadable"]["first"]}
    assert told == {"d7": "see attachment", "d8": "1.234"}


async def test_other_bills_of_a_supplier_tell_how_it_writes() -> None:
    network = service(
        a_bill("A", "1.234", invoice_date="03/04/2026"),
        a_bill("A", "12,50", invoice_date="23/04/2026"),
    )
    found = await table_of(network, order="-invoice_date", fields=["invoice_date", "total_amount"])
    assert [row[0] for row in found["rows"]] == ["d1", "d0"]
    assert found["totals"] == {"total_amount": {"EUR": "1246.50"}}
    assert "unreadable" not in found


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ({"field": "vendor_name", "op": "contains", "value": "HARTMANN"}, ["d0", "d2"]),
        ({"field": "vendor_name", "op": "=", "value": "hartmann gmbh"}, ["d0"]),
        ({"field": "Vendor Name", "op": "!=", "value": "Hartmann GmbH"}, ["d1", "d2", "d3"]),
        ({"field": "total_amount", "op": ">", "value": "1000"}, ["d0"]),
        ({"field": "total_amount", "op": "<=", "value": "-5.5"}, ["d2"]),
        ({"field": "total_amount", "op": "=", "value": "1234.56"}, ["d0"]),
        ({"field": "total_amount", "op": "empty"}, ["d3"]),
        ({"field": "total_amount", "op": "filled"}, ["d0", "d1", "d2"]),
        ({"field": "invoice_date", "op": ">=", "value": "2026-10-05"}, ["d1"]),
        ({"field": "document.status", "op": "=", "value": "open"}, ["d0", "d1", "d2", "d3"]),
    ],
)
async def test_simple_conditions(condition: dict[str, Any], wanted: list[str]) -> None:
    network = service(
        a_bill("Hartmann GmbH", "1.234,56", invoice_date="4.10.2026"),
        a_bill("Kestrel", "12.00", "GBP", invoice_date="2026-10-05"),
        a_bill("Hartmann AG", "-5,50", invoice_date=""),
        a_bill("Papeterie", ""),
    )
    found = await table_of(network, conditions=[condition])
    assert [row[0] for row in found["rows"]] == wanted


async def test_a_value_that_cannot_be_judged_is_told_and_fits_no_condition() -> None:
    network = service(a_bill("A", "see attachment"), a_bill("B", "20.00"))
    found = await table_of(network, conditions=[{"field": "total_amount", "op": "<", "value": "1000"}])
    assert [row[0] for row in found["rows"]] == ["d1"]
    assert found["unreadable"]["first"][0]["text"] == "see attachment"


@pytest.mark.slow
async def test_a_condition_in_cel(era: Era) -> None:
    network = service(
        a_bill("Hartmann GmbH", "1.234,56"), a_bill("Hartmann GmbH", "12,00"), a_bill("Duval", "9.999,00")
    )
    where = 'fields.vendor_name.contains("Hartmann") && money(fields.total_amount) > 1000.0'
    found = await table_of(network, era, where=where, fields=["vendor_name"])
    assert found["rows"] == [["d0", "Hartmann GmbH"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("fields.total_amount >", "line 1, column"),
        ("nothing == 1", "there is no variable nothing"),
        ('fields.vendor == "A"', "there is no vendor"),
        ("(" * 60 + "true" + ")" * 60, "nested"),
        ("fields.total_amount", "expected true or false"),
    ],
)
async def test_a_condition_with_a_fault_is_told_with_its_place(where: str, said: str) -> None:
    error = await refused(service(a_bill("A", "1.00")), where=where)
    assert error["code"] == "invalid_arguments"
    assert error["done"] == "no"
    assert said in error["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"conditions": [{"field": "total_amount", "op": ">", "value": "much"}]},
            "conditions.0.value: got 'm",
        ),
        ({"conditions": [{"field": "total_amount", "op": ">"}]}, "conditions.0.value: missing"),
        (
            {"conditions": [{"field": "total_amount", "op": "empty", "value": "x"}]},
            "conditions.0.value: given",
        ),
        ({"conditions": [{"field": "total_amount", "op": "like", "value": "x"}]}, "conditions.0.op"),
        ({"analysis_id": 1}, "expected exactly one of"),
        ({"since": "yesterday"}, "since: got"),
        ({"chart": True}, "chart: given without aggregate"),
        ({"aggregate": {"by": "vendor_name", "measures": ["sum"]}}, "aggregate.of: missing"),
    ],
)
async def test_arguments_that_cannot_be_used_are_told_and_nothing_is_sent(
    arguments: dict[str, Any], said: str
) -> None:
    network = service(a_bill("A", "1.00"))
    error = await refused(network, **arguments)
    assert said in error["message"]
    assert "Nothing was sent." in error["message"]
    assert network.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"fields": ["totl_amount"]},
        {"order": "-totl_amount"},
        {"aggregate": {"by": "totl_amount"}},
        {"conditions": [{"field": "totl_amount", "op": "filled"}]},
    ],
)
async def test_a_name_that_no_document_has_is_told_with_the_nearest(arguments: dict[str, Any]) -> None:
    error = await refused(service(a_bill("A", "1.00")), **arguments)
    assert "did you mean total_amount? Documents were read" in error["message"]


async def test_lines_of_tables_are_rows_and_sums_among_them_do_not_count_twice() -> None:
    lines = [("Bolts", "2", "10.00"), ("Nuts", "1", "5.00"), ("Total", "", "15.00")]
    network = service(a_bill("A", "15.00", lines=lines), a_bill("B", "7.00", lines=[("Oil", "1", "7.00")]))
    found = await table_of(network, fields=["vendor_name"], columns=["description", "amount"])
    assert found["rows"] == [
        ["d0", "A", "Bolts", "10.00"],
        ["d0", "A", "Nuts", "5.00"],
        ["d1", "B", "Oil", "7.00"],
    ]
    assert found["totals"] == {"amount": {"EUR": "22"}}
    assert found["lines_with_sums_left_out"] == 1


async def test_groups_are_summed_up_for_each_currency(era: Era) -> None:
    network = service(
        a_bill("A", "10.00"), a_bill("A", "5.00", "USD"), a_bill("a", "2.50"), a_bill("B", "1.00", "USD")
    )
    aggregate = {"by": "vendor_name", "of": "total_amount"}
    measures = ["sum", "count", "min", "max", "average"]
    found = await table_of(network, era, aggregate={**aggregate, "measures": measures})
    assert found["columns"] == ["vendor_name", "currency", "count", "sum", "min", "max", "average"]
    assert found["rows"] == [
        ["A", "EUR", 2, "12.50", "2.50", "10", "6.25"],
        ["A", "USD", 1, "5", "5", "5", "5"],
        ["B", "USD", 1, "1", "1", "1", "1"],
    ]


@pytest.mark.slow
async def test_a_document_with_ten_thousand_lines_fits_into_an_answer() -> None:
    lines = [(f"Part {number}", "1", "1.00") for number in range(10_000)]
    network = service(a_bill("A", "10,000.00", lines=lines))
    found = await table_of(network, columns=["description", "amount"], limit=500)
    assert len(json.dumps(found)) < 60_000
    assert found["matching"] == 10_000
    assert found["totals"]["amount"] == {"EUR": "10000"}
    assert found["rows_left_out"] == 10_000 - len(found["rows"])


async def test_many_documents_go_on_in_a_second_call() -> None:
    network = service(*(a_bill("A", "1.00") for _ in range(210)))
    aggregate = {"of": "total_amount"}
    first = await table_of(network, aggregate=aggregate)
    assert first["rows"] == [["EUR", 200, "200"]]
    assert first["documents_left"] == 10
    assert "offset=200" in first["next"]
    rest = await table_of(network, aggregate=aggregate, offset=200)
    assert rest["rows"] == [["EUR", 10, "10"]]
    assert "next" not in rest


async def test_a_document_that_cannot_be_read_is_told_beside_the_others() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("d1"):
            return httpx2.Response(404, json={"message": "gone"})
        return httpx2.Response(200, json={**a_bill("A", "1.00"), "document_id": "d0"})

    found = await table_of(Network(answer), document_ids=["d0", "d1"])
    assert [row[0] for row in found["rows"]] == ["d0"]
    assert found["not_read"]["document_ids"] == ["d1"]


async def test_a_csv_file_holds_all_rows_and_no_formula(era: Era) -> None:
    network = service(a_bill("=HYPERLINK(1)", "1.234,56"), a_bill("B", "-2,00"), a_bill("C", "n/a"))
    found = await table_of(network, era, format="csv", limit=1, fields=["vendor_name", "total_amount"])
    assert "rows" not in found
    rows = list(csv.reader(io.StringIO(Path(found["path"]).read_text(encoding="utf-8-sig"))))
    assert rows == [
        ["document_id", "vendor_name", "total_amount"],
        ["d0", "'=HYPERLINK(1)", "1234.56"],
        ["d1", "B", "-2"],
        ["d2", "C", "n/a"],
    ]


async def test_a_workbook_has_numbers_as_numbers_and_texts_as_texts() -> None:
    network = service(a_bill("=1+1", "1.234,56", invoice_number="0012"), a_bill("B\x07", "2,50"))
    fields = ["vendor_name", "invoice_number", "total_amount"]
    found = await table_of(network, format="xlsx", fields=fields)
    sheet = load_workbook(found["path"]).active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1:] == [["d0", "=1+1", "0012", 1234.56], ["d1", "B", None, 2.5]]
    assert sheet.cell(2, 2).data_type == "s"


async def test_a_file_is_attached_where_none_may_be_saved(era: Era) -> None:
    behind, transport = embedded(Settings(journal="none", surface="core"), Sandbox())
    async with Client(build_server(behind, transport=transport, local=False), mode=era) as client:
        workflow = await first_workflow(client)
        result = await client.call_tool("review_table", {"workflow_id": workflow, "format": "xlsx"})
    assert [content.type for content in result.content] == ["text", "resource"]
    assert "path" not in own(result)
    content = base64.b64decode(blob_of(result, 1).blob)  # type: ignore[union-attr]
    assert load_workbook(io.BytesIO(content)).active is not None


async def test_a_chart_is_a_picture_beside_the_numbers(era: Era) -> None:
    network = service(a_bill("A $x$ _y", "10.00"), a_bill("社", "5.00", "USD"))
    async with connected(network, era) as client:
        result = await client.call_tool(
            "review_table",
            {
                "workflow_id": "w",
                "chart": True,
                "aggregate": {"by": "vendor_name", "of": "total_amount"},
            },
        )
    assert len(told_beside(result)["rows"]) == 2


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("openpyxl", {"format": "xlsx"}), ("matplotlib", {"chart": True, "aggregate": {"by": "vendor_name"}})],
)
async def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, arguments: dict[str, Any]
) -> None:
    from docreview_mcp.tools.tables import files

    monkeypatch.setattr(files, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    network = service(a_bill("A", "1.00"))
    error = await refused(network, **arguments)
    assert error["code"] == "not_configured"
    assert module in error["message"]
    assert "docreview-mcp[tables]" in error["next"]
    assert network.requests == []


async def test_a_value_that_changed_since_the_table_showed_it_is_not_overwritten(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        workflow = await first_workflow(client)
        arguments = {"workflow_id": workflow, "fields": ["total_amount"], "limit": 1, "status": ["open"]}
        row = own(await client.call_tool("review_table", arguments))["rows"][0]
        document = {"workflow_id": workflow, "document_id": row[0]}
        page = own(await client.call_tool("nanonets_get_document", document))["pages"][0]
        place = {**document, "page_id": page["page_id"]}
        place["field_data_id"] = page["data"]["fields"]["total_amount"][0]["field_data_id"]
        await client.call_tool("review_table", arguments)
        async with reviewing(sandbox, era) as (other, _):
            done = await other.call_tool("nanonets_update_field", {**place, "value": "77.00"})
            assert not done.is_error
        error = error_of(await client.call_tool("nanonets_update_field", {**place, "value": "88.00"}))
    assert error["code"] == "conflict"
    assert "77.00" in error["message"]
