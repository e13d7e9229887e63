"""An undo of several entries that stops in between: what was done, what was not, and how it goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx2
import pytest
from approval_desk import place_of
from conftest import Era, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from mcp.types import ElicitResult
from review_desk import field_of, invoices

YESTERDAY = "2020-01-01"


async def test_the_time_in_which_a_person_thinks_does_not_count() -> None:
    """The era with handshake, in which a person is asked within the call."""
    questions: list[str] = []

    async def agree(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        await anyio.sleep(20)
        return ElicitResult(action="accept", content={"confirm": True})

    sandbox = Sandbox(clock=anyio.current_time)
    document = invoices(sandbox)[2]
    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://", timeout=10), sandbox)
    async with Client(
        build_server(behind, transport=transport), mode="legacy", elicitation_callback=agree
    ) as client:
        for name in ("total_amount", "vendor_name"):
            given = {**place_of(document), "field_data_id": field_of(document, name).id, "value": "1"}
            done = await client.call_tool("nanonets_update_field", given)
            assert not done.is_error, done.structured_content
        questions.clear()
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
    assert len(questions) == 1
    assert len(told["undone"]) == 2
    assert "not_tried" not in told


FIELDS = ("total_amount", "vendor_name", "subtotal")


async def corrected(client: Client, document: Document, *names: str) -> list[int]:
    """Correct these fields; gives the entries."""
    entries: list[int] = []
    for name in names:
        given = {**place_of(document), "field_data_id": field_of(document, name).id, "value": "1"}
        result = await client.call_tool("nanonets_update_field", given)
        assert not result.is_error, result.structured_content
        entries.append(result.structured_content["docreview"]["entry"])
    return entries


class Service(httpx2.AsyncBaseTransport):
    """The sandbox, whose writes `answer` may refuse and whose requests may take a while."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda request: None
        self.seconds = {"GET": 0.0, "PATCH": 0.0}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await anyio.sleep(self.seconds.get(request.method, 0))
        refused = self.answer(request) if request.method != "GET" else None
        return refused or await self._inner.handle_async_request(request)


@asynccontextmanager
async def desk(era: Era) -> AsyncGenerator[tuple[Client, Document, Service, Sandbox]]:
    sandbox = Sandbox(clock=anyio.current_time)
    settings = Settings(confirm="never", journal="sqlite://", toolsets=("review", "all"), timeout=50)
    behind, transport = embedded(settings, sandbox)
    service = Service(transport)
    async with Client(build_server(behind, transport=service), mode=era) as client:
        yield client, invoices(sandbox)[2], service, sandbox


def refusing(identity: str, response: httpx2.Response) -> Callable[[httpx2.Request], httpx2.Response | None]:
    """Answers so to the writes of one item."""
    return lambda request: response if request.url.path.endswith(identity) else None


@pytest.mark.parametrize("status", [403, 500])
async def test_what_fails_in_between_says_what_was_done_and_what_was_not(status: int, era: Era) -> None:
    async with desk(era) as (client, document, service, _):
        values = [field_of(document, name).value for name in FIELDS]
        entries = await corrected(client, document, *FIELDS, "currency", "due_date")
        held = field_of(document, "subtotal").id
        service.answer = refusing(held, httpx2.Response(status, json={"message": "not now"}))
        result = await client.call_tool("review_undo", {"since": YESTERDAY, "reason": "all wrong"})
        error, note = error_of(result), result.structured_content["docreview"]
        message = f"Entries {entries[4]}, {entries[3]} were undone, but entry {entries[2]} was not. "
        assert error["message"].startswith(message)
        assert "not now" in error["message"]
        assert error["message"].endswith(
            "The earlier undos were carried out; the later ones were not attempted."
        )
        assert (error["code"], error["done"]) == (
            ("forbidden", "yes") if status == 403 else ("upstream_error", "unknown")
        )
        assert (error["status"], error["retryable"]) == (status, False)
        assert error["next"] == (
            "Read the item of the entry that failed. To continue with the remaining entries, repeat this"
            " call."
        )
        assert note["undone"] == [entries[4], entries[3]]
        assert [(each["undoes"], each["tool"]) for each in note["calls"]] == [
            (entry, "nanonets_update_field") for entry in note["undone"]
        ]
        assert note["not_tried"] == [entries[1], entries[0]]
        assert note["outside"] == ["error.message"]
        for call in note["calls"]:
            shown = await client.call_tool("review_history", {"entry": call["entry"]})
            (told,) = shown.structured_content["entries"]
            assert (told["undoes"], told["reason"]) == (call["undoes"], "all wrong")
        service.answer = lambda request: None
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
        assert told["undone"] == entries[2::-1]
        assert [field_of(document, name).value for name in FIELDS] == values


