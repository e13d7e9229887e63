"""The journal's tables in SQLite or PostgreSQL. Imported at the first use, as SQLAlchemy is slow to load.

Records are only ever added, one transaction each, one after the other across all processes: SQLite by `BEGIN
IMMEDIATE`, PostgreSQL by an advisory lock (a role that may only read and add can take it).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    StaticPool,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.dialects import sqlite

from ...schemas import JsonObject
from ...tools.journal.entries import JournalFault, LookFirst
from ...tools.redaction import without_secrets
from ..journal_place import JournalPlace, journal_passwords
from .faults import READ_ERRORS, is_away, why
from .files import create_file, keep_private
from .records import FIRST, JournalKey, Kind, Record, chained, words, written
from .tables import METADATA, RECORDS, WORDS, Run, Statement
from .verification import Batch
from .view import OF_VIEW, TransactionView

__all__ = ["JournalBusy", "JournalDatabase", "NoSuchEntry"]

_ROWS = 500
_LOCK = select(
    func.set_config("lock_timeout", bindparam("wait"), True), func.pg_advisory_xact_lock(0x646F63726576)
)
_OPENED = select(RECORDS.c.number).where(RECORDS.c.number == bindparam("entry"), RECORDS.c.kind == "opened")
_LAST = select(RECORDS).order_by(RECORDS.c.number.desc()).limit(1)
_ADD = insert(RECORDS)
_ADD_WORDS = insert(WORDS)
_BEGINNING = select(RECORDS).order_by(RECORDS.c.number).limit(_ROWS)
_NEXT = _BEGINNING.where(RECORDS.c.number > bindparam("last"))
_INDEX = select(WORDS)


def _as_sqlite(statement: Statement) -> tuple[str, Mapping[str, Any]]:
    """A statement as the driver takes it, with the values that stand in it."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


_IN_SQLITE: Mapping[Statement, tuple[str, Mapping[str, Any]]] = {
    statement: _as_sqlite(statement) for statement in (_OPENED, _LAST, *OF_VIEW, _ADD, _ADD_WORDS)
}
"""The statements of a write as the driver takes them, with the values that stand in them."""


class JournalBusy(Exception):  # noqa: N818 - the next try waits
    """Another process writes just now, and this write was not to wait."""


class NoSuchEntry(JournalFault):
    """The entry that was to be closed is not in the journal, and will not come into it."""


