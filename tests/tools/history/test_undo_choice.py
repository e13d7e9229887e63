"""Which entries an undo is about: all that the caller changed since a time, and why one cannot be undone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from approval_desk import place_of, total_of
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.tools.history import undo_choice
from docreview_mcp.tools.journal.entries import Closing, JournalFault
from http_callers import caller, new_key, served
from mcp import Client
from review_desk import field_of, invoices, sent

YESTERDAY = "2020-01-01"


@asynccontextmanager
async def writing(url: str) -> AsyncGenerator[StoredJournal]:
    """The journal at this URL, for entries that other servers or times left."""
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    try:
        yield journal
    finally:
        journal.stop()


@pytest.fixture
def shared(tmp_path: Path) -> str:
    """A journal that several servers use."""
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


async def corrected(client: Client, document: Document, value: str) -> int:
    """Correct the total amount; gives the entry."""
    result = await client.call_tool("nanonets_update_field", {**total_of(document), "value": value})
    assert not result.is_error, result.structured_content
    return result.structured_content["docreview"]["entry"]


async def undone(client: Client, **arguments: Any) -> dict[str, Any]:
    """The result of an undo that works."""
    result = await client.call_tool("review_undo", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def test_neither_failed_nor_undone_changes_hide_what_came_before_them(shared: str) -> None:
    async with reviewing(journal=shared) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        entry = await corrected(client, document, "1")
        back = (await undone(client, entry=entry))["calls"][0]["entry"]
        async with writing(shared) as journal:
            model = await journal.entry(back)
            assert model is not None
            for _ in range(299):
                number = await journal.open(replace(model.opening, undoes=None))
                await journal.close(number, Closing("not done"))
        writes = len(sent(sandbox))
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "conflict"
        assert "no matching change of yours that is still in effect" in error["message"]
        assert len(sent(sandbox)) == writes
        assert field_of(document, "total_amount").value == first


async def failed(url: str, model: int, count: int) -> None:
    """So many calls like that of an entry fail."""
    async with writing(url) as journal:
        entry = await journal.entry(model)
        assert entry is not None
        for _ in range(count):
            number = await journal.open(replace(entry.opening, undoes=None))
            await journal.close(number, Closing("not done"))


async def test_what_failed_is_left_alone_on_every_page_of_the_journal(shared: str, era: Era) -> None:
    async with reviewing(era=era, journal=shared) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        older = await corrected(client, document, "1")
        await failed(shared, older, 99)
        newer = await corrected(client, document, "2")
        told = await undone(client, since=YESTERDAY)
        assert told["undone"] == [newer, older]
        assert told.keys() == {"undone", "calls", "not_put_back"}
        assert field_of(document, "total_amount").value == first


async def test_more_than_can_be_looked_at_is_refused(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo_choice, "_MAX_LOOKED_AT", 200)
    async with reviewing(journal=shared) as (client, sandbox):
        entry = await corrected(client, invoices(sandbox)[2], "1")
        await failed(shared, entry, 199)
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "invalid_arguments"
        assert error["message"] == (
            "review_undo: since: got 200 or more journal entries, expected fewer; name the document in about,"
            " pass a later time, or pass entries. Nothing was sent."
        )
        assert (await undone(client, entries=[entry]))["undone"] == [entry]


async def test_no_more_than_fifty_changes_are_undone_at_once(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document, other = invoices(sandbox)[2:4]
        first = field_of(document, "total_amount").value
        await corrected(client, other, "other")
        entries = [await corrected(client, document, str(number)) for number in range(50)]
        writes = len(sent(sandbox))
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "invalid_arguments"
        assert "since: got 51 entries, expected at most 50; name the document in about" in error["message"]
        assert len(sent(sandbox)) == writes
        told = await undone(client, since=YESTERDAY, about=[document.id])
        assert told["undone"] == entries[::-1]
        assert field_of(document, "total_amount").value == first
        assert field_of(other, "total_amount").value == "other"


async def test_what_others_did_since_stays(shared: str) -> None:
    async with reviewing(journal=shared) as (client, sandbox):
        document = invoices(sandbox)[2]
        entry = await corrected(client, document, "1")
        async with writing(shared) as journal:
            own = await journal.entry(entry)
            assert own is not None
            assert own.closing is not None
            somebody = replace(own.opening.caller, user="somebody else")
            await journal.close(await journal.open(replace(own.opening, caller=somebody)), own.closing)
        assert (await undone(client, since=YESTERDAY))["undone"] == [entry]


async def refusals(url: str, entry: int) -> dict[int, str]:
    """Entries like this one that cannot be undone, and why."""
    async with writing(url) as journal:
        own = await journal.entry(entry)
        assert own is not None
        assert own.closing is not None
        opening, closing = own.opening, own.closing
        later = "9999-01-01T00:00:00Z"
        unknown_step = {**closing.undo[0], "operation": "formerCall"}
        here, there = opening.address, "https://eu.nanonets.example"
        closed = {
            "its outcome is unknown": (opening, replace(closing, outcome="unknown")),
            "this version of docreview does not know its tool": (
                replace(opening, tool="nanonets_former_tool"),
                closing,
            ),
            "this version of docreview does not know its tool ": (
                opening,
                replace(closing, undo=(closing.undo[0], unknown_step)),
            ),
            f"the change was made at {there}, but this server works with {here}": (
                replace(opening, address=there),
                closing,
            ),
            "the value was empty": (opening, replace(closing, undo=(), not_undoable="the value was empty.")),
            "nothing was changed": (opening, replace(closing, undo=())),
        }
        found: dict[int, str] = {}
        for why, (opened, ended) in closed.items():
            number = await journal.open(opened)
            await journal.close(number, ended)
            found[number] = why.strip()
        found[await journal.open(replace(opening, until=later))] = "its outcome is under way"
        number = await journal.open(opening)
        await journal.close(number, closing)
        undoing = await journal.open(replace(opening, undoes=number, until=later))
        found[number] = f"entry {undoing} is undoing it right now"
        return found


async def test_each_entry_that_cannot_be_undone_says_why(shared: str, era: Era) -> None:
    async with reviewing(era=era, journal=shared) as (client, sandbox):
        document = invoices(sandbox)[2]
        first = field_of(document, "total_amount").value
        entry = await corrected(client, document, "1")
        reasons = await refusals(shared, entry)
        writes = len(sent(sandbox))
        for number, why in reasons.items():
            for call in ({"entry": number}, {"entries": [number, entry]}):
                error = error_of(await client.call_tool("review_undo", call))
                assert (error["code"], error["done"]) == ("conflict", "no")
                assert error["message"] == f"Entry {number} cannot be undone: {why}. Nothing was sent."
                assert error["next"].startswith("review_history shows the full entry; use the ordinary")
            shown = await client.call_tool("review_history", {"entry": number})
            (told,) = shown.structured_content["entries"]
            if "under way" in why:
                assert told["undoable"] is False
                assert told["not_undoable"] == "Its outcome is not known."
        assert len(sent(sandbox)) == writes
        told = await undone(client, since=YESTERDAY)
        assert told["undone"] == [entry]
        assert told["cannot_be_undone"] == [
            {"entry": number, "why": f"Entry {number} cannot be undone: {reasons[number]}."}
            for number in sorted(reasons, reverse=True)
        ]
        assert field_of(document, "total_amount").value == first
        error = error_of(await client.call_tool("review_undo", {"since": YESTERDAY}))
        assert error["code"] == "conflict"
        shown = "; ".join(
            f"entry {number}: Entry {number} cannot be undone: {reasons[number]}."
            for number in sorted(reasons, reverse=True)[:5]
        )
        assert error["message"] == (
            f"review_undo: none of {len(reasons)} entries can be undone ({shown}). Nothing was sent."
        )
        assert error["next"] == "review_history shows the changes and their times."


async def test_entries_that_were_all_undone_are_named(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        entries = [await corrected(client, document, value) for value in "12"]
        told = await undone(client, entries=entries)
        error = error_of(await client.call_tool("review_undo", {"entries": entries}))
        assert error["message"] == (
            f"review_undo: already undone: {entries[1]}, {entries[0]}. Nothing was sent."
        )
        error = error_of(await client.call_tool("review_undo", {"entry": entries[0]}))
        by = told["calls"][1]["entry"]
        assert error["message"] == (
            f"Entry {entries[0]} cannot be undone: it was already undone by entry {by}. Nothing was sent."
        )


async def test_where_another_server_wrote_is_for_administrators(shared: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    ana = new_key(keys, "Ana")
    async with (
        served(
            sandbox=Sandbox(clock=anyio.current_time),
            http={"auth": "keys", "keys": keys},
            journal=shared,
            toolsets="all",
        ) as client,
        caller(client, "auto", ana) as calling,
    ):
        made = await calling.call_tool("studio_create_project", {"name": "Of Ana", "type": "ABSA"})
        assert not made.is_error
        async with writing(shared) as journal:
            own = await journal.entry(1)
            assert own is not None
            assert own.closing is not None
            elsewhere = replace(own.opening, address="https://eu.studio.example")
            number = await journal.open(elsewhere)
            await journal.close(number, own.closing)
        error = error_of(await calling.call_tool("review_undo", {"entry": number}))
        assert error["message"] == (
            f"Entry {number} cannot be undone: the change was made at a different base URL than this"
            " server's. Nothing was sent."
        )


async def test_of_what_the_policy_forbids_only_that_is_said(shared: str, tmp_path: Path, era: Era) -> None:
    sandbox = Sandbox(clock=anyio.current_time)
    document = invoices(sandbox)[2]
    hidden_workflow = next(
        each for each in sandbox.nanonets.workflows.values() if each.workflow_type != "invoice"
    )
    hidden = sandbox.nanonets.documents_of(hidden_workflow)[0]
    async with reviewing(sandbox, era=era, journal=shared) as (client, _):
        entry = await corrected(client, document, "1")
        value = hidden.pages[0].fields[0]
        given = {**place_of(hidden), "field_data_id": value.id, "value": "secret word"}
        kept = await client.call_tool("nanonets_update_field", given)
        number = kept.structured_content["docreview"]["entry"]
        last = await corrected(client, document, "2")
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[workflows]\nforbidden = ["{hidden_workflow.id}"]\n')
    async with reviewing(sandbox, era=era, journal=shared, policy=policy) as (client, _):
        told = await undone(client, since=YESTERDAY)
        assert told["undone"] == [last, entry]
        (left,) = told["cannot_be_undone"]
        assert left["entry"] == number
        assert "workflows.forbidden" in left["why"]
        assert value.value == "secret word"


@pytest.mark.parametrize("looks", [0, 1])
@pytest.mark.parametrize("is_away", [True, False])
async def test_a_journal_that_cannot_be_read_is_told(
    is_away: bool, looks: int, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        entry = await corrected(client, invoices(sandbox)[2], "1")

        is_there: list[bool] = []

        def away_after(read: Any) -> Any:
            async def away(*given: Any, **more: Any) -> Any:
                if not is_there:
                    raise JournalFault("the database is restarting", is_away=is_away)
                is_there.pop()
                return await read(*given, **more)

            return away

        for name in ("entry", "entries"):
            monkeypatch.setattr(StoredJournal, name, away_after(getattr(StoredJournal, name)))
        for call in ({"entry": entry}, {"entries": [entry]}, {"since": YESTERDAY}):
            # As many readings as it takes to choose: the entries, their new ids, and marks if they are named.
            is_there[:] = [True] * looks * (2 if "since" in call else 3)
            error = error_of(await client.call_tool("review_undo", call))
            assert error["code"] == ("unavailable" if is_away else "not_configured")
            assert (error["done"], error["retryable"]) == ("no", is_away)
            assert error["message"] == (
                "The journal of writes cannot be read (the database is restarting). Nothing was sent."
            )


async def marked(client: Client, document: Document) -> int:
    """Verify the total amount; gives the entry."""
    given = {**total_of(document), "verification_status": "verified"}
    result = await client.call_tool("nanonets_verify_field", given)
    assert not result.is_error, result.structured_content
    return result.structured_content["docreview"]["entry"]


async def test_among_several_entries_an_edit_takes_its_verification_along(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        before = (total.value, total.verification_status)
        edit = await corrected(client, document, "1")
        mark = await marked(client, document)
        vendor = {**place_of(document), "field_data_id": field_of(document, "vendor_name").id, "value": "V"}
        other = await client.call_tool("nanonets_update_field", vendor)
        number = other.structured_content["docreview"]["entry"]
        assert (await undone(client, entries=[edit, number]))["undone"] == [number, mark, edit]
        assert (total.value, total.verification_status) == before


@pytest.mark.parametrize("status", ["failed", "unverified"])
async def test_a_verification_that_somebody_changed_since_stays_as_it_is(status: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        total = field_of(document, "total_amount")
        first = total.value
        edit = await corrected(client, document, "1")
        await marked(client, document)
        total.verification_status = status
        told = await undone(client, entry=edit)
        assert told["undone"] == edit
        assert (total.value, total.verification_status) == (first, status)
