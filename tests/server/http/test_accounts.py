"""Each caller works with credentials of its own, and nothing of one account reaches another."""

from __future__ import annotations

import base64
import json
import logging
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, error_of
from docreview_mcp.server.logs import set_up_logging
from docreview_mcp.server.services.upstream import secrets_of_caller
from http_callers import ADDRESS, caller, new_key, post, served

CREATE = "studio_create_project"
PRINCIPALS, ACCOUNTS = 50, 20
CALLS = 2_000 if os.environ.get("DOCREVIEW_TESTS") == "full" else 400
NO_ACCOUNT = {"nanonets_api_key": None, "studio_token": None}


def headers_of(account: int, **more: str) -> dict[str, str]:
    return {
        "X-Nanonets-Api-Key": f"nanonets-key-{account:04}-abcdef",
        "X-Studio-Token": f"studio-token-{account:04}-abcdef",
        **more,
    }


def account_of(request: httpx2.Request) -> str:
    """The account that a request authenticates as, by the number in its credentials."""
    given = request.headers.get("authorization", "")
    scheme, _, value = given.partition(" ")
    text = base64.b64decode(value).decode() if scheme == "Basic" else value
    return text.split("-")[2] if text else "nobody"


class Upstream(Network):
    """Both services: answers after a while with the account that asked, and wants it to keep a cookie."""

    def __init__(self) -> None:
        super().__init__(self._reply)
        self._chance = random.Random(7)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        await anyio.sleep(self._chance.random())
        return response

    def _reply(self, request: httpx2.Request) -> httpx2.Response:
        account = account_of(request)
        whose = f"account {account}"
        body = {"id": 1, "name": whose, "workflows": [{"id": f"w-{account}", "description": whose}]}
        cookie = {"Set-Cookie": f"session=of-{account}; Path=/"}
        return httpx2.Response(200, json=body, headers=cookie)


def with_headers(keys: Path, **more: Any) -> dict[str, Any]:
    return {"auth": "keys", "keys": keys, "credentials": "headers", "rate": "off", **more}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.txt"


