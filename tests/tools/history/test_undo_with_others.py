"""Undo beside other servers, and after an undo of it: what was put back already is not put back once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from approval_desk import place_of, total_of
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from mcp.types import ElicitResult
from review_desk import field_of, interrupted, ready
from test_unclear_undo import behind_a_gateway, told
from undo_scenarios import SCENARIOS, using


@pytest.mark.parametrize("write", ["nanonets_delete_field", "nanonets_update_field"])
async def test_what_another_server_undid_while_a_person_was_asked_is_not_undone_twice(
    write: str, tmp_path: Path
) -> None:
    sandbox, journal = Sandbox(), f"sqlite:///{tmp_path / 'journal.sqlite'}"
    document = ready(sandbox)[0]
    entry = 0

    async def person(context: Any, params: Any) -> ElicitResult:
        async with reviewing(sandbox, journal=journal) as (elsewhere, _):
            undone = await elsewhere.call_tool("review_undo", {"entry": entry})
            assert not undone.is_error, undone.structured_content
        return ElicitResult(action="accept", content={"confirm": True})

    async with reviewing(sandbox, journal=journal) as (client, _):
        value = {"value": "1.00"} if write == "nanonets_update_field" else {}
        written = await client.call_tool(write, {**total_of(document), **value})
        entry = written.structured_content["docreview"]["entry"]
    behind, transport = embedded(Settings(confirm="writes", journal=journal), sandbox)
    server = build_server(behind, transport=transport)
    async with Client(server, mode="legacy", elicitation_callback=person) as client:
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
    assert (error["code"], error["done"]) == ("conflict", "no")
    assert "already undone" in error["message"]
    assert [each.name for each in document.pages[0].fields].count("total_amount") == 1


@pytest.mark.parametrize(("write", "looks"), [("nanonets_delete_field", 1), ("nanonets_update_field", 2)])
async def test_what_another_server_undid_after_the_last_look_is_not_undone_twice(
    write: str, looks: int, era: Era, tmp_path: Path
) -> None:
    """The last look at the journal is in the transaction that opens the entry."""
    sandbox, journal = Sandbox(), f"sqlite:///{tmp_path / 'journal.sqlite'}"
    document = ready(sandbox)[0]
    entry, reads, sent = 0, 0, list[str]()

    async def undo_elsewhere(method: str, path: str) -> None:
        nonlocal reads
        if not entry:
            return
        if method != "GET":
            sent.append(method)
            return
        reads += 1
        if reads == looks:
            async with reviewing(sandbox, journal=journal) as (elsewhere, _):
                undone = await elsewhere.call_tool("review_undo", {"entry": entry})
                assert not undone.is_error, undone.structured_content

    async with interrupted(era, sandbox, None, undo_elsewhere, journal=journal) as client:
        value = {"value": "1.00"} if write == "nanonets_update_field" else {}
        written = await client.call_tool(write, {**total_of(document), **value})
        entry = written.structured_content["docreview"]["entry"]
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert (error["code"], error["done"], sent) == ("conflict", "no", [])
        assert f"another call is undoing entry {entry}, or has undone it" in error["message"]
        assert "Nothing was sent" in error["message"]
        assert error["next"].startswith("Look at review_history")
        assert [each.name for each in document.pages[0].fields].count("total_amount") == 1
        error = error_of(await client.call_tool("review_undo", {"entry": entry}))
        assert "already undone" in error["message"]


async def test_a_part_of_an_undo_that_was_itself_undone_is_left_to_do(era: Era) -> None:
    """Or else the call would say that all is as before, and the file would stay as the entry left it."""
    async with behind_a_gateway(era) as (client, gateway, use):
        trial = await SCENARIOS["assignFiles"](use)

        async def members() -> list[str]:
            answers = [await use(read, **given) for read, given in trial.watched]
            pages = [answer.get("moderated_images") or answer["unmoderated_images"] for answer in answers]
            return [page[0]["assigned_member"] for page in pages]

        before = await members()
        entry = (await use("assignFiles", **trial.arguments))["docreview"]["entry"]
        assert len(set(before)) == 2
        after = await members()
        gateway.writes.clear()
        gateway.fault = lambda request: False if len(gateway.writes) == 2 else None
        stopped = await client.call_tool("review_undo", {"entry": entry})
        assert "1 of 2" in error_of(stopped)["message"]
        gateway.fault = lambda request: None
        (first,) = (await told(client, entry))["undone_in_part_by"]
        again = await client.call_tool("review_undo", {"entry": first})
        assert not again.is_error, again.structured_content
        assert await members() == after
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
        assert await members() == before


class OddTag(httpx2.AsyncBaseTransport):
    """The sandbox, which shows once that the tags to correct have a class that no call can set."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, shown: Any) -> None:
        self._transport, self._shown = transport, shown
        self.is_odd = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        if not self.is_odd or request.method != "GET":
            return response
        self.is_odd = False
        answer = json.loads(await response.aread())
        for document in answer["documents"]:
            for tag in (tag for segment in document["segments"] for tag in segment["tags"]):
                tag["class"] = self._shown
        return httpx2.Response(200, json=answer)


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (None, "class was empty, which no call can set"),
        ({"name": "Room"}, "does not accept the previous value"),
    ],
    ids=["none", "an object"],
)
async def test_what_only_its_second_call_could_put_back_cannot_be_undone(
    shown: Any, why: str, era: Era
) -> None:
    """Half of it would pass for the whole."""
    behind, transport = embedded(Settings(confirm="never", journal="sqlite://", toolsets=("review", "all")))
    network = OddTag(transport, shown)
    async with Client(build_server(behind, transport=network), mode=era) as client:
        trial = await SCENARIOS["updateCorrectionTag"](using(client))
        network.is_odd = True
        result = await client.call_tool("studio_update_correction_tag", trial.arguments)
        assert not result.is_error, result.structured_content
        note = result.structured_content["docreview"]
        assert note["undoable"] is False
        assert why in note["not_undoable"]
        error = error_of(await client.call_tool("review_undo", {"entry": note["entry"]}))
        assert (error["code"], error["done"]) == ("conflict", "no")


