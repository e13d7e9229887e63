"""Records in SQLite. Uses come one at a time, in a worker thread; a record that is quick needs none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from ...tools.journal.entries import JournalFault
from ..settings.journal_place import JournalPlace
from .marks_table import find_mark, set_mark
from .record_store import Addition, NoSuchEntry, Reading, Rows, answered
from .records import JournalKey, Record
from .sqlite_database import JournalBusy, SqliteDatabase
from .tables import Query

__all__ = ["SqliteStore"]

Result = TypeVar("Result")

_QUICK_SECONDS = 0.005
"""A record that took less may be added on the event loop the next time."""


class SqliteStore:
    """Implements `RecordStore`."""

    def __init__(self, place: JournalPlace, key: JournalKey | None) -> None:
        self._database = SqliteDatabase(place, key)
        self._unwritten: list[Addition] = []
        self._one_at_a_time = CapacityLimiter(1)
        self._is_quick = False

    async def add(self, addition: Addition) -> Record:
        """Add a record: at once where that is quick, otherwise beside the event loop.

        A quick disk takes less time than waking a thread and being woken by it; every write waits for both.
        """
        if self._is_quick and self._database.is_at_hand and not self._one_at_a_time.borrowed_tokens:
            with suppress(JournalBusy):
                return self._timed(lambda: self._add(addition, waits=False))
        return await self._in_thread(lambda: self._timed(lambda: self._add(addition)))

    async def read(self, reading: Reading[Result]) -> Result:
        """What a reading finds."""

        def read() -> Result:
            self._write_late_if_possible()
            return answered(reading, self._database.rows)

        return await self._in_thread(read)

    def rows(self, query: Query) -> Rows:
        """What one query finds. For commands: it blocks."""
        return self._database.rows(query)

    def miscounted(self) -> str:
        """Nothing: writes are counted by the records themselves."""
        return ""

    def rebuild(self) -> int:
        """Make the index anew, and give the number of entries in it. For commands: it blocks."""
        return self._database.rebuild_index()

    async def set_mark(self, mark: str, moment: float, seconds: float, *, again: bool) -> bool:
        """Set a mark with a moment for so many seconds; False if it is set, unless it is set `again`."""

        def write() -> bool:
            with self._database.marking() as run:
                return set_mark(run, mark, moment, seconds, again=again)

        return await self._in_thread(write)

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""

        def look() -> float | None:
            with self._database.marking() as run:
                return find_mark(run, mark)

        return await self._in_thread(look)

    def stop(self) -> None:
        """Write what is still to be written if that is possible, and close the file."""
        # There is no later use: another process that writes just now is waited for.
        with suppress(JournalFault, JournalBusy):
            self._write_late(waits=True)
        self._database.stop()

    def _add(self, addition: Addition, *, waits: bool = True) -> Record:
        """Add a record after the closings that are still to be written. One that fails joins them."""
        try:
            self._write_late(waits=waits)
            return self._database.append(addition, waits=waits)
        except JournalFault as fault:
            if addition.entry is not None and not isinstance(fault, NoSuchEntry):
                self._unwritten.append(addition)
            raise

    def _write_late(self, *, waits: bool) -> None:
        while self._unwritten:
            # The journal was taken away meanwhile, and another one is there.
            with suppress(NoSuchEntry):
                self._database.append(self._unwritten[0], waits=waits)
            del self._unwritten[0]

    def _write_late_if_possible(self) -> None:
        with suppress(JournalFault, JournalBusy):
            self._write_late(waits=False)

    def _timed(self, work: Callable[[], Result]) -> Result:
        began = monotonic()
        try:
            return work()
        finally:
            self._is_quick = monotonic() - began < _QUICK_SECONDS

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(work, limiter=self._one_at_a_time)
