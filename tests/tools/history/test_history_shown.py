"""What `review_history` shows: pages as long as asked for, entries in short and in full."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from approval_desk import done
from conftest import Era, Network, connected
from docreview_mcp.sandbox import Sandbox
from http_callers import caller, new_key, served
from mcp import Client

FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
OUTSIDE = {"outside": ["entries[]: after, arguments, before, by, message, reason, request_id, undo"]}
NONE_HERE = "No change by this server matches. Changes made elsewhere are not in its journal."
NONE_OF_CALLER = "No change by this caller matches. Only administrators see the changes of others."


def service(answer: httpx2.Response) -> Network:
    """A service that shows a field to every read and gives this answer to every write."""
    page = {"data": {"fields": {"total": [{"field_data_id": "f", "value": "10"}]}, "tables": []}}
    return Network(lambda request: httpx2.Response(200, json=page) if request.method == "GET" else answer)


async def history(client: Client, **arguments: Any) -> dict[str, Any]:
    """What the history shows."""
    result = await client.call_tool("review_history", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content or {}


async def written(client: Client, count: int) -> list[int]:
    """So many entries, the newest first."""
    entries: list[int] = []
    for number in range(count):
        label = await done(client, "studio_add_label", project_id=1, name=f"label {number}")
        entries.append(label["docreview"]["entry"])
    return entries[::-1]


async def test_a_page_names_what_is_older_only_if_there_is_some(era: Era) -> None:
    async with connected(Network(), era, journal="sqlite://") as client:
        entries = await written(client, 3)
        for limit, older in ((2, {"before": entries[1]}), (3, None), (4, None)):
            told: dict[str, Any] = await history(client, limit=limit)
            assert [each["entry"] for each in told["entries"]] == entries[:limit]
            assert told.get("older") == older
        rest = await history(client, before=entries[1], limit=1)
        assert [each["entry"] for each in rest["entries"]] == entries[2:]
        assert "older" not in rest


async def test_a_page_is_of_twenty_unless_another_length_is_asked_for(era: Era) -> None:
    async with connected(Network(), era, journal="sqlite://") as client:
        entries = await written(client, 22)
        told = await history(client)
        assert [each["entry"] for each in told["entries"]] == entries[:20]
        assert told["older"] == {"before": entries[19]}
        told = await history(client, limit=22)
        assert [each["entry"] for each in told["entries"]] == entries
        assert "older" not in told


async def test_an_entry_is_shown_in_short_and_in_full(era: Era) -> None:
    answer = httpx2.Response(200, headers={"x-request-id": "request-17"}, json={"value": "12"})
    async with connected(service(answer), era, journal="sqlite://") as client:
        await done(client, "nanonets_update_field", **FIELD, value="12", reason="typing error")
        listed = await history(client)
        (shown,) = listed["entries"]
        at, by = shown.pop("at"), shown.pop("by").split(", ")
        assert listed == {"entries": [shown], "docreview": OUTSIDE}
        assert (len(at), at[-1], len(by)) == (20, "Z", 3)
        assert shown == {
            "entry": 1,
            "tool": "nanonets_update_field",
            "arguments": {**FIELD, "value": "12"},
            "outcome": "done",
            "before": {"value": "10"},
            "after": {"value": "12"},
            "reason": "typing error",
            "undoable": True,
        }
        full = await history(client, entry=1)
        (whole,) = full["entries"]
        assert full == {"entries": [whole], "docreview": OUTSIDE}
        assert (whole.pop("at"), whole.pop("by").split(", ")) == (at, by)
        assert datetime.fromisoformat(whole.pop("closed_at")) >= datetime.fromisoformat(at)
        assert whole == {
            **shown,
            "address": "https://app.nanonets.com",
            "status": 200,
            "request_id": "request-17",
            "undo": [{"operation": "updateFieldValue", "arguments": {**FIELD, "value": "10"}}],
        }


async def test_long_values_are_whole_in_the_entry_itself_only(era: Era) -> None:
    texts = {200: "x" * 200, 201: f"{'x' * 200}… (201 characters)"}
    async with connected(Network(), era, journal="sqlite://") as client:
        for length, shown in texts.items():
            await done(client, "studio_add_label", project_id=1, name="x" * length)
            (entry, *_) = (await history(client))["entries"]
            assert entry["arguments"]["name"] == shown
            (whole,) = (await history(client, entry=entry["entry"]))["entries"]
            assert whole["arguments"]["name"] == "x" * length


@pytest.mark.parametrize(
    ("status", "why"), [(403, "Nothing was changed."), (500, "Its outcome is not known.")]
)
async def test_what_was_not_done_or_is_unclear_says_why_there_is_no_undo(
    status: int, why: str, era: Era
) -> None:
    answer = httpx2.Response(status, json={"message": "not now"})
    async with connected(service(answer), era, journal="sqlite://") as client:
        await client.call_tool("nanonets_update_field", {**FIELD, "value": "12"})
        (shown,) = (await history(client))["entries"]
        assert shown["outcome"] == ("not done" if status == 403 else "unknown")
        assert (shown["undoable"], shown["not_undoable"]) == (False, why)
        assert "after" not in shown
        (whole,) = (await history(client, entry=1))["entries"]
        assert "not now" in whole["message"]


async def test_an_entry_under_way_has_no_outcome_yet(era: Era) -> None:
    begun, let_go = anyio.Event(), anyio.Event()

    class Held(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            begun.set()
            await let_go.wait()
            return httpx2.Response(201, json={"id": 7, "name": "late"})

    async with (
        connected(Held(), era, journal="sqlite://") as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(client.call_tool, "studio_add_label", {"project_id": 1, "name": "late"})
        await begun.wait()
        (shown,) = (await history(client))["entries"]
        assert (shown["outcome"], shown["undoable"]) == ("under way", False)
        assert shown["not_undoable"] == "Its outcome is not known."
        let_go.set()


async def test_where_nothing_matches_the_history_says_whose_changes_it_has(era: Era, tmp_path: Path) -> None:
    async with connected(Network(), era, journal="sqlite://") as client:
        await written(client, 1)
        assert await history(client, about=["none"]) == {"entries": [], "note": NONE_HERE}
        told = await history(client, tool="review_apply")
        assert told == {
            "entries": [],
            "note": "The journal lists review tools under the service tools that they call.",
        }
        assert "note" not in await history(client, tool="studio_add_label")
    keys = tmp_path / "keys.txt"
    key = new_key(keys, "Ana")
    async with (
        served(sandbox=Sandbox(), http={"auth": "keys", "keys": keys}, journal="sqlite://") as http,
        caller(http, era, key) as client,
    ):
        assert await history(client) == {"entries": [], "note": NONE_OF_CALLER}