async def test_a_verification_that_another_server_undid_meanwhile_is_left_out(tmp_path: Path) -> None:
    sandbox, journal = Sandbox(), f"sqlite:///{tmp_path / 'journal.sqlite'}"
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")
    before = (total.value, total.verification_status)
    marks: list[int] = []

    async def undo_the_marks(method: str, path: str) -> None:
        """Another write holds the document while the undo that was chosen waits for it."""
        if method != "GET" and marks:
            waiting.set()
            await anyio.sleep(1)
            async with reviewing(sandbox, journal=journal) as (elsewhere, _):
                while marks:
                    undone = await elsewhere.call_tool("review_undo", {"entry": marks.pop()})
                    assert not undone.is_error, undone.structured_content

    waiting = anyio.Event()
    async with interrupted("auto", sandbox, undo_the_marks, journal=journal) as client:
        edited = await client.call_tool("nanonets_update_field", {**total_of(document), "value": "1.00"})
        edit = edited.structured_content["docreview"]["entry"]
        numbers: list[int] = []
        for status in ("verified", "unverified"):
            mark = {**total_of(document), "verification_status": status}
            marked = await client.call_tool("nanonets_verify_field", mark)
            numbers.append(marked.structured_content["docreview"]["entry"])
        marks.append(numbers[1])
        results: list[Any] = []

        async def undo() -> None:
            await waiting.wait()
            results.append(await client.call_tool("review_undo", {"entry": edit}))

        other = {**place_of(document), "field_data_id": field_of(document, "subtotal").id, "value": "2.00"}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(undo)
            await client.call_tool("nanonets_update_field", other)
    assert results[0].structured_content["undone"] == [numbers[0], edit]
    assert (total.value, total.verification_status) == before
