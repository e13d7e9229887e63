"""So many at once, shared fairly: whoever holds the fewest places is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

__all__ = ["FairSlots"]


@dataclass(slots=True, eq=False)
class _Waiting:
    owner: str
    granted: anyio.Event = field(default_factory=anyio.Event)


class FairSlots:
    """Places of which each owner gets a share while others wait; among those of one, first come is first."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._held: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def waiting_of(self, owner: str) -> int:
        """How many of them wait for this owner."""
        return sum(each.owner == owner for each in self._waiting)

    def take_now(self, owner: str) -> bool:
        """Take a place if one is free; it has to be given back."""
        if not self._free or self._waiting:
            return False
        self._grant(owner)
        return True

    async def take(self, owner: str) -> None:
        """Take a place, which has to be given back; wait until there is one."""
        if self.take_now(owner):
            return
        waiting = _Waiting(owner)
        self._waiting.append(waiting)
        try:
            await waiting.granted.wait()
        except BaseException:
            if waiting.granted.is_set():
                self.give_back(owner)
            else:
                self._waiting.remove(waiting)
            raise

    def give_back(self, owner: str) -> None:
        """Free a place, and let the next one in."""
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._free += 1
        if self._waiting:
            # The first of those that hold the fewest: `min` keeps the order of arrival.
            chosen = min(self._waiting, key=lambda each: self._held[each.owner])
            self._waiting.remove(chosen)
            self._grant(chosen.owner)
            chosen.granted.set()

    @asynccontextmanager
    async def slot(self, owner: str) -> AsyncGenerator[None]:
        """Hold a place."""
        await self.take(owner)
        try:
            yield
        finally:
            self.give_back(owner)

    def _grant(self, owner: str) -> None:
        self._free -= 1
        self._held[owner] += 1
