"""Session tokens by account, so that one login serves all who use it: in this process, or in Redis."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio

from .redis_server import RedisAway, RedisServer
from .sealing import Seal

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["LogIn", "ProcessSessions", "RedisSessions", "Sessions", "SharedLogin"]

LogIn = Callable[[str, str], Awaitable[str]]
"""E-mail address and password → session token."""

_RENEW_BEFORE_SECONDS = 60.0
_UNKNOWN_END_SECONDS = 3600.0
_LONGEST_SECONDS = 12 * 3600.0
_LOGIN_SECONDS = 20.0
"""How long one login keeps others from beginning theirs, should its server end meanwhile."""

_LOOK_SECONDS = 0.2
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class Sessions(Protocol):
    """Tokens by account."""

    async def find(self, account: str) -> str:
        """The token that was kept last, as long as it lasts; empty if there is none."""
        ...

    async def keep(self, account: str, token: str) -> None:
        """Keep a token until it runs out."""
        ...

    def signing_in(self, account: str) -> AbstractAsyncContextManager[None]:
        """A time in which nobody else signs in with this account."""
        ...


def _end_of_token(token: str) -> float | None:
    """When a JSON Web Token ends, in seconds since 1970; None for a token of another form."""
    import jwt

    try:
        end = jwt.decode(token, options={"verify_signature": False}).get("exp")
    except jwt.InvalidTokenError:
        return None
    return float(end) if isinstance(end, (int, float)) else None


def _seconds_left(token: str) -> float:
    end = _end_of_token(token)
    left = _UNKNOWN_END_SECONDS if end is None else end - time.time() - _RENEW_BEFORE_SECONDS
    return min(left, _LONGEST_SECONDS)


class ProcessSessions:
    """Tokens of this process."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}
        self._locks: dict[str, anyio.Lock] = {}

    async def find(self, account: str) -> str:
        """The token that was kept last, as long as it lasts; empty if there is none."""
        token, until = self._tokens.get(account, ("", 0.0))
        return token if until > time.time() else ""

    async def keep(self, account: str, token: str) -> None:
        """Keep a token until it runs out."""
        now = time.time()
        self._tokens = {name: each for name, each in self._tokens.items() if each[1] > now}
        self._tokens[account] = (token, now + _seconds_left(token))

    @asynccontextmanager
    async def signing_in(self, account: str) -> AsyncGenerator[None]:
        """A time in which nobody else of this process signs in with this account."""
        lock = self._locks.setdefault(account, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._locks.pop(account, None)


class RedisSessions:
    """Tokens of all servers, sealed. While Redis is away, each server keeps its own."""

    def __init__(self, server: RedisServer, seal: Seal) -> None:
        self._server = server
        self._seal = seal
        self._own = ProcessSessions()

    async def find(self, account: str) -> str:
        """The token that was kept last, as long as it lasts; empty if there is none."""

        async def get(client: Redis) -> Any:
            return await client.get(_key("session", account))

        try:
            sealed = await self._server.run(get)
        except RedisAway:
            return await self._own.find(account)
        opened = self._seal.opened(account, cast("bytes", sealed)) if sealed else None
        return opened.text if opened is not None else ""

    async def keep(self, account: str, token: str) -> None:
        """Keep a token until it runs out."""
        await self._own.keep(account, token)
        milliseconds = int(_seconds_left(token) * 1000)
        if milliseconds <= 0:
            return

        async def put(client: Redis) -> None:
            await client.set(_key("session", account), self._seal.sealed(account, token), px=milliseconds)

        try:
            await self._server.run(put)
        except RedisAway:
            return

    @asynccontextmanager
    async def signing_in(self, account: str) -> AsyncGenerator[None]:
        """A time in which nobody else signs in with this account, as far as Redis is there."""
        key, mark = _key("login", account), token_hex(16)
        async with self._own.signing_in(account):
            await self._enter(key, mark)
            try:
                yield
            finally:
                with anyio.CancelScope(shield=True):
                    with suppress(RedisAway):
                        await self._server.run_script(_LEAVE, [key], [mark])

    async def _enter(self, key: str, mark: str) -> None:
        async def claim(client: Redis) -> bool:
            return bool(await client.set(key, mark, nx=True, px=int(_LOGIN_SECONDS * 1000)))

        with anyio.move_on_after(_LOGIN_SECONDS), suppress(RedisAway):
            while not await self._server.run(claim):  # noqa: ASYNC110 - another process holds it
                await anyio.sleep(_LOOK_SECONDS)


class SharedLogin:
    """Signs in as `log_in` does, unless somebody else has just done so with the same account.

    `account_of` names an account by its address and password: whoever knows no password finds no token.
    """

    def __init__(self, log_in: LogIn, sessions: Sessions, account_of: Callable[[str, str], str]) -> None:
        self._log_in = log_in
        self._sessions = sessions
        self._account_of = account_of
        self._given = ""

    async def __call__(self, email: str, password: str) -> str:
        """A token. The one that was given last is not given again: asked anew, it was refused or is over."""
        account = self._account_of(email, password)
        async with self._sessions.signing_in(account):
            token = await self._sessions.find(account)
            if not token or token == self._given:
                token = await self._log_in(email, password)
                await self._sessions.keep(account, token)
            self._given = token
            return token


def _key(what: str, account: str) -> str:
    return f"docreview:{what}:{account}"
