"""Many calls at once: no more than there are places, a share for each caller, and none is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era
from http_callers import new_key, process, served
from mcp import Client

READ = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "nanonets_list_workflows"}}


class Slow(httpx2.AsyncBaseTransport):
    """A service that takes its time, and counts how much it has to do at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.at_once = self.most_at_once = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await anyio.sleep(self._seconds)
        self.at_once -= 1
        return httpx2.Response(200, json={"workflows": []})


async def test_calls_wait_for_a_place_and_who_has_few_comes_first(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    network, order = Slow(1), list[str]()
    http = {"auth": "keys", "keys": keys, "concurrency": 4}
    async with served(network, http=http) as client:

        async def call(key: str) -> None:
            response = await client.post("/mcp", json=READ, headers={"Authorization": f"Bearer {key}"})
            assert response.status_code == 200
            order.append(key)

        async with anyio.create_task_group() as group:
            for _ in range(16):
                group.start_soon(call, ana)
            await anyio.sleep(0.5)
            for _ in range(4):
                group.start_soon(call, bo)
    assert network.most_at_once == 4
    assert len(order) == 20
    # Those of Bo, who came last, are over before half of those that Ana had waiting.
    assert order.index(bo) <= 8
    assert max(place for place, key in enumerate(order) if key == bo) < 16


async def test_nobody_waits_for_ever_for_a_place() -> None:
    statuses: list[int] = []
    async with served(Slow(45), http={"concurrency": 1}) as client:

        async def call() -> None:
            response = await client.post("/mcp", json=READ)
            statuses.append(response.status_code)
            if response.status_code == 503:
                assert response.headers["retry-after"] == "2"
                assert response.json()["error"]["data"]["code"] == "busy"

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(call)
    assert sorted(statuses) == [200, 503, 503]


async def test_more_than_can_wait_are_refused_at_once() -> None:
    statuses: list[int] = []
    async with served(Slow(1), http={"concurrency": 1}) as client:

        async def call() -> None:
            statuses.append((await client.post("/mcp", json=READ)).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call)
        assert statuses[0] == 503
        assert (statuses.count(200), statuses.count(503)) == (5, 15)


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_in_a_burst_over_sockets_no_call_is_lost(version: str) -> None:
    mode: Era = "legacy" if version.startswith("2025") else "auto"
    results: list[Any] = []
    with process("--sandbox", DOCREVIEW_HTTP_RATE="off") as server:

        async def call(client: Client, number: int) -> None:
            if number % 2:
                arguments = {"name": f"Project {number}", "type": "ABSA"}
                results.append(await client.call_tool("studio_create_project", arguments))
            else:
                results.append(await client.call_tool("nanonets_list_workflows", {}))

        async with Client(f"{server.address}/mcp", mode=mode) as client, anyio.create_task_group() as group:
            for number in range(120):
                group.start_soon(call, client, number)
        names = [
            each.structured_content["name"]
            for each in results
            if not each.is_error and "name" in each.structured_content
        ]
        assert not [each.structured_content for each in results if each.is_error]
        assert len(results) == 120
        assert sorted(names) == sorted(f"Project {number}" for number in range(1, 120, 2))


async def test_health_is_told_whatever_the_load_and_the_host() -> None:
    async with served(Slow(10), http={"concurrency": 1}) as client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(lambda: client.post("/mcp", json=READ))
        await anyio.sleep(1)
        for path in ("/healthz", "/readyz"):
            response = await client.get(path, headers={"Host": "10.1.2.3:8000"})
            assert response.status_code == 200
            assert response.headers["content-type"] == "application/json"
