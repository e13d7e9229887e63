"""How much callers may ask for: requests in a time, and requests under way at once."""

from __future__ import annotations

import math

import anyio

from ..services.fair_slots import FairSlots
from ..settings.rate import Rate
from ..shared.budgets import Budgets
from .refusals import Refusal

__all__ = ["Rates", "RequestSlots"]

_WAIT_SECONDS = 20.0
_WAITING_PER_SLOT = 8


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
                f"This caller has reached its limit of {self._rate.requests} requests in"
                f" {self._rate.seconds:g} s.",
                "Wait for the time in Retry-After, then send the same request again.",
                retry_after=max(1, math.ceil(seconds)),
            )


class RequestSlots:
    """So many requests are under way at once; others wait, and whoever holds the fewest places is next.

    Nobody waits longer than a time, and no caller takes more than half of the places for waiting.
    """

    def __init__(self, slots: int) -> None:
        self._slots = FairSlots(slots)
        self._max_waiting = slots * _WAITING_PER_SLOT

    async def take(self, caller: str) -> None:
        """Take a place, which has to be given back.

        Raises:
            Refusal: 503, as too many wait already, or none became free in time.
        """
        slots = self._slots
        if slots.take_now(caller):
            return
        max_of_one = max(1, self._max_waiting // 2)
        if slots.waiting >= self._max_waiting or slots.waiting_of(caller) >= max_of_one:
            raise _busy()
        with anyio.move_on_after(_WAIT_SECONDS):
            await slots.take(caller)
            return
        raise _busy()

    def give_back(self, caller: str) -> None:
        """Free a place, and let the next one in."""
        self._slots.give_back(caller)


def _busy() -> Refusal:
    return Refusal(
        503,
        "busy",
        "The server has reached its limit of concurrent requests.",
        "Wait for the time in Retry-After, then send the same request again.",
        retry_after=2,
    )
