"""Budgets of requests by name, such as that of a caller or of an account: in this process, or in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol, cast

from ..settings.rate import Rate
from .redis_server import RedisAway, RedisServer

__all__ = ["Budgets", "ProcessBudgets", "RedisBudgets"]

_MAX_NAMES = 10_000

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local used_until = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + each
local over = used_until - now - span - each / 100
if over > 0 then return math.ceil(over) end
redis.call('SET', KEYS[1], string.format('%.0f', used_until), 'PX', math.ceil((used_until - now) / 1000))
return 0
"""
"""Counts a request by Redis's own clock (GCRA). Gives 0, or in how many microseconds there is room for it."""


class Budgets(Protocol):
    """Counts requests. All of a time may come at once, or spread over it."""

    async def take(self, name: str, rate: Rate) -> float:
        """Count a request on this budget. Gives 0, or if nothing is left, in how many seconds there is."""
        ...


class ProcessBudgets:
    """Budgets of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used_until: dict[str, float] = {}
        """When the requests of a name would be over, were they spread evenly."""

    async def take(self, name: str, rate: Rate) -> float:
        """Count a request on this budget. Gives 0, or if nothing is left, in how many seconds there is."""
        return self.take_now(name, rate)

    def take_now(self, name: str, rate: Rate) -> float:
        """The same at once."""
        now = self._clock()
        until = max(now, self._used_until.get(name, now)) + rate.each
        # A hundredth of a request makes up for what adding fractions loses.
        over = until - now - rate.seconds - rate.each / 100
        if over > 0:
            return over
        self._used_until[name] = until
        if len(self._used_until) > _MAX_NAMES:
            self._used_until = {name: when for name, when in self._used_until.items() if when > now}
        return 0.0


class RedisBudgets:
    """Budgets of all servers. While Redis is away, each server keeps its own, at half the rate."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._own = ProcessBudgets()

    async def take(self, name: str, rate: Rate) -> float:
        """Count a request on this budget. Gives 0, or if nothing is left, in how many seconds there is."""
        # Names may be those of people, which are no business of whoever reads Redis.
        key = f"docreview:budget:{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        each, span = round(rate.each * 1_000_000), round(rate.seconds * 1_000_000)
        try:
            over = await self._server.run_script(_TAKE, [key], [each, span])
        except RedisAway:
            return self._own.take_now(name, rate.half)
        return cast("int", over) / 1_000_000
