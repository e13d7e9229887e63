"""What a look finds inside the transaction of a write to SQLite, before an entry is opened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select

from ...schemas import JsonObject
from ...tools.journal.entries import Entry, JournalView, LookFirst, OwnWrite
from ...tools.policy.limits import own_write
from .records import Record, entry_of, user_of, word, written
from .tables import LAST_OF_CALL, OF_ENTRY, RECORDS, Run

__all__ = ["OF_VIEW", "view_for"]

_ROWS = 500
_BEYOND = 2**31 - 1
"""The greatest number that the tables can hold."""

_EARLIER = (
    select(RECORDS)
    .where(RECORDS.c.number < bindparam("before"))
    .order_by(RECORDS.c.number.desc())
    .limit(_ROWS)
)
OF_VIEW = (LAST_OF_CALL, OF_ENTRY, _EARLIER)
"""The statements of a view."""


def view_for(look: LookFirst, payload: JsonObject, run: Run) -> JournalView:
    """What this look at the journal finds, before an entry that says this is opened."""
    last = _last_of_call(run, str(payload["fingerprint"])) if look.at_call else None
    own = tuple(_own_writes(run, user_of(payload), look.seconds)) if look.seconds else ()
    return JournalView(last, own)


def _last_of_call(run: Run, fingerprint: str) -> Entry | None:
    found = run(LAST_OF_CALL, {"word": word("call", fingerprint)})
    if not found:
        return None
    records = [Record(*row) for row in run(OF_ENTRY, {"entry": found[0][0]})]
    return entry_of(records) if records else None


def _own_writes(run: Run, user: str, seconds: int) -> Iterator[OwnWrite]:
    """Records are in the order of their times, so that those before a page that is too old are not read.

    Within a page any may be: the clock of the machine may have been set back for a while.
    """
    since = written(datetime.now(UTC) - timedelta(seconds=seconds))
    closings: dict[int, Record] = {}
    before = _BEYOND
    while rows := run(_EARLIER, {"before": before}):
        found = [Record(*row) for row in rows]
        before = found[-1].number
        for record in found:
            if record.at < since:
                continue
            if record.number != record.entry:
                closings.setdefault(record.entry, record)
                continue
            closing = closings.pop(record.entry, None)
            entry = entry_of([record] if closing is None else [record, closing])
            if entry.opening.caller.user == user and entry.outcome != "not done":
                opened_at = datetime.fromisoformat(entry.at)
                yield own_write(opened_at, entry.opening.tool, entry.opening.arguments)
        if all(record.at < since for record in found):
            return
