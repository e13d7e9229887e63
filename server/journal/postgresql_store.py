"""Records in PostgreSQL, without a thread: one connection writes for everybody who waits, another one reads.

Only one server writes at a time, by an advisory lock, which a role that may only read and add can take.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, LiteralString, TypeVar

import anyio
import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ...tools.journal.entries import Closing, JournalFault
from ..settings.journal_place import JournalPlace
from .derived import miscounted
from .group_commit import Mark, SqlStep, Transaction, Waiting, written_together
from .postgresql_connection import connect, connect_now, connect_seconds, faults, is_lost
from .record_store import Addition, NoSuchEntry, Reading, Rows
from .records import JournalKey, Record, payload_of
from .tables import LAST_OF_CALL, OF_ENTRY, Query

__all__ = ["PostgresqlStore"]

Result = TypeVar("Result")

_MAX_TOGETHER = 500
"""How much is written in one transaction."""

_TIDY_SECONDS = 60.0
_SLACK_SECONDS = 2.0
_MOMENT_OF = "SELECT moment FROM docreview_marks WHERE mark = %s AND until > %s"


def _as_postgresql(query: Query) -> tuple[bytes, Mapping[str, Any]]:
    """A statement as the driver takes it, with the values that stand in it."""
    compiled = query.chosen.compile(dialect=PGDialect_psycopg(), compile_kwargs={"render_postcompile": True})
    return str(compiled).encode(), compiled.params


_COMPILED = {each: _as_postgresql(Query(each)) for each in (LAST_OF_CALL, OF_ENTRY)}
"""What is asked before every write."""


def _step(query: Query) -> tuple[bytes, Mapping[str, Any]]:
    text, given = _COMPILED.get(query.chosen) or _as_postgresql(query)
    return text, {**given, **query.values}


class PostgresqlStore:
    """Implements `RecordStore`. Belongs to the event loop of its first use, until it is stopped."""

    def __init__(self, place: JournalPlace, key: JournalKey | None) -> None:
        self._place = place
        self._key = key
        self._waiting: list[Waiting] = []
        self._unwritten: list[Waiting] = []
        self._at_work: asyncio.Task[None] | None = None
        self._writer: psycopg.AsyncConnection[Any] | None = None
        self._reader: psycopg.AsyncConnection[Any] | None = None
        self._reader_turn = anyio.Lock()
        self._is_reached = False
        self._away: JournalFault | None = None
        self._blocking: psycopg.Connection[Any] | None = None
        self._tidied_at = -_TIDY_SECONDS
        self._may_be_committed = False

    async def add(self, addition: Addition) -> Record:
        """Add a record, together with all that waits."""
        record = (await self._written(addition)).record
        assert record is not None
        return record

    async def set_mark(self, mark: str, moment: float, seconds: float, *, again: bool) -> bool:
        """Set a mark, together with all that waits; False if it is set, unless it is set `again`."""
        return (await self._written(Mark(mark, moment, seconds, again))).is_set

    async def moment_of(self, mark: str) -> float | None:
        """The moment with which a mark was last set; None if it is not set or is over."""
        rows = await self._ask(_MOMENT_OF, (mark, time.time()))
        return float(rows[0][0]) if rows else None

    async def read(self, reading: Reading[Result]) -> Result:
        """What a reading finds; each of its queries waits for its turn."""
        if self._unwritten:
            await asyncio.wait([self._begin()])
        try:
            query = next(reading)
            while True:
                query = reading.send(await self._ask(*_step(query)))
        except StopIteration as end:
            return end.value

    def rows(self, query: Query) -> Rows:
        """What one query finds. For commands: it blocks."""
        with faults(self._place, "read", self._end_blocking):
            if self._blocking is None:
                self._blocking = connect_now(self._place)
            return self._blocking.execute(*_step(query)).fetchall()

    def miscounted(self) -> str:
        """How the writes differ that are counted for limits; empty where none do. For commands: it blocks."""
        return miscounted(self.rows)

    def rebuild(self) -> int:
        """Make index and counts anew, by the role that owns the tables. For commands: it blocks."""
        from .migrating import rebuild_tables

        return rebuild_tables(self._place)

    def stop(self) -> None:
        """Write the closings that are still to be written if that is possible, and close the connections."""
        if self._unwritten:
            with suppress(JournalFault):
                self._write_now()
        self._end_blocking()
        self._end_writer()
        self._end_reader()

    async def _written(self, wanted: Addition | Mark) -> Waiting:
        waiting = Waiting(wanted)
        self._waiting.append(waiting)
        self._begin()
        await waiting.ended.wait()
        if waiting.error is not None:
            raise waiting.error
        return waiting

    def _begin(self) -> asyncio.Task[None]:
        """Let a task write what waits, if none is at it. So no caller who goes away takes others along."""
        if self._at_work is None:
            self._at_work = asyncio.get_running_loop().create_task(self._write_waiting())
        return self._at_work

    async def _write_waiting(self) -> None:
        batch = [*self._unwritten, *self._waiting[:_MAX_TOGETHER]]
        del self._waiting[:_MAX_TOGETHER]
        fault: JournalFault | None = None
        try:
            await self._write(batch)
        except JournalFault as error:
            fault = error
        except BaseException:
            fault = JournalFault(
                f"The journal {self._place.shown} cannot be written: the server is shutting down."
            )
            raise
        finally:
            self._end(batch, fault)
            self._at_work = None
            if self._waiting:
                self._begin()

    def _end(self, batch: Sequence[Waiting], fault: JournalFault | None) -> None:
        """Tell all who wait for a batch, and keep the closings that are not written."""
        for each in batch:
            if fault is not None and each.error is None:
                each.error = JournalFault(str(fault), is_away=fault.is_away)
        self._unwritten = [
            each
            for each in batch
            if each.is_closing and each.error is not None and not isinstance(each.error, NoSuchEntry)
        ]
        if fault is not None and self._may_be_committed:
            openings = [each.record for each in batch if each.record is not None and not each.is_closing]
            self._unwritten += [_never_sent(record) for record in openings]
        for each in batch:
            each.ended.set()

    async def _write(self, batch: Sequence[Waiting]) -> None:
        """One transaction. A connection that ended since it was last used is made anew, once."""
        limit = connect_seconds(self._place) + self._place.wait + _SLACK_SECONDS
        with faults(self._place, "written", self._end_writer), anyio.fail_after(limit):
            is_used = self._writer is not None
            try:
                await self._transact(batch)
            except psycopg.Error as error:
                if not is_used or self._may_be_committed or not is_lost(error):
                    raise
                self._end_writer()
                await self._transact(batch)

    async def _transact(self, batch: Sequence[Waiting]) -> None:
        self._may_be_committed = False
        if self._writer is None:
            self._writer = await connect(self._place)
        steps = self._steps(batch)
        found = await _round_trip(self._writer, [SqlStep("BEGIN"), *next(steps)])
        changes = _after(steps, found[1:])
        self._may_be_committed = changes is not None
        await _round_trip(self._writer, [*changes, SqlStep("COMMIT")] if changes else [SqlStep("ROLLBACK")])

    def _write_now(self) -> None:
        """Write the closings that are still to be written; it blocks."""
        with faults(self._place, "written", self._end_blocking):
            if self._blocking is None:
                self._blocking = connect_now(self._place)
            steps = self._steps(self._unwritten)
            with self._blocking.transaction():
                found = [self._blocking.execute(*each).fetchall() for each in next(steps)]
                for each in _after(steps, found) or ():
                    self._blocking.execute(*each)
            self._unwritten = []

    def _steps(self, batch: Sequence[Waiting]) -> Transaction:
        for each in batch:
            each.error = None
        tidies = time.monotonic() - self._tidied_at > _TIDY_SECONDS
        if tidies:
            self._tidied_at = time.monotonic()
        return written_together(batch, self._key, self._place.shown, self._place.wait, tidies=tidies)

    async def _ask(self, text: LiteralString | bytes, values: Any) -> Rows:
        known = self._away
        async with self._reader_turn:
            # Found out while this one waited: if each tried in its turn, they would wait longer and longer.
            if self._away is not None and self._away is not known:
                raise JournalFault(str(self._away), is_away=True)
            try:
                return await self._asked(text, values)
            except JournalFault as fault:
                if fault.is_away and not self._is_reached:
                    self._away = fault
                raise

    async def _asked(self, text: LiteralString | bytes, values: Any) -> Rows:
        """What one query finds. A connection that ended since it was last used is made anew, once."""
        limit = connect_seconds(self._place) + self._place.wait + _SLACK_SECONDS
        with faults(self._place, "read", self._end_reader), anyio.fail_after(limit):
            is_used = self._reader is not None
            try:
                return await self._fetched(text, values)
            except psycopg.Error as error:
                if not is_used or not is_lost(error):
                    raise
                return await self._fetched(text, values)

    async def _fetched(self, text: LiteralString | bytes, values: Any) -> Rows:
        if self._reader is None:
            self._is_reached = False
            self._reader = await connect(self._place)
            self._is_reached = True
        try:
            cursor = await self._reader.execute(text, values)
            return await cursor.fetchall()
        except BaseException:
            self._end_reader()
            raise

    def _end_writer(self) -> None:
        if self._writer is not None:
            self._writer.pgconn.finish()
        self._writer = None

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.pgconn.finish()
        self._reader = None

    def _end_blocking(self) -> None:
        if self._blocking is not None:
            self._blocking.close()
        self._blocking = None


async def _round_trip(connection: psycopg.AsyncConnection[Any], steps: Sequence[SqlStep]) -> list[Rows]:
    """Send all these at once, and give what each of them finds."""
    async with connection.pipeline():
        cursors = [await connection.execute(*each) for each in steps]
    return [await each.fetchall() if each.description else () for each in cursors]


def _never_sent(record: Record) -> Waiting:
    """The closing of an entry that may be in the database, although the write was reported as failed."""
    closing = Closing(
        "not done", message="Not sent: the journal's connection was lost while this entry was being opened."
    )
    return Waiting(Addition(payload_of(closing, ()), record.number, record.hash))


def _after(steps: Transaction, found: Sequence[Rows]) -> Sequence[SqlStep] | None:
    """What a transaction does next, if it does anything."""
    try:
        return steps.send(found)
    except StopIteration:
        return None
