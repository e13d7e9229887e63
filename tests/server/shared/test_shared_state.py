"""What servers share: the same promises whether it is in Redis or in the process."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import anyio
import jwt
import pytest
from click.testing import CliRunner
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.settings.rate import Rate
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.server.shared.sessions import SharedLogin
from docreview_mcp.server.shared.state import SharedState, open_shared_state
from redis_process import RedisProcess, running_redis

KEY = base64.b64encode(bytes(range(32))).decode()
NEWER = base64.b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisProcess]:
    with running_redis() as process:
        yield process


def _settings(redis: str | None, keys: str = "") -> Settings:
    given: dict[str, Any] = {"redis": redis, "seal_keys": keys}
    return Settings(**{name: value for name, value in given.items() if value})


class Servers:
    """Opens the state of one more server; those of one process are one."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._opened: list[SharedState] = []

    def one(self, keys: str = KEY) -> SharedState:
        if self._opened and self._url is None:
            return self._opened[0]
        self._opened.append(open_shared_state(_settings(self._url, keys)))
        return self._opened[-1]

    async def close(self) -> None:
        for each in self._opened:
            await each.close()


@pytest.fixture(params=["process", "redis"])
async def servers(request: pytest.FixtureRequest) -> AsyncGenerator[Servers]:
    url = None
    if request.param == "redis":
        process: RedisProcess = request.getfixturevalue("redis")
        url = process.url
        with process.client() as client:
            client.flushall()
    opened = Servers(url)
    yield opened
    await opened.close()


def token(seconds: float, name: str = "") -> str:
    return jwt.encode({"exp": time.time() + seconds, "name": name}, "x" * 32)


async def test_a_budget_is_used_up_together_and_says_when_there_is_more(servers: Servers) -> None:
    one, two = servers.one(), servers.one()
    rate = Rate(4, 3600)
    taken = [await each.budgets.take("caller ana", rate) for each in (one, two, one, two)]
    assert taken == [0, 0, 0, 0]
    wait = await one.budgets.take("caller ana", rate)
    assert 800 < wait <= 900, "a quarter of an hour for a quarter of the requests"
    assert await two.budgets.take("caller ana", rate) > 0
    assert await two.budgets.take("caller ben", rate) == 0


async def test_room_comes_back_bit_by_bit(servers: Servers) -> None:
    budgets, rate = servers.one().budgets, Rate(10, 1)
    for _ in range(10):
        await budgets.take("caller", rate)
    wait = await budgets.take("caller", rate)
    assert 0 < wait <= 0.1
    await anyio.to_thread.run_sync(time.sleep, wait)
    assert await budgets.take("caller", rate) == 0


async def test_a_session_is_found_by_its_account_as_long_as_it_lasts(servers: Servers) -> None:
    one, two = servers.one(), servers.one()
    assert await one.sessions.find("a") == ""
    lasting = token(3600)
    await one.sessions.keep("a", lasting)
    assert await two.sessions.find("a") == lasting
    assert await two.sessions.find("b") == ""
    await one.sessions.keep("b", token(30))
    assert await two.sessions.find("b") == "", "it would run out before it is used"


async def test_one_login_serves_all_and_a_refused_token_is_not_given_again(servers: Servers) -> None:
    made: list[str] = []

    async def log_in(email: str, password: str) -> str:
        made.append(token(3600, f"{email} {len(made)}"))
        await anyio.sleep(0.05)
        return made[-1]

    def account(email: str, password: str) -> str:
        return f"{email} {password}"

    logins = [SharedLogin(log_in, servers.one().sessions, account) for _ in range(3)]
    given: list[str] = []

    async def use(login: SharedLogin) -> None:
        given.append(await login("ana", "secret"))

    async with anyio.create_task_group() as tasks:
        for login in logins:
            tasks.start_soon(use, login)
    assert given == [made[0]] * 3
    assert await logins[0]("ana", "secret") == made[1], "the first one was refused"
    assert await logins[1]("ana", "secret") == made[1]
    assert await logins[0]("ana", "guessed") == made[2], "another password is another account"


async def test_sessions_are_sealed_and_bound_to_their_account(redis: RedisProcess) -> None:
    servers = Servers(redis.url)
    one = servers.one()
    kept = token(3600)
    await one.sessions.keep("a", kept)
    with redis.client() as client:
        sealed: Any = client.get("docreview:session:a")
        assert kept not in sealed
        client.set("docreview:session:b", sealed)
        client.set("docreview:session:c", "nonsense")
    assert await one.sessions.find("b") == "", "moved to another account it opens for nobody"
    assert await one.sessions.find("c") == ""
    assert await servers.one(f"{NEWER},{KEY}").sessions.find("a") == kept, "older keys still open"
    assert await servers.one(NEWER).sessions.find("a") == ""
    await servers.close()


async def test_while_redis_is_away_budgets_are_halved_and_nobody_waits_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_redis() as process:
        servers = Servers(process.url)
        state, rate = servers.one(), Rate(6, 3600)
        assert await state.budgets.take("caller", rate) == 0
        assert await state.redis_state() == "ok"
        process.stop()
        waits = [await state.budgets.take("caller", rate) for _ in range(4)]
        assert [wait > 0 for wait in waits] == [False, False, False, True]
        assert await state.redis_state() == "down"
        await state.sessions.keep("a", kept := token(3600))
        assert await state.sessions.find("a") == kept
        warnings = [each for each in caplog.records if "Redis cannot be used" in each.getMessage()]
        assert len(warnings) == 1
        assert process.url not in caplog.text
        process.start()
        assert state.redis is not None
        state.redis._tries_at = 0.0
        assert await state.redis_state() == "ok"
        await servers.close()


async def test_a_redis_that_does_not_answer_is_given_up_after_a_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        state = open_shared_state(_settings(f"redis://127.0.0.1:{port}/0", KEY))
        with anyio.fail_after(5):
            for _ in range(50):
                assert await state.budgets.take("caller", Rate(1000, 60)) == 0
        await state.close()


@pytest.mark.parametrize("value", ["redis", "http://host/0", "redis://", "redis://host/words", "host:6379"])
def test_an_address_that_is_none_of_redis_is_told(value: str) -> None:
    with pytest.raises(ValueError, match="expected a URL such as redis://"):
        _settings(value)


def test_the_password_of_redis_is_a_secret() -> None:
    assert "pa-ss-word" in _settings("rediss://:pa-ss-word@host:6380/1").secrets


def test_doctor_says_whether_redis_answers(redis: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for url, said in ((redis.url, "redis answers"), ("redis://127.0.0.1:1/0", "redis does not answer")):
        monkeypatch.setenv("DOCREVIEW_REDIS", url)
        done = CliRunner().invoke(command_line, ["doctor", "--sandbox"])
        assert said in " ".join(done.stdout.replace(":", " ").split())
