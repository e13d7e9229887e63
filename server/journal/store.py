"""The journal of writes as it is kept: in the user's data directory, or in the database that a setting names.

Nothing is opened, created or imported before the first use. Uses come one at a time, in a worker thread; a
record that SQLite adds quickly is added without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter, to_thread

from ...schemas import JsonObject
from ...tools.journal.entries import Closing, Entry, JournalFault, LookFirst, Opening
from ..journal_place import MAX_WAIT, JournalPlace, journal_place, keeps_journal
from ..settings import Settings
from .records import JournalKey, Kind, entry_of, exported, payload_of, word

if TYPE_CHECKING:
    from .database import JournalDatabase
    from .verification import Verification

__all__ = ["StoredJournal", "open_journal"]

Result = TypeVar("Result")

_DAY = timedelta(hours=24)
_MOST = 2**31 - 1
"""The greatest number that the tables can hold."""

_PAGE = 200
"""How many entries are looked at together for those of one tool."""

_QUICK_SECONDS = 0.005
"""A record that took less may be added on the event loop the next time."""


def open_journal(settings: Settings, secrets: Callable[[], Sequence[str]]) -> StoredJournal | None:
    """The journal of these settings; None if they want none. `secrets` gives what must never be written."""
    if not keeps_journal(settings.journal):
        return None

    def place() -> JournalPlace:
        found = journal_place(settings.journal, sandbox=settings.sandbox)
        return replace(found, wait=min(MAX_WAIT, settings.timeout))

    return StoredJournal(place, secrets, settings.journal_key_bytes)


class StoredJournal:
    """A `Journal` in SQLite or PostgreSQL. A fault is told by `JournalFault`, and the next use tries anew.

    A closing that could not be written is kept, and written before the next record or look.
    """

    def __init__(
        self,
        place: Callable[[], JournalPlace],
        secrets: Callable[[], Sequence[str]],
        key: JournalKey | None = None,
    ) -> None:
        self._find_place = place
        self._secrets = secrets
        self._key = key
        self._unwritten: list[tuple[int, JsonObject]] = []
        self._opened: JournalDatabase | None = None
        self._one_at_a_time = CapacityLimiter(1)
        self._is_quick = False

    async def open(self, opening: Opening, look: LookFirst | None = None) -> int:
        """Record a write that is about to be sent, and give the number of its entry; `look` comes first."""
        return await self._append("opened", None, payload_of(opening, self._secrets()), look)

    async def run(self, work: Callable[[JournalDatabase], Result]) -> Result:
        """Use the database beside the event loop, one use at a time."""
        return await self._in_thread(lambda: work(self._database()))

    async def close(self, number: int, closing: Closing) -> None:
        """Record how it ended. Of an entry that is closed twice the last closing counts."""
        await self._append("closed", number, payload_of(closing, self._secrets()))

    async def entry(self, number: int) -> Entry | None:
        """One entry; None if there is no such entry."""
        found = await self._read(lambda: self._entries([number] if 0 < number <= _MOST else []))
        return found[0] if found else None

    async def entries(
        self,
        *,
        about: Sequence[str] = (),
        before: int = 0,
        limit: int = 20,
        since: datetime | None = None,
        until: datetime | None = None,
        tool: str = "",
    ) -> list[Entry]:
        """Entries, the newest first: those about every one of these ids, older than the entry `before`."""
        every = {word("about", each) for each in about}
        wanted = max(0, limit)

        def read() -> list[Entry]:
            found: list[Entry] = []
            oldest = min(before, _MOST)
            while len(found) < wanted:
                newest = self._database().newest(
                    every, before=oldest, limit=wanted if not tool else _PAGE, since=since, until=until
                )
                found += [each for each in self._entries(newest) if tool in ("", each.opening.tool)]
                if not tool or len(newest) < _PAGE:
                    break
                oldest = newest[-1]
            return found[:wanted]

        return await self._read(read)

    async def unclear(self, fingerprint: str) -> Entry | None:
        """The last entry of such a call of the last day, if how it ended is not known (yet)."""

        def read() -> Entry | None:
            newest = self._database().newest({word("call", fingerprint)}, before=0, limit=1)
            for entry in self._entries(newest):
                is_recent = datetime.fromisoformat(entry.at) > datetime.now(UTC) - _DAY
                return entry if is_recent and entry.outcome in ("unknown", "under way") else None
            return None

        return await self._read(read)

    def where(self) -> str:
        """Where the journal is kept, in words without a password."""
        return self._find_place().shown

    @property
    def has_key(self) -> bool:
        """Whether records are chained by a key."""
        return self._key is not None

    def verify(self, expected: str = "") -> Verification:
        """Walk the whole chain, and find the record with the hash `expected`. For commands: it blocks."""
        from .verification import verified

        return verified(self._database().batches(), self._key, expected)

    def all_entries(self) -> Iterator[JsonObject]:
        """Every entry with its records and their hashes, the oldest first. For commands: it blocks."""
        last = 0
        while numbers := self._database().after(last):
            records = self._database().records_of(numbers)
            for entry in self._entries(numbers):
                yield exported(records[entry.number], entry)
            last = numbers[-1]

    def stop(self) -> None:
        """Close the files and connections. A later use opens them again."""
        self._write_late_if_possible()
        if self._opened is not None:
            self._opened.stop()

    def _entries(self, numbers: Sequence[int]) -> list[Entry]:
        database = self._database()
        undoing = {number: word("undoes", str(number)) for number in numbers}
        found_by = database.found_by(undoing.values())
        later = {number: found_by.get(each, []) for number, each in undoing.items()}
        records = database.records_of({*numbers, *(undo for undos in later.values() for undo in undos)})

        return [
            entry_of(records[number], [entry_of(records[undo]) for undo in later[number] if undo in records])
            for number in numbers
            if number in records
        ]

    async def _append(
        self, kind: Kind, number: int | None, payload: JsonObject, look: LookFirst | None = None
    ) -> int:
        """Add a record: at once where that is quick, otherwise beside the event loop.

        A quick disk takes less time than waking a thread and being woken by it; every write waits for both.
        """
        database = self._opened
        if self._is_quick and database and database.is_at_hand and not self._one_at_a_time.borrowed_tokens:
            from .database import JournalBusy

            with suppress(JournalBusy):
                return self._timed(lambda: self._add(database, kind, number, payload, waits=False, look=look))
        return await self._in_thread(
            lambda: self._timed(lambda: self._add(self._database(), kind, number, payload, look=look))
        )

    def _add(
        self,
        database: JournalDatabase,
        kind: Kind,
        number: int | None,
        payload: JsonObject,
        *,
        waits: bool = True,
        look: LookFirst | None = None,
    ) -> int:
        """Add a record after the closings that are still to be written. One that fails joins them."""
        from .database import NoSuchEntry

        try:
            self._write_late(database, waits=waits)
            return database.append(kind, number, payload, waits=waits, look=look)
        except JournalFault as fault:
            if number is not None and not isinstance(fault, NoSuchEntry):
                self._unwritten.append((number, payload))
            raise

    def _write_late(self, database: JournalDatabase, *, waits: bool) -> None:
        from .database import NoSuchEntry

        while self._unwritten:
            number, payload = self._unwritten[0]
            # The journal was taken away meanwhile, and another one is there.
            with suppress(NoSuchEntry):
                database.append("closed", number, payload, waits=waits)
            del self._unwritten[0]

    def _write_late_if_possible(self) -> None:
        if not self._unwritten:
            return
        from .database import JournalBusy

        with suppress(JournalFault, JournalBusy):
            self._write_late(self._database(), waits=False)

    def _timed(self, work: Callable[[], Result]) -> Result:
        began = monotonic()
        try:
            return work()
        finally:
            self._is_quick = monotonic() - began < _QUICK_SECONDS

    def _database(self) -> JournalDatabase:
        if self._opened is None:
            try:
                from .database import JournalDatabase

                self._opened = JournalDatabase(self._find_place(), self._key)
            except (ImportError, OSError, RuntimeError) as error:
                raise JournalFault(f"The journal cannot be opened: {error}.") from None
        return self._opened

    async def _read(self, work: Callable[[], Result]) -> Result:
        def read() -> Result:
            self._write_late_if_possible()
            return work()

        return await self._in_thread(read)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(work, limiter=self._one_at_a_time)
