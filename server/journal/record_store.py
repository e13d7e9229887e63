"""What stores the records of the journal: one protocol, for SQLite and for PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...schemas import JsonObject
from ...tools.journal.entries import JournalFault, LookFirst

if TYPE_CHECKING:
    from .records import Record
    from .tables import Query

__all__ = ["Addition", "NoSuchEntry", "Reading", "RecordStore", "Rows", "answered"]

Result = TypeVar("Result")

Rows = Sequence[Any]
"""What a database finds: sequences of values in the order of their columns."""

Reading = Generator["Query", Rows, Result]
"""Asks the database query by query, and returns what follows from the answers."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A record to be added: it closes an `entry`, or opens one, after a `look`.

    With `opened_as`, it closes the entry only if the record that opened it has this hash.
    """

    payload: JsonObject
    entry: int | None = None
    opened_as: str = ""
    look: LookFirst | None = None


class NoSuchEntry(JournalFault):
    """The entry that was to be closed is not in the journal, and will not come into it."""


class RecordStore(Protocol):
    """Records and one-time marks at one place. Every method raises `JournalFault`.

    After a fault the next use begins anew, so that the journal works again as soon as its place does. A
    closing that could not be written is kept, and written before the next record or look.
    """

    async def add(self, addition: Addition) -> Record:
        """Add a record, after its look, which nobody can write beside."""
        ...

    async def read(self, reading: Reading[Result]) -> Result:
        """What a reading finds."""
        ...

    def rows(self, query: Query) -> Rows:
        """What one query finds. For commands: it blocks."""
        ...

    async def set_mark(self, mark: str, moment: float, seconds: float, *, again: bool) -> bool:
        """Set a mark with a moment for so many seconds; False if it is set, unless it is set `again`."""
        ...

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        ...

    def miscounted(self) -> str:
        """How the writes differ that are counted for limits; empty where none do. For commands: it blocks."""
        ...

    def rebuild(self) -> int:
        """Make all that is derived from the records anew; gives the number of entries in the index.

        For commands: it blocks.
        """
        ...

    def stop(self) -> None:
        """Write what is still to be written if that is possible, and close the connections."""
        ...


def answered(reading: Reading[Result], rows: Any) -> Result:
    """What a reading finds, each of its queries answered by `rows`."""
    try:
        query = next(reading)
        while True:
            query = reading.send(rows(query))
    except StopIteration as end:
        return end.value
