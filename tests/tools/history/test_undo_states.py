"""Undo compares all of the state that an entry left, and takes nothing for known that nobody has read."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from approval_desk import done
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox.faults import Fault
from mcp import Client
from test_unclear_undo import behind_a_gateway, told

JOURNAL: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}
MODEL = {"model_id": 11}


async def entry_of(client: Client, tool: str, **arguments: Any) -> int:
    """The entry of a write."""
    return (await done(client, tool, **arguments))["docreview"]["entry"]


async def test_what_the_undo_would_not_touch_must_be_as_the_entry_left_it_too(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        entry = await entry_of(client, "studio_update_class", project_id=1, class_id=1, name="Rooms")
        kept = await done(client, "studio_get_class", project_id=1, class_id=1)
        await done(client, "studio_update_class", project_id=1, class_id=1, name="Rooms", description="Beds")
        sent = len(sandbox.received)
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert str(kept["description"]) in error["message"]
        assert '"description":"Beds"' in error["message"]
        assert all(request.method == "GET" for request in list(sandbox.received)[sent:])


@pytest.mark.parametrize("call", ["since", "entries"])
async def test_what_was_created_and_then_edited_is_undone_by_one_call(call: str, era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, _):
        before = await done(client, "studio_list_classes", project_id=1)
        added = await done(client, "studio_add_class", project_id=1, name="Spa", description="Sauna")
        place = {"project_id": 1, "class_id": added["id"]}
        edits = [await entry_of(client, "studio_update_class", **place, name=name) for name in ("S", "T")]
        entries = [added["docreview"]["entry"], *edits]
        asked = {"since": "2020-01-01"} if call == "since" else {"entries": entries}
        assert (await done(client, "review_undo", **asked))["undone"] == entries[::-1]
        assert await done(client, "studio_list_classes", project_id=1) == before


async def test_edits_of_different_properties_are_undone_by_one_call(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, _):
        place = {"project_id": 1, "class_id": 1}
        before = await done(client, "studio_get_class", **place)
        for change in ({"name": "Rooms"}, {"description": "Beds"}, {"name": "Suites"}):
            now = await done(client, "studio_get_class", **place)
            whole = {name: now[name] for name in ("name", "description", "example") if now.get(name)}
            await done(client, "studio_update_class", **place, **{**whole, **change})
        assert len((await done(client, "review_undo", since="2020-01-01"))["undone"]) == 3
        assert await done(client, "studio_get_class", **place) == before


async def starred_unread(client: Client, faults: Any) -> int:
    """Star a model while nobody can read whether it has a star; gives the entry."""
    faults.add(Fault("status", "listModels", times=3, status=500))
    entry = await entry_of(client, "studio_star_model", **MODEL)
    faults.clear()
    (shown,) = (await done(client, "review_history", entry=entry))["entries"]
    assert (shown["outcome"], shown["undoable"], "before" in shown) == ("done", True, False)
    return entry


async def test_a_state_that_nobody_read_is_not_taken_for_the_one_that_an_older_entry_left(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        await done(client, "studio_star_model", **MODEL)
        older = await entry_of(client, "studio_unstar_model", **MODEL)
        newer = await starred_unread(client, sandbox.faults)
        sent = len(sandbox.received)
        error = error_of(await client.call_tool("review_undo", {"entries": [older, newer]}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert f"Entry {older} was not undone, because the item was changed afterwards" in error["message"]
        assert all(request.method == "GET" for request in list(sandbox.received)[sent:])


async def test_an_unclear_undo_of_what_nobody_read_is_not_taken_for_made(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, _):
        gateway.unread = True
        entry = await entry_of(client, "studio_star_model", **MODEL)
        gateway.unread = False
        gateway.fault = lambda request: True
        assert error_of(await client.call_tool("review_undo", {"entry": entry}))["done"] == "unknown"
        gateway.fault = lambda request: None
        assert (await told(client, entry))["undo_unclear"]
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert "was changed afterwards" in error["message"]


async def test_entries_of_several_items_of_one_kind_are_undone_by_one_call(era: Era) -> None:
    """What is put back of one of them says nothing of the others."""
    async with reviewing(era=era, **JOURNAL) as (client, _):
        before = await done(client, "studio_list_classes", project_id=1)
        for identity, name in ((1, "A"), (2, "B"), (1, "C"), (2, "D")):
            await done(client, "studio_update_class", project_id=1, class_id=identity, name=name)
        assert len((await done(client, "review_undo", since="2020-01-01"))["undone"]) == 4
        assert await done(client, "studio_list_classes", project_id=1) == before


def reviewers(now: dict[str, str], refuse: list[int], sent: list[str]) -> Network:
    """Files with their reviewers. The writes with these numbers are refused; `sent` gets the files."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            reviewer = now[request.url.path.rpartition("/")[2]]
            return httpx2.Response(200, json={"moderated_images": [{"assigned_member": reviewer}]})
        given = json.loads(request.content)
        sent.append(",".join(given["file_ids"]))
        if len(sent) in refuse:
            return httpx2.Response(403, json={"message": "not now"})
        now.update(dict.fromkeys(given["file_ids"], given["member"]))
        return httpx2.Response(200, json={"message": "done"})

    return Network(answer)


