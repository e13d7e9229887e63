"""Two servers on one journal, at moments when neither knows of the other by its own first look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of

PLACE = {"workflow_id": "w", "document_id": "d", "page_id": "p", "table_id": "t"}
CELL = ("nanonets_add_cell", {**PLACE, "row": 0, "col": 0, "text": "x", "header": "net"})
PAGE = {
    "page_id": "p",
    "data": {"fields": {}, "tables": [{"table_id": "t", "headers": ["net"], "cells": []}]},
}


class Held(Network):
    """Holds the first answers to requests of one method until it is told to go on."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.begun, self.go = anyio.Event(), anyio.Event()
        self._method = method

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        if request.method == self._method:
            self.begun.set()
            await self.go.wait()
        return httpx2.Response(200, json=PAGE if request.method == "GET" else {"cell_id": "c", "text": "x"})

    @property
    def writes(self) -> int:
        """How many requests change something."""
        return sum(request.method != "GET" for request in self.requests)


@pytest.mark.parametrize("limits", ["", "max_writes_per_hour = 9"])
async def test_a_call_that_another_server_began_after_the_first_look_is_not_sent(
    limits: str, era: Era, tmp_path: Path
) -> None:
    """The last look is in the transaction that opens the entry."""
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}"}
    if limits:
        kept["policy"] = tmp_path / "policy.toml"
        kept["policy"].write_text(f"[limits]\n{limits}\n")
    reading, writing = Held("GET"), Held("POST")
    results: dict[str, Any] = {}
    ended = anyio.Event()
    async with (
        connected(reading, era, **kept) as late,
        connected(writing, era, **kept) as early,
        anyio.create_task_group() as tasks,
    ):

        async def call(client: Any, name: str) -> None:
            results[name] = await client.call_tool(*CELL)
            ended.set()

        tasks.start_soon(call, late, "late")
        await reading.begun.wait()
        tasks.start_soon(call, early, "early")
        await writing.begun.wait()
        reading.go.set()
        await ended.wait()
        writing.go.set()
    assert list(results) == ["late", "early"]
    error = error_of(results["late"])
    assert (error["code"], error["done"]) == ("conflict", "no")
    assert "another server is carrying out an identical call (journal entry 1)" in error["message"]
    assert not results["early"].is_error
    assert (reading.writes, writing.writes) == (0, 1)


async def test_a_call_that_another_server_ended_meanwhile_is_sent(era: Era, tmp_path: Path) -> None:
    """It is a new one: the same cell may be there twice."""
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    reading = Held("GET")
    results: list[Any] = []
    async with (
        connected(reading, era, journal=journal) as late,
        connected(Held("none"), era, journal=journal) as early,
        anyio.create_task_group() as tasks,
    ):

        async def call() -> None:
            results.append(await late.call_tool(*CELL))

        tasks.start_soon(call)
        await reading.begun.wait()
        assert not (await early.call_tool(*CELL)).is_error
        reading.go.set()
    assert not results[0].is_error
    assert reading.writes == 1


async def test_while_another_server_may_be_sending_a_call_nobody_is_told_that_the_next_is_sent(
    era: Era, tmp_path: Path
) -> None:
    """Whether it was killed cannot be told before its time is up."""
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    writing, idle = Held("POST"), Held("none")
    async with (
        connected(writing, era, journal=journal) as one,
        connected(idle, era, journal=journal) as other,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(one.call_tool, *CELL)
        await writing.begun.wait()
        for _ in range(3):
            error = error_of(await other.call_tool(*CELL))
            assert (error["code"], error["done"]) == ("conflict", "no")
            assert "another server is carrying out an identical call (journal entry 1)" in error["message"]
            assert "after that call has ended, at the latest at 20" in error["next"]
        writing.go.set()
    assert idle.writes == 0


async def test_a_write_that_another_server_has_under_way_counts(era: Era, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 1\n")
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}", "policy": policy}
    writing = Held("POST")
    async with (
        connected(writing, era, **kept) as one,
        connected(Held("none"), era, **kept) as other,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(one.call_tool, *CELL)
        await writing.begun.wait()
        error = error_of(await other.call_tool("studio_add_label", {"project_id": 1, "name": "late"}))
        writing.go.set()
        assert (error["code"], error["done"]) == ("not_allowed", "no")
        assert "limits.max_writes_per_hour" in error["message"]
