"""What waits to be written to PostgreSQL goes into one transaction: records in their chain, and marks.

Waiting for the disk takes far longer than all else, and as long for a hundred records as for one. The chain
needs an order of the records, not a transaction for each.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, NamedTuple

import anyio

from ...schemas import JsonObject
from ...tools.journal.entries import Entry, JournalView, OwnWrite
from .derived import KEPT, Count, count_of
from .record_store import Addition, NoSuchEntry, Rows
from .records import (
    FIRST,
    JournalKey,
    Kind,
    Record,
    chained,
    entry_of,
    user_of,
    word,
    words,
    written,
)

__all__ = ["LOCK_NUMBER", "Mark", "SqlStep", "Transaction", "Waiting", "written_together"]

LOCK_NUMBER = 110429572588918
"""The advisory lock of whoever adds records."""

# Lists are sent as they are (`%b`): as text, every quotation mark of a record is escaped by itself.
_LOCK = "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock(%s::bigint)"
_LAST = """
    SELECT number, entry, kind, at, payload, previous, hash FROM docreview_records
    ORDER BY number DESC LIMIT 1"""
_OPENED = "SELECT number, hash FROM docreview_records WHERE number = ANY(%b::int[]) AND kind = 'opened'"
_LAST_OF_CALLS = """
    SELECT found.word, number, records.entry, kind, at, payload, previous, hash FROM (
        SELECT DISTINCT ON (word) word, entry FROM docreview_words
        WHERE word = ANY(%b) ORDER BY word, entry DESC
    ) found JOIN docreview_records records ON records.entry = found.entry ORDER BY number"""
_OWN = "SELECT caller, entry, at, document FROM docreview_counts WHERE caller = ANY(%b) AND at >= %s"
_MARKS = "SELECT mark FROM docreview_marks WHERE mark = ANY(%b) AND until > %s"
_ADD = """
    INSERT INTO docreview_records (number, entry, kind, at, payload, previous, hash)
    SELECT * FROM unnest(%b::int[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])"""
_ADD_WORDS = """
    INSERT INTO docreview_words (word, entry) SELECT * FROM unnest(%b::text[], %b::int[])"""
_ADD_COUNTS = """
    INSERT INTO docreview_counts (entry, caller, at, document)
    SELECT * FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[])"""
_TAKE_COUNTS = "DELETE FROM docreview_counts WHERE entry = ANY(%b::int[])"
_SET_MARKS = """
    INSERT INTO docreview_marks (mark, moment, until)
    SELECT * FROM unnest(%b::text[], %b::float8[], %b::float8[])
    ON CONFLICT (mark) DO UPDATE SET moment = EXCLUDED.moment, until = EXCLUDED.until"""
_OLD_MARKS = "DELETE FROM docreview_marks WHERE until <= %s"
_OLD_COUNTS = "DELETE FROM docreview_counts WHERE at < %s"


class SqlStep(NamedTuple):
    """A statement with its values."""

    statement: LiteralString
    values: Sequence[Any] = ()


Transaction = Generator[Sequence[SqlStep], Sequence[Rows], None]
"""What a transaction does: the steps of one round trip after the other; it is given what they find."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark to be set with a moment for so many seconds; if it is set already, only if `again`."""

    name: str
    moment: float
    seconds: float
    again: bool


@dataclass(slots=True, eq=False)
class Waiting:
    """Something that waits to be written. Once `ended`, it is written or has an `error`.

    `record` is what was made of it last, or for a mark `is_set` whether it was set.
    """

    wanted: Addition | Mark
    is_set: bool = False
    record: Record | None = None
    error: Exception | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_closing(self) -> bool:
        """Whether it is the end of an entry, which must not be lost."""
        return isinstance(self.wanted, Addition) and self.wanted.entry is not None


def written_together(
    batch: Sequence[Waiting], key: JournalKey | None, shown: str, wait: float, *, tidies: bool
) -> Transaction:
    """Write a batch, in its order, while no other server writes; `wait` is the longest to wait for that.

    What is refused by its look, or cannot be written for a reason of its own, gets an `error`, and leaves the
    others as they are. With `tidies`, what is over is taken out as well. Nothing is in the database until the
    caller commits.
    """
    transaction = _Transaction(batch, key, shown)
    steps, take = transaction.questions()
    # 0 would wait for ever.
    found = yield [SqlStep(_LOCK, [f"{max(1, int(wait * 1000))}ms", LOCK_NUMBER]), *steps]
    take(found[1:])
    for each in batch:
        transaction.add(each)
    steps = transaction.changes()
    if tidies:
        old = written(datetime.now(UTC) - KEPT)
        steps += [SqlStep(_OLD_MARKS, [time.time()]), SqlStep(_OLD_COUNTS, [old])]
    if steps:
        yield steps


