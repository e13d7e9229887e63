"""When a call is repeated, when it is not, and what the agent is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, answers, connected, error_of

OK = httpx2.Response(200, json={"id": 1})
READ = ("nanonets_get_workflow", {"workflow_id": "w"})
IDEMPOTENT = ("nanonets_approve_file", {"model_id": "m", "request_file_id": "f"})
ONCE = ("nanonets_retry_exports", {"model_id": "m", "file_ids": ["f"]})


def status(code: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(code, json={"message": "no"}, headers={**headers, "Retry-After": "0"})


NO_CONNECTION = httpx2.ConnectError("refused")
CUT = httpx2.RemoteProtocolError("cut")
SLOW = httpx2.ReadTimeout("slow")


@pytest.mark.parametrize(
    "trouble", [status(429), status(502), status(503), status(504), NO_CONNECTION, CUT, SLOW]
)
async def test_reads_and_idempotent_calls_get_through_passing_trouble(trouble: Any, era: Era) -> None:
    call, troubles = (READ, [trouble]) if era == "legacy" else (IDEMPOTENT, [trouble, trouble])
    network = Network(answers(*troubles, OK))
    async with connected(network, era) as client:
        result = await client.call_tool(*call)
    assert result.structured_content == {"id": 1}
    assert len(network.requests) == len(troubles) + 1


@pytest.mark.parametrize(
    ("trouble", "requests", "code", "done"),
    [
        (status(429), 3, "rate_limited", "no"),
        (NO_CONNECTION, 3, "unreachable", "no"),
        (status(503), 1, "upstream_error", "no"),
        (status(500), 1, "upstream_error", "unknown"),
        (status(502), 1, "upstream_error", "unknown"),
        (CUT, 1, "unreachable", "unknown"),
        (SLOW, 1, "timeout", "unknown"),
        (status(400), 1, "invalid_arguments", "no"),
        (status(409), 1, "conflict", "no"),
    ],
)
async def test_what_must_not_happen_twice_is_repeated_only_if_nothing_happened(
    trouble: Any, requests: int, code: str, done: str, era: Era
) -> None:
    network = Network(answers(trouble))
    async with connected(network, era) as client:
        error = error_of(await client.call_tool(*ONCE))
    assert len(network.requests) == requests
    assert (error["code"], error["done"]) == (code, done)
    assert error["next"]


async def test_never_more_than_three_requests() -> None:
    network = Network(answers(status(503)))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*READ))
    assert len(network.requests) == 3
    assert (error["code"], error["status"], error["done"]) == ("upstream_error", 503, "no")


async def test_a_refusal_after_an_unanswered_try_does_not_claim_that_nothing_happened() -> None:
    network = Network(answers(SLOW, status(409)))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*IDEMPOTENT))
    assert (error["code"], error["done"]) == ("conflict", "unknown")
    assert "earlier attempt" in error["message"]


ASKED = ("120s", "+120", "120 seconds", '"120"', "2m", "1m60s", "PT2M", "120.0", "30, 120", "120000ms")
DATES = (
    lambda: datetime.fromtimestamp(time.time() + 120, UTC).isoformat(),
    lambda: datetime.fromtimestamp(time.time() + 120, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    lambda: datetime.fromtimestamp(time.time() + 120, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    lambda: datetime.fromtimestamp(time.time() + 120, UTC).strftime("%A, %d-%b-%y %H:%M:%S GMT"),
    lambda: datetime.fromtimestamp(time.time() + 120, UTC).strftime("%a %b %d %H:%M:%S %Y"),
    lambda: str(int(time.time()) + 120),
)
TOLD = (
    {"retry_after": "120"},
    {"error": {"retryAfter": 120}},
    {"details": {"retry_after_ms": 120000}},
    {"message": "Rate limit exceeded, retry after 120 seconds"},
    {"errors": ["Please wait 120s before the next request."]},
    {"detail": "Request was throttled. Try again in 120 seconds."},
    {"message": "Retry-After: 120"},
)


@pytest.mark.parametrize(
    "limited",
    [
        lambda: httpx2.Response(429, headers={"Retry-After": "120"}),
        lambda: httpx2.Response(503, headers={"Retry-After": "120"}),
        lambda: httpx2.Response(429, headers={"Retry-After": formatdate(time.time() + 120, usegmt=True)}),
        lambda: httpx2.Response(429, json={"code": "rate_limit_exceeded", "details": {"retry_after": 120}}),
        *(lambda asked=asked: httpx2.Response(429, headers={"Retry-After": asked}) for asked in ASKED),
        *(lambda date=date: httpx2.Response(429, headers={"Retry-After": date()}) for date in DATES),
        *(lambda told=told: httpx2.Response(429, json=told) for told in TOLD),
        lambda: httpx2.Response(429, text="Too many requests. Please try again in 2 minutes."),
        lambda: httpx2.Response(429, headers={"Retry-After-Ms": "120000"}),
        lambda: httpx2.Response(429, headers={"X-RateLimit-Reset": str(int(time.time()) + 120)}),
    ],
)
async def test_a_wait_that_does_not_fit_is_told_at_once(limited: Callable[[], httpx2.Response]) -> None:
    network = Network(answers(limited()))
    async with connected(network) as client:
        with anyio.fail_after(2):
            error = error_of(await client.call_tool(*READ))
    assert len(network.requests) == 1
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert any(seconds in error["next"] for seconds in ("120", "119", "118"))


async def test_each_wait_is_reported_as_progress(era: Era) -> None:
    network = Network(answers(status(429), status(503), OK))
    told: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async with connected(network, era) as client:
        await client.call_tool(*READ, progress_callback=hear)
    assert len(told) == 2
    assert "429" in told[0]
    assert "503" in told[1]


async def test_the_whole_call_ends_in_time_and_says_what_may_have_happened() -> None:
    class Silent(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await anyio.sleep(600)
            raise AssertionError

    async with connected(Silent(), timeout=20) as client:
        read = error_of(await client.call_tool(*READ))
        write = error_of(await client.call_tool(*ONCE))
    assert (read["code"], read["done"], read["retryable"]) == ("timeout", "no", True)
    assert (write["code"], write["done"], write["retryable"]) == ("timeout", "unknown", False)


async def test_a_cancelled_call_stops_its_request(era: Era) -> None:
    stopped = anyio.Event()
    started = anyio.Event()

    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            started.set()
            try:
                await anyio.sleep(60)
            finally:
                stopped.set()
            raise AssertionError

    async with connected(Slow(), era) as client, anyio.create_task_group() as group:
        group.start_soon(lambda: client.call_tool(*READ))
        await started.wait()
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True), anyio.fail_after(5):
            await stopped.wait()


async def test_no_more_requests_in_flight_than_set() -> None:
    most = now = 0

    class Counting(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await anyio.sleep(0.01)
            now -= 1
            return httpx2.Response(200, json={})

    async with connected(Counting(), in_flight=3) as client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(lambda: client.call_tool(*READ))
    assert most == 3


@pytest.mark.parametrize(
    "unknown",
    [
        httpx2.Response(404, json={"message": "no such path"}),
        httpx2.Response(405),
        httpx2.Response(200, html="<!doctype html><h1>App</h1>"),
    ],
    ids=["404", "405", "html"],
)
async def test_the_other_documented_address_is_tried_and_remembered(unknown: httpx2.Response) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if "/ImageLevelInferences/Verify/" in request.url.path:
            return httpx2.Response(unknown.status_code, headers=unknown.headers, content=unknown.content)
        return httpx2.Response(200, json={"message": "ok"})

    network = Network(answer)
    async with connected(network) as client:
        for _ in range(2):
            result = await client.call_tool(*IDEMPOTENT)
            assert not result.is_error
    assert [request.url.path for request in network.requests] == [
        "/api/v2/Inferences/Model/m/ImageLevelInferences/Verify/f",
        "/api/v2/ImageLevelInferences/Model/m/Verify/f",
        "/api/v2/ImageLevelInferences/Model/m/Verify/f",
    ]


async def test_if_no_address_is_known_the_first_answer_is_told() -> None:
    network = Network(answers(httpx2.Response(404, json={"message": "file not found"})))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*IDEMPOTENT))
    assert len(network.requests) == 2
    assert error["code"] == "not_found"
    assert "file not found" in error["message"]


async def test_an_address_of_the_user_is_the_only_one() -> None:
    network = Network(answers(httpx2.Response(404)))
    paths = {"verifyFile": "/own/{model_id}/{request_file_id}/approve"}
    async with connected(network, paths=paths) as client:
        await client.call_tool(*IDEMPOTENT)
    assert [request.url.path for request in network.requests] == ["/own/m/f/approve"]


async def test_a_redirect_to_another_host_is_not_followed() -> None:
    network = Network(answers(httpx2.Response(302, headers={"Location": "https://evil.example/x"})))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*READ))
    assert {request.url.host for request in network.requests} == {"app.nanonets.com"}
    assert (error["code"], error["done"]) == ("upstream_error", "no")


async def test_a_redirect_on_the_same_host_is_followed_for_reads() -> None:
    network = Network(answers(httpx2.Response(307, headers={"Location": "/moved?x=1"}), OK))
    async with connected(network) as client:
        result = await client.call_tool(*READ)
    assert result.structured_content == {"id": 1}
    assert [str(request.url) for request in network.requests][1] == "https://app.nanonets.com/moved?x=1"


LOGIN = {"studio_token": None, "studio_email": "ada@example.com", "studio_password": "correct horse battery"}


async def test_no_failure_forgets_a_try_that_may_have_been_carried_out() -> None:
    for last in (NO_CONNECTION, status(409), status(429, **{"retry-after": "900"})):
        network = Network(answers(SLOW, last))
        async with connected(network) as client:
            error = error_of(await client.call_tool(*IDEMPOTENT))
        assert (error["done"], error["retryable"]) == ("unknown", False)
        assert "Nothing was" not in error["message"]
        assert "earlier attempt" in error["message"]


async def test_a_failed_sign_in_after_an_uncertain_try_does_not_claim_that_nothing_was_sent() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/auth/login":
            return (
                httpx2.Response(200, json={"auth_token": "t0"}) if len(network.requests) == 1 else status(500)
            )
        if len(network.requests) == 2:
            raise SLOW
        return status(401)

    network = Network(answer)
    async with connected(network, **LOGIN) as client:
        error = error_of(await client.call_tool("studio_update_project", {"project_id": 1, "name": "n"}))
    assert (error["done"], error["retryable"]) == ("unknown", False)


async def test_a_first_clear_refusal_says_nothing_of_earlier_tries() -> None:
    network = Network(answers(status(500)))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*ONCE))
    assert error["done"] == "unknown"
    assert "earlier attempt" not in error["message"]


@pytest.mark.parametrize(
    "login", [status(500), status(401), SLOW, httpx2.Response(200, json={"message": "in"})]
)
async def test_a_failed_sign_in_is_tried_once_for_all_that_wait_and_nothing_was_sent(login: Any) -> None:
    network = Network(answers(login))
    errors: list[dict[str, Any]] = []

    async def call(client: Any) -> None:
        errors.append(
            error_of(await client.call_tool("studio_update_project", {"project_id": 1, "name": "n"}))
        )

    async with connected(network, **LOGIN) as client, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(call, client)
    assert [request.url.path for request in network.requests] == ["/auth/login"]
    for error in errors:
        assert error["done"] == "no"
        assert error["message"].startswith("Signing in to Studio failed.")
        assert error["message"].endswith("Nothing was sent.")


async def test_signing_in_uses_the_users_own_address_too() -> None:
    network = Network(answers(httpx2.Response(200, json={"auth_token": "t"})))
    async with connected(network, **LOGIN, paths={"login": "/v9/login"}) as client:
        await client.call_tool("studio_get_project", {"project_id": 1})
    assert network.requests[0].url.path == "/v9/login"


async def test_followed_redirects_count_as_requests() -> None:
    network = Network(answers(httpx2.Response(307, headers={"Location": "/again"})))
    async with connected(network) as client:
        await client.call_tool(*READ)
    assert len(network.requests) == 3


@pytest.mark.parametrize(
    "location",
    [
        "https://user:pw@app.nanonets.com/x",
        "//evil.example/x",
        "http://app.nanonets.com/x",
        "https://app.nanonets.com:444/x",
        "https://[bad",
    ],
)
async def test_odd_redirects_are_not_followed(location: str) -> None:
    network = Network(answers(httpx2.Response(307, headers={"Location": location})))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*READ))
    assert len(network.requests) == 1
    assert error["code"] == "upstream_error"


@pytest.mark.parametrize("asked", ["soon", "a moment", "9" * 20, "Mon, 32 Foo 2026", "²", "inf"])
async def test_a_wait_that_nobody_can_read_is_refused_and_not_taken_for_none(asked: str) -> None:
    network = Network(answers(httpx2.Response(429, headers={b"Retry-After": asked.encode()}), OK))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*READ))
    assert len(network.requests) == 1
    assert error["code"] == "rate_limited"
    assert error["next"] in ("Call again in 60 seconds.", "Call again in 86400 seconds.")


@pytest.mark.parametrize("asked", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", None])
async def test_no_more_than_two_requests_in_a_second_after_a_limit(
    asked: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("docreview_mcp.server.services.retries.anyio.sleep", sleep)
    limited = httpx2.Response(429, headers={"Retry-After": asked} if asked else {})
    network = Network(answers(limited))
    async with connected(network) as client:
        await client.call_tool(*READ)
    assert len(network.requests) == 3
    assert sum(slept) > 1


@pytest.mark.parametrize("code", [408, 444, 460, 499])
async def test_a_write_that_was_given_up_on_may_have_been_made(code: int) -> None:
    async with connected(Network(answers(status(code)))) as client:
        assert error_of(await client.call_tool(*ONCE))["done"] == "unknown"
        assert error_of(await client.call_tool(*READ))["done"] == "no"


@pytest.mark.parametrize(
    "asked",
    [
        "Wed, 21 Oct 2015 07:28:00",
        "Wed, 21 Oct 2015 07:28:00 -0000",
        "-5",
        "soon",
        "inf",
        "1e400",
        "9" * 400,
        "²",
        "1.5",
    ],
)
async def test_odd_waits_are_survived(asked: str) -> None:
    network = Network(answers(httpx2.Response(429, headers={b"Retry-After": asked.encode()}), OK))
    async with connected(network) as client:
        result = await client.call_tool(*READ)
    assert result.structured_content == {"id": 1} or "inf" not in error_of(result)["next"]


async def test_only_an_address_that_worked_is_remembered() -> None:
    network = Network(answers(status(401), status(404), OK))
    async with connected(network) as client:
        await client.call_tool(*IDEMPOTENT)
        result = await client.call_tool(*IDEMPOTENT)
    assert result.structured_content == {"id": 1}


async def test_a_read_whose_sign_in_met_passing_trouble_may_be_called_again() -> None:
    network = Network(answers(status(500)))
    async with connected(network, **LOGIN) as client:
        error = error_of(await client.call_tool("studio_get_project", {"project_id": 1}))
        await client.call_tool("studio_get_project", {"project_id": 1})
    assert (error["done"], error["retryable"], error["next"]) == ("no", True, "Call again later.")
    assert len(network.requests) == 2, "a later call signs in again"


async def test_a_refusal_that_is_too_large_is_still_a_refusal() -> None:
    network = Network(lambda request: httpx2.Response(400, content=b"x" * (65 * 1024 * 1024)))
    async with connected(network) as client:
        error = error_of(await client.call_tool(*ONCE))
    assert (error["code"], error["done"]) == ("invalid_arguments", "no")
