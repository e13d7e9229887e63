"""The journal's tables in SQLite. Imported at the first use, as SQLAlchemy is slow to load.

Records are only ever added, one transaction each, one after the other in all processes: `BEGIN IMMEDIATE`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    StaticPool,
    bindparam,
    create_engine,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError

from ..settings.journal_place import JournalPlace
from .derived import add_words_of_callers, rebuild_words
from .faults import database_faults, journal_fault
from .files import create_file, keep_private
from .record_store import Addition, NoSuchEntry, Rows
from .records import FIRST, JournalKey, Kind, Record, chained, words
from .tables import METADATA, RECORDS, WORDS, Query, Run, Statement
from .view import OF_VIEW, view_for

__all__ = ["JournalBusy", "SqliteDatabase"]

_OPENED = select(RECORDS.c.hash).where(RECORDS.c.number == bindparam("entry"), RECORDS.c.kind == "opened")
_LAST = select(RECORDS).order_by(RECORDS.c.number.desc()).limit(1)
_ADD = insert(RECORDS)
_ADD_WORDS = insert(WORDS)


def _as_sqlite(statement: Statement) -> tuple[str, Mapping[str, Any]]:
    """A statement as the driver takes it, with the values that stand in it."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


_IN_SQLITE: Mapping[Statement, tuple[str, Mapping[str, Any]]] = {
    statement: _as_sqlite(statement) for statement in (_OPENED, _LAST, *OF_VIEW, _ADD, _ADD_WORDS)
}
"""The statements of a write as the driver takes them, with the values that stand in them."""


_INDEX_VERSION = 1
"""Kept in the file as SQLite's `user_version`: with 1, entries are found by their user and their tool."""


class JournalBusy(Exception):  # noqa: N818 - the next try waits
    """Another process writes just now, and this write was not to wait."""


class SqliteDatabase:
    """The tables at one place. Not for two threads at once. Every method raises `JournalFault`.

    After a fault the next use begins anew, so that the journal works again as soon as its place does. With a
    `key`, records are chained by it.
    """

    def __init__(self, place: JournalPlace, key: JournalKey | None = None) -> None:
        self._place = place
        self._key = key
        self._engine: Engine | None = None
        self._driver: sqlite3.Connection | None = None
        self._wait = -1.0
        self._has_tables = False
        self._file: tuple[int, int] | None = None

    @property
    def is_at_hand(self) -> bool:
        """Whether a record can be added without anything that has to be made first."""
        return self._has_tables

    def append(self, addition: Addition, *, waits: bool = True) -> Record:
        """Add a record.

        Its look comes first, while nobody else can write; what it raises leaves the journal as it is.

        Raises:
            JournalBusy: another process writes, and this call was not to wait.
        """
        entry, payload, look = addition.entry, addition.payload, addition.look
        with self._writing(waits=waits) as run:
            opened = run(_OPENED, {"entry": entry}) if entry is not None else [("",)]
            if not opened or addition.opened_as not in ("", opened[0][0]):
                raise NoSuchEntry(f"The journal {self._place.shown} has no entry {entry} to close.")
            if look is not None:
                look.judge(view_for(look, payload, run))
            last = run(_LAST, {})
            kind: Kind = "opened" if entry is None else "closed"
            record = chained(Record(*last[0]) if last else FIRST, entry, kind, payload, self._key)
            run(_ADD, record._asdict())
            if entry is None:
                run(_ADD_WORDS, [{"word": word, "entry": record.number} for word in sorted(words(payload))])
            return record

    def rows(self, query: Query) -> Rows:
        """What a query finds."""
        with self._reading() as connection:
            if connection is None:
                return ()
            return connection.execute(query.chosen, dict(query.values)).all()

    @contextmanager
    def marking(self) -> Generator[Run]:
        """A transaction for the marks, beside which nobody writes."""
        with self._writing(waits=True) as run:
            yield run

    def rebuild_index(self) -> int:
        """Make the index of entries anew, and give the number of entries in it."""
        with self._reading() as connection:
            if connection is None:
                return 0
        with self._faults("changed"):
            engine = self._connected()
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                return rebuild_words(connection)

    def stop(self) -> None:
        """Give back the connection. The next use makes a new one."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._driver = None
        self._has_tables = False

    @contextmanager
    def _reading(self) -> Generator[Connection | None]:
        """A connection to read by; None where nothing was written yet."""
        with self._faults("read"):
            if self._place.file is not None and not self._place.file.exists():
                self.stop()
                yield None
                return
            engine = self._connected()
            has_records = self._has_tables or self._has_records(engine)
            with engine.connect() as connection:
                yield connection if has_records else None

    def _has_records(self, engine: Engine) -> bool:
        """Whether there is something to read. What an earlier version made is brought to this version."""
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            is_indexed = _index_version(connection) >= _INDEX_VERSION
        self._has_tables = is_indexed and there >= METADATA.tables.keys()
        if RECORDS.name in there and not self._has_tables:
            # Somebody who may not write reads it as it is.
            with suppress(OperationalError):
                self._make_tables(engine)
        return RECORDS.name in there

    def _make_tables(self, engine: Engine) -> None:
        """Make what there is not yet: tables, and words in the index."""
        if self._place.file is not None:
            _use_write_ahead_log(engine)
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            METADATA.create_all(connection)
            if _index_version(connection) < _INDEX_VERSION:
                add_words_of_callers(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={_INDEX_VERSION}")
        self._has_tables = True

    @contextmanager
    def _writing(self, *, waits: bool) -> Generator[Run]:
        """A transaction that no other process writes beside."""
        with self._faults("written"):
            try:
                engine = self._connected()
            except FileNotFoundError:
                assert self._place.file is not None
                self.stop()
                create_file(self._place.file)
                engine = self._connected()
            if not self._has_tables:
                self._make_tables(engine)
            with self._transaction(engine, self._place.wait if waits else 0) as run:
                yield run

    @contextmanager
    def _transaction(self, engine: Engine, wait: float) -> Generator[Run]:
        """By the driver alone: every write waits for this, and SQLAlchemy takes longer for it than SQLite."""
        if self._driver is None:
            # The one connection of the engine, which keeps it until it is disposed of.
            with closing(engine.raw_connection()) as connection:
                self._driver = cast("sqlite3.Connection", connection.driver_connection)
            self._wait = -1.0
        driver = self._driver
        if self._wait != wait:
            driver.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
            self._wait = wait
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not wait and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise JournalBusy from None
            raise
        try:
            yield partial(_run, driver)
            driver.execute("COMMIT")
        except BaseException:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            raise

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

    def _faults(self, done: str) -> AbstractContextManager[None]:
        return database_faults(
            f"The journal {self._place.shown} cannot be {done}", self._place.url, self.stop, journal_fault
        )


def _engine(place: JournalPlace) -> Engine:
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


def _run(
    driver: sqlite3.Connection, statement: Statement, values: dict[str, Any] | list[dict[str, Any]]
) -> Sequence[Any]:
    text, given = _IN_SQLITE.get(statement) or _as_sqlite(statement)
    if isinstance(values, list):
        driver.executemany(text, values)
        return ()
    return driver.execute(text, {**given, **values}).fetchall()


def _index_version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


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
