"""What the driver or the system says when a database cannot be used: in a line, and whether that passes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ...tools.journal.entries import JournalFault
from ...tools.redaction import without_secrets
from ..settings.journal_place import journal_passwords
from .files import NotPrivate
from .schema_version import WrongTablesError

__all__ = ["READ_ERRORS", "database_faults", "is_away", "journal_fault", "why"]

READ_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError, ImportError, ValueError, WrongTablesError)
"""What using a database may raise."""

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}

_AWAY_STATES = (
    "08",  # the connection was cut or could not be made
    "40",  # another transaction was in the way
    "53300",  # too many connections
    "55P03",  # a lock did not become free in time
    "57P",  # the server stops, was stopped or only starts
)
"""How the SQLSTATE of something that passes begins."""

_REFUSED = "FATAL"
_AWAY_REFUSALS = ("starting up", "shutting down", "recovery", "too many", "not yet accepting", "terminating")
_NOT_SET_UP = ("invalid", "no password supplied", "does not support SSL", "certificate")
"""libpq gives no SQLSTATE when it cannot connect, only a text. A host that is not known may be known again:
the name of a container goes with it."""

_KINDS: Sequence[tuple[type[BaseException], Callable[[Any], str]]] = (
    (ModuleNotFoundError, lambda error: f"{error.name} is not installed; install docreview-mcp[postgresql]"),
    (NotPrivate, str),
    (WrongTablesError, str),
    (OSError, lambda error: error.strerror or type(error).__name__),
    (ValueError, lambda error: type(error).__name__),
)


@contextmanager
def database_faults(
    what: str,
    url: str,
    undo: Callable[[], None],
    failure: Callable[[str, bool], Exception],
    further: tuple[type[Exception], ...] = (),
) -> Generator[None]:
    """Turn what the driver or the system raises into a failure of ours, after `undo`.

    `what` begins the message, such as "The journal cannot be read"; passwords of `url` are removed.
    `failure` makes the exception of the message and of whether waiting may help. `further` errors count too.
    """
    try:
        yield
    except (*READ_ERRORS, *further) as error:
        undo()
        reason = without_secrets(why(error), journal_passwords(url))
        raise failure(f"{what}: {reason}", is_away(error)) from None


def journal_fault(message: str, may_pass: bool) -> JournalFault:
    """The failure of a journal that cannot be used."""
    return JournalFault(f"{message}.", is_away=may_pass)


def why(error: BaseException) -> str:
    """One line of what the driver or the system says, never a statement or its values."""
    cause = _cause(error)
    for kind, reason in _KINDS:
        if isinstance(cause, kind):
            return reason(cause)
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def is_away(error: BaseException) -> bool:
    """Whether the journal is likely to come back by itself: a lock, or a database that restarts."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _LOCKED
    if type(cause).__module__.partition(".")[0] != "psycopg":
        return False
    state = getattr(cause, "sqlstate", None)
    if state:
        return str(state).startswith(_AWAY_STATES)
    text = str(cause)
    if _REFUSED in text:
        return any(each in text for each in _AWAY_REFUSALS)
    return isinstance(cause, _operational()) and not any(each in text for each in _NOT_SET_UP)


def _cause(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _operational() -> type[BaseException]:
    from psycopg import OperationalError

    return OperationalError
