"""What a person is asked before an undo, and what their answer is good for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from approval_desk import place_of
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.schemas import load_operations
from mcp import Client
from review_desk import field_of, invoices, ready, sent
from undo_scenarios import SCENARIOS, using

ASKING: dict[str, Any] = {"confirm": "writes", "journal": "sqlite://", "toolsets": "review,all"}


async def agreed(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The result of a call to which the person agrees."""
    asked = (await client.call_tool(tool, arguments)).structured_content
    result = await client.call_tool(tool, {**arguments, "confirm": asked["docreview"]["confirm"]})
    assert not result.is_error, result.structured_content
    return result.structured_content


async def written(client: Client, tool: str, **arguments: Any) -> int:
    """The entry of a write to which the person agrees."""
    return (await agreed(client, tool, **arguments))["docreview"]["entry"]


async def question(client: Client, **arguments: Any) -> str:
    """What a person is asked before this undo."""
    result = await client.call_tool("review_undo", arguments)
    assert error_of(result)["code"] == "needs_confirmation"
    return result.structured_content["docreview"]["summary"]


@asynccontextmanager
async def desk(era: Era = "auto") -> AsyncGenerator[tuple[Client, Sandbox, Document, dict[str, str]]]:
    """A client whose person is asked, an invoice, and the place of its first page."""
    async with reviewing(era=era, **ASKING) as (client, sandbox):
        document = invoices(sandbox)[2]
        yield client, sandbox, document, place_of(document)


def in_words(**ids: Any) -> str:
    """Ids as a question ends with them."""
    return ", ".join(f"{name} “{value}”" for name, value in sorted(ids.items()))


async def test_of_one_entry_the_item_as_it_is_and_what_is_put_back_are_shown(era: Era) -> None:
    async with desk(era) as (client, _, document, place):
        total, vendor = field_of(document, "total_amount"), field_of(document, "vendor_name")
        edited, marked = {**place, "field_data_id": total.id}, {**place, "field_data_id": vendor.id}
        edit = await written(client, "nanonets_update_field", **edited, value="5.00")
        mark = await written(client, "nanonets_verify_field", **marked, verification_status="verified")
        assert await question(client, entry=edit, reason="wrong\ninvoice") == (
            f"Undo a change “total_amount”: entry {edit}, of “Update field value”, by “Update field value"
            ' (nanonets_update_field)”, “put back” “{"value":"4,398.29"}”. Current state: value “5.00”.'
            f" The agent's reason: “wrong invoice”. Ids: {in_words(**edited)}."
        )
        assert await question(client, entry=mark) == (
            f"Undo a change “vendor_name”: entry {mark}, of “Verify field”, by “Verify field"
            ' (nanonets_verify_field)”, “put back” “{"verification_status":"unverified"}”. Current state:'
            f" value “{vendor.value}”, verification_status “verified”. Ids: {in_words(**marked)}."
        )


async def test_of_what_was_added_or_deleted_that_is_said(era: Era) -> None:
    async with desk(era) as (client, _, document, place):
        subtotal = field_of(document, "subtotal")
        deletion = await written(client, "nanonets_delete_field", **place, field_data_id=subtotal.id)
        new = {"field_name": "notes", "value": "x", "bbox": [1, 2, 3, 4]}
        added = await agreed(client, "nanonets_add_field", **place, **new)
        addition = added["docreview"]["entry"]
        told = await question(client, entry=deletion)
        assert '“put back” “{"bbox":' in told
        assert f'"field_name":"subtotal","value":"{subtotal.value}"' in told
        assert f"Current state: “nothing (it was deleted)”. Ids: {in_words(**place)}." in told
        ids = in_words(**place, field_data_id=added["field_data_id"])
        assert await question(client, entry=addition) == (
            f"Undo a change “notes”: entry {addition}, of “Add field value”, by “Delete field value"
            " (nanonets_delete_field)”. Current state: value “x”, verification_status “unverified”."
            f" Ids: {ids}."
        )
        told = await question(client, entries=[deletion, addition])
        assert (
            f'“entry {addition}” “Add field value: "notes" "x, unverified" → "gone" (Delete field value)”,'
            f' “entry {deletion}” “Delete field value: "gone" → "subtotal, {subtotal.value}, unverified"'
            " (Add field value)”, ids "
        ) in told


