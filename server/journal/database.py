"""The journal's tables in SQLite or PostgreSQL. Imported at the first use, as SQLAlchemy is slow to load.

Records are only ever added, one transaction each, one after the other across all processes: SQLite by `BEGIN
IMMEDIATE`, PostgreSQL by an advisory lock (a role that may only read and add can take it).
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Select,
    StaticPool,
    String,
    Table,
    Text,
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
from sqlalchemy.exc import SQLAlchemyError

from ...schemas import JsonObject
from ...tools.guards.journal import Entry, JournalFault, LookFirst
from ...tools.redaction import without_secrets
from ..journal_place import JournalPlace, journal_passwords
from .marks_table import MARKS_METADATA, Run, Statement
from .records import FIRST, Kind, Record, chained, entry_of, word, words

__all__ = ["JournalBusy", "JournalDatabase"]

_METADATA = MetaData()
_RECORDS = Table(
    "docreview_records",
    _METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entry", Integer, nullable=False, index=True),
    Column("kind", String(6), nullable=False),
    Column("at", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
_WORDS = Table(
    "docreview_words",
    _METADATA,
    Column("word", String(32), primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The index by which entries are found. It says nothing that the records do not; so it is not chained."""

_ROWS = 500
_MAX_NUMBER = 2**31 - 1
"""The greatest number that the tables can hold."""

_LOCK = select(
    func.set_config("lock_timeout", bindparam("wait"), True), func.pg_advisory_xact_lock(0x646F63726576)
)
_OPENED = select(_RECORDS.c.number).where(
    _RECORDS.c.number == bindparam("entry"), _RECORDS.c.kind == "opened"
)
_LAST = select(_RECORDS).order_by(_RECORDS.c.number.desc()).limit(1)
_LAST_OF_CALL = (
    select(_WORDS.c.entry).where(_WORDS.c.word == bindparam("word")).order_by(_WORDS.c.entry.desc()).limit(1)
)
_OF_ENTRY = select(_RECORDS).where(_RECORDS.c.entry == bindparam("entry")).order_by(_RECORDS.c.number)
_EARLIER = (
    select(_RECORDS)
    .where(_RECORDS.c.number < bindparam("before"))
    .order_by(_RECORDS.c.number.desc())
    .limit(_ROWS)
)
_ADD = insert(_RECORDS)
_ADD_WORDS = insert(_WORDS)
_NEXT = select(_RECORDS).where(_RECORDS.c.number > bindparam("last")).order_by(_RECORDS.c.number).limit(_ROWS)


