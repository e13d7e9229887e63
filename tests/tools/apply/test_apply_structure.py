"""`review_apply` adds and deletes fields, cells, rows and tables, and marks tables, as one checked list."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document, Table
from mcp import Client
from review_desk import cells_of, field_of, interrupted, invoices, sent

JOURNAL: dict[str, Any] = {"journal": "sqlite://"}


def table_of(document: Document) -> Table:
    return next(table for page in document.pages for table in page.tables)


def row_of(table: Table, row: int) -> dict[str, str]:
    return {cell.header: cell.text for cell in table.cells if cell.row == row}


def new_row(table: Table, text: str = "new") -> dict[str, str]:
    return {header: f"{text} {index}" for index, header in enumerate(row_of(table, 0))}


def wanted(document: Document, *changes: dict[str, Any], **further: Any) -> dict[str, Any]:
    place = {"workflow_id": document.workflow_id, "document_id": document.id}
    return {**place, "changes": list(changes), **further}


async def apply(client: Client, document: Document, *changes: dict[str, Any], **further: Any) -> Any:
    result = await client.call_tool("review_apply", wanted(document, *changes, **further))
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_a_line_is_fixed_and_a_row_added_by_one_call_that_can_be_repeated(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table, last = table_of(document), max(cell.row for cell in table_of(document).cells)
        changes = (
            {"cell_id": table.cells[0].id, "value": "Steel"},
            {"table_id": table.id, "cells": new_row(table), "verification_status": "verified"},
        )
        told = await apply(client, document, *changes)
        assert told["summary"] == "2 of 2 changes made."
        assert row_of(table, last + 1) == new_row(table)
        added = [cell for cell in table.cells if cell.row == last + 1]
        assert {cell.verification_status for cell in added} == {"verified"}
        assert told["new"] == {"changes.1": [cell.id for cell in added]}
        writes = len(sent(sandbox))
        again = await apply(client, document, *changes)
        assert again["counts"] == {"already": 2}
        assert len(sent(sandbox)) == writes


async def test_a_row_that_is_there_in_part_is_completed(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table, last = table_of(document), max(cell.row for cell in table_of(document).cells)
        cells = new_row(table)
        first = dict([next(iter(cells.items()))])
        await apply(client, document, {"table_id": table.id, "cells": first})
        await apply(client, document, {"table_id": table.id, "cells": cells})
        assert row_of(table, last + 1) == cells
        assert max(cell.row for cell in table.cells) == last + 1


async def test_fields_and_tables_are_added(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        page = document.pages[0]
        rows = [{"tax": "19 %", "amount": "1.00"}, {"tax": "7 %", "amount": "2.00"}]
        changes = (
            {"field_name": "order_note", "value": "by hand", "page_id": page.id},
            {"rows": rows, "page_id": page.id, "bbox": [1, 2, 300, 400]},
        )
        told = await apply(client, document, *changes)
        assert field_of(document, "order_note").id == told["new"]["changes.0"]
        made = next(
            table for each in document.pages for table in each.tables if table.id == told["new"]["changes.1"]
        )
        assert [row_of(made, row) for row in (0, 1)] == rows
        assert (await apply(client, document, *changes))["counts"] == {"already": 2}


async def test_deletions_are_confirmed_once_and_a_person_sees_rows_as_rows(era: Era) -> None:
    async with reviewing(era=era, confirm="destructive", **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table, total = table_of(document), field_of(document, "total_amount")
        texts = list(row_of(table, 0).values())
        changes = (
            {"table_id": table.id, "row": 0, "delete": True},
            {"field_data_id": total.id, "delete": True},
            {"field_data_id": field_of(document, "vendor_name").id, "value": "Hartmann"},
        )
        asked = error_of(await client.call_tool("review_apply", wanted(document, *changes)))
        assert asked["code"] == "needs_confirmation"
        assert " | ".join(f"“{text}”" for text in texts) in asked["message"]
        assert total.value in asked["message"]
        assert not sent(sandbox)
        told = (await client.call_tool("review_apply", wanted(document, *changes))).structured_content
        await apply(client, document, *changes, confirm=told["docreview"]["confirm"])
        assert not row_of(table, 0)
        assert total not in document.pages[0].fields
        again = await apply(client, document, *changes)
        assert again["counts"] == {"already": 3}


async def test_what_a_call_deleted_is_put_back_by_one_undo(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table = table_of(document)
        before = row_of(table, 0)
        await apply(client, document, {"table_id": table.id, "row": 0, "delete": True})
        undone = await client.call_tool("review_undo", {"since": "2020-01-01", "about": [table.id]})
        assert not undone.is_error, undone.structured_content
        assert row_of(table, 0) == before


async def test_a_table_is_deleted_as_a_whole(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table = table_of(document)
        await apply(client, document, {"table_id": table.id, "delete": True})
        assert all(table not in page.tables for page in document.pages)
        assert sent(sandbox) == ["deleteTable"]


async def test_a_table_is_marked_after_its_cells_were_corrected(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table = table_of(document)
        changes = (
            {"table_id": table.id, "verification_status": "verified"},
            {"cell_id": table.cells[0].id, "value": "Steel"},
        )
        told = await apply(client, document, *changes)
        assert sent(sandbox) == ["updateTableCellValue", "verifyTable"]
        assert {cell.verification_status for cell in table.cells} == {"verified"}
        assert told["docreview"]["not_undoable"]
        assert (await apply(client, document, *changes))["counts"] == {"already": 2}


CELLS = {"Nonsense": "1"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table_id": "{table}", "cells": CELLS}, "no column"),
        ({"table_id": "nowhere", "cells": CELLS}, "is not in the document"),
        ({"table_id": "{table}", "cells": {}}, "expected something to add"),
        ({"cells": CELLS}, "cells was given without table_id"),
        ({"table_id": "{table}"}, "table_id was given without verification_status"),
        ({"rows": [CELLS]}, "rows was given without bbox"),
        ({"field_name": "x"}, "field_name was given without value"),
        ({"field_name": "x", "value": "1", "page_id": "nowhere"}, "expected one of"),
        ({"table_id": "{table}", "row": 99, "delete": True}, "row 99"),
        ({"field_data_id": "nowhere", "delete": True}, "is not in the document"),
        ({"delete": True}, "expected one of field_data_id, cell_id and table_id"),
        ({"cell_id": "{cell}", "delete": True, "value": "1"}, "cannot be combined"),
        ({"cell_id": "{cell}", "delete": True, "expected_value": "other"}, "the current value is"),
        ({"table_id": "{table}", "row": 0, "delete": True}, "deletes it"),
    ],
)
async def test_a_fault_stops_all_changes(change: dict[str, Any], said: str, era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        table = table_of(document)
        ids = {"{table}": table.id, "{cell}": table.cells[0].id}
        known = {
            name: ids.get(value, value) if isinstance(value, str) else value for name, value in change.items()
        }
        good = {"cell_id": table.cells[1].id, "value": "Steel"}
        error = error_of(await client.call_tool("review_apply", wanted(document, known, good)))
        assert said in error["message"]
        assert error["code"] in ("invalid_arguments", "conflict")
        assert not sent(sandbox)


async def test_a_row_that_stops_half_way_is_gone_on_with(era: Era) -> None:
    sandbox = Sandbox()
    document = invoices(sandbox)[2]
    table, last = table_of(document), max(cell.row for cell in table_of(document).cells)
    count = len(table.cells)

    is_open = [True]

    def refuse(method: str, path: str) -> None:
        if method == "POST" and len(table.cells) == count + 2 and is_open:
            document.decision = "rejected"
            is_open.clear()

    async with interrupted(era, sandbox, refuse, **JOURNAL) as client:
        change = {"table_id": table.id, "cells": new_row(table)}
        told = (await client.call_tool("review_apply", wanted(document, change))).structured_content
        assert told["counts"] == {"failed": 1}
        assert "2 of" in told["failed"][0]["message"]
        document.decision = ""
        await apply(client, document, {**change})
        assert row_of(table, last + 1) == new_row(table)
        assert len(table.cells) == count + len(new_row(table))


async def test_what_the_policy_forbids_is_not_done_in_a_list_either(era: Era, tmp_path: Any) -> None:
    rules = tmp_path / "policy.toml"
    rules.write_text('[tools]\nforbidden = ["nanonets_delete_cell"]\n')
    async with reviewing(era=era, policy=str(rules), **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        change = {"cell_id": cells_of(document)[0].id, "delete": True}
        error = error_of(await client.call_tool("review_apply", wanted(document, change)))
        assert error["code"] == "not_allowed"
        assert not sent(sandbox)
