"""An undo that got no clear answer is not taken for done: the state decides whether it is made once more."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.schemas import load_operations
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from undo_scenarios import SCENARIOS, Use, place_of

Fault = Callable[[httpx2.Request], bool | None]
"""Of a write, None: it arrives; True: it is carried out but its answer is lost; False: it never arrives."""


class Unsure(httpx2.AsyncBaseTransport):
    """The sandbox behind a gateway that answers 500 to the writes which a test picks."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport
        self.fault: Fault = lambda request: None
        self.refusal: httpx2.Response | None = None
        self.refuse: Callable[[httpx2.Request], bool] = lambda request: False
        self.unread = False
        self.writes: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            if self.unread:
                return httpx2.Response(500, text="broken")
            return await self._transport.handle_async_request(request)
        self.writes.append(f"{request.method} {request.url.path}")
        if self.refusal is not None:
            return self.refusal
        if self.refuse(request):
            return httpx2.Response(403, text="not now")
        is_made = self.fault(request)
        answer = None if is_made is False else await self._transport.handle_async_request(request)
        return answer if answer is not None and is_made is None else httpx2.Response(500, text="broken")


@asynccontextmanager
async def behind_a_gateway(era: Era = "auto") -> AsyncGenerator[tuple[Client, Unsure, Use]]:
    settings = Settings(confirm="never", journal="sqlite://", toolsets=("review", "all"))
    behind, transport = embedded(settings, Sandbox(work_seconds=0.05))
    gateway = Unsure(transport)
    async with Client(build_server(behind, transport=gateway), mode=era) as client:

        async def use(operation_id: str, /, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(load_operations()[operation_id].tool, arguments)
            assert not result.is_error, (operation_id, result.structured_content)
            return result.structured_content or {}

        yield client, gateway, use


async def told(client: Client, entry: int) -> dict[str, Any]:
    """What the history says of an entry."""
    history = (await client.call_tool("review_history", {"entry": entry})).structured_content
    return history["entries"][0]


async def total(use: Use) -> tuple[dict[str, str], str]:
    """The place of a total amount, and what it reads."""
    place = await place_of(use)
    found = (await use("getPageData", **place))["data"]["fields"]["total_amount"][0]
    return {**place, "field_data_id": found["field_data_id"]}, found["value"]


@pytest.mark.parametrize("is_made", [True, False])
async def test_after_an_unclear_undo_the_state_decides(is_made: bool, era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, first = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        gateway.fault = lambda request: is_made
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert error["done"] == "unknown"
        gateway.fault = lambda request: None
        shown = await told(client, entry)
        assert "undone_by" not in shown
        (unclear,) = shown["undo_unclear"]
        assert (await told(client, unclear))["outcome"] == "unknown"
        sent = len(gateway.writes)
        again = await client.call_tool("review_undo", {"entry": entry})
        if is_made:
            error = error_of(again)
            assert error["code"] == "conflict"
            assert f"already undone by entry {unclear}" in error["message"]
            assert len(gateway.writes) == sent
        else:
            assert not again.is_error, again.structured_content
            (call,) = again.structured_content["calls"]
            shown = await told(client, entry)
            assert shown["undone_by"] == call["entry"]
            assert "undo_unclear" not in shown
        assert (await total(use))[1] == first


async def test_after_an_unclear_undo_the_change_of_somebody_else_is_kept(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, _ = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        gateway.fault = lambda request: False
        await client.call_tool("review_undo", {"entry": entry})
        gateway.fault = lambda request: None
        await use("updateFieldValue", **where, value="two")
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert error["code"] == "conflict"
        assert "one" in error["message"]
        assert "two" in error["message"]
        assert (await total(use))[1] == "two"


async def test_an_unclear_undo_that_could_add_twice_is_stopped_once_before_it_is_repeated(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, _ = await total(use)
        entry = (await use("deleteFieldValue", **where))["docreview"]["entry"]
        gateway.fault = lambda request: False
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault = lambda request: None
        sent = len(gateway.writes)
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "First list or read" in error["next"]
        assert len(gateway.writes) == sent
        assert not (await client.call_tool("review_undo", {"entry": entry})).is_error
        place = {key: where[key] for key in ("workflow_id", "document_id", "page_id")}
        assert len((await use("getPageData", **place))["data"]["fields"]["total_amount"]) == 1


@pytest.mark.parametrize("is_made", [True, False])
async def test_of_several_calls_only_those_that_are_left_are_made(is_made: bool, era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        before = len((await use("listClasses", project_id=1))["items"])
        added = await use("addClasses", project_id=1, classes=[{"name": name} for name in "ABC"])
        entry = added["docreview"]["entry"]
        gateway.writes.clear()
        gateway.fault = lambda request: is_made if len(set(gateway.writes)) == 2 else None
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "1 of 3" in error["message"]
        assert error["done"] == "unknown"
        shown = await told(client, entry)
        assert (len(shown["undone_in_part_by"]), len(shown["undo_unclear"])) == (1, 1)
        gateway.fault = lambda request: None
        first = gateway.writes[0]
        gateway.writes.clear()
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
        assert first not in gateway.writes
        assert len(undone.structured_content["calls"]) == (1 if is_made else 2)
        assert undone.structured_content.get("made_before_by") == (shown["undo_unclear"] if is_made else None)
        assert len((await use("listClasses", project_id=1))["items"]) == before


@pytest.mark.parametrize("is_made", [True, False])
async def test_of_several_files_only_those_that_are_left_are_put_back(is_made: bool, era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        trial = await SCENARIOS["assignFiles"](use)

        async def members() -> list[str]:
            answers = [await use(read, **given) for read, given in trial.watched]
            pages = [answer.get("moderated_images") or answer["unmoderated_images"] for answer in answers]
            return [page[0]["assigned_member"] for page in pages]

        before = await members()
        entry = (await use("assignFiles", **trial.arguments))["docreview"]["entry"]
        gateway.writes.clear()
        after: list[httpx2.Request] = []

        def second_is_lost(request: httpx2.Request) -> bool | None:
            after.append(request)
            return None if len(after) == 1 else is_made

        gateway.fault = second_is_lost
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault = lambda request: None
        gateway.writes.clear()
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert undone.is_error is is_made, undone.structured_content
        assert len(gateway.writes) == (0 if is_made else 1)
        assert await members() == before


async def test_of_two_calls_on_one_tag_only_the_second_is_repeated(era: Era) -> None:
    """The second must not be made twice, so it is stopped once before."""
    async with behind_a_gateway(era) as (client, gateway, use):
        trial = await SCENARIOS["updateCorrectionTag"](use)
        entry = (await use("updateCorrectionTag", **trial.arguments))["docreview"]["entry"]
        gateway.writes.clear()
        gateway.fault = lambda request: False if len(set(gateway.writes)) == 2 else None
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "1 of 2" in error["message"]
        gateway.fault = lambda request: None
        second = gateway.writes[-1]
        gateway.writes.clear()
        assert "stopped once" in error_of(await client.call_tool("review_undo", {"entry": entry}))["message"]
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
        assert gateway.writes == [second]
        assert (await told(client, entry))["undone_by"] == undone.structured_content["calls"][0]["entry"]


@pytest.mark.parametrize("call", ["since", "entries"])
async def test_the_same_call_goes_on_past_an_undo_that_was_made_without_an_answer(
    call: str, era: Era
) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, first = await total(use)
        older = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        newer = (await use("updateFieldValue", **where, value="two"))["docreview"]["entry"]
        arguments = {"since": "2020-01-01"} if call == "since" else {"entries": [older, newer]}
        gateway.fault = lambda request: True
        assert error_of(await client.call_tool("review_undo", arguments))["done"] == "unknown"
        gateway.fault = lambda request: None
        gateway.writes.clear()
        undone = await client.call_tool("review_undo", arguments)
        assert not undone.is_error, undone.structured_content
        result = undone.structured_content
        assert (result["undone"], result["already_undone"]) == ([older], [newer])
        assert len(gateway.writes) == 1
        assert (await total(use))[1] == first


async def test_an_older_entry_that_was_undone_without_an_answer_is_told_with_the_newer_one(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, _ = await total(use)
        older = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        newer = (await use("addLabel", project_id=3, name="Very urgent"))["docreview"]["entry"]
        gateway.fault = lambda request: True
        assert (await client.call_tool("review_undo", {"entry": older})).is_error
        gateway.fault = lambda request: None
        result = (await client.call_tool("review_undo", {"entries": [older, newer]})).structured_content
        assert (result["undone"], result["already_undone"]) == ([newer], [older])


async def test_of_one_entry_that_was_undone_without_an_answer_nothing_is_left(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, first = await total(use)
        entry = (await use("updateFieldValue", **where, value="one"))["docreview"]["entry"]
        gateway.fault = lambda request: True
        assert (await client.call_tool("review_undo", {"entries": [entry]})).is_error
        gateway.writes.clear()
        error = error_of(await client.call_tool("review_undo", {"entries": [entry]}))
        (unclear,) = (await told(client, entry))["undo_unclear"]
        assert (error["code"], error["done"], error["retryable"]) == ("conflict", "no", False)
        assert error["message"] == (
            f"Entry {entry} cannot be undone: it was already undone by entry {unclear}: that call got no"
            " clear answer, but the previous state is back. Nothing was sent."
        )
        assert error["next"].startswith("review_history shows the full entry")
        assert gateway.writes == []
        assert (await total(use))[1] == first


async def test_a_deletion_that_is_refused_when_it_is_repeated_was_not_made(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        added = await use("addClasses", project_id=1, classes=[{"name": "A"}])
        entry = added["docreview"]["entry"]
        gateway.fault = lambda request: False
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault, gateway.refusal = (lambda request: None), httpx2.Response(403, text="not you")
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"]) == ("forbidden", "no")
        gateway.refusal = None
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert undone.structured_content["undone"] == entry


async def test_a_deletion_that_finds_nothing_when_it_is_repeated_was_made(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        added = await use("addClasses", project_id=1, classes=[{"name": "A"}])
        entry = added["docreview"]["entry"]
        gateway.fault = lambda request: True
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault = lambda request: None
        (unclear,) = (await told(client, entry))["undo_unclear"]
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert error["message"] == (
            f"Entry {entry} cannot be undone: it was already undone by entry {unclear}: that call got no"
            " clear answer, but the previous state is back. Nothing was changed."
        )


async def test_an_addition_that_finds_no_place_when_it_is_repeated_was_not_made(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        where, _ = await total(use)
        entry = (await use("deleteFieldValue", **where))["docreview"]["entry"]
        gateway.fault = lambda request: False
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault, gateway.refusal = (lambda request: None), httpx2.Response(404, text="no such page")
        assert "stopped once" in error_of(await client.call_tool("review_undo", {"entry": entry}))["message"]
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"]) == ("not_found", "no")
        gateway.refusal = None
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content


@pytest.mark.parametrize("is_made", [True, False])
async def test_of_files_only_those_that_an_undo_puts_back_tell_whether_it_was_made(
    is_made: bool, era: Era
) -> None:
    """A file that had no reviewer stays with the new one."""
    now: dict[str, str | None] = {"a": "ada@example.com", "b": None}
    is_lost = False

    def files(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            reviewer = now[request.url.path.rpartition("/")[2]]
            return httpx2.Response(200, json={"moderated_images": [{"assigned_member": reviewer}]})
        if is_made or not is_lost:
            given = json.loads(request.content)
            now.update(dict.fromkeys(given["file_ids"], given["member"]))
        return httpx2.Response(500 if is_lost else 200, json={"message": "done"})

    given = {"model_id": "m", "file_ids": ["a", "b"], "member": "eve@example.com"}
    async with connected(Network(files), era, journal="sqlite://") as client:
        assert not (await client.call_tool("nanonets_assign_files", given)).is_error
        is_lost = True
        assert error_of(await client.call_tool("review_undo", {"entry": 1}))["done"] == "unknown"
        is_lost = False
        again = await client.call_tool("review_undo", {"entry": 1})
        if is_made:
            assert "already undone by entry" in error_of(again)["message"]
        else:
            assert not again.is_error, again.structured_content
    assert now == {"a": "ada@example.com", "b": "eve@example.com"}


async def test_what_somebody_put_back_by_hand_between_two_calls_is_told(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        trial = await SCENARIOS["updateCorrectionTag"](use)
        entry = (await use("updateCorrectionTag", **trial.arguments))["docreview"]["entry"]
        gateway.writes.clear()
        gateway.refuse = lambda request: len(gateway.writes) == 2
        assert "1 of 2" in error_of(await client.call_tool("review_undo", {"entry": entry}))["message"]
        gateway.refuse = lambda request: False
        names = ("project_id", "correction_id", "document_id", "segment_id", "tag_id")
        tag = {name: trial.arguments[name] for name in names}
        await use("confirmCorrectionTag", **tag, status="CORRECTING")
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert error["code"] == "conflict"
        assert error["message"] == (
            f"Entry {entry} was not undone, because the item was changed afterwards. The entry set it to"
            ' “{"status":"READY"}”; now it is “{"status":"CORRECTING"}”. Nothing was sent.'
        )


async def test_an_unclear_undo_of_an_approval_is_judged_by_the_whole_state(era: Era) -> None:
    async with behind_a_gateway(era) as (client, gateway, use):
        trial = await SCENARIOS["verifyFile"](use)
        entry = (await use("verifyFile", **trial.arguments))["docreview"]["entry"]
        gateway.fault = lambda request: True
        assert (await client.call_tool("review_undo", {"entry": entry})).is_error
        gateway.fault = lambda request: None
        gateway.writes.clear()
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "already undone by entry" in error["message"]
        assert gateway.writes == []
