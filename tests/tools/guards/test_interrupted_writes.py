"""A write that is cut off, wherever that is: the journal tells what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.tools.guards import guard
from mcp import Client

FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
PAGE = {"data": {"fields": {"total": [{"field_data_id": "f", "value": "10"}]}, "tables": []}}
UPDATE = ("nanonets_update_field", {**FIELD, "value": "12"})
CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})
PLACE = {key: FIELD[key] for key in ("workflow_id", "document_id", "page_id")}
TABLE = ("nanonets_add_table", {**PLACE, "bbox": [1, 1, 9, 9], "headers": ["item"]})


class Holding(Network):
    """Waits for ever with the request whose number this is, counted by method; answers the others."""

    def __init__(self, method: str, number: int, answer: Any) -> None:
        super().__init__(answer)
        self.arrived = anyio.Event()
        self._method, self._left = method, number

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == self._method:
            self._left -= 1
            if not self._left:
                self.arrived.set()
                await anyio.sleep_forever()
        return await super().handle_async_request(request)


def answer(request: httpx2.Request) -> httpx2.Response:
    """A page for each read, something new for each write."""
    new = {"id": 7, "table_id": "t", "field_data_id": "f", "value": "12"}
    return httpx2.Response(200, json=PAGE if request.method == "GET" else new)


async def cut_off(client: Client, network: Holding, call: tuple[str, dict[str, Any]]) -> None:
    """Begin a call, and cancel it as soon as the network holds it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, *call)
        with anyio.fail_after(60):
            await network.arrived.wait()
        tasks.cancel_scope.cancel()


async def entries(client: Client) -> list[dict[str, Any]]:
    return (await client.call_tool("review_history", {})).structured_content["entries"]


async def settled(client: Client) -> list[dict[str, Any]]:
    """The entries, once none is under way: the server hears of the cancelling a little later."""
    for _ in range(500):
        found = await entries(client)
        if all(each["outcome"] != "under way" for each in found):
            return found
        await anyio.sleep(0.02)
    raise AssertionError("an entry stays under way")


async def test_a_call_cut_off_while_the_state_before_is_read_leaves_no_entry(era: Era) -> None:
    network = Holding("GET", 1, answer)
    async with connected(network, era, journal="sqlite://") as client:
        await cut_off(client, network, UPDATE)
        assert await settled(client) == []
        assert not (await client.call_tool(*UPDATE)).is_error
    assert [request.method for request in network.requests] == ["GET", "PATCH"]


async def test_a_call_cut_off_while_the_new_state_is_read_is_recorded_as_done(era: Era) -> None:
    network = Holding("GET", 1, answer)
    async with connected(network, era, journal="sqlite://") as client:
        await cut_off(client, network, TABLE)
        (entry,) = await settled(client)
        assert entry["outcome"] == "done"
        assert "interrupted while the new state was being read" in entry["not_undoable"]


async def test_a_sent_call_that_is_cut_off_stops_the_next_one(era: Era) -> None:
    network = Holding("POST", 1, answer)
    async with connected(network, era, journal="sqlite://") as client:
        await cut_off(client, network, CREATE)
        (entry,) = await settled(client)
        assert entry["outcome"] == "unknown"
        error = error_of(await client.call_tool(*CREATE))
        assert (error["code"], error["done"]) == ("conflict", "no")
        assert not (await client.call_tool(*CREATE)).is_error


async def test_without_a_journal_too(era: Era) -> None:
    network = Holding("POST", 1, answer)
    async with connected(network, era) as client:
        await cut_off(client, network, CREATE)
        results = [await client.call_tool(*CREATE) for _ in range(2)]
        assert [each.is_error for each in results] == [True, False]


async def test_a_call_that_is_cut_off_gives_its_place_in_the_limits_back_only_if_it_was_not_sent(
    era: Era, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_writes = 1\n")
    network = Holding("GET", 1, answer)
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        await cut_off(client, network, UPDATE)
        assert not (await client.call_tool(*UPDATE)).is_error
    network = Holding("PATCH", 1, answer)
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        await cut_off(client, network, UPDATE)
        await settled(client)
        assert error_of(await client.call_tool(*UPDATE))["code"] == "not_allowed"


async def test_a_twin_of_a_failed_call_fails_with_it_and_sends_nothing(era: Era) -> None:
    arrived, go = anyio.Event(), anyio.Event()

    class Refusing(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            arrived.set()
            await go.wait()
            return httpx2.Response(403, json={"message": "no"})

    network, results = Refusing(), []
    async with connected(network, era, journal="sqlite://") as client, anyio.create_task_group() as tasks:

        async def call() -> None:
            results.append(await client.call_tool(*CREATE))

        tasks.start_soon(call)
        await arrived.wait()
        tasks.start_soon(call)
        await anyio.sleep(0.1)
        go.set()
    assert [error_of(each)["code"] for each in results] == ["forbidden", "forbidden"]
    assert len(network.requests) == 1


@pytest.mark.parametrize(("method", "done"), [("POST", "unknown"), ("GET", "yes")])
async def test_a_twin_of_a_sent_call_that_is_cut_off_is_told_what_is_known(
    method: str, done: str, era: Era
) -> None:
    """Cut off while the new state is read, it is known to have been carried out."""
    network, results = Holding(method, 1, answer), []
    async with connected(network, era, journal="sqlite://") as client, anyio.create_task_group() as tasks:

        async def twin() -> None:
            results.append(await client.call_tool(*TABLE))

        async with anyio.create_task_group() as first:
            first.start_soon(client.call_tool, *TABLE)
            await network.arrived.wait()
            tasks.start_soon(twin)
            await anyio.sleep(0.1)
            first.cancel_scope.cancel()
    (error,) = map(error_of, results)
    assert (error["code"], error["done"], error["retryable"]) == ("upstream_error", done, False)
    how = {"unknown": "was interrupted.", "yes": "was carried out, but interrupted before it ended."}
    assert f"the identical call that this call waited for {how[done]}" in error["message"]
    wanted = {"unknown": "Check whether the change was made", "yes": "Read the item to see what"}
    assert error["next"].startswith(wanted[done])
    assert [request.method for request in network.requests] == ([] if done == "unknown" else ["POST"])


async def test_a_twin_takes_over_where_the_first_was_cut_off_before_it_was_sent(era: Era) -> None:
    network = Holding("GET", 1, answer)
    cell = (
        "nanonets_add_cell",
        {**PLACE, "table_id": "t", "row": 0, "col": 0, "header": "item", "text": "x"},
    )
    results: list[Any] = []
    async with connected(network, era, journal="sqlite://") as client:

        async def call() -> None:
            results.append(await client.call_tool(*cell))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            tasks.start_soon(call)
    assert len({str(each.structured_content) for each in results}) == 1
    assert len([request for request in network.requests if request.method == "POST"]) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_fault_inside_docreview_never_says_that_a_write_was_not_done(
    when: str, era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise RuntimeError("a bug with 10 in it")

    network = Network(answer)
    monkeypatch.setattr(guard, "undo_plan" if when == "after" else "claims_of", broken)
    async with connected(network, era, journal="sqlite://") as client:
        error = error_of(await client.call_tool(*UPDATE))
        assert error["done"] == "unknown"
        assert "a bug" not in str(error)
        found = await entries(client)
    assert [each["outcome"] for each in found] == (["unknown"] if when == "after" else [])
