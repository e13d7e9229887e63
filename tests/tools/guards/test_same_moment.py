"""Calls that meet: between a look and a claim, between the opening of an entry and its sending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.journal.store import StoredJournal
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools.guards import single_flight
from docreview_mcp.tools.guards.confirmation_codes import Codes
from docreview_mcp.tools.journal.marks import MemoryMarks
from mcp import Client
from mcp.types import ElicitResult
from review_desk import Between, ready
from test_agreement import YES, place_of, total_of

CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})
CREATED = httpx2.Response(201, json={"id": 7, "name": "late"})
APPROVALS = [
    ("nanonets_approve_file", {"model_id": "m", "request_file_id": f"file {number}"}) for number in (1, 2)
]


class HeldOpenings:
    """Holds the opening of each entry, which is in the journal by then, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened, self.let_go = anyio.Event(), anyio.Event()
        genuine = StoredJournal.open

        async def open_slowly(journal: StoredJournal, *arguments: Any) -> int:
            number = await genuine(journal, *arguments)
            self.opened.set()
            await self.let_go.wait()
            return number

        monkeypatch.setattr(StoredJournal, "open", open_slowly)

    async def let_go_later(self) -> None:
        """Let go when the call that waits has heard that it is cancelled."""
        await self.opened.wait()
        await anyio.sleep(1)
        self.let_go.set()


async def cut_off_once_opened(
    client: Client, held: HeldOpenings, call: tuple[str, dict[str, Any]] = CREATE
) -> None:
    """Begin the call and cancel it when its entry is opened and nothing is sent."""
    async with anyio.create_task_group() as others:
        others.start_soon(held.let_go_later)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, *call)
            await held.opened.wait()
            tasks.cancel_scope.cancel()


async def entries(client: Client) -> list[dict[str, Any]]:
    """The journal, once no entry is under way."""
    while True:
        found = (await client.call_tool("review_history", {})).structured_content["entries"]
        if all(each["outcome"] != "under way" for each in found):
            return found
        await anyio.sleep(0.1)