class _Transaction:
    """One batch: what it has to know of the database, and what it adds."""

    def __init__(self, batch: Sequence[Waiting], key: JournalKey | None, shown: str) -> None:
        self._batch = batch
        self._key = key
        self._shown = shown
        self._last = FIRST
        self._opened: dict[int, str] = {}
        self._last_of_call: dict[str, list[Record]] = {}
        self._own: dict[str, list[tuple[int, OwnWrite]]] = {}
        self._set: set[str] = set()
        self._records: list[Record] = []
        self._words: list[tuple[str, int]] = []
        self._counts: dict[int, Count] = {}
        self._not_done: list[int] = []
        self._marks: dict[str, tuple[float, float]] = {}

    def questions(self) -> tuple[list[SqlStep], Callable[[Sequence[Rows]], None]]:
        """What has to be asked, and what takes the answers."""
        additions = [each.wanted for each in self._batch if isinstance(each.wanted, Addition)]
        marks = [each.wanted.name for each in self._batch if isinstance(each.wanted, Mark)]
        closed = [each.entry for each in additions if each.entry is not None]
        looking = [(each.payload, each.look) for each in additions if each.look is not None]
        calls = [_call(payload) for payload, look in looking if look.at_call]
        users = {_user(payload) for payload, look in looking if look.seconds}
        seconds = max((look.seconds for _, look in looking), default=0)
        since = written(datetime.now(UTC) - timedelta(seconds=seconds))
        asked = [
            (SqlStep(_LAST), self._take_last, True),
            (SqlStep(_OPENED, [closed]), self._take_opened, bool(closed)),
            (SqlStep(_LAST_OF_CALLS, [calls]), self._take_calls, bool(calls)),
            (SqlStep(_OWN, [list(users), since]), self._take_own, bool(users)),
            (SqlStep(_MARKS, [marks, time.time()]), self._take_marks, bool(marks)),
        ]
        asked = [(step, take) for step, take, is_asked in asked if is_asked]

        def take(answers: Sequence[Rows]) -> None:
            for (_, take_rows), rows in zip(asked, answers, strict=True):
                take_rows(rows)

        return [step for step, _ in asked], take

    def _take_last(self, rows: Rows) -> None:
        self._last = Record(*rows[0]) if rows else FIRST

    def _take_opened(self, rows: Rows) -> None:
        self._opened = dict(rows)

    def _take_calls(self, rows: Rows) -> None:
        for call, *row in rows:
            self._last_of_call.setdefault(call, []).append(Record(*row))

    def _take_own(self, rows: Rows) -> None:
        for caller, entry, at, document in rows:
            self._own.setdefault(caller, []).append((entry, _own_write(at, document)))

    def _take_marks(self, rows: Rows) -> None:
        self._set = {name for (name,) in rows}

    def add(self, waiting: Waiting) -> None:
        """Add what waits, or note why it is not added."""
        wanted = waiting.wanted
        if isinstance(wanted, Mark):
            waiting.is_set = self._mark(wanted)
            return
        try:
            waiting.record = self._record(wanted)
        except Exception as error:
            waiting.error = error

    def changes(self) -> list[SqlStep]:
        """What writes all that was added."""
        steps: list[SqlStep] = []
        if self._records:
            steps.append(SqlStep(_ADD, [list(column) for column in zip(*self._records, strict=True)]))
        if self._words:
            steps.append(SqlStep(_ADD_WORDS, [list(column) for column in zip(*self._words, strict=True)]))
        if self._counts:
            rows = [(entry, *row) for entry, row in self._counts.items()]
            steps.append(SqlStep(_ADD_COUNTS, [list(column) for column in zip(*rows, strict=True)]))
        if self._not_done:
            steps.append(SqlStep(_TAKE_COUNTS, [self._not_done]))
        if self._marks:
            names = list(self._marks)
            moments, untils = zip(*self._marks.values(), strict=True)
            steps.append(SqlStep(_SET_MARKS, [names, list(moments), list(untils)]))
        return steps

    def _mark(self, mark: Mark) -> bool:
        if mark.name in self._set and not mark.again:
            return False
        self._set.add(mark.name)
        self._marks[mark.name] = (mark.moment, time.time() + mark.seconds)
        return True

    def _record(self, addition: Addition) -> Record:
        entry, payload = addition.entry, addition.payload
        opened_as = "" if entry is None else self._opened.get(entry)
        if opened_as is None or addition.opened_as not in ("", opened_as):
            raise NoSuchEntry(f"The journal {self._shown} has no entry {entry} to close.")
        if addition.look is not None:
            addition.look.judge(self._view(addition, payload))
        kind: Kind = "opened" if entry is None else "closed"
        record = chained(self._last, entry, kind, payload, self._key)
        self._last = record
        self._records.append(record)
        if entry is None:
            self._note_opening(record, payload)
        else:
            self._note_closing(record, payload)
        return record

    def _note_opening(self, record: Record, payload: JsonObject) -> None:
        """Let the later ones of this batch know of an opening."""
        number = record.number
        self._opened[number] = record.hash
        self._words += [(each, number) for each in sorted(words(payload))]
        self._last_of_call[_call(payload)] = [record]
        count = self._counts[number] = count_of(record, payload)
        self._own.setdefault(count.caller, []).append((number, _own_write(count.at, count.document)))

    def _note_closing(self, record: Record, payload: JsonObject) -> None:
        """Let the later ones of this batch know of a closing."""
        for records in self._last_of_call.values():
            if records[0].entry == record.entry:
                records.append(record)
        if payload.get("outcome") == "not done":
            self._not_done.append(record.entry)

    def _view(self, addition: Addition, payload: JsonObject) -> JournalView:
        look = addition.look
        last: Entry | None = None
        if look is not None and look.at_call and (records := self._last_of_call.get(_call(payload))):
            last = entry_of(records)
        gone = set(self._not_done)
        own = [write for number, write in self._own.get(_user(payload), ()) if number not in gone]
        return JournalView(last, own)


def _own_write(at: str, document: str) -> OwnWrite:
    return OwnWrite(datetime.fromisoformat(at), json.loads(document))


def _call(payload: JsonObject) -> str:
    return word("call", str(payload["fingerprint"]))


def _user(payload: JsonObject) -> str:
    return word("by", user_of(payload))
