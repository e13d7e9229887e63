"""How entries are found and read: the same queries to SQLite and to PostgreSQL.

Imported at the first use, as SQLAlchemy is slow to load.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, bindparam, exists, select

from ...tools.journal.entries import Entry
from .record_store import Reading, Rows, answered
from .records import Record, entry_of, word, written
from .tables import LAST_OF_CALL, OF_ENTRY, RECORDS, WORDS, Query
from .verification import Batch

__all__ = ["MAX_ENTRY_NUMBER", "all_entries", "batches", "entries", "newest_entries", "unclear"]

MAX_ENTRY_NUMBER = 2**31 - 1
"""The greatest number that the tables can hold."""

_ROWS = 500
_DAY = timedelta(hours=24)
_BEGINNING = select(RECORDS).order_by(RECORDS.c.number).limit(_ROWS)
_NEXT = _BEGINNING.where(RECORDS.c.number > bindparam("last"))
_INDEX = select(WORDS)


def entries(numbers: Sequence[int]) -> Reading[list[Entry]]:
    """The entries with these numbers, as far as there are any, with the later ones that undo them."""
    if not numbers:
        return []
    undoing = {number: word("undoes", str(number)) for number in numbers}
    chosen = select(WORDS).where(WORDS.c.word.in_(undoing.values())).order_by(WORDS.c.entry.desc())
    found_by: dict[str, list[int]] = defaultdict(list)
    for found, entry in (yield Query(chosen)):
        found_by[found].append(entry)
    later = {number: found_by.get(each, []) for number, each in undoing.items()}
    records = yield from _records({*numbers, *(undo for undos in later.values() for undo in undos)})
    return [
        entry_of(records[number], [entry_of(records[undo]) for undo in later[number] if undo in records])
        for number in numbers
        if number in records
    ]


def newest_entries(
    about: Sequence[str],
    *,
    before: int,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    tool: str,
    user: str | None,
) -> Reading[list[Entry]]:
    """The newest entries about every one of these ids, older than the entry `before` if that is not 0.

    Only those of this `tool` and this `user`, opened at `since` or later, and before `until`, where these
    are given.
    """
    every = dict.fromkeys(word("about", each) for each in about)
    if user is not None:
        every[word("by", user)] = None
    if tool:
        every[word("tool", tool)] = None
    newest = yield from _newest(
        tuple(every), before=min(before, MAX_ENTRY_NUMBER), limit=max(0, limit), since=since, until=until
    )
    return (yield from entries(newest))


def unclear(fingerprint: str) -> Reading[Entry | None]:
    """The last entry of such a call of the last day, if how it ended is not known (yet)."""
    rows = yield Query(LAST_OF_CALL, {"word": word("call", fingerprint)})
    if not rows:
        return None
    records = [Record(*row) for row in (yield Query(OF_ENTRY, {"entry": rows[0][0]}))]
    if not records or records[0].number != records[0].entry:
        return None
    entry = entry_of(records)
    is_recent = datetime.fromisoformat(entry.at) > datetime.now(UTC) - _DAY
    return entry if is_recent and entry.outcome in ("unknown", "under way") else None


def all_entries(rows: Callable[[Query], Rows]) -> Iterator[tuple[list[Record], Entry]]:
    """Every entry with its records, the oldest first."""
    last = 0
    while numbers := [found for (found,) in rows(Query(_after(last)))]:
        records = answered(_records(numbers), rows)
        for entry in answered(entries(numbers), rows):
            yield records[entry.number], entry
        last = numbers[-1]


def batches(rows: Callable[[Query], Rows]) -> Iterator[Batch]:
    """All records from the lowest number on, with what the index says of them.

    The index beyond is looked at before the records, as an entry's words are written together with it.
    """
    entry = WORDS.c.entry
    beyond = rows(Query(_INDEX.order_by(entry).limit(1)))
    found = rows(Query(_BEGINNING))
    index = _INDEX
    while found:
        records = [Record(*row) for row in found]
        last = records[-1].number
        yield records, [(number, word) for word, number in rows(Query(index.where(entry <= last)))]
        index = _INDEX.where(entry > last)
        beyond = rows(Query(index.order_by(entry).limit(1)))
        found = rows(Query(_NEXT, {"last": last}))
    yield (), [(number, word) for word, number in beyond]


def _records(numbers: Collection[int]) -> Reading[dict[int, list[Record]]]:
    """Entry → its records, the opening one first. Entries that there are not are left out."""
    chosen = select(RECORDS).where(RECORDS.c.entry.in_(numbers)).order_by(RECORDS.c.number)
    found: dict[int, list[Record]] = defaultdict(list)
    for row in (yield Query(chosen)) if numbers else ():
        record = Record(*row)
        if record.number == record.entry or record.entry in found:
            found[record.entry].append(record)
    return dict(found)


def _newest(
    every_word: Sequence[str], *, before: int, limit: int, since: datetime | None, until: datetime | None
) -> Reading[list[int]]:
    """The numbers of the newest entries that every one of these words finds."""
    if every_word:
        column = WORDS.c.entry
        # The rarest words come first, and what they find is looked up under the others.
        chosen = select(column).where(WORDS.c.word == every_word[0])
        for each in every_word[1:]:
            also = WORDS.alias()
            chosen = chosen.where(exists().where(also.c.word == each, also.c.entry == column))
    else:
        column = RECORDS.c.number
        chosen = select(column).where(RECORDS.c.kind == "opened")
    if before:
        chosen = chosen.where(column < before)
    if since is not None or until is not None:
        opened = select(RECORDS.c.number).where(RECORDS.c.kind == "opened")
        if since is not None:
            opened = opened.where(RECORDS.c.at >= written(since))
        if until is not None:
            opened = opened.where(RECORDS.c.at < written(until))
        chosen = chosen.where(column.in_(opened))
    rows = yield Query(chosen.order_by(column.desc()).limit(limit))
    return [number for (number,) in rows]


def _after(number: int) -> Select[tuple[int]]:
    return (
        select(RECORDS.c.number)
        .where(RECORDS.c.kind == "opened", RECORDS.c.number > number)
        .order_by(RECORDS.c.number)
        .limit(_ROWS)
    )