async def test_of_one_entry_that_many_calls_undo_their_number_and_all_ids_are_shown(era: Era) -> None:
    async with desk(era) as (client, sandbox, _, _place):
        classes = [{"name": name} for name in "ABCDEFG"]
        added = await agreed(client, "studio_add_classes", project_id=1, classes=classes)
        entry = added["docreview"]["entry"]
        ids = ",".join(str(each["id"]) for each in added["items"])
        assert await question(client, entry=entry) == (
            f"Undo a change: entry {entry}, of “Add several classes”, by “7 × Delete a class"
            f" (studio_delete_class)”. Ids: class_id 7 entries “[{ids}]”, project_id 1."
        )
        label = await written(client, "studio_add_label", project_id=3, name="Very urgent")
        told = await question(client, entries=[entry, label])
        assert '“Add several classes: "not known" → "gone" (7 × Delete a class)”' in told
        assert '“Add a label: "Very urgent" → "gone" (Delete a label)”' in told

        documents = ready(sandbox)[:6]
        for number, each in enumerate(documents):
            each.reviewers = [f"r{number}@norwick.example"]
        files = [each.id for each in documents]
        given = {"model_id": documents[0].workflow_id, "file_ids": files, "member": "new@norwick.example"}
        assigned = await written(client, "nanonets_assign_files", **given)
        told = await question(client, entry=assigned)
        assert "by “6 × Assign files to a reviewer (nanonets_assign_files)”, “undo 1”" in told
        for number in range(5):
            assert f'“undo {number + 1}” “{{"member":"r{number}@norwick.example"}}”' in told
        assert '“undo 5” “{"member":"r4@norwick.example"}”, “more to put back” 1. Current' in told
        assert f'Ids: file_ids 6 entries “["{files[0]}","{files[1]}"' in told


async def test_of_several_entries_each_has_a_line_of_what_changes(era: Era) -> None:
    async with desk(era) as (client, _, document, place):
        total, vendor = field_of(document, "total_amount"), field_of(document, "vendor_name")
        vendor.value = "9" * 70
        edit = await written(client, "nanonets_update_field", **place, field_data_id=total.id, value="5.00")
        other = await written(client, "nanonets_update_field", **place, field_data_id=vendor.id, value="")
        told = await question(client, entries=[edit, other], reason="all wrong")
    first = sorted({*place.values(), total.id, vendor.id})[0]
    assert told.startswith(
        f'Undo a change: entries 2, “entry {other}” “Update field value: "vendor_name" "nothing" → "999'
    )
    assert (
        f'9… (70 characters)" (Update field value)”, “entry {edit}” “Update field value: "total_amount"'
        f' "5.00" → "4,398.29" (Update field value)”, ids 5 entries “["{first}","'
    ) in told
    assert told.endswith(". The agent's reason: “all wrong”.")


LINES = {
    "updateLabelByName": '"Now" → "Urgent" (Update a label)',
    "assignHitl": '"2" → "3" (Assign a HITL)',
    "starModel": '"11" → "gone" (Unstar a model)',
    "updateNotification": '"2026-11-16T09:00:00Z" → "nothing" (Update a notification)',
    "verifyFile": '"approved, true" → "nothing, false" (Unapprove file)',
    "updateCorrectionTag": '"POS, READY" → "NEU, CORRECTING" (Update a correction tag, Confirm a corr',
    "deleteWorkflowField": '"description, unit_price, amount" → "description, quantity, unit_price, amount"',
    "setDefaultWorkspace": '"2" → "1" (Set the default workspace)',
    "cancelInvitation": '"gone" → "anna.gruber@alpenblick.example, ANNOTATOR" (Invite users)',
    "uploadDocument": '"small.pdf" → "gone" (Delete document)',
    "predictUrls": '"not known" → "gone" (2 × Delete file)',
}


@pytest.mark.parametrize("operation_id", LINES)
async def test_the_line_of_an_entry_shows_what_the_undo_changes(operation_id: str) -> None:
    async with desk() as (client, _, _document, _place):
        trial = await SCENARIOS[operation_id](using(client))
        label = await written(client, "studio_add_label", project_id=3, name="Very urgent")
        operation = load_operations()[operation_id]
        entry = await written(client, operation.tool, **trial.arguments)
        told = await question(client, entries=[label, entry])
    assert f"“entry {entry}” “{operation.title}: {LINES[operation_id]}" in told


@pytest.mark.parametrize("several", [False, True])
async def test_a_code_is_good_for_this_state_and_reason_only(several: bool, era: Era) -> None:
    async with desk(era) as (client, sandbox, document, place):
        total, vendor = field_of(document, "total_amount"), field_of(document, "vendor_name")
        edits = [
            await written(client, "nanonets_update_field", **place, field_data_id=each.id, value="5.00")
            for each in (total, vendor)
        ]
        call = {"entries": edits} if several else {"entry": edits[0]}
        asked = await client.call_tool("review_undo", {**call, "reason": "wrong"})
        code = asked.structured_content["docreview"]["confirm"]
        writes = len(sent(sandbox))
        for reason in ({}, {"reason": "another"}):
            again = error_of(await client.call_tool("review_undo", {**call, **reason, "confirm": code}))
            assert again["code"] == "needs_confirmation"
        assert len(sent(sandbox)) == writes
        done = await client.call_tool("review_undo", {**call, "reason": "wrong", "confirm": code})
        assert not done.is_error, done.structured_content
        history = (await client.call_tool("review_history", {"limit": 1})).structured_content
        assert history["entries"][0]["reason"] == "wrong"
        assert history["entries"][0]["agreed"] == "code"