@pytest.mark.parametrize("meanwhile", ["nothing", "somebody else"])
async def test_a_call_that_was_made_is_not_made_again(meanwhile: str, era: Era) -> None:
    """Neither where the entry had changed nothing, nor over what somebody else made of it since."""
    now = {"a": "eve@example.com", "b": "ada@example.com", "c": "bob@example.com"}
    sent: list[str] = []
    given = {"model_id": "m", "file_ids": ["a", "b", "c"], "member": "eve@example.com"}
    async with connected(reviewers(now, [4], sent), era, journal="sqlite://") as client:
        await done(client, "nanonets_assign_files", **given)
        assert "2 of 3" in error_of(await client.call_tool("review_undo", {"entry": 1}))["message"]
        if meanwhile == "somebody else":
            now["b"] = "zoe@example.com"
        undone = await client.call_tool("review_undo", {"entry": 1})
        assert not undone.is_error, undone.structured_content
    assert sent == ["a,b,c", "a", "b", "c", "c"]
    assert now["c"] == "bob@example.com"
    assert now["b"] == ("ada@example.com" if meanwhile == "nothing" else "zoe@example.com")


async def test_a_file_that_is_named_twice_is_put_back_once(era: Era) -> None:
    """Or else an undo that stopped after the first time could neither go on nor count as done."""
    now, sent = {"a": "ada@example.com", "b": "bob@example.com"}, list[str]()
    given = {"model_id": "m", "file_ids": ["a", "a", "b"], "member": "eve@example.com"}
    async with connected(reviewers(now, [3], sent), era, journal="sqlite://") as client:
        await done(client, "nanonets_assign_files", **given)
        assert "1 of 2" in error_of(await client.call_tool("review_undo", {"entry": 1}))["message"]
        undone = await done(client, "review_undo", entry=1)
        assert (await told(client, 1))["undone_by"] == undone["calls"][-1]["entry"]
    assert sent[1:] == ["a", "b", "b"]
    assert now == {"a": "ada@example.com", "b": "bob@example.com"}


async def test_assignments_of_different_files_are_undone_by_one_call(era: Era) -> None:
    now = {"a": "ada@example.com", "b": "bob@example.com"}
    before = dict(now)
    async with connected(reviewers(now, [], []), era, journal="sqlite://") as client:
        for file in now:
            given = {"model_id": "m", "file_ids": [file], "member": "eve@example.com"}
            await done(client, "nanonets_assign_files", **given)
        assert len((await done(client, "review_undo", since="2020-01-01"))["undone"]) == 2
    assert now == before
