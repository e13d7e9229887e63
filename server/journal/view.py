"""The journal as it is inside the transaction of a write, for a look before an entry is opened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import bindparam, select

from ...tools.journal.entries import Entry
from .records import Record, entry_of, word
from .tables import RECORDS, WORDS, Run

__all__ = ["OF_VIEW", "TransactionView"]

_ROWS = 500
_BEYOND = 2**31 - 1
"""The greatest number that the tables can hold."""

_LAST_OF_CALL = (
    select(WORDS.c.entry).where(WORDS.c.word == bindparam("word")).order_by(WORDS.c.entry.desc()).limit(1)
)
_OF_ENTRY = select(RECORDS).where(RECORDS.c.entry == bindparam("entry")).order_by(RECORDS.c.number)
_EARLIER = (
    select(RECORDS)
    .where(RECORDS.c.number < bindparam("before"))
    .order_by(RECORDS.c.number.desc())
    .limit(_ROWS)
)
OF_VIEW = (_LAST_OF_CALL, _OF_ENTRY, _EARLIER)
"""The statements of a view."""


class TransactionView:
    """Implements `tools.journal.entries.JournalView`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def last_of_call(self, fingerprint: str) -> Entry | None:
        """The last entry of such a call."""
        found = self._run(_LAST_OF_CALL, {"word": word("call", fingerprint)})
        if not found:
            return None
        records = [Record(*row) for row in self._run(_OF_ENTRY, {"entry": found[0][0]})]
        return entry_of(records) if records else None

    def opened_since(self, moment: datetime) -> Iterator[Entry]:
        """The entries opened since then, the newest first: records are in the order of their times."""
        since = moment.isoformat(timespec="microseconds")
        closings: dict[int, Record] = {}
        before = _BEYOND
        while rows := self._run(_EARLIER, {"before": before}):
            for row in rows:
                record = Record(*row)
                if record.at < since:
                    return
                before = record.number
                if record.number == record.entry:
                    closing = closings.pop(record.entry, None)
                    yield entry_of([record] if closing is None else [record, closing])
                else:
                    closings.setdefault(record.entry, record)
