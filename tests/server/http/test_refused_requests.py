"""What is not served is refused as JSON, with its status, before anything is sent to a service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Network
from http_callers import HEADERS, MODERN, PING, new_key, served

PAGE = "https://app.example.com"


def refusal(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The error of a refused request, after checking that it is complete."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error["message"].endswith("Nothing was sent.")
    assert error["data"]["done"] == "no"
    assert error["data"]["retryable"] == ("retry-after" in response.headers)
    assert error["data"]["next"]
    return error["data"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1:8001",
        "127.0.0.1:8000@evil.example",
        "127.0.0.1:8000.evil.example",
        "localhost:evil",
        "localhost:",
        "localhost.evil.example:8000",
        "mcp.example.com:443:80",
        "",
    ],
)
async def test_a_host_that_is_not_allowed_is_refused_before_its_body_is_read(host: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    network = Network()
    async with served(network, http={"url": "https://mcp.example.com/mcp"}) as client:
        response = await client.post("/mcp", content=body(), headers={"Host": host})
        assert refusal(response, 421)["code"] == "host_not_allowed"
        forwarded = {"Host": host, "X-Forwarded-Host": "mcp.example.com"}
        refusal(await client.post("/mcp", content=body(), headers=forwarded), 421)
    assert not network.requests


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8000",
        "localhost:8000",
        "[::1]:8000",
        "LOCALHOST:8000",
        "mcp.example.com",
        "mcp.example.com:443",
        "proxy.example.com:1",
        "proxy.example.com",
        "other.example.com",
    ],
)
async def test_own_hosts_and_those_of_the_settings_are_served(host: str) -> None:
    http = {
        "url": "https://mcp.example.com/mcp",
        "hosts": "proxy.example.com:*, other.example.com:443",
    }
    async with served(http=http) as client:
        response = await client.post("/mcp", json=PING, headers={"Host": host})
        assert response.status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        f"{PAGE}.evil.example",
        f"{PAGE}:8443",
        "http://app.example.com",
        "http://localhost:8000@evil.example",
        "http://localhost:x",
        "",
    ],
)
async def test_a_page_of_another_site_is_refused(origin: str) -> None:
    async with served(http={"origins": PAGE}) as client:
        response = await client.post("/mcp", json=PING, headers={"Origin": origin})
        assert refusal(response, 403)["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in response.headers
        refusal(await client.options("/mcp", headers={"Origin": origin}), 403)


@pytest.mark.parametrize("origin", [PAGE, f"{PAGE}:443", "http://localhost:8000", "http://127.0.0.1:8000"])
async def test_an_allowed_page_may_read_answers_and_refusals(origin: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    new_key(keys, "Ana")
    async with served(http={"origins": PAGE, "auth": "keys", "keys": keys}) as client:
        unknown = await client.post("/mcp", json=PING, headers={"Origin": origin})
    assert unknown.status_code == 401
    assert unknown.headers["access-control-allow-origin"] == origin
    assert "WWW-Authenticate" in unknown.headers["access-control-expose-headers"]
    async with served(http={"origins": PAGE}) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await client.options("/mcp", headers=asked)
        assert preflight.headers["access-control-allow-methods"] == "POST"
        taken = preflight.headers["access-control-allow-headers"].split(", ")
        assert {"Mcp-Protocol-Version", "X-Studio-Token", "X-Docreview-Read-Only"} <= set(taken)
        answers = [
            preflight,
            await client.post("/mcp", json=PING, headers={"Origin": origin}),
            await client.get("/mcp", headers={"Origin": origin}),
            await client.post("/mcp", content=b"{", headers={"Origin": origin}),
        ]
    assert [each.status_code for each in answers] == [204, 200, 405, 400]
    for each in answers:
        assert each.headers["access-control-allow-origin"] == origin
        assert each.headers["vary"] == "Origin"


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
async def test_only_posts_are_served_in_both_eras(version: dict[str, str], method: str) -> None:
    async with served() as client:
        response = await client.request(method, "/mcp", headers=version)
        refusal(response, 405)
        assert response.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Content-Type", "text/plain", 415),
        ("Content-Type", "application/json-patch+json", 415),
        ("Accept", "text/html", 406),
        ("Accept", "application/json", 406),
        ("X-Docreview-Read-Only", "perhaps", 400),
        ("X-Nanonets-Api-Key", "a-key", 400),
    ],
)
async def test_headers_that_cannot_be_served_are_refused(
    version: dict[str, str], header: str, value: str, status: int
) -> None:
    async with served() as client:
        content = json.dumps(PING).encode()
        response = await client.post("/mcp", content=content, headers={**version, header: value})
        refusal(response, status)


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 20_000, b'{"jsonrpc":"2.0","id":1}'])
async def test_a_body_that_is_no_message_is_an_error_of_the_protocol(
    version: dict[str, str], body: bytes
) -> None:
    async with served() as client:
        response = await client.post("/mcp", content=body, headers=version)
        assert response.status_code == 400
        assert response.headers["content-type"] == "application/json"
        assert "error" in response.json()


async def test_what_is_not_there_is_not_found() -> None:
    async with served() as client:
        refusal(await client.post("/", json=PING), 404)
        refusal(await client.get("/mcp/../etc", headers=HEADERS), 404)
        refusal(await client.post("/healthz", json=PING), 405)


async def test_a_body_that_is_too_large_is_refused_whatever_it_declares() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 1024

    network = Network()
    async with served(network, http={"body": 2048}) as client:
        assert refusal(await client.post("/mcp", content=b" " * 2049), 413)["code"] == "too_large"
        refusal(await client.post("/mcp", content=parts()), 413)
        refusal(await client.post("/mcp", content=parts(), headers={"Content-Length": "10"}), 413)
        assert (await client.post("/mcp", json=PING)).status_code == 200
    assert not network.requests


async def test_a_body_that_trickles_is_given_up() -> None:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(1)

    async with served() as client:
        response = await client.post("/mcp", content=parts())
        assert refusal(response, 408)["code"] == "timeout"
        assert response.headers["connection"] == "close"
        assert (await client.post("/mcp", json=PING)).status_code == 200


async def test_bodies_that_are_read_at_once_have_a_limit_together() -> None:
    answers: list[httpx2.Response] = []
    go_on = anyio.Event()
    begun = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal begun
        yield b" " * 1000
        begun += 1
        await go_on.wait()
        yield json.dumps(PING).encode()

    async with served(http={"body": 1100}) as client:

        async def post() -> None:
            answers.append(await client.post("/mcp", content=parts()))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(post)
            await anyio.sleep(1)
            assert begun + len(answers) == 10
            refused = len(answers)
            go_on.set()
            assert refused == 2
        assert sorted(each.status_code for each in answers) == [200] * 8 + [503] * 2
        assert (await client.post("/mcp", json=PING)).status_code == 200


async def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    async with served(http={"rate": "3/minute"}) as client:
        answers = [await client.post("/mcp", json=PING) for _ in range(4)]
        assert [each.status_code for each in answers[:3]] == [200, 200, 200]
        assert refusal(answers[3], 429)["code"] == "rate_limited"
        assert 0 < int(answers[3].headers["retry-after"]) <= 20
