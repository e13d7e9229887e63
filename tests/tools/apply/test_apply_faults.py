"""What is wrong with a list of changes is told by the places of the changes, and nothing of it is sent."""

from __future__ import annotations

from typing import Any

import httpx2
from conftest import Era, Network, connected, error_of, reviewing
from review_desk import field_of, invoices, sent
from test_apply_structure import new_row, table_of, wanted


async def test_changes_without_a_document_are_told_with_their_other_faults(era: Era) -> None:
    row = {"table_id": "t", "cells": {"item": "x"}}
    changes: list[dict[str, Any]] = [
        {"value": "1"},
        {"document_id": "d", "field_data_id": "f", "value": "1"},
        row,
        {"field_data_id": "f", "verification_status": "unverified"},
        {"cell_id": "c"},
    ]
    async with reviewing(era=era) as (client, sandbox):
        call = {"workflow_id": "w", "changes": changes, "verify_document": True}
        error = error_of(await client.call_tool("review_apply", call))
        assert (error["code"], error["done"]) == ("invalid_arguments", "no")
        assert "changes 0, 2-4 are invalid" in error["message"]
        for number in (0, 2, 3, 4):
            assert f"changes.{number}: names no document, expected document_id" in error["message"]
        assert "changes.0: got neither, expected exactly one of field_data_id and cell_id" in error["message"]
        assert "changes.2: got" not in error["message"]
        assert "changes.3.verification_status: got unverified, but verify_document" in error["message"]
        assert not sandbox.received


async def test_an_own_fault_of_a_change_is_told_where_the_document_is_missing(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        call = {"workflow_id": "w", "changes": [{"field_data_id": "f", "verification_status": "unverified"}]}
        error = error_of(await client.call_tool("review_apply", call))
        assert "names no document" in error["message"]
        assert "verify_document verifies" not in error["message"]
        assert not sandbox.received


async def test_what_is_deleted_twice_or_filled_and_deleted_is_told(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        document = invoices(sandbox)[2]
        table, total = table_of(document), field_of(document, "total_amount")
        other = field_of(document, "iban")
        error = error_of(
            await client.call_tool(
                "review_apply",
                wanted(
                    document,
                    {"table_id": table.id, "row": 0, "delete": True},
                    {"cell_id": table.cells[0].id, "delete": True},
                    {"field_data_id": total.id, "delete": True},
                    {"field_data_id": total.id, "delete": True},
                    {"field_data_id": other.id, "value": "1", "verification_status": "verified"},
                    {"field_data_id": other.id, "delete": True},
                    {"table_id": table.id, "cells": new_row(table)},
                    {"table_id": table.id, "delete": True},
                ),
            )
        )
        assert (error["code"], error["done"]) == ("invalid_arguments", "no")
        assert "changes 1, 3-4, 6-7 are invalid" in error["message"]
        for words in (
            "changes.1: changes.0 already deletes it",
            "changes.3: changes.2 already deletes it",
            "changes.7: changes.0 already deletes it",
            "changes.4: changes.5 deletes it",
            "changes.6: changes.7 deletes the table",
        ):
            assert words in error["message"]
        assert sent(sandbox) == []


async def test_values_that_cannot_be_told_apart_or_placed_are_told(era: Era) -> None:
    cell = {"row": 0, "col": 0, "header": "item", "text": "x"}
    twice = {"field_data_id": "twice", "value": "1"}
    page = {
        "page_id": "p",
        "data": {
            "fields": {"a": [twice], "b": [twice], "c": [{"field_data_id": "one", "value": "1"}]},
            "tables": [{"headers": ["item"], "cells": [{**cell, "cell_id": "homeless"}]}],
        },
    }
    document = {"document_id": "d", "status": "completed", "pages": [page]}
    network = Network(lambda request: httpx2.Response(200, json=document))
    changes = [
        {"cell_id": "homeless", "value": "2"},
        {"field_data_id": "twice", "value": "2"},
        {"field_data_id": "one", "value": "2"},
        {"field_data_id": "nowhere", "value": "2"},
        {"field_data_id": "one", "verification_status": "unverified"},
        {"field_data_id": "nobody", "value": "2"},
    ]
    async with connected(network, era) as client:
        call = {"workflow_id": "w", "document_id": "d", "changes": changes, "verify_document": True}
        error = error_of(await client.call_tool("review_apply", call))
    assert "changes 0-1, 3-5 are invalid" in error["message"]
    for words in (
        "changes.0.cell_id: the service does not say which page or table it belongs to",
        "changes.1.field_data_id: “twice” occurs 2 times in the document",
        "changes.4.verification_status: got unverified, but verify_document verifies everything",
    ):
        assert words in error["message"]
    assert {request.method for request in network.requests} == {"GET"}