async def test_every_answer_is_for_its_caller(keys: Path) -> None:
    network, chance = Upstream(), random.Random(11)
    known = [new_key(keys, f"Caller {number}") for number in range(PRINCIPALS)]
    said: Counter[str] = Counter()
    http = with_headers(keys, concurrency=PRINCIPALS)
    async with served(network, http=http, journal="sqlite://", **NO_ACCOUNT) as client:

        async def work(principal: int) -> None:
            key = f"Bearer {known[principal]}"
            for number in range(CALLS // PRINCIPALS):
                # The same for all, so that whatever is told apart by the call alone would be mixed up.
                name, arguments = chance.choice(
                    [
                        ("nanonets_list_workflows", {}),
                        ("studio_get_project", {"project_id": 1}),
                        (CREATE, {"name": f"Project {number}", "type": "ABSA"}),
                    ]
                )
                era: Era = chance.choice(["legacy", "auto"])
                # A caller may come with another account at any time.
                account = (principal + chance.choice([0, 7])) % ACCOUNTS
                params = {"name": name, "arguments": arguments}
                sent = headers_of(account, Authorization=key)
                response, message = await post(client, era, "tools/call", params, headers=sent)
                assert response.status_code == 200, message
                text = json.dumps(message["result"])
                if message["result"]["isError"]:
                    # Somebody with the same account was just doing the same.
                    assert (name, error_code(message)) == (CREATE, "conflict"), text
                    assert "account " not in text
                    said["conflict"] += 1
                else:
                    assert f"account {account:04}" in text
                    assert text.count("account ") == text.count(f"account {account:04}")
                    said["done"] += 1
                others = [other for other in range(ACCOUNTS) if other != account]
                assert not any(f"{other:04}-abcdef" in text for other in others)

        async with anyio.create_task_group() as group:
            for principal in range(PRINCIPALS):
                group.start_soon(work, principal)
    assert sum(said.values()) == CALLS
    assert said["done"] > CALLS * 0.8
    assert len({account_of(each) for each in network.requests}) == ACCOUNTS
    assert not any("cookie" in each.headers for each in network.requests)


def error_code(message: dict[str, Any]) -> str:
    return message["result"]["structuredContent"]["error"]["code"]


async def test_identical_writes_of_two_accounts_are_both_sent(keys: Path, era: Era) -> None:
    network = Upstream()
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    results: dict[int, Any] = {}
    async with served(network, http=with_headers(keys), journal="sqlite://", **NO_ACCOUNT) as client:

        async def create(account: int, key: str) -> None:
            async with caller(client, era, key, headers_of(account)) as calling:
                results[account] = await calling.call_tool(CREATE, {"name": "The same", "type": "ABSA"})

        async with anyio.create_task_group() as group:
            group.start_soon(create, 1, ana)
            group.start_soon(create, 2, bo)
    assert [results[number].structured_content["name"] for number in (1, 2)] == [
        "account 0001",
        "account 0002",
    ]


async def test_an_unclear_call_stops_its_own_account_only_and_tells_others_nothing(
    keys: Path, era: Era
) -> None:
    """Somebody else with the same account is stopped, too, and is not told the message of the first one."""

    def reply(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and len(network.requests) == 1:
            return httpx2.Response(500, json={"message": "private words"})
        return httpx2.Response(200, json={"id": 1})

    network = Network(reply)
    ana, bo, cy = (new_key(keys, name) for name in ("Ana", "Bo", "Cy"))
    arguments = {"name": "The same", "type": "ABSA"}
    async with served(network, http=with_headers(keys), journal="sqlite://", **NO_ACCOUNT) as client:

        async def create(account: int, key: str) -> Any:
            async with caller(client, era, key, headers_of(account)) as calling:
                return await calling.call_tool(CREATE, arguments)

        assert error_of(await create(1, ana))["done"] == "unknown"
        assert not (await create(2, bo)).is_error
        stopped = error_of(await create(1, cy))
        assert stopped["code"] == "conflict"
        assert "another caller" in stopped["message"]
        assert "private words" not in stopped["message"]
        assert "entry" not in stopped["message"]
        own = error_of(await create(1, ana))
        assert (own["code"], "another caller" in own["message"]) == ("conflict", False)
        assert not (await create(1, ana)).is_error


async def test_without_keys_callers_are_told_apart_by_their_credentials(era: Era) -> None:
    async with served(
        Upstream(), http={"credentials": "headers"}, journal="sqlite://", **NO_ACCOUNT
    ) as client:

        async def history(account: int) -> int:
            async with caller(client, era, headers=headers_of(account)) as calling:
                shown = (await calling.call_tool("review_history", {})).structured_content
                return len((shown or {})["entries"])

        async with caller(client, era, headers=headers_of(1)) as calling:
            assert not (await calling.call_tool(CREATE, {"name": "New", "type": "ABSA"})).is_error
            settings = await calling.read_resource("docreview://settings")
        assert "base_url" not in settings.model_dump_json()
        assert [await history(account) for account in (1, 2)] == [1, 0]


async def test_a_code_is_good_for_the_account_that_it_was_given_for(keys: Path, era: Era) -> None:
    network = Network()
    key = new_key(keys, "Ana")
    settings = {"confirm": "destructive", "toolsets": "all", **NO_ACCOUNT}
    async with served(network, http=with_headers(keys), **settings) as client:

        async def delete(account: int, code: str = "") -> Any:
            arguments = {"project_id": 1, **({"confirm": code} if code else {})}
            async with caller(client, era, key, headers_of(account)) as calling:
                return await calling.call_tool("studio_delete_project", arguments)

        code = (await delete(1)).structured_content["docreview"]["confirm"]
        assert error_of(await delete(2, code))["code"] == "needs_confirmation"
        assert not any(each.method == "DELETE" for each in network.requests)
        assert not (await delete(1, code)).is_error


async def test_a_value_of_another_account_is_not_one_that_changed(keys: Path, era: Era) -> None:
    """Though the same caller saw a value with the same id before."""

    def page(request: httpx2.Request) -> httpx2.Response:
        field = {"field_data_id": "f", "value": f"of {account_of(request)}"}
        return httpx2.Response(200, json={"page_id": "p", "data": {"fields": {"total": [field]}}})

    key, where = new_key(keys, "Ana"), {"workflow_id": "w", "document_id": "d", "page_id": "p"}
    async with served(Network(page), http=with_headers(keys), journal="sqlite://", **NO_ACCOUNT) as client:

        async def call(account: int, tool: str, **more: str) -> Any:
            async with caller(client, era, key, headers_of(account)) as calling:
                return await calling.call_tool(tool, {**where, **more})

        assert not (await call(1, "nanonets_get_page")).is_error
        written = await call(2, "nanonets_update_field", field_data_id="f", value="new")
        assert not written.is_error, written.structured_content


async def test_tools_are_those_of_the_services_a_caller_has_credentials_for(keys: Path, era: Era) -> None:
    key = new_key(keys, "Ana")
    async with served(http=with_headers(keys), **NO_ACCOUNT) as client:

        async def offered(headers: dict[str, str]) -> set[str]:
            async with caller(client, era, key, headers) as calling:
                return {tool.name.partition("_")[0] for tool in (await calling.list_tools()).tools}

        nanonets = {"X-Nanonets-Api-Key": "nanonets-key-0001-abcdef"}
        assert await offered(nanonets) == {"nanonets", "review"}
        assert await offered(headers_of(1)) == {"nanonets", "studio", "review"}
        assert await offered({}) == {"nanonets", "studio", "review"}
        async with caller(client, era, key) as calling:
            missing = error_of(await calling.call_tool("nanonets_list_workflows", {}))
        assert missing["code"] == "not_configured"
        assert "X-Nanonets-Api-Key" in missing["message"]
        assert "restarts" not in missing["next"]


async def test_the_credentials_of_the_server_are_nobodys_where_callers_bring_their_own(keys: Path) -> None:
    network, key = Upstream(), new_key(keys, "Ana")
    async with served(network, http=with_headers(keys)) as client, caller(client, "auto", key) as calling:
        assert error_of(await calling.call_tool("nanonets_list_workflows", {}))["code"] == "not_configured"
    assert not network.requests


async def test_a_refused_token_names_the_header(keys: Path, era: Era) -> None:
    network = Network(lambda request: httpx2.Response(401, json={"message": "no"}))
    key = new_key(keys, "Ana")
    async with (
        served(network, http=with_headers(keys), **NO_ACCOUNT) as client,
        caller(client, era, key, headers_of(1)) as calling,
    ):
        refused = error_of(await calling.call_tool("studio_get_project", {"project_id": 1}))
    assert refused["code"] == "unauthorized"
    assert "X-Studio-Token" in refused["next"]


async def test_no_log_shows_what_a_caller_brought(
    keys: Path, era: Era, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise RuntimeError(f"boom {request.headers['authorization']} studio-token-0001-abcdef")

    key, logger = new_key(keys, "Ana"), logging.getLogger()
    before = logger.handlers[:], logger.level
    try:
        set_up_logging("INFO", secrets_of_caller)
        async with (
            served(Network(fail), http=with_headers(keys), **NO_ACCOUNT) as client,
            caller(client, era, key, headers_of(1)) as calling,
        ):
            for name, arguments in (
                ("nanonets_list_workflows", {}),
                ("studio_get_project", {"project_id": 1}),
            ):
                assert (await calling.call_tool(name, arguments)).is_error
    finally:
        logger.handlers[:], logger.level = before
    logged = capsys.readouterr().err
    assert logged.count("RuntimeError: boom") == 2
    assert "abcdef" not in logged
    assert base64.b64encode(b"nanonets-key-0001-abcdef:").decode() not in logged


class Studio(Network):
    """Gives everybody who signs in a token of its own, and takes all of them."""

    def __init__(self) -> None:
        super().__init__(self._reply)

    def _reply(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/auth/login":
            return httpx2.Response(200, json={"auth_token": f"studio-token-{len(self.requests):04}-of-login"})
        return httpx2.Response(200, json={"id": 1})


async def test_signing_in_and_out_is_for_the_caller_alone(keys: Path, era: Era) -> None:
    """Also where two callers have the same credentials."""
    network = Studio()
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    project = ("studio_get_project", {"project_id": 1})
    settings = {"toolsets": "all", **NO_ACCOUNT}
    async with served(network, http=with_headers(keys), **settings) as client:
        async with (
            caller(client, era, ana, headers_of(1)) as first,
            caller(client, era, bo, headers_of(1)) as second,
        ):
            login = {"email": "ana@example.com", "password": "a password of hers"}
            assert not (await first.call_tool("studio_login", login)).is_error
            await first.call_tool(*project)
            assert account_of(network.requests[-1]) == "0001"
            assert network.requests[-1].headers["authorization"].endswith("of-login")
            await second.call_tool(*project)
            assert network.requests[-1].headers["authorization"] == "Bearer studio-token-0001-abcdef"
            assert not (await first.call_tool("studio_logout", {})).is_error
            assert error_of(await first.call_tool(*project))["code"] == "unauthorized"
            assert not (await second.call_tool(*project)).is_error
        async with caller(client, era, ana, {"X-Nanonets-Api-Key": "nanonets-key-0001-abcdef"}) as third:
            refused = error_of(await third.call_tool("studio_login", login))
            assert refused["code"] == "not_allowed"
            assert "their own Studio credentials" in refused["message"]


@pytest.mark.parametrize(
    ("peer", "proxies", "forwarded", "status"),
    [
        ("127.0.0.1", "", {}, 200),
        ("::1", "", {}, 200),
        ("10.0.0.9", "", {}, 403),
        ("10.0.0.9", "", {"X-Forwarded-Proto": "https"}, 403),
        ("10.0.0.9", "10.0.0.0/24", {"X-Forwarded-Proto": "https"}, 200),
        ("10.0.0.9", "10.0.0.0/24", {"X-Forwarded-Proto": "http"}, 403),
        ("10.0.0.9", "10.0.0.0/24", {"X-Forwarded-Proto": "https, http"}, 403),
        ("10.0.0.9", "10.0.0.0/24", {}, 403),
        ("127.0.0.1", "", {"X-Forwarded-Proto": "https"}, 403),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 200),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-Proto": "http"}, 403),
    ],
)
async def test_credentials_are_taken_where_nobody_else_can_read_them(
    keys: Path, peer: str, proxies: str, forwarded: dict[str, str], status: int
) -> None:
    key = new_key(keys, "Ana")
    sent = headers_of(1, Authorization=f"Bearer {key}", **forwarded)
    async with served(Upstream(), http=with_headers(keys, proxies=proxies), **NO_ACCOUNT) as client:
        application = client._transport.app  # type: ignore[attr-defined]
        transport = httpx2.ASGITransport(application, client=(peer, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=client.headers) as own:
            response, message = await post(own, "legacy", "ping", headers=sent)
            assert response.status_code == status
            assert status == 200 or message["error"]["data"]["code"] == "not_private"
            assert "abcdef" not in response.text
            del sent["X-Nanonets-Api-Key"], sent["X-Studio-Token"]
            assert (await post(own, "legacy", "ping", headers=sent))[0].status_code == 200


async def test_a_value_that_is_no_key_is_refused_without_repeating_it(keys: Path) -> None:
    key = new_key(keys, "Ana")
    async with served(http=with_headers(keys), **NO_ACCOUNT) as client:
        for value in ("", "two words", "k\xe9y"):
            headers = [("Authorization", f"Bearer {key}"), ("X-Studio-Token", value.encode("latin-1"))]
            response = await client.post("/mcp", json={}, headers=[*client.headers.items(), *headers])
            assert response.status_code == 400
            assert "X-Studio-Token" in response.text
            assert "words" not in response.text
