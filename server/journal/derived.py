"""What follows from the records: the index by which entries are found, and in PostgreSQL the writes counted.

It is kept beside the records, as reading all of them would take too long, and can be made anew from them.
Imported with the database, as SQLAlchemy is slow to load.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Integer, String, bindparam, delete, exists, insert, select

from ...schemas import JsonObject
from ...tools.policy.limits import own_write
from .record_store import Rows
from .records import UNREADABLE, Record, user_of, word, words, words_of_caller, written
from .tables import COUNTS, RECORDS, WORDS, Query

__all__ = ["KEPT", "Count", "add_words_of_callers", "count_of", "fill_counts", "miscounted", "rebuild_words"]

KEPT = timedelta(days=2)
"""How long a write is counted: a little longer than the longest limit."""

_LONGEST_LIMIT = timedelta(days=1)
_ROWS = 500
_NEXT = (
    select(RECORDS.c.number, RECORDS.c.payload)
    .where(RECORDS.c.kind == "opened", RECORDS.c.number > bindparam("last"))
    .order_by(RECORDS.c.number)
    .limit(_ROWS)
)
_WORD, _ENTRY = bindparam("of_word", type_=String), bindparam("of_entry", type_=Integer)
_ADD_MISSING = insert(WORDS).from_select(
    ["word", "entry"],
    select(_WORD, _ENTRY).where(~exists().where(WORDS.c.word == _WORD, WORDS.c.entry == _ENTRY)),
)
_OPENED = (
    select(RECORDS)
    .where(
        RECORDS.c.kind == "opened",
        RECORDS.c.at >= bindparam("since"),
        RECORDS.c.number > bindparam("last"),
    )
    .order_by(RECORDS.c.number)
    .limit(_ROWS)
    .subquery()
)
_CLOSED = RECORDS.alias()
_WITH_COUNTS = (
    select(
        *_OPENED.c,
        _CLOSED.c.payload.label("end"),
        COUNTS.c.caller.label("counted_for"),
        COUNTS.c.at.label("counted_at"),
        COUNTS.c.document.label("counted_document"),
    )
    .select_from(
        _OPENED.outerjoin(
            _CLOSED, (_CLOSED.c.entry == _OPENED.c.number) & (_CLOSED.c.kind == "closed")
        ).outerjoin(COUNTS, COUNTS.c.entry == _OPENED.c.number)
    )
    .order_by(_OPENED.c.number)
)
"""Entries with their ends and counts, in one statement: others may write meanwhile."""

_OF_NO_ENTRY = (
    select(COUNTS.c.entry)
    .where(~exists().where(RECORDS.c.number == COUNTS.c.entry, RECORDS.c.kind == "opened"))
    .limit(1)
)


class Count(NamedTuple):
    """A write that counts for the limits of its user.

    `caller` is the word of the user, `at` the time of the record, and `document` the id of the one that is
    approved, as JSON: any text can be stored as ASCII.
    """

    caller: str
    at: str
    document: str


def count_of(record: Record, payload: JsonObject) -> Count:
    """How a write counts that this record opens."""
    arguments = cast("JsonObject", payload["arguments"])
    write = own_write(datetime.fromisoformat(record.at), str(payload["tool"]), arguments)
    return Count(word("by", user_of(payload)), record.at, json.dumps(write.document))


def add_words_of_callers(connection: Connection) -> None:
    """Index all entries by whom and by which tool, as far as they are not: early versions left that out."""
    for page in _openings(connection):
        found = [(each, number) for number, payload in page for each in _found(words_of_caller, payload)]
        if found:
            connection.execute(
                _ADD_MISSING, [{"of_word": each, "of_entry": number} for each, number in found]
            )


def rebuild_words(connection: Connection) -> int:
    """Make the index anew, and give the number of entries in it."""
    connection.execute(delete(WORDS))
    entries = 0
    for page in _openings(connection):
        found = [
            {"word": each, "entry": number} for number, payload in page for each in _found(words, payload)
        ]
        if found:
            connection.execute(insert(WORDS), found)
        entries += len({each["entry"] for each in found})
    return entries


def fill_counts(connection: Connection) -> None:
    """Count the writes of the last days anew."""
    connection.execute(delete(COUNTS))
    counts: dict[int, Count] = {}
    since = written(datetime.now(UTC) - KEPT)
    for row in connection.execute(select(RECORDS).where(RECORDS.c.at >= since).order_by(RECORDS.c.number)):
        record = Record(*row)
        try:
            payload = json.loads(record.payload)
            if record.kind == "opened":
                counts[record.entry] = count_of(record, payload)
            elif payload["outcome"] == "not done":
                counts.pop(record.entry, None)
        except UNREADABLE:
            continue  # a broken record; `journal verify` reports it
    if counts:
        connection.execute(
            insert(COUNTS), [{"entry": entry, **count._asdict()} for entry, count in counts.items()]
        )


def miscounted(rows: Callable[[Query], Rows]) -> str:
    """The first write of the last day that is counted otherwise than its records say; empty for none."""
    since, last = written(datetime.now(UTC) - _LONGEST_LIMIT), 0
    while found := rows(Query(_WITH_COUNTS, {"since": since, "last": last})):
        for number, of_entry in groupby(found, key=lambda row: int(row[0])):
            last = number
            if why := _miscount(list(of_entry)):
                return f"entry {number} {why}"
    foreign = rows(Query(_OF_NO_ENTRY))
    return f"entry {foreign[0][0]} is counted, but there is no such entry" if foreign else ""


def _miscount(rows: list[Any]) -> str:
    """What is wrong with the count of an entry, of which there is a row for each of its ends."""
    width = len(Record._fields)
    record, counted = Record(*rows[0][:width]), rows[0][width + 1 :]
    try:
        expected = count_of(record, json.loads(record.payload))
        ends = [json.loads(row[width]) for row in rows if row[width] is not None]
        is_not_done = any(end["outcome"] == "not done" for end in ends)
    except UNREADABLE:
        return ""  # its hash was not checked, for want of the key
    if counted[0] is None:
        return "" if is_not_done else "is not counted"
    if is_not_done:
        return "is counted, but was not carried out"
    return "" if Count(*counted) == expected else "is counted for another user, time or document"


def _openings(connection: Connection) -> Iterator[Sequence[Any]]:
    """The number and the payload of every record that opens an entry, in pages."""
    last = 0
    while rows := connection.execute(_NEXT, {"last": last}).all():
        yield rows
        last = rows[-1][0]


def _found(words_in: Callable[[JsonObject], set[str]], payload: str) -> list[str]:
    """The words of a record; none of a broken one, which `journal verify` reports."""
    try:
        return sorted(words_in(json.loads(payload)))
    except UNREADABLE:
        return []
