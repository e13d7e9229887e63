"""Undo of several entries: the newest first, all checked before any is sent, and a day's work in one call."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from mcp import Client
from review_desk import cells_of, field_of, interrupted, invoices, sent

JOURNAL: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}
YESTERDAY = "2020-01-01"


def place(document: Document) -> dict[str, str]:
    return {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "page_id": document.pages[0].id,
    }


async def corrected(client: Client, document: Document, name: str, value: str) -> int:
    """Correct a field; gives the entry."""
    arguments = {**place(document), "field_data_id": field_of(document, name).id, "value": value}
    result = await client.call_tool("nanonets_update_field", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content["docreview"]["entry"]


async def applied(client: Client, document: Document, *changes: dict[str, Any]) -> dict[str, Any]:
    whole = {"workflow_id": document.workflow_id, "document_id": document.id, "changes": list(changes)}
    result = await client.call_tool("review_apply", whole)
    assert not result.is_error, result.structured_content
    return result.structured_content


def snapshot(document: Document) -> list[tuple[str, str, str]]:
    fields = [(each.name, each.value, each.verification_status) for each in document.pages[0].fields]
    cells = [(each.id, each.text, each.verification_status) for each in cells_of(document)]
    return sorted(fields) + sorted(cells)


async def test_a_days_work_on_a_document_is_undone_by_one_call(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document, other = invoices(sandbox)[2], invoices(sandbox)[3]
        before = snapshot(document)
        total = field_of(document, "total_amount")
        await applied(
            client,
            document,
            {"field_data_id": total.id, "value": "4,898.29", "verification_status": "verified"},
            {"cell_id": cells_of(document)[0].id, "value": "Steel", "verification_status": "verified"},
        )
        await corrected(client, document, "total_amount", "5.00")
        await corrected(client, document, "total_amount", "6.00")
        await corrected(client, other, "total_amount", "7.00")
        result = await client.call_tool("review_undo", {"since": YESTERDAY, "about": [document.id]})
        assert not result.is_error, result.structured_content
        told = result.structured_content
        assert len(told["undone"]) == 6
        assert told["undone"] == sorted(told["undone"], reverse=True)
        assert snapshot(document) == before
        assert field_of(other, "total_amount").value == "7.00"
        again = error_of(await client.call_tool("review_undo", {"since": YESTERDAY, "about": [document.id]}))
        assert again["code"] == "conflict"


async def test_an_edit_takes_its_verification_along(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        before = snapshot(document)
        total = field_of(document, "total_amount")
        change = {"field_data_id": total.id, "value": "4,898.29", "verification_status": "verified"}
        edit, mark = (await applied(client, document, change))["done"][total.id]
        told = (await client.call_tool("review_undo", {"entry": edit})).structured_content
        assert told["undone"] == [mark, edit]
        assert snapshot(document) == before


async def test_several_entries_in_any_order_with_those_undone_already_left_alone(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        entries = [await corrected(client, document, "total_amount", each) for each in ("1", "2", "3")]
        await client.call_tool("review_undo", {"entry": entries[2]})
        told = (await client.call_tool("review_undo", {"entries": entries})).structured_content
        assert told["undone"] == [entries[1], entries[0]]
        assert told["already_undone"] == [entries[2]]
        assert field_of(document, "total_amount").value == first


async def test_nothing_is_sent_if_one_of_them_was_changed_by_somebody_else(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        old = await corrected(client, document, "vendor_name", "Hartmann")
        new = await corrected(client, document, "total_amount", "1")
        field_of(document, "vendor_name").value = "somebody else's"
        writes = len(sent(sandbox))
        error = error_of(await client.call_tool("review_undo", {"entries": [old, new]}))
        assert error["code"] == "conflict"
        assert f"Entry {old}" in error["message"]
        assert "somebody else's" in error["message"]
        assert len(sent(sandbox)) == writes


async def test_an_entry_below_one_that_stays_is_not_undone(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        old = await corrected(client, document, "total_amount", "1")
        await corrected(client, document, "total_amount", "2")
        error = error_of(await client.call_tool("review_undo", {"entries": [old]}))
        assert error["code"] == "conflict"
        assert field_of(document, "total_amount").value == "2"


async def test_what_was_edited_and_then_deleted_comes_back_as_it_was_before_the_edit(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        identity = {**place(document), "field_data_id": field_of(document, "total_amount").id}
        await corrected(client, document, "total_amount", "1")
        await client.call_tool("nanonets_delete_field", identity)
        result = await client.call_tool("review_undo", {"since": YESTERDAY})
        assert not result.is_error, result.structured_content
        assert field_of(document, "total_amount").value == first


async def test_a_person_is_asked_once_for_all_entries(era: Era) -> None:
    settings = {**JOURNAL, "confirm": "writes"}
    async with reviewing(era=era, **settings) as (client, sandbox):
        document = invoices(sandbox)[2]
        changes = [
            {"field_data_id": field_of(document, name).id, "value": "1"}
            for name in ("total_amount", "vendor_name")
        ]
        call = {"workflow_id": document.workflow_id, "document_id": document.id, "changes": changes}
        code = (await client.call_tool("review_apply", call)).structured_content["docreview"]["confirm"]
        await client.call_tool("review_apply", {**call, "confirm": code})
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
        assert told["error"]["code"] == "needs_confirmation"
        assert "4,398.29" in told["docreview"]["summary"]
        assert field_of(document, "total_amount").value == "1"
        arguments = {"since": YESTERDAY, "confirm": told["docreview"]["confirm"]}
        undone = (await client.call_tool("review_undo", arguments)).structured_content
        assert len(undone["undone"]) == 2


async def test_what_fails_between_says_what_was_undone_and_the_same_call_goes_on(era: Era) -> None:
    sandbox = Sandbox()
    document = invoices(sandbox)[2]
    first = field_of(document, "vendor_name").value
    held = field_of(document, "vendor_name").id

    def refuse(method: str, path: str) -> None:
        if method != "GET" and path.endswith(held) and document.id in path and is_closed:
            document.decision, is_closed[:] = "rejected", []

    is_closed: list[bool] = []
    async with interrupted(era, sandbox, refuse, **JOURNAL) as client:
        await corrected(client, document, "vendor_name", "one")
        await corrected(client, document, "total_amount", "1")
        is_closed.append(True)
        call: dict[str, Any] = {"since": YESTERDAY}
        error = error_of(await client.call_tool("review_undo", call))
        assert error["done"] == "yes"
        document.decision = ""
        told = (await client.call_tool("review_undo", call)).structured_content
        assert len(told["undone"]) == 1
        assert field_of(document, "vendor_name").value == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "entry: got none, expected one of entry, entries and since"),
        ({"entry": 1, "since": YESTERDAY}, "got entry and since"),
        ({"since": "last week"}, "since: got 'last week'"),
        ({"entry": 1, "about": ["x"]}, "about"),
    ],
)
async def test_what_to_undo_is_named_in_one_way(arguments: dict[str, Any], said: str, era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        error = error_of(await client.call_tool("review_undo", arguments))
        assert error["code"] == "invalid_arguments"
        assert said in error["message"]
        assert not sandbox.received


async def test_an_undo_that_was_undone_counts_as_the_change_that_it_left(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        entry = await corrected(client, document, "total_amount", "1")
        undone = (await client.call_tool("review_undo", {"entry": entry})).structured_content
        assert error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))["code"] == "conflict"
        await client.call_tool("review_undo", {"entry": undone["calls"][0]["entry"]})
        assert field_of(document, "total_amount").value == "1"
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
        assert len(told["undone"]) == 1
        assert field_of(document, "total_amount").value == first


async def test_history_by_time_and_tool(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        entry = await corrected(client, document, "total_amount", "1")
        await applied(
            client,
            document,
            {"field_data_id": field_of(document, "vendor_name").id, "verification_status": "verified"},
        )

        async def numbers(**arguments: Any) -> list[int]:
            told = (await client.call_tool("review_history", arguments)).structured_content
            return [each["entry"] for each in told["entries"]]

        assert await numbers(tool="nanonets_update_field") == [entry]
        assert len(await numbers(since=YESTERDAY)) == 2
        assert await numbers(until=YESTERDAY) == []
        assert await numbers(since="9999-01-01") == []
        assert await numbers(since=YESTERDAY, tool="nanonets_update_field", about=[document.id]) == [entry]
        told = (await client.call_tool("review_history", {"tool": "review_apply"})).structured_content
        assert "service tools" in told["note"]
        error = error_of(await client.call_tool("review_history", {"until": "soon"}))
        assert "until: got 'soon'" in error["message"]


async def test_a_value_that_somebody_changed_below_its_verification_is_found_before_anything_is_sent(
    era: Era,
) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        change = {"field_data_id": total.id, "value": "1", "verification_status": "verified"}
        await applied(client, document, change)
        total.value = "somebody else's"
        writes = len(sent(sandbox))
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "conflict"
        assert "somebody else's" in error["message"]
        assert len(sent(sandbox)) == writes


async def test_what_was_taken_away_and_set_again_is_undone_in_both_steps(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, _):

        async def starred() -> list[int]:
            found = await client.call_tool("studio_list_models", {"starred": True})
            return [each["id"] for each in found.structured_content["models"]]

        entries: list[int] = []
        for tool in ("studio_star_model", "studio_unstar_model", "studio_star_model"):
            result = await client.call_tool(tool, {"model_id": 11})
            assert not result.is_error, result.structured_content
            entries.append(result.structured_content["docreview"]["entry"])
        told = (await client.call_tool("review_undo", {"entries": entries[1:]})).structured_content
        assert told["undone"] == entries[:0:-1]
        assert 11 in await starred()
        told = (await client.call_tool("review_undo", {"entry": entries[0]})).structured_content
        assert told["undone"] == entries[0]
        assert 11 not in await starred()
