"""Undo: what a write changed is put back, unless it was changed since; what cannot be put back says so."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.schemas import load_operations
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools.requests.arguments import arguments_of
from mcp import Client
from samples import plain_arguments
from undo_scenarios import SCENARIOS, Use, comparable, place_of, using

WRITES = [each for each in load_operations().values() if each.effect != "read"]
JOURNALLED: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}


def test_every_write_that_can_be_undone_is_tried() -> None:
    assert {each.id for each in WRITES if each.undo} == set(SCENARIOS)


@pytest.mark.slow
@pytest.mark.parametrize("operation_id", SCENARIOS)
async def test_a_change_undone_leaves_the_state_before(operation_id: str) -> None:
    async with reviewing(**JOURNALLED) as (client, _):
        use = using(client)
        trial = await SCENARIOS[operation_id](use)

        async def state() -> list[Any]:
            answers = [await use(read, **given) for read, given in trial.watched]
            return [comparable(answer, trial.apart) for answer in answers]

        before = await state()
        written = await use(operation_id, **trial.arguments)
        note = written["docreview"]
        assert note["undoable"], note
        if trial.gone is None:
            assert await state() != before, "the write changed nothing that is watched"
        undone = await client.call_tool("review_undo", {"entry": note["entry"]})
        assert not undone.is_error, undone.structured_content
        assert await state() == before
        if trial.gone is not None:
            read, argument = trial.gone
            tool = load_operations()[read].tool
            error = error_of(await client.call_tool(tool, {argument: written["id"]}))
            assert error["code"] == "not_found"
        history = (await client.call_tool("review_history", {"entry": note["entry"]})).structured_content
        calls = undone.structured_content["calls"]
        assert history["entries"][0]["undone_by"] == calls[-1]["entry"]


async def test_what_cannot_be_undone_says_so_beforehand(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        for operation in WRITES:
            if operation.undo:
                continue
            shown = await client.call_tool(
                "review_preview", {"tool": operation.tool, "arguments": plain_arguments(operation, False)}
            )
            assert not shown.is_error, (operation.id, shown.structured_content)
            assert shown.structured_content["undoable"] is False
            assert shown.structured_content["not_undoable"] == operation.not_undoable


async def test_without_a_journal_nothing_can_be_undone_and_a_preview_says_why(era: Era) -> None:
    async with reviewing(era=era, **{**JOURNALLED, "journal": "none"}) as (client, _):
        for operation in WRITES:
            arguments = {"tool": operation.tool, "arguments": plain_arguments(operation, False)}
            shown = (await client.call_tool("review_preview", arguments)).structured_content
            assert (shown["undoable"], shown["not_undoable"]) == (False, "No journal is kept."), operation.id


async def total(use: Use) -> tuple[dict[str, str], str]:
    """The place of invoice-003's total amount, and what it reads."""
    place = await place_of(use)
    found = (await use("getPageData", **place))["data"]["fields"]["total_amount"][0]
    return {**place, "field_data_id": found["field_data_id"]}, found["value"]


async def test_what_was_changed_since_is_not_undone_and_both_are_shown(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, sandbox):
        use = using(client)
        where, _ = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        await use("updateFieldValue", **where, value="two")
        sent = len(sandbox.received)
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert error["code"] == "conflict"
        assert "one" in error["message"]
        assert "two" in error["message"]
        assert all(request.method == "GET" for request in list(sandbox.received)[sent:])