class JournalDatabase:
    """The tables at one place. Not for two threads at once. Every method raises `JournalFault`.

    After a fault the next use begins anew, so that the journal works again as soon as its place does. With a
    `key`, records are chained by it.
    """

    def __init__(self, place: JournalPlace, key: JournalKey | None = None) -> None:
        self._place = place
        self._key = key
        self._engine: Engine | None = None
        self._has_tables = False
        self._file: tuple[int, int] | None = None

    @property
    def is_at_hand(self) -> bool:
        """Whether a record can be added without a network, or anything that has to be made first."""
        return self._has_tables and not self._place.url

    def append(
        self,
        kind: Kind,
        entry: int | None,
        payload: JsonObject,
        *,
        waits: bool = True,
        look: LookFirst | None = None,
    ) -> int:
        """Add a record; without an `entry` it opens one. Gives its number.

        `look` comes first, while nobody else can write; what it raises leaves the journal as it is.

        Raises:
            JournalBusy: another process writes, and this call was not to wait.
        """
        with self._writing(waits=waits) as run:
            if entry is not None and not run(_OPENED, {"entry": entry}):
                raise NoSuchEntry(f"The journal {self._place.shown} has no entry {entry} to close.")
            if look is not None:
                look(TransactionView(run))
            last = run(_LAST, {})
            record = chained(Record(*last[0]) if last else FIRST, entry, kind, payload, self._key)
            run(_ADD, record._asdict())
            if entry is None:
                run(_ADD_WORDS, [{"word": word, "entry": record.number} for word in sorted(words(payload))])
            return record.number

    def records_of(self, entries: Collection[int]) -> dict[int, list[Record]]:
        """Entry → its records, the opening one first. Entries that there are not are left out."""
        chosen = select(RECORDS).where(RECORDS.c.entry.in_(entries)).order_by(RECORDS.c.number)
        found: dict[int, list[Record]] = defaultdict(list)
        for row in self._rows(chosen) if entries else ():
            record = Record(*row)
            if record.number == record.entry or record.entry in found:
                found[record.entry].append(record)
        return dict(found)

    def newest(
        self,
        every_word: Collection[str],
        *,
        before: int,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[int]:
        """The newest entries that every one of these words finds, older than `before` if it is not 0.

        Only those opened at `since` or later, and before `until`, where these are given.
        """
        if every_word:
            column = WORDS.c.entry
            chosen = select(column).where(WORDS.c.word.in_(every_word))
            if len(every_word) > 1:
                chosen = chosen.group_by(column).having(func.count() == len(every_word))
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
        return [number for (number,) in self._rows(chosen.order_by(column.desc()).limit(limit))]

    def after(self, number: int) -> list[int]:
        """The next entries after this one, the oldest first; not all, unless there are few."""
        chosen = select(RECORDS.c.number).where(RECORDS.c.kind == "opened", RECORDS.c.number > number)
        return [found for (found,) in self._rows(chosen.order_by(RECORDS.c.number).limit(_ROWS))]

    def found_by(self, any_word: Collection[str]) -> dict[str, list[int]]:
        """Word → the entries found by it, the newest first."""
        chosen = select(WORDS).where(WORDS.c.word.in_(any_word)).order_by(WORDS.c.entry.desc())
        found: dict[str, list[int]] = defaultdict(list)
        for found_by, entry in self._rows(chosen) if any_word else ():
            found[found_by].append(entry)
        return found

    def batches(self) -> Iterator[Batch]:
        """All records from the lowest number on, with what the index says of them.

        The index beyond is looked at before the records, as an entry's words are written together with it.
        """
        entry = WORDS.c.entry
        beyond = self._rows(_INDEX.order_by(entry).limit(1))
        rows = self._rows(_BEGINNING)
        index = _INDEX
        while rows:
            records = [Record(*row) for row in rows]
            last = records[-1].number
            yield records, self._index(index.where(entry <= last))
            index = _INDEX.where(entry > last)
            beyond = self._rows(index.order_by(entry).limit(1))
            rows = self._rows(_NEXT, {"last": last})
        yield (), [(number, word) for word, number in beyond]

    def _index(self, chosen: Select[Any]) -> list[tuple[int, str]]:
        return [(number, word) for word, number in self._rows(chosen)]

    @contextmanager
    def marking(self) -> Generator[Run]:
        """A transaction for the marks, beside which nobody writes."""
        with self._writing(waits=True) as run:
            yield run

    def stop(self) -> None:
        """Give back the connection. The next use makes a new one."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None
        self._has_tables = False

    def _rows(self, chosen: Select[Any], values: Mapping[str, int] | None = None) -> Sequence[Any]:
        with self._reading() as connection:
            return () if connection is None else connection.execute(chosen, values).all()

    @contextmanager
    def _reading(self) -> Generator[Connection | None]:
        """A connection to read by; None where nothing was written yet."""
        with self._faults("read"):
            if self._place.file is not None and not self._place.file.exists():
                self.stop()
                yield None
                return
            with self._connected().connect() as connection:
                if not self._has_tables:
                    self._has_tables = inspect(connection).has_table(RECORDS.name)
                yield connection if self._has_tables else None

    @contextmanager
    def _writing(self, *, waits: bool) -> Generator[Run]:
        """A transaction that no other process writes beside."""
        with self._faults("written"):
            if self._place.file is not None and not self._place.file.exists():
                self.stop()
                create_file(self._place.file)
            engine = self._connected()
            wait = self._place.wait if waits else 0
            if not self._has_tables:
                if self._place.file is not None:
                    _use_write_ahead_log(engine)
                with engine.connect().execution_options(writes=True) as connection, connection.begin():
                    self._lock(connection, wait)
                    METADATA.create_all(connection)
                self._has_tables = True
            with self._in_postgresql(engine, wait) if self._place.url else _in_sqlite(engine, wait) as run:
                yield run

    @contextmanager
    def _in_postgresql(self, engine: Engine, wait: float) -> Generator[Run]:
        with engine.connect() as connection, connection.begin():
            self._lock(connection, wait)

            def run(statement: Statement, values: dict[str, Any] | list[dict[str, Any]]) -> Sequence[Any]:
                result = connection.execute(statement, values)
                return result.all() if result.returns_rows else ()

            yield run

    def _lock(self, connection: Connection, wait: float) -> None:
        """Keep other processes from writing until the transaction ends. SQLite does so by how it begins."""
        if self._place.url:
            # 0 would wait for ever.
            connection.execute(_LOCK, {"wait": f"{max(1, int(wait * 1000))}ms"})

    def _connected(self) -> Engine:
        """The engine, made anew if another file is there now: what goes into a removed file is lost."""
        if self._place.file is not None:
            found = self._place.file.stat()
            if self._file != (found.st_dev, found.st_ino):
                self.stop()
            self._file = (found.st_dev, found.st_ino)
        if self._engine is None:
            if self._place.file is not None:
                keep_private(self._place.file)
            self._engine = _engine(self._place)
        return self._engine

    @contextmanager
    def _faults(self, done: str) -> Generator[None]:
        try:
            yield
        except READ_ERRORS as error:
            self.stop()
            said = without_secrets(why(error), journal_passwords(self._place.url))
            message = f"The journal {self._place.shown} cannot be {done}: {said}."
            raise JournalFault(message, is_away=is_away(error)) from None


def _engine(place: JournalPlace) -> Engine:
    if place.url:
        url = make_url(place.url).set(drivername="postgresql+psycopg")
        return create_engine(
            url,
            connect_args={"connect_timeout": max(2, int(place.wait))},
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
        )
    file = "" if place.file is None else str(place.file)
    engine = create_engine(
        URL.create("sqlite", database=file),
        connect_args={"timeout": place.wait, "check_same_thread": False},
        poolclass=StaticPool,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def _in_sqlite(engine: Engine, wait: float) -> Generator[Run]:
    """By the driver alone: every write waits for this, and SQLAlchemy takes longer for it than SQLite."""
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection

        def run(statement: Statement, values: dict[str, Any] | list[dict[str, Any]]) -> Sequence[Any]:
            text, given = _IN_SQLITE.get(statement) or _as_sqlite(statement)
            if isinstance(values, list):
                driver.executemany(text, values)
                return ()
            return driver.execute(text, {**given, **values}).fetchall()

        driver.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not wait and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise JournalBusy from None
            raise
        try:
            yield run
            driver.execute("COMMIT")
        except BaseException:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            raise
    finally:
        connection.close()


def _leave_transactions_to_us(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    # Outlives the end of any process. Only a power cut may take the last records, and no other harm is done:
    # waiting for the disk would take longer than all else that a write adds.
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _use_write_ahead_log(engine: Engine) -> None:
    """One wait for the disk for each commit instead of several, and readers who hold nobody up."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
