"""The journal of writes as it is kept: in the user's data directory, or in the database that a setting names.

Nothing is opened, created or imported before the first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ...schemas import JsonObject
from ...tools.journal.entries import Closing, Entry, JournalFault, LookFirst, Opening
from ..settings.journal_place import MAX_WAIT, JournalPlace, journal_place, keeps_journal
from ..settings.settings import Settings
from .record_store import Addition, RecordStore
from .records import JournalKey, exported, payload_of

if TYPE_CHECKING:
    from .verification import Verification

__all__ = ["StoredJournal", "open_journal"]


def open_journal(settings: Settings, secrets: Callable[[], Sequence[str]]) -> StoredJournal | None:
    """The journal of these settings; None if they want none. `secrets` gives what must never be written."""
    if not keeps_journal(settings.journal):
        return None

    def place() -> JournalPlace:
        found = journal_place(settings.journal, sandbox=settings.sandbox)
        return replace(found, wait=min(MAX_WAIT, settings.timeout))

    return StoredJournal(place, secrets, settings.journal_key_bytes)


class _OpenedHere(int):
    """The number of an entry, with the hash of the record that opened it.

    If the journal is replaced meanwhile, the number is soon that of another entry.
    """

    def __new__(cls, number: int, opened_as: str) -> _OpenedHere:
        made = super().__new__(cls, number)
        made.opened_as = opened_as
        return made

    opened_as: str


class StoredJournal:
    """A `Journal` in SQLite or PostgreSQL. A fault raises `JournalFault`, and the next use tries again."""

    def __init__(
        self,
        place: Callable[[], JournalPlace],
        secrets: Callable[[], Sequence[str]],
        key: JournalKey | None = None,
    ) -> None:
        self._find_place = place
        self._secrets = secrets
        self._key = key
        self._opened: RecordStore | None = None

    async def open(self, opening: Opening, look: LookFirst | None = None) -> int:
        """Record a write that is about to be sent, and give the number of its entry; `look` comes first."""
        record = await self.records.add(Addition(payload_of(opening, self._secrets()), look=look))
        return _OpenedHere(record.number, record.hash)

    async def close(self, number: int, closing: Closing) -> None:
        """Record how it ended. Of an entry that is closed twice the last closing counts."""
        opened_as = number.opened_as if isinstance(number, _OpenedHere) else ""
        await self.records.add(Addition(payload_of(closing, self._secrets()), int(number), opened_as))

    async def entry(self, number: int) -> Entry | None:
        """One entry; None if there is no such entry."""
        store = self.records
        from .readings import MAX_ENTRY_NUMBER, entries

        found = await store.read(entries([number] if 0 < number <= MAX_ENTRY_NUMBER else []))
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
        user: str | None = None,
    ) -> list[Entry]:
        """Entries, the newest first: those about every one of these ids, older than the entry `before`."""
        store = self.records
        from .readings import newest_entries

        return await store.read(
            newest_entries(about, before=before, limit=limit, since=since, until=until, tool=tool, user=user)
        )

    async def unclear(self, fingerprint: str) -> Entry | None:
        """The last entry of such a call of the last day, if how it ended is not known (yet)."""
        store = self.records
        from .readings import unclear

        return await store.read(unclear(fingerprint))

    def where(self) -> str:
        """Where the journal is kept, in words without a password."""
        return self._find_place().shown

    @property
    def has_key(self) -> bool:
        """Whether records are chained by a key."""
        return self._key is not None

    def verify(self, expected: str = "") -> Verification:
        """Walk the whole chain, and find the record with the hash `expected`. For commands: it blocks."""
        store = self.records
        from .readings import batches
        from .verification import verified

        found = verified(batches(store.rows), self._key, expected)
        if not found.broken:
            found.counts = store.miscounted()
        return found

    def rebuild(self) -> int:
        """Make all that is derived from the records anew; gives the number of entries in the index.

        For commands: it blocks.
        """
        return self.records.rebuild()

    def all_entries(self) -> Iterator[JsonObject]:
        """Every entry with its records and their hashes, the oldest first. For commands: it blocks."""
        store = self.records
        from .readings import all_entries

        for records, entry in all_entries(store.rows):
            yield exported(records, entry)

    def stop(self) -> None:
        """Close the files and connections. A later use opens them again."""
        if self._opened is not None:
            self._opened.stop()

    @property
    def records(self) -> RecordStore:
        """Where the records are, which is opened at the first use.

        Raises:
            JournalFault: a library is missing.
        """
        if self._opened is None:
            try:
                place = self._find_place()
                if place.url:
                    from .postgresql_store import PostgresqlStore

                    self._opened = PostgresqlStore(place, self._key)
                else:
                    from .sqlite_store import SqliteStore

                    self._opened = SqliteStore(place, self._key)
            except ImportError as error:
                from .faults import why

                raise JournalFault(f"The journal cannot be opened: {why(error)}.") from None
        return self._opened