async def test_an_undo_can_be_undone_and_none_is_made_twice(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        use = using(client)
        where, first = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        undone = (await client.call_tool("review_undo", {"entry": entry})).structured_content
        assert (await total(use))[1] == first
        assert (
            "already undone" in error_of(await client.call_tool("review_undo", {"entry": entry}))["message"]
        )
        again = await client.call_tool("review_undo", {"entry": undone["calls"][0]["entry"]})
        assert not again.is_error
        assert (await total(use))[1] == "one"


class Behind(httpx2.AsyncBaseTransport):
    """The sandbox behind a network on which a request can be held back or refused."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport
        self.before: Callable[[httpx2.Request], Awaitable[httpx2.Response | None]] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self.before(request) if self.before else None
        return answer or await self._transport.handle_async_request(request)


@asynccontextmanager
async def behind_a_network(era: Era) -> AsyncGenerator[tuple[Client, Behind]]:
    settings, transport = embedded(
        Settings(confirm="never", **JOURNALLED), Sandbox(clock=anyio.current_time, work_seconds=0.05)
    )
    network = Behind(transport)
    async with Client(build_server(settings, transport=network), mode=era) as client:
        yield client, network


async def test_two_undos_of_an_entry_at_once_add_nothing_twice(era: Era) -> None:
    async with behind_a_network(era) as (client, network):
        use = using(client)
        where, _ = await total(use)
        entry = (await use("deleteFieldValue", **where))["docreview"]["entry"]
        ended = anyio.Event()
        reads: list[str] = []
        results: list[Any] = []

        async def hold_the_second_read(request: httpx2.Request) -> None:
            if request.method == "GET":
                reads.append(request.url.path)
                if len(reads) > 1:
                    await ended.wait()

        async def undo() -> None:
            results.append(await client.call_tool("review_undo", {"entry": entry}))
            if not results[-1].is_error:
                ended.set()

        network.before = hold_the_second_read
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(undo)
            tasks.start_soon(undo)
        network.before = None
        assert sorted(result.is_error for result in results) == [False, True]
        place = {key: where[key] for key in ("workflow_id", "document_id", "page_id")}
        page = await use("getPageData", **place)
        assert len(page["data"]["fields"]["total_amount"]) == 1


async def test_an_undo_that_stopped_half_way_goes_on_where_it_stopped(era: Era) -> None:
    async with behind_a_network(era) as (client, network):
        use = using(client)
        added = await use("addClasses", project_id=1, classes=[{"name": name} for name in "ABC"])
        entry = added["docreview"]["entry"]
        deleted: list[str] = []

        async def refuse_the_second(request: httpx2.Request) -> httpx2.Response | None:
            if request.method != "DELETE":
                return None
            deleted.append(request.url.path)
            return httpx2.Response(403, json={"message": "not now"}) if len(deleted) == 2 else None

        network.before = refuse_the_second
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "1 of 3" in error["message"]
        (told,) = (await client.call_tool("review_history", {"entry": entry})).structured_content["entries"]
        assert (told["undoable"], len(told["undone_in_part_by"])) == (True, 1)
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
        assert len(undone.structured_content["calls"]) == 2
        assert [deleted.count(path) for path in dict.fromkeys(deleted)] == [1, 2, 1]
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "already undone" in error["message"]


@pytest.mark.parametrize(
    ("value", "undoable"),
    [("12\u200b.5\u202e\t\x07 \u00ad", True), ("", True), ("my nanonets-key-0123456789", False)],
    ids=["hidden characters", "empty", "a secret"],
)
async def test_a_value_comes_back_exactly_or_is_said_not_to(value: str, undoable: bool, era: Era) -> None:
    stored = [value]

    def field(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            stored.append(json.loads(request.content)["value"])
            return httpx2.Response(200, json={"field_data_id": "f", "value": stored[-1]})
        one = {"field_data_id": "f", "value": stored[-1]}
        return httpx2.Response(200, json={"data": {"fields": {"total": [one]}}})

    where = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
    async with connected(Network(field), era, journal="sqlite://") as client:
        written = await client.call_tool("nanonets_update_field", {**where, "value": "new"})
        assert written.structured_content["docreview"]["undoable"] is undoable
        undone = await client.call_tool("review_undo", {"entry": 1})
        assert undone.is_error is not undoable
    assert stored == ([value, "new", value] if undoable else [value, "new"])


async def test_a_write_that_changes_nothing_has_nothing_to_undo(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        use = using(client)
        where, first = await total(use)
        note = (await use("updateFieldValue", **where, value=first))["docreview"]
        assert note["undoable"] is False
        assert note["not_undoable"] == "Nothing was changed."
        assert error_of(await client.call_tool("review_undo", {"entry": note["entry"]}))["code"] == "conflict"


@pytest.mark.parametrize(
    ("reviewers", "undoable", "said"),
    [
        (["ada@example.com", "bob@example.com"], True, {}),
        (
            ["ada@example.com", None, ""],
            True,
            {"undo_leaves": "2 of 3 cannot be undone: member was empty, which no call can set."},
        ),
        ([""], False, {"not_undoable": "member was empty, which no call can set."}),
    ],
    ids=["each had one", "some had none", "none had one"],
)
async def test_files_without_a_reviewer_before_are_said_to_stay_assigned(
    reviewers: list[str | None], undoable: bool, said: dict[str, str], era: Era
) -> None:
    """The others go back to theirs."""
    before = {f"f{number}": reviewer for number, reviewer in enumerate(reviewers)}
    now = dict(before)

    def files(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            given = json.loads(request.content)
            now.update(dict.fromkeys(given["file_ids"], given["member"]))
            return httpx2.Response(200, json={"message": "done"})
        reviewer = now[request.url.path.rpartition("/")[2]]
        return httpx2.Response(200, json={"moderated_images": [{"assigned_member": reviewer}]})

    given = {"model_id": "m", "file_ids": list(before), "member": "eve@example.com"}
    async with connected(Network(files), era, journal="sqlite://") as client:
        written = (await client.call_tool("nanonets_assign_files", given)).structured_content["docreview"]
        assert written["undoable"] is undoable
        assert {key: each for key, each in written.items() if key in ("undo_leaves", "not_undoable")} == said
        (told,) = (await client.call_tool("review_history", {"entry": 1})).structured_content["entries"]
        assert {key: told[key] for key in said} == said
        undone = await client.call_tool("review_undo", {"entry": 1})
        assert undone.is_error is not undoable, undone.structured_content
    assert now == {name: reviewer or "eve@example.com" for name, reviewer in before.items()}


async def test_a_call_that_created_nothing_has_nothing_to_undo(era: Era) -> None:
    network = Network(lambda request: httpx2.Response(200, json=[]))
    async with connected(network, era, **JOURNALLED) as client:
        given = {"project_id": 1, "classes": [{"name": "A"}]}
        note = (await client.call_tool("studio_add_classes", given)).structured_content["docreview"]
    assert (note["undoable"], note["not_undoable"]) == (False, "There is nothing to restore.")


async def test_an_undo_sends_nothing_that_the_call_did_not_touch(era: Era) -> None:
    """Somebody may have changed the rest meanwhile."""
    model: dict[str, Any] = {
        "id": 12,
        "display_name": "Hotels",
        "owner": "ada",
        "language": "en",
        "score": 0.5,
    }
    sent: list[dict[str, Any]] = []

    def models(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PUT":
            sent.append(json.loads(request.content))
            model.update(sent[-1])
            return httpx2.Response(200, json=model)
        return httpx2.Response(200, json={"models": [model]})

    async with connected(Network(models), era, **JOURNALLED) as client:
        given = {"model_id": 12, "display_name": "Inns"}
        written = await client.call_tool("studio_update_model", given)
        assert written.structured_content["docreview"]["undoable"]
        undone = await client.call_tool("review_undo", {"entry": 1})
        assert not undone.is_error, undone.structured_content
    assert sent == [{"display_name": "Inns"}, {"display_name": "Hotels"}]


async def test_a_deleted_table_is_added_again_without_what_its_cells_did_not_say(era: Era) -> None:
    cell = {"cell_id": "c", "row": 0, "col": 0, "header": "net", "text": "10"}
    unsaid = {"bbox": None, "verification_message": None, "verification_status": "odd"}
    table = {"table_id": "t", "bbox": [1, 1, 9, 9], "headers": ["net"], "cells": [{**cell, **unsaid}]}
    tables, added = [table], list[dict[str, Any]]()

    def page(request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            tables.clear()
        if request.method == "POST":
            added.append(json.loads(request.content))
        return httpx2.Response(200, json={"page_id": "p", "data": {"fields": {}, "tables": tables}})

    where = {"workflow_id": "w", "document_id": "d", "page_id": "p", "table_id": "t"}
    async with connected(Network(page), era, journal="sqlite://") as client:
        written = await client.call_tool("nanonets_delete_table", where)
        assert written.structured_content["docreview"]["undoable"]
        undone = await client.call_tool("review_undo", {"entry": 1})
        assert not undone.is_error, undone.structured_content
    assert [each["cells"] for each in added] == [[{"row": 0, "col": 0, "header": "net", "text": "10"}]]


async def test_deleting_what_was_created_is_confirmed_first(era: Era) -> None:
    async with reviewing(era=era, **{**JOURNALLED, "confirm": "destructive"}) as (client, _):
        use = using(client)
        created = await use("addLabel", project_id=3, name="Very urgent")
        undo = {"entry": created["docreview"]["entry"]}
        error = error_of(await client.call_tool("review_undo", undo))
        assert error["code"] == "needs_confirmation"
        assert "studio_delete_label" in error["message"]
        code = error["next"].rpartition("confirm=")[2]
        undone = await client.call_tool("review_undo", {**undo, "confirm": code})
        assert not undone.is_error, undone.structured_content


async def test_an_unknown_entry_and_a_journal_switched_off_are_told(era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, _):
        assert error_of(await client.call_tool("review_undo", {"entry": 99}))["code"] == "not_found"
    async with reviewing(era=era) as (client, _):
        for tool, arguments in (("review_undo", {"entry": 1}), ("review_history", {})):
            error = error_of(await client.call_tool(tool, arguments))
            assert error["code"] == "not_configured"
            assert "DOCREVIEW_JOURNAL" in error["message"]
            assert error["next"].startswith("Read the item itself;")


def test_guards_are_arguments_of_every_write_and_of_no_read() -> None:
    for operation in load_operations().values():
        guards = {each.name for each in arguments_of(operation) if each.location == "guard"}
        assert ({"confirm", "reason"} <= guards) == (operation.effect != "read")
