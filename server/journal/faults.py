"""What the driver or the system says when the journal cannot be used: in a line, and whether that passes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from .files import NotPrivate
from .schema_version import WrongTablesError

__all__ = ["READ_ERRORS", "is_away", "why"]

READ_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError, ImportError, ValueError, WrongTablesError)
"""What using a journal may raise."""

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
