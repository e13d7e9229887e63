"""One-time marks: which confirmation codes were used or voided, and which repeated calls were stopped.

They are kept in the journal, so that they hold for every server that shares it and for the next process;
without a journal they last as long as the process.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Marks", "MemoryMarks"]


class Marks(Protocol):
    """Marks by name. Every method raises `JournalFault` where the journal cannot be read or written."""

    async def claim(self, mark: str, seconds: float) -> bool:
        """Set a mark for so many seconds; False if somebody has set it already."""
        ...

    async def renew(self, mark: str, seconds: float) -> None:
        """Set a mark for so many seconds from now, whether or not it is set."""
        ...

    async def set_at(self, mark: str) -> float | None:
        """When a mark was last set, in seconds since 1970; None if it is not set or is over."""
        ...


class MemoryMarks:
    """Marks that end with the process."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[float, float]] = {}

    async def claim(self, mark: str, seconds: float) -> bool:
        """Set a mark for so many seconds; False if it is set already."""
        if await self.set_at(mark) is not None:
            return False
        await self.renew(mark, seconds)
        return True

    async def renew(self, mark: str, seconds: float) -> None:
        """Set a mark for so many seconds from now."""
        now = time.time()
        self._set = {name: times for name, times in self._set.items() if times[1] > now}
        self._set[mark] = (now, now + seconds)

    async def set_at(self, mark: str) -> float | None:
        """When a mark was last set; None if it is not set or is over."""
        at, until = self._set.get(mark, (0.0, 0.0))
        return at if until > time.time() else None
