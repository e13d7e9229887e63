"""Two servers that share a journal in PostgreSQL and a Redis: what one of them knows, the other knows too."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from conftest import Era, Network, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.http import application_for
from docreview_mcp.server.http.settings import read_http_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from http_callers import MODERN, PING, caller, new_key, served
from postgresql import Cluster, empty
from redis_process import RedisProcess, running_redis
from review_desk import field_of, ready, sent

KEY = base64.b64encode(bytes(range(32))).decode()
CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})


@pytest.fixture(scope="module")
def redis_process() -> Iterator[RedisProcess]:
    with running_redis() as process:
        yield process


@pytest.fixture
def redis(redis_process: RedisProcess) -> dict[str, Any]:
    """The settings of servers that share an empty Redis."""
    with redis_process.client() as client:
        client.flushall()
    return {"redis": redis_process.url, "seal_keys": KEY}


@pytest.fixture
def both(redis: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    """The settings of servers that share an empty Redis and an empty journal."""
    empty(cluster.url)
    return {**redis, "journal": cluster.url}


async def test_a_rate_holds_over_all_servers(redis: dict[str, Any]) -> None:
    http = {"rate": "4/hour"}
    async with served(Network(), http=http, **redis) as one, served(Network(), http=http, **redis) as two:
        answers = [await each.post("/mcp", json=PING, headers=MODERN) for each in (one, two) * 3]
    assert [each.status_code == 429 for each in answers] == [False] * 4 + [True] * 2
    assert int(answers[-1].headers["Retry-After"]) > 60


async def test_nobody_signs_in_at_one_of_several_servers(redis: dict[str, Any]) -> None:
    """The next call may reach another server, which would go on with another account."""
    own = {"X-Studio-Token": "studio-token-of-the-caller"}
    settings = {"toolsets": "all", "nanonets_api_key": None, "studio_email": None, "studio_password": None}
    listed: list[bool] = []
    for shared in ({}, redis):
        async with (
            served(Network(), http={"credentials": "headers"}, **settings, **shared) as client,
            caller(client, "auto", headers=own) as calling,
        ):
            listed.append("studio_login" in {tool.name for tool in (await calling.list_tools()).tools})
            refused = await calling.call_tool("studio_logout", {})
    assert listed == [True, False]
    assert error_of(refused)["code"] == "not_allowed"


async def test_without_redis_a_server_goes_on_at_half_the_rate(caplog: pytest.LogCaptureFixture) -> None:
    settings: dict[str, Any] = {"redis": "redis://127.0.0.1:1/0", "seal_keys": KEY}
    async with served(Network(), http={"rate": "4/hour"}, **settings) as client:
        statuses = [(await client.post("/mcp", json=PING, headers=MODERN)).status_code for _ in range(4)]
        ready = await client.get("/readyz")
    assert [each == 429 for each in statuses] == [False, False, True, True]
    assert (ready.status_code, ready.json()["redis"]) == (200, "down")
    assert caplog.text.count("Redis cannot be used") == 1


async def test_readyz_says_how_redis_is(redis: dict[str, Any]) -> None:
    async with served(Network(), **redis) as client:
        told = {"status": "ready", "journal": "none", "redis": "ok", "issuer": "none"}
        assert (await client.get("/readyz")).json() == told
    async with served(Network()) as client:
        assert (await client.get("/readyz")).json()["redis"] == "none"


async def test_the_rate_of_an_account_holds_over_all_servers_and_is_waited_for(
    redis: dict[str, Any], era: Era
) -> None:
    """What does not fit into the time of a call is told at once, and nothing is sent."""
    network = Network(lambda request: httpx2.Response(200, json={"workflows": []}))
    settings = {**redis, "upstream_rate": "2/hour", "timeout": 20}
    async with served(network, **settings) as one, served(network, **settings) as two:
        results: list[Any] = []
        for each in (one, two, one):
            async with caller(each, era) as client:
                results.append(await client.call_tool("nanonets_list_workflows", {}))
    assert [each.is_error for each in results] == [False, False, True]
    error = error_of(results[2])
    assert (error["code"], error["retryable"], error["done"]) == ("rate_limited", True, "no")
    assert "2 requests in 3600 s" in error["message"]
    assert len(network.requests) == 2


async def test_one_login_serves_all_servers(redis: dict[str, Any], era: Era) -> None:
    logins: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/auth/login":
            logins.append(jwt.encode({"exp": time.time() + 3600, "turn": len(logins)}, "x" * 32))
            return httpx2.Response(200, json={"auth_token": logins[-1]})
        return httpx2.Response(200, json=[])

    network = Network(answer)
    account = {"studio_token": None, "studio_email": "ana@example.com", "studio_password": "pass-word-1"}
    settings = {**redis, **account}
    async with served(network, **settings) as one, served(network, **settings) as two:

        async def use(server: httpx2.AsyncClient) -> None:
            async with caller(server, era) as client:
                assert not (await client.call_tool("studio_list_projects", {})).is_error

        async with anyio.create_task_group() as tasks:
            for server in (one, two):
                tasks.start_soon(use, server)
    assert len(logins) == 1
    used = {each.headers["authorization"] for each in network.requests if each.url.path != "/auth/login"}
    assert used == {f"Bearer {logins[0]}"}


async def test_a_code_works_once_although_redis_was_emptied_meanwhile(
    both: dict[str, Any], redis_process: RedisProcess, era: Era
) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    arguments = {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "page_id": document.pages[0].id,
        "field_data_id": field_of(document, "total_amount").id,
    }
    settings = {**both, "confirm": "destructive"}

    async def delete(**code: str) -> Any:
        async with served(sandbox=sandbox, **settings) as server, caller(server, era) as client:
            return await client.call_tool("nanonets_delete_field", {**arguments, **code})

    code = (await delete()).structured_content["docreview"]["confirm"]
    assert not (await delete(confirm=code)).is_error
    with redis_process.client() as client:
        client.flushall()
    assert (await delete(confirm=code)).is_error
    assert sent(sandbox).count("deleteFieldValue") == 1


@pytest.mark.parametrize("second", ["ana", "ben"])
async def test_of_the_same_write_at_two_servers_one_is_sent_and_the_other_is_told(
    second: str, both: dict[str, Any], era: Era, tmp_path: Path
) -> None:
    """However many callers there are, none gets the answer of another."""
    held, arrived = anyio.Event(), anyio.Event()

    class Held(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            arrived.set()
            await held.wait()
            return httpx2.Response(201, json={"id": 7, "name": "late"})

    file = tmp_path / "keys.txt"
    keys = {name: new_key(file, name) for name in ("ana", "ben")}
    http = {"auth": "keys", "keys": file}
    network, results = Held(), list[Any]()
    async with (
        served(network, http=http, **both) as one,
        served(network, http=http, **both) as two,
        caller(one, era, keys["ana"]) as first,
        caller(two, era, keys[second]) as other,
        anyio.create_task_group() as tasks,
    ):

        async def call() -> None:
            results.append(await first.call_tool(*CREATE))

        tasks.start_soon(call)
        await arrived.wait()
        refused = error_of(await other.call_tool(*CREATE))
        held.set()
        assert (refused["code"], refused["done"]) == ("conflict", "no")
    assert not results[0].is_error
    assert len(network.requests) == 1


@pytest.mark.parametrize("shared", [{"redis": "redis://host/0"}, {"journal": "postgresql://host/reviews"}])
def test_servers_that_share_something_need_keys_to_seal_with(shared: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="DOCREVIEW_SEAL_KEYS: expected keys, because"):
        application_for(Settings(**shared), read_http_settings(), 8000)
