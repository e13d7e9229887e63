"""One-time marks in the journal's database: used codes, declined calls, stopped repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .database import JournalDatabase
    from .store import StoredJournal

__all__ = ["StoredMarks"]


class StoredMarks:
    """The marks of every server that shares a journal. Implements `tools.journal.marks.Marks`."""

    def __init__(self, journal: StoredJournal) -> None:
        self._journal = journal

    async def claim(self, mark: str, seconds: float) -> bool:
        """Set a mark for so many seconds; False if somebody has set it already."""
        return await self._set(mark, 0.0, seconds, again=False)

    async def put(self, mark: str, moment: float, seconds: float) -> None:
        """Set a mark with a moment for so many seconds from now."""
        await self._set(mark, moment, seconds, again=True)

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        from .marks_table import find_mark

        def look(database: JournalDatabase) -> float | None:
            with database.marking() as run:
                return find_mark(run, mark)

        return await self._journal.run(look)

    async def _set(self, mark: str, moment: float, seconds: float, *, again: bool) -> bool:
        from .marks_table import set_mark

        def write(database: JournalDatabase) -> bool:
            with database.marking() as run:
                return set_mark(run, mark, moment, seconds, again=again)

        return await self._journal.run(write)