def _as_sqlite(statement: Statement) -> tuple[str, Mapping[str, Any]]:
    """A statement as the driver takes it, with the values that stand in it."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


_IN_SQLITE: Mapping[Statement, tuple[str, Mapping[str, Any]]] = {
    statement: _as_sqlite(statement)
    for statement in (_OPENED, _LAST, _LAST_OF_CALL, _OF_ENTRY, _EARLIER, _ADD, _ADD_WORDS)
}
"""The statements of a write as the driver takes them, with the values that stand in them."""

_READ_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError, ImportError, ValueError)


class JournalBusy(Exception):  # noqa: N818 - the next try waits
    """Another process writes just now, and this write was not to wait."""


class JournalDatabase:
    """The tables at one place. Not for two threads at once. Every method raises `JournalFault`.

    After a fault the next use begins anew, so that the journal works again as soon as its place does.
    """

    def __init__(self, place: JournalPlace) -> None:
        self._place = place
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
                raise JournalFault(f"The journal {self._place.shown} has no entry {entry} to close.")
            if look is not None:
                look(_View(run))
            last = run(_LAST, {})
            record = chained(Record(*last[0]) if last else FIRST, entry, kind, payload)
            run(_ADD, record._asdict())
            if entry is None:
                run(_ADD_WORDS, [{"word": word, "entry": record.number} for word in sorted(words(payload))])
            return record.number

    def records_of(self, entries: Collection[int]) -> dict[int, list[Record]]:
        """Entry → its records, the opening one first. Entries that there are not are left out."""
        chosen = select(_RECORDS).where(_RECORDS.c.entry.in_(entries)).order_by(_RECORDS.c.number)
        found: dict[int, list[Record]] = defaultdict(list)
        for row in self._rows(chosen) if entries else ():
            record = Record(*row)
            if record.number == record.entry or record.entry in found:
                found[record.entry].append(record)
        return dict(found)

    def newest(self, every_word: Collection[str], *, before: int, limit: int) -> list[int]:
        """The newest entries that every one of these words finds, older than `before` if it is not 0."""
        if every_word:
            column = _WORDS.c.entry
            chosen = select(column).where(_WORDS.c.word.in_(every_word))
            if len(every_word) > 1:
                chosen = chosen.group_by(column).having(func.count() == len(every_word))
        else:
            column = _RECORDS.c.number
            chosen = select(column).where(_RECORDS.c.kind == "opened")
        if before:
            chosen = chosen.where(column < before)
        return [number for (number,) in self._rows(chosen.order_by(column.desc()).limit(limit))]

    def after(self, number: int) -> list[int]:
        """The next entries after this one, the oldest first; not all, unless there are few."""
        chosen = select(_RECORDS.c.number).where(_RECORDS.c.kind == "opened", _RECORDS.c.number > number)
        return [found for (found,) in self._rows(chosen.order_by(_RECORDS.c.number).limit(_ROWS))]

    def found_by(self, any_word: Collection[str]) -> dict[str, list[int]]:
        """Word → the entries found by it, the newest first."""
        chosen = select(_WORDS).where(_WORDS.c.word.in_(any_word)).order_by(_WORDS.c.entry.desc())
        found: dict[str, list[int]] = defaultdict(list)
        for found_by, entry in self._rows(chosen) if any_word else ():
            found[found_by].append(entry)
        return found

    def every_record(self) -> Iterator[Record]:
        """All records, ordered by number."""
        last = FIRST
        while rows := self._rows(_NEXT, {"last": last.number}):
            for row in rows:
                last = Record(*row)
                yield last

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
                    self._has_tables = inspect(connection).has_table(_RECORDS.name)
                yield connection if self._has_tables else None

    @contextmanager
    def _writing(self, *, waits: bool) -> Generator[Run]:
        """A transaction that no other process writes beside."""
        with self._faults("written"):
            if self._place.file is not None and not self._place.file.exists():
                self.stop()
                _create(self._place)
            engine = self._connected()
            if not self._has_tables:
                if self._place.file is not None:
                    _use_write_ahead_log(engine)
                with engine.connect().execution_options(writes=True) as connection, connection.begin():
                    self._lock(connection)
                    _METADATA.create_all(connection)
                    MARKS_METADATA.create_all(connection)
                self._has_tables = True
            wait = self._place.wait if waits else 0
            with self._in_postgresql(engine) if self._place.url else _in_sqlite(engine, wait) as run:
                yield run

    @contextmanager
    def _in_postgresql(self, engine: Engine) -> Generator[Run]:
        with engine.connect() as connection, connection.begin():
            self._lock(connection)

            def run(statement: Statement, values: dict[str, Any] | list[dict[str, Any]]) -> Sequence[Any]:
                result = connection.execute(statement, values)
                return result.all() if result.returns_rows else ()

            yield run

    def _lock(self, connection: Connection) -> None:
        """Keep other processes from writing until the transaction ends. SQLite does so by how it begins."""
        if self._place.url:
            connection.execute(_LOCK, {"wait": f"{int(self._place.wait * 1000)}ms"})

    def _connected(self) -> Engine:
        """The engine, made anew if another file is there now: what goes into a removed file is lost."""
        if self._place.file is not None:
            found = self._place.file.stat()
            if self._file != (found.st_dev, found.st_ino):
                self.stop()
            self._file = (found.st_dev, found.st_ino)
        if self._engine is None:
            self._engine = _engine(self._place)
        return self._engine

    @contextmanager
    def _faults(self, done: str) -> Generator[None]:
        try:
            yield
        except _READ_ERRORS as error:
            self.stop()
            why = without_secrets(_why(error), journal_passwords(self._place.url))
            raise JournalFault(f"The journal {self._place.shown} cannot be {done}: {why}.") from None


class _View:
    """The journal inside the transaction of a write. Implements `JournalView`."""

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
        before = _MAX_NUMBER
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


def _create(place: JournalPlace) -> None:
    """For this user alone; SQLite gives the files beside it the same mode."""
    assert place.file is not None
    place.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(place.file, os.O_CREAT | os.O_RDWR, 0o600))


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


_KINDS: Sequence[tuple[type[BaseException], Callable[[Any], str]]] = (
    (ModuleNotFoundError, lambda error: f"{error.name} is not installed; install docreview-mcp[postgresql]"),
    (OSError, lambda error: error.strerror or type(error).__name__),
    (ValueError, lambda error: type(error).__name__),
)


def _why(error: BaseException) -> str:
    """One line of what the driver or the system says, never a statement or its values."""
    cause = getattr(error, "orig", None) or error
    for kind, told in _KINDS:
        if isinstance(cause, kind):
            return told(cause)
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