async def test_what_fails_at_first_is_told_as_such(era: Era) -> None:
    async with desk(era) as (client, document, service, _):
        first, second = await corrected(client, document, "total_amount", "vendor_name")
        held = field_of(document, "vendor_name").id
        service.answer = refusing(held, httpx2.Response(403, json={"message": "not now"}))
        result = await client.call_tool("review_undo", {"entries": [first, second]})
        error = error_of(result)
        assert (error["code"], error["done"]) == ("forbidden", "no")
        assert "were undone" not in error["message"]
        assert "undone" not in result.structured_content["docreview"]


async def test_the_calls_of_an_entry_that_was_undone_in_part_are_told_with_the_others(era: Era) -> None:
    async with desk(era) as (client, document, service, _):
        classes = [{"name": name} for name in "ABC"]
        added = await client.call_tool("studio_add_classes", {"project_id": 1, "classes": classes})
        many = added.structured_content["docreview"]["entry"]
        (one,) = await corrected(client, document, "total_amount")
        identity = str(added.structured_content["items"][1]["id"])
        service.answer = refusing(f"/{identity}", httpx2.Response(403, json={"message": "not now"}))
        result = await client.call_tool("review_undo", {"entries": [one, many]})
        error, note = error_of(result), result.structured_content["docreview"]
        assert f"Entries {one} were undone, but entry {many} was not. Entry {many} was" in error["message"]
        assert "partly undone: 1 of 3 calls were made." in error["message"]
        assert [each["undoes"] for each in note["calls"]] == [one, many]
        assert note["calls"][1]["tool"] == "studio_delete_class"
        assert note["calls"][1]["entry"] > note["calls"][0]["entry"]
        service.answer = lambda request: None
        told = (await client.call_tool("review_undo", {"entries": [one, many]})).structured_content
        assert (told["undone"], told["already_undone"], len(told["calls"])) == ([many], [one], 2)


async def test_no_further_entry_is_begun_when_much_of_the_time_is_over(era: Era) -> None:
    heard: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with desk(era) as (client, document, service, _):
        entries = (await corrected(client, document, *FIELDS))[::-1]
        service.seconds["PATCH"] = 20
        arguments: dict[str, Any] = {"since": YESTERDAY}
        result = await client.call_tool("review_undo", arguments, progress_callback=hear)
        told = result.structured_content
        assert [call.pop("entry") > entries[0] for call in told["calls"]] == [True, True]
        assert told == {
            "undone": entries[:2],
            "calls": [{"undoes": entry, "tool": "nanonets_update_field"} for entry in entries[:2]],
            "not_put_back": {"The value stays marked as moderated.": entries[:2]},
            "not_tried": entries[2:],
            "next": "The call ran out of time. Call again with the same arguments for the rest.",
        }
        assert heard[-2:] == ["1 of 3 entries undone", "2 of 3 entries undone"]
        rest = (await client.call_tool("review_undo", arguments)).structured_content
        assert rest["undone"] == entries[2:]
        assert "not_tried" not in rest


async def test_one_entry_is_undone_though_the_look_at_all_took_long(era: Era) -> None:
    async with desk(era) as (client, _, service, sandbox):
        documents = [each for each in invoices(sandbox) if each.decision != "rejected"][:5]
        entries = [(await corrected(client, each, "vendor_name"))[0] for each in documents][::-1]
        service.seconds["GET"] = 7
        told = (await client.call_tool("review_undo", {"entries": entries})).structured_content
        assert (told["undone"], told["not_tried"]) == (entries[:1], entries[1:])


async def test_a_call_for_what_another_one_is_undoing_is_refused(era: Era) -> None:
    async with desk(era) as (client, document, service, _):
        entries = await corrected(client, document, "total_amount", "vendor_name")
        service.seconds["PATCH"] = 5
        results: list[Any] = []

        async def undo(**arguments: Any) -> None:
            results.append(await client.call_tool("review_undo", arguments))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(undo, entries=entries))
            await anyio.sleep(1)
            tasks.start_soon(partial(undo, since=YESTERDAY))
        error = error_of(results[0])
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert error["message"] == (
            f"Entry {entries[0]} cannot be undone: another call is undoing it right now. Nothing was sent."
        )
        assert results[1].structured_content["undone"] == entries[::-1]


async def test_what_was_added_again_under_another_id_is_known_to_the_call_that_goes_on(era: Era) -> None:
    async with desk(era) as (client, document, service, _):
        value = field_of(document, "total_amount").value
        (edit,) = await corrected(client, document, "total_amount")
        place = {**place_of(document), "field_data_id": field_of(document, "total_amount").id}
        deleted = await client.call_tool("nanonets_delete_field", place)
        deletion = deleted.structured_content["docreview"]["entry"]
        service.seconds["POST"] = 31
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
        assert (told["undone"], told["not_tried"]) == ([deletion], [edit])
        told = (await client.call_tool("review_undo", {"since": YESTERDAY})).structured_content
        assert told["undone"] == [edit]
        assert field_of(document, "total_amount").value == value
