"""Connections to the journal in PostgreSQL: every wait has a limit, and the tables are of this version."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from ...tools.journal.entries import JournalFault
from ..settings.journal_place import JournalPlace
from .faults import database_faults, journal_fault
from .schema_version import READ_VERSION, WrongTablesError, fault_of_version

__all__ = ["connect", "connect_now", "connect_seconds", "connection_options", "faults", "is_lost"]

_log = logging.getLogger(__name__)

_Connection = psycopg.AsyncConnection[Any] | psycopg.Connection[Any]


def connect_seconds(place: JournalPlace) -> int:
    """The longest that making a connection may take."""
    return max(2, int(place.wait))


def connection_options(seconds: int) -> dict[str, Any]:
    """How every connection is made. Without an encoding, a database in SQL_ASCII gives bytes, not texts."""
    return {"connect_timeout": seconds, "client_encoding": "utf8"}


async def connect(place: JournalPlace) -> psycopg.AsyncConnection[Any]:
    """A connection for the event loop, each statement of it a transaction.

    Raises:
        psycopg.Error: none can be made.
        WrongTablesError: its tables are not those of this version.
    """
    connection = await psycopg.AsyncConnection.connect(
        _url(place), autocommit=True, prepare_threshold=None, **connection_options(connect_seconds(place))
    )
    with _closed_if_it_fails(connection):
        cursor = await connection.execute(READ_VERSION)
        _check(await cursor.fetchall())
    return connection


def connect_now(place: JournalPlace) -> psycopg.Connection[Any]:
    """A connection that blocks, for commands and for the end of a server. Raises as `connect` does."""
    connection = psycopg.connect(
        _url(place), autocommit=True, prepare_threshold=None, **connection_options(connect_seconds(place))
    )
    with _closed_if_it_fails(connection):
        _check(connection.execute(READ_VERSION).fetchall())
    return connection


def is_lost(error: BaseException) -> bool:
    """Whether a connection has ended by itself, as after a restart of the database."""
    return isinstance(error, (errors.AdminShutdown, errors.CrashShutdown, errors.IdleSessionTimeout)) or (
        isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    )


@contextmanager
def faults(
    place: JournalPlace, done: str, undo: Callable[[], None], *, is_logged: bool = True
) -> Generator[None]:
    """Turn what the driver raises into a `JournalFault`, after `undo`.

    A server logs it, because not every caller is told where the database is; commands print it themselves.
    """
    what = f"The journal {place.shown} cannot be {done}"
    failure = _logged if is_logged else journal_fault
    with database_faults(what, place.url, undo, failure, (psycopg.Error,)):
        try:
            yield
        except TimeoutError:
            undo()
            raise failure(f"{what}: the database does not answer in time", True) from None


def _logged(message: str, may_pass: bool) -> JournalFault:
    fault = journal_fault(message, may_pass)
    _log.warning("%s", fault)
    return fault


def _url(place: JournalPlace) -> str:
    return place.url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def _closed_if_it_fails(connection: _Connection) -> Generator[None]:
    try:
        yield
    except errors.UndefinedTable:
        connection.pgconn.finish()
        raise WrongTablesError(fault_of_version(None)) from None
    except BaseException:
        connection.pgconn.finish()
        raise


def _check(rows: Sequence[tuple[Any, ...]]) -> None:
    if fault := fault_of_version(rows[0][0]):
        raise WrongTablesError(fault)
