"""What a caller is told of an identical call of somebody else: that there was one, and nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, error_of
from http_callers import caller, new_key, served
from mcp.types import CallToolResult

CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "keys.txt"
    admin = ("docreview:read", "docreview:write", "docreview:admin")
    return {"Ana": new_key(file, "Ana"), "Bo": new_key(file, "Bo"), "Cy": new_key(file, "Cy", *admin)}


@pytest.mark.parametrize("kept", ["none", "file"])
async def test_each_user_is_stopped_once_and_only_the_caller_and_admins_hear_why(
    kept: str, keys: dict[str, str], era: Era, tmp_path: Path
) -> None:
    first = [httpx2.Response(500, text="only for Ana")]
    network = Network(lambda request: first.pop() if first else httpx2.Response(200, json={"id": 7}))
    http: dict[str, Any] = {"auth": "keys", "keys": tmp_path / "keys.txt"}
    journal = "none" if kept == "none" else f"sqlite:///{tmp_path / 'journal.sqlite'}"
    async with served(network, http=http, journal=journal) as client:

        async def create(name: str) -> CallToolResult:
            async with caller(client, era, keys[name]) as calling:
                return await calling.call_tool(*CREATE)

        assert error_of(await create("Ana"))["done"] == "unknown"
        told = {name: error_of(await create(name)) for name in ("Bo", "Cy", "Ana")}
        assert {(each["code"], each["done"]) for each in told.values()} == {("conflict", "no")}
        assert "an identical call by another caller got no clear answer" in told["Bo"]["message"]
        assert "only for Ana" not in told["Bo"]["message"]
        assert "Journal entry" not in told["Bo"]["message"]
        assert "an identical call by another caller got no clear answer" in told["Cy"]["message"]
        assert "only for Ana" in told["Cy"]["message"]
        assert "an identical call got no clear answer" in told["Ana"]["message"]
        assert "only for Ana" in told["Ana"]["message"]
        assert len(network.requests) == 1
        assert not (await create("Bo")).is_error
        assert len(network.requests) == 2


async def test_of_a_call_under_way_at_another_server_only_its_caller_and_admins_hear_the_entry(
    keys: dict[str, str], era: Era, tmp_path: Path
) -> None:
    begun, go = anyio.Event(), anyio.Event()

    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            begun.set()
            await go.wait()
            return httpx2.Response(200, json={"id": 7})

    http: dict[str, Any] = {"auth": "keys", "keys": tmp_path / "keys.txt"}
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    idle = Network()
    said: dict[str, str] = {}
    async with (
        served(Slow(), http=http, journal=journal) as slow,
        served(idle, http=http, journal=journal) as other,
        anyio.create_task_group() as tasks,
    ):

        async def create(client: httpx2.AsyncClient, name: str) -> CallToolResult:
            async with caller(client, era, keys[name]) as calling:
                return await calling.call_tool(*CREATE)

        tasks.start_soon(create, slow, "Ana")
        await begun.wait()
        for name in ("Ana", "Bo", "Cy"):
            said[name] = error_of(await create(other, name))["message"]
        go.set()
    assert all("another server is carrying out an identical call" in each for each in said.values())
    assert {name: "(journal entry 1)" in each for name, each in said.items()} == {
        "Ana": True,
        "Bo": False,
        "Cy": True,
    }
    assert idle.requests == []
