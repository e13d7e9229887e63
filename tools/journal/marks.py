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

    async def put(self, mark: str, moment: float, seconds: float) -> None:
        """Set a mark with a moment for so many seconds from now, whether or not it is set."""
        ...

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        ...


class MemoryMarks:
    """Marks that end with the process."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[float, float]] = {}

    async def claim(self, mark: str, seconds: float) -> bool:
        """Set a mark for so many seconds; False if it is set already."""
        if await self.moment_of(mark) is not None:
            return False
        await self.put(mark, 0.0, seconds)
        return True

    async def put(self, mark: str, moment: float, seconds: float) -> None:
        """Set a mark with a moment for so many seconds from now."""
        now = time.time()
        self._set = {name: times for name, times in self._set.items() if times[1] > now}
        self._set[mark] = (moment, now + seconds)

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        moment, until = self._set.get(mark, (0.0, 0.0))
        return moment if until > time.time() else None
