"""The Redis that several servers share. What it holds may be lost, and no call waits for it long."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio

from ...tools.untrusted import one_line

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

__all__ = ["RedisAway", "RedisServer"]

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

_SOCKET_SECONDS = 0.3
_WAIT_SECONDS = 0.4
"""The longest that one use may take in all: connecting, waiting for a connection, and the answer."""

_PAUSE_SECONDS = 2.0
"""After a failure nobody tries for so long; then one use does, and the others go on without."""

_WARNING_SECONDS = 60.0
_MAX_CONNECTIONS = 32
_MAX_REASON = 120


class RedisAway(Exception):  # noqa: N818 - the state of Redis, not a programming error
    """Redis cannot be used now."""


class RedisServer:
    """A Redis by its URL. Nothing is imported or connected before the first use."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client: Redis | None = None
        self._scripts: dict[str, AsyncScript] = {}
        self._tries_at: float | None = None
        """None while Redis answers; otherwise when the next use tries it."""
        self._warned_at: float | None = None

    async def run(self, use: Callable[[Redis], Awaitable[Result]]) -> Result:
        """What a use of Redis gives.

        Raises:
            RedisAway: there was no answer in time, or there was none a moment ago.
        """
        if self._tries_at is not None:
            if self._clock() < self._tries_at:
                raise RedisAway
            self._tries_at = self._clock() + _PAUSE_SECONDS
        from redis.exceptions import RedisError

        client = self._connected()
        try:
            with anyio.fail_after(_WAIT_SECONDS):
                result = await use(client)
        except (RedisError, OSError) as error:
            self._tries_at = self._clock() + _PAUSE_SECONDS
            self._warn(error)
            raise RedisAway from None
        self._tries_at = None
        return result

    async def run_script(self, script: str, keys: Sequence[str], values: Sequence[Any]) -> Any:
        """What a script gives, which runs in Redis as one step. Raises `RedisAway` as `run` does."""

        async def use(client: Redis) -> Any:
            if script not in self._scripts:
                self._scripts[script] = client.register_script(script)
            return await self._scripts[script](keys=keys, args=values)

        return await self.run(use)

    async def state(self) -> Literal["ok", "down"]:
        """Whether Redis answers."""

        async def ping(client: Redis) -> None:
            await client.ping()  # pyright: ignore[reportUnknownMemberType, reportGeneralTypeIssues]

        try:
            await self.run(ping)
        except RedisAway:
            return "down"
        return "ok"

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
        self._client = None
        self._scripts = {}

    def _connected(self) -> Redis:
        if self._client is None:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
                self._url,
                max_connections=_MAX_CONNECTIONS,
                timeout=_WAIT_SECONDS,
                socket_timeout=_SOCKET_SECONDS,
                socket_connect_timeout=_SOCKET_SECONDS,
                # By itself the library tries for seconds before it says that nobody answers.
                retry=Retry(NoBackoff(), 0),
            )
            self._client = Redis.from_pool(pool)
        return self._client

    def _warn(self, error: Exception) -> None:
        now = self._clock()
        if self._warned_at is not None and now - self._warned_at < _WARNING_SECONDS:
            return
        self._warned_at = now
        _log.warning(
            "Redis cannot be used (%s); each server keeps its own budgets, at half the rate, and its own"
            " Studio sessions",
            f"{type(error).__name__}: {one_line(str(error))[:_MAX_REASON]}",
        )
