"""One-time marks in the journal's database: used codes, declined calls, stopped repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .store import StoredJournal

__all__ = ["StoredMarks"]


class StoredMarks:
    """The marks of every server that shares a journal. Implements `tools.journal.marks.Marks`."""

    def __init__(self, journal: StoredJournal) -> None:
        self._journal = journal

    async def claim(self, mark: str, seconds: float) -> bool:
        """Set a mark for so many seconds; False if somebody has set it already."""
        return await self._journal.records.set_mark(mark, 0.0, seconds, again=False)

    async def put(self, mark: str, moment: float, seconds: float) -> None:
        """Set a mark with a moment for so many seconds from now."""
        await self._journal.records.set_mark(mark, moment, seconds, again=True)

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        return await self._journal.records.moment_of(mark)
