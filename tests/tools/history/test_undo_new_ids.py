"""What was deleted and added again has a new id: earlier changes are undone under it, by later calls too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from approval_desk import done, place_of
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.store import open_journal
from mcp import Client
from review_desk import cells_of, field_of, invoices
from undo_scenarios import SCENARIOS, comparable, using

YESTERDAY = "2020-01-01"
JOURNAL: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}


def total_of(document: Document) -> dict[str, str]:
    """Where the total amount is now."""
    return {**place_of(document), "field_data_id": field_of(document, "total_amount").id}


async def written(client: Client, tool: str, **arguments: Any) -> int:
    """The entry of a write."""
    return (await done(client, tool, **arguments))["docreview"]["entry"]


async def deleted_and_added_again(client: Client, document: Document) -> None:
    """Delete the total amount and undo that; it has another id then."""
    before = field_of(document, "total_amount").id
    deletion = await written(client, "nanonets_delete_field", **total_of(document))
    await done(client, "review_undo", entry=deletion)
    assert field_of(document, "total_amount").id != before


@pytest.mark.parametrize("call", ["entry", "entries", "since"])
async def test_an_edit_is_undone_after_its_field_was_added_again(call: str, era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        first = (total.value, total.verification_status)
        edit = await written(client, "nanonets_update_field", **total_of(document), value="1")
        mark = await written(
            client, "nanonets_verify_field", **total_of(document), verification_status="verified"
        )
        await deleted_and_added_again(client, document)
        await deleted_and_added_again(client, document)
        given = {"entry": {"entry": edit}, "entries": {"entries": [edit]}, "since": {"since": YESTERDAY}}
        told = await done(client, "review_undo", **given[call])
        assert told["undone"] == [mark, edit]
        total = field_of(document, "total_amount")
        assert (total.value, total.verification_status) == first


async def test_edits_under_both_ids_are_undone_in_their_order(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        older = await written(client, "nanonets_update_field", **total_of(document), value="1")
        await deleted_and_added_again(client, document)
        newer = await written(client, "nanonets_update_field", **total_of(document), value="2")
        error = error_of(await client.call_tool("review_undo", {"entry": older}))
        assert error["code"] == "conflict"
        assert 'The entry set it to “{"value":"1"}”; now it is “{"value":"2"}”.' in error["message"]
        mark = await written(
            client, "nanonets_verify_field", **total_of(document), verification_status="verified"
        )
        assert (await done(client, "review_undo", entries=[older, newer]))["undone"] == [mark, newer, older]
        assert field_of(document, "total_amount").value == first


async def test_a_field_that_was_added_is_removed_under_the_id_that_it_has_now(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        new = {"field_name": "notes", "value": "x", "bbox": [1, 2, 3, 4]}
        addition = await written(client, "nanonets_add_field", **place_of(document), **new)
        place = {**place_of(document), "field_data_id": field_of(document, "notes").id}
        deletion = await written(client, "nanonets_delete_field", **place)
        await done(client, "review_undo", entry=deletion)
        assert (await done(client, "review_undo", entry=addition))["undone"] == addition
        assert "notes" not in {each.name for each in document.pages[0].fields}


async def test_cells_and_tags_are_found_under_their_new_ids_as_well(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        document = invoices(sandbox)[2]
        cell, table = cells_of(document)[0], document.pages[0].tables[0]
        first = cell.text
        where = {**place_of(document), "table_id": table.id, "cell_id": cell.id}
        edit = await written(client, "nanonets_update_cell", **where, value="another")
        deletion = await written(client, "nanonets_delete_cell", **where)
        await done(client, "review_undo", entry=deletion)
        await done(client, "review_undo", entry=edit)
        assert first in {each.text for each in cells_of(document)}
        assert "another" not in {each.text for each in cells_of(document)}

        use = using(client)
        trial = await SCENARIOS["updateCorrectionTag"](use)

        async def tags() -> list[Any]:
            return [comparable(await use(read, **given), ("id", "status")) for read, given in trial.watched]

        before = await tags()
        edit = await written(client, "studio_update_correction_tag", **trial.arguments)
        names = ("project_id", "correction_id", "document_id", "segment_id", "tag_id")
        tag = {name: trial.arguments[name] for name in names}
        deletion = await written(client, "studio_delete_correction_tag", **tag)
        await done(client, "review_undo", entry=deletion)
        result = await client.call_tool("review_undo", {"entry": edit})
        assert not result.is_error, result.structured_content
        assert await tags() == before


@pytest.mark.parametrize("where", ["elsewhere", "another document"])
async def test_only_the_deletion_of_the_same_item_gives_it_another_id(where: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    async with reviewing(**{**JOURNAL, "journal": url}) as (client, sandbox):
        document, other = invoices(sandbox)[2:4]
        first = field_of(document, "total_amount").value
        edit = await written(client, "nanonets_update_field", **total_of(document), value="1")
        deletion = await written(client, "nanonets_delete_field", **total_of(other))
        back = (await done(client, "review_undo", entry=deletion))["calls"][0]["entry"]
        journal = open_journal(Settings(journal=url), tuple)
        assert journal is not None
        deleted, added = await journal.entry(deletion), await journal.entry(back)
        assert deleted is not None
        assert deleted.closing is not None
        assert added is not None
        assert added.closing is not None
        ids = {**total_of(document), **({} if where == "elsewhere" else place_of(other))}
        about = (*ids.values(), *total_of(document).values())
        address = "https://eu.nanonets.example" if where == "elsewhere" else deleted.opening.address
        opening = replace(deleted.opening, arguments=ids, about=about, address=address)
        number = await journal.open(opening)
        await journal.close(number, deleted.closing)
        await journal.close(await journal.open(replace(added.opening, undoes=number)), added.closing)
        journal.stop()
        assert (await done(client, "review_undo", entry=edit))["undone"] == edit
        assert field_of(document, "total_amount").value == first


async def test_where_nothing_tells_the_new_id_the_item_counts_as_deleted(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, _):
        trial = await SCENARIOS["updateWorkflowField"](using(client))
        edit = await written(client, "nanonets_update_workflow_field", **trial.arguments)
        field = {name: trial.arguments[name] for name in ("workflow_id", "field_id")}
        deletion = await written(client, "nanonets_delete_workflow_field", **field)
        await done(client, "review_undo", entry=deletion)
        error = error_of(await client.call_tool("review_undo", {"entry": edit}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert "now it is nothing (it was deleted)" in error["message"]
