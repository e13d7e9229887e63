"""The kept connections to one service, each with a client of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio
import httpx2

__all__ = ["IDLE_SECONDS", "Connections"]

IDLE_SECONDS = 4.0
"""Many servers close idle connections after 5 s; a write on its way just then has an unknown outcome."""


class Connections:
    """Clients of one connection each. A request takes the one that was used last, for itself alone.

    A pool of the HTTP library asks the system about each of its idle connections, twice for every request.
    How many there are is bounded by whoever takes them; what is idle for long is closed.
    """

    def __init__(self, make: Callable[[], httpx2.AsyncClient]) -> None:
        self._make = make
        self._free: deque[tuple[float, httpx2.AsyncClient]] = deque()

    def take(self) -> httpx2.AsyncClient:
        """A client that nobody else uses until it is given back."""
        return self._free.pop()[1] if self._free else self._make()

    async def give_back(self, client: httpx2.AsyncClient) -> None:
        """Keep a client for the next request, and close those that no request has needed for a while."""
        now = anyio.current_time()
        self._free.append((now, client))
        if now - self._free[0][0] > IDLE_SECONDS:
            with anyio.CancelScope(shield=True):
                while now - self._free[0][0] > IDLE_SECONDS:
                    await self._free.popleft()[1].aclose()

    async def close(self) -> None:
        """Close all that are not in use."""
        while self._free:
            await self._free.pop()[1].aclose()