async def test_a_call_that_is_cut_off_before_it_is_sent_is_on_record_as_not_done(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_writes = 1\n")
    network = Network(lambda request: CREATED)
    held = HeldOpenings(monkeypatch)
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        await cut_off_once_opened(client, held)
        assert [each["outcome"] for each in await entries(client)] == ["not done"]
        assert network.requests == []
        done = await client.call_tool(*CREATE)
        assert not done.is_error, "neither the limit nor a doubt about the first call is in its way"


async def test_an_approval_that_is_cut_off_before_it_is_sent_does_not_count(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_approvals = 1\n")
    network = Network(lambda request: httpx2.Response(200, json={"message": "ok"}))
    held = HeldOpenings(monkeypatch)
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        await cut_off_once_opened(client, held, APPROVALS[0])
        assert [each["outcome"] for each in await entries(client)] == ["not done"]
        assert not (await client.call_tool(*APPROVALS[1])).is_error
        assert error_of(await client.call_tool(*APPROVALS[0]))["code"] == "not_allowed"


async def test_what_comes_out_of_the_journal_after_its_time_is_not_sent(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of our own tools, all of whose requests share one time."""
    network = Network(lambda request: httpx2.Response(200, json={"id": 7, "items": [], "data": {}}))
    held = HeldOpenings(monkeypatch)
    arguments = {"project_id": 5, "labels": ["a"], "send": True}
    async with (
        connected(network, era, journal="sqlite://", timeout=0.5) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(held.let_go_later)
        error = error_of(await client.call_tool("review_set_up", arguments))
        assert (
            "add_label: the call's time limit of 0.5 seconds ran out before the request was sent."
            in error["message"]
        )
        assert "Nothing was sent." in error["message"]
        assert (error["code"], error["done"], error["retryable"]) == ("timeout", "no", True)
        assert [each["outcome"] for each in await entries(client)] == ["not done"]
    assert all(request.method == "GET" for request in network.requests)


async def test_a_twin_takes_over_from_a_call_that_was_cut_off_before_it_was_sent(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(lambda request: CREATED)
    held = HeldOpenings(monkeypatch)
    results: list[Any] = []
    async with (
        connected(network, era, journal="sqlite://") as client,
        anyio.create_task_group() as tasks,
    ):

        async def call() -> None:
            results.append(await client.call_tool(*CREATE))

        tasks.start_soon(held.let_go_later)
        async with anyio.create_task_group() as first:
            first.start_soon(call)
            await held.opened.wait()
            tasks.start_soon(call)
            await anyio.sleep(0.1)
            first.cancel_scope.cancel()
    assert [each.is_error for each in results] == [False]
    assert len(network.requests) == 1


def asking(network: Network, journal: str, person: Callable[[], Any]) -> Client:
    """A client in the era with handshake whose person thinks as long as `person` takes, and agrees."""

    async def answer(context: Any, params: Any) -> ElicitResult:
        await person()
        return YES

    given: dict[str, Any] = {
        "nanonets_api_key": "nanonets-key-0123456789",
        "studio_token": "studio-token-0123456789",
    }
    server = build_server(Settings(**given, confirm="writes", journal=journal), transport=network)
    return Client(server, mode="legacy", elicitation_callback=answer)


async def test_what_another_server_began_while_a_person_was_asked_is_not_sent_twice(tmp_path: Path) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    begun, let_go = anyio.Event(), anyio.Event()

    class Held(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            begun.set()
            await let_go.wait()
            return CREATED

    network, here = Held(), Network(lambda request: CREATED)
    async with (
        connected(network, journal=journal) as elsewhere,
        anyio.create_task_group() as tasks,
    ):

        async def person() -> None:
            tasks.start_soon(elsewhere.call_tool, *CREATE)
            await begun.wait()

        async with asking(here, journal, person) as client:
            error = error_of(await client.call_tool(*CREATE))
        let_go.set()
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert "another server is carrying out an identical call" in error["message"]
    assert here.requests == []


async def test_a_call_that_came_before_another_server_stopped_its_twin_is_stopped_too(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"

    def late(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late")

    async with connected(Network(late), era, journal=journal) as client:
        assert error_of(await client.call_tool(*CREATE))["done"] == "unknown"
    network = Network(lambda request: CREATED)
    async with (
        connected(network, era, journal=journal) as one,
        connected(network, era, journal=journal) as two,
    ):
        assert error_of(await one.call_tool(*CREATE))["code"] == "conflict"
        with monkeypatch.context() as earlier:
            earlier.setattr(single_flight.time, "time", lambda: 0.0)
            assert error_of(await two.call_tool(*CREATE))["code"] == "conflict"
        assert network.requests == []
        assert not (await two.call_tool(*CREATE)).is_error


async def test_of_two_uses_of_a_code_at_once_one_is_good() -> None:
    class Slow(MemoryMarks):
        """Both look before either claims."""

        async def claim(self, mark: str, seconds: float) -> bool:
            await anyio.sleep(1)
            return await super().claim(mark, seconds)

    codes = Codes(marks=Slow())
    code, found = codes.new_code("delete", {"id": 1}), []

    async def use() -> None:
        found.append(await codes.use(code, "delete", {"id": 1}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use)
        tasks.start_soon(use)
    assert sorted(found) == ["used", "valid"]


WRITES: dict[str, Callable[[Document], dict[str, Any]]] = {
    "nanonets_update_field": lambda document: {**total_of(document), "value": "1.00"},
    "nanonets_update_file_fields": lambda document: {
        "model_id": document.workflow_id,
        "moderated_boxes": [],
        "page": {"id": document.pages[0].id},
    },
    "nanonets_assign_files": lambda document: {
        "model_id": document.workflow_id,
        "file_ids": [document.id],
        "member": "ada@example.com",
    },
}


@pytest.mark.parametrize("second", WRITES)
@pytest.mark.parametrize("is_elsewhere", [False, True])
async def test_from_the_consent_to_the_end_nobody_else_writes_the_document(
    second: str, is_elsewhere: bool
) -> None:
    """A write on another document, of this workflow or another one, does not wait."""
    sandbox = Sandbox()
    one, other = ready(sandbox)[:2]
    if is_elsewhere:
        found = sandbox.nanonets.documents.values()
        other = next(each for each in found if each.workflow_id != one.workflow_id and each.pages)
    value = {**place_of(other), "field_data_id": other.pages[0].fields[0].id, "value": "1.00"}
    order: list[str] = []
    sending, let_go = anyio.Event(), anyio.Event()

    async def first(method: str, path: str) -> None:
        if method == "GET":
            return
        order.append("other" if other.id in path else method)
        if not sending.is_set():
            sending.set()
            await let_go.wait()

    async def answer(context: Any, params: Any) -> ElicitResult:
        return YES

    behind, transport = embedded(Settings(confirm="destructive", journal="sqlite://"), sandbox)
    server = build_server(behind, transport=Between(transport, first, None))
    with anyio.fail_after(60):
        async with (
            Client(server, mode="legacy", elicitation_callback=answer) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(client.call_tool, "nanonets_delete_field", total_of(one))
            await sending.wait()
            tasks.start_soon(client.call_tool, second, WRITES[second](one))
            await client.call_tool("nanonets_update_field", value)
            await anyio.sleep(1)
            order.append("let go")
            let_go.set()
    assert order[:3] == ["DELETE", "other", "let go"]
    assert len(order) == 4
