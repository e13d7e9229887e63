"""How much callers may ask for: requests in a time, and requests under way at once."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import anyio

from ..rate import Rate
from ..shared.budgets import Budgets
from .refusals import Refusal

__all__ = ["Places", "Rates"]

_WAIT_SECONDS = 20.0
_WAITING_PER_PLACE = 8


class Rates:
    """Counts the requests of each caller, on a budget that servers may share. None is no limit."""

    def __init__(self, rate: Rate | None, budgets: Budgets) -> None:
        self._rate = rate
        self._budgets = budgets

    async def take(self, caller: str) -> None:
        """Count a request.

        Raises:
            Refusal: 429, as the caller has used up what it may ask for.
        """
        if self._rate is None:
            return
        seconds = await self._budgets.take(f"caller {caller}", self._rate)
        if seconds:
            raise Refusal(
                429,
                "rate_limited",
                f"This caller may send {self._rate.requests} requests in {self._rate.seconds:g} s, and has.",
                "Wait as long as Retry-After says, then send the same request again.",
                retry_after=max(1, math.ceil(seconds)),
            )


@dataclass(slots=True, eq=False)
class _Waiting:
    caller: str
    granted: anyio.Event = field(default_factory=anyio.Event)


class Places:
    """So many requests are under way at once; others wait, and whoever holds the fewest places is next.

    Nobody waits longer than a time, and no caller takes more than half of the places for waiting.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._max_waiting = places * _WAITING_PER_PLACE
        self._held: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []

    async def take(self, caller: str) -> None:
        """Take a place, which has to be given back.

        Raises:
            Refusal: 503, as too many wait already, or none became free in time.
        """
        if self._free and not self._waiting:
            self._grant(caller)
            return
        own = sum(each.caller == caller for each in self._waiting)
        if len(self._waiting) >= self._max_waiting or own >= max(1, self._max_waiting // 2):
            raise _busy()
        waiting = _Waiting(caller)
        self._waiting.append(waiting)
        try:
            with anyio.move_on_after(_WAIT_SECONDS):
                await waiting.granted.wait()
        except BaseException:
            self._leave(waiting)
            if waiting.granted.is_set():
                self.give_back(caller)
            raise
        if not waiting.granted.is_set():
            self._leave(waiting)
            raise _busy()

    def give_back(self, caller: str) -> None:
        """Free a place, and let the next one in."""
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._free += 1
        if self._waiting:
            # The first of those that hold the fewest: `min` keeps the order of arrival.
            chosen = min(self._waiting, key=lambda each: self._held[each.caller])
            self._waiting.remove(chosen)
            self._grant(chosen.caller)
            chosen.granted.set()

    def _grant(self, caller: str) -> None:
        self._free -= 1
        self._held[caller] += 1

    def _leave(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)


def _busy() -> Refusal:
    return Refusal(
        503,
        "busy",
        "The server has as many calls under way as it may.",
        "Wait as long as Retry-After says, then send the same request again.",
        retry_after=2,
    )
