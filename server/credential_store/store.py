"""Where the credentials of callers are kept: a file beside a journal in SQLite, a table in PostgreSQL.

SQLAlchemy and the cipher are imported at the first use.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..journal.files import create_file, keep_private
from ..services.account import Account
from ..settings.journal_place import JournalPlace, journal_place, keeps_journal
from ..settings.settings import Settings
from ..settings.settings_error import SettingsError
from .sealing import CannotOpen, CredentialSeal

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

__all__ = ["CredentialStore", "StoreFault", "Stored", "open_store"]

_WAIT_SECONDS = 5


class StoreFault(Exception):  # noqa: N818 - the state of the store, not a programming error
    """The credentials cannot be read or written just now; the message is one line without secrets."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a caller. `account` is None where it cannot be opened.

    `is_newest`: it is sealed with the newest key.
    """

    subject: str
    changed: str
    account: Account | None
    is_newest: bool


def open_store(settings: Settings) -> CredentialStore:
    """The store beside the journal of these settings.

    Raises:
        SettingsError: there is no such place, or no keys to seal with.
    """
    if settings.seal_keys is None:
        raise SettingsError(
            "DOCREVIEW_SEAL_KEYS: expected keys, because stored credentials are sealed with them; create one"
            " with openssl rand -base64 32"
        )
    place = journal_place(settings.journal, sandbox=False) if keeps_journal(settings.journal) else None
    if place is None or (place.file is None and not place.url):
        raise SettingsError(
            "DOCREVIEW_JOURNAL: expected a file or PostgreSQL, because credentials are stored beside the"
            " journal"
        )
    keys = [b64decode(each) for each in settings.seal_keys.get_secret_value().split(",")]
    return CredentialStore(place, CredentialSeal(keys))


class CredentialStore:
    """The stored credentials. Every method blocks and raises `StoreFault`; several threads may call them."""

    def __init__(self, place: JournalPlace, seal: CredentialSeal) -> None:
        self._seal = seal
        self._url = place.url
        self._file = None if place.file is None else place.file.with_name(f"{place.file.name}.credentials")
        self._engine: Engine | None = None
        self._has_table = False
        self._lock = Lock()

    @property
    def shown(self) -> str:
        """Where it is, in words without a password."""
        return "in PostgreSQL" if self._file is None else str(self._file)

    def close(self) -> None:
        """Give back the connections. The next use makes new ones."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None
            self._has_table = False

    def put(self, subject: str, account: Account) -> None:
        """Store the credentials of a caller in place of those that were stored."""
        from sqlalchemy import delete, insert

        table, sealed = _table(), self._seal.sealed(subject, account)
        changed = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.subject == subject))
            connection.execute(insert(table).values(subject=subject, sealed=sealed, changed=changed))

    def remove(self, subject: str) -> bool:
        """Forget the credentials of a caller; False if there were none."""
        from sqlalchemy import delete

        with self._writing() as connection:
            table = _table()
            return connection.execute(delete(table).where(table.c.subject == subject)).rowcount > 0

    def find(self, subject: str) -> Stored | None:
        """What is stored for a caller; None if nothing is."""
        from sqlalchemy import select

        table = _table()
        rows = self._rows(select(table).where(table.c.subject == subject))
        return self._stored(*rows[0]) if rows else None

    def every(self) -> list[Stored]:
        """What is stored for all callers, in the order of their names."""
        from sqlalchemy import select

        table = _table()
        return [self._stored(*row) for row in self._rows(select(table).order_by(table.c.subject))]

    def _stored(self, subject: str, sealed: str, changed: str) -> Stored:
        try:
            account, is_newest = self._seal.opened(subject, sealed)
        except CannotOpen:
            return Stored(subject, changed, None, is_newest=False)
        return Stored(subject, changed, account, is_newest)

    def _rows(self, chosen: Any) -> list[Any]:
        from sqlalchemy import inspect

        with self._faults("read"):
            if self._file is not None and not self._file.exists():
                return []
            with self._connected().connect() as connection:
                if not self._has_table:
                    self._has_table = inspect(connection).has_table(_table().name)
                return list(connection.execute(chosen).all()) if self._has_table else []

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        from sqlalchemy import inspect

        with self._faults("written"):
            if self._file is not None and not self._file.exists():
                create_file(self._file)
            with self._connected().begin() as connection:
                if self._file is not None:
                    _table().create(connection, checkfirst=True)
                elif not inspect(connection).has_table(_table().name):
                    raise StoreFault(
                        f"the stored credentials ({self.shown}) have no table: run docreview-mcp migrate"
                    )
                yield connection

    def _connected(self) -> Engine:
        with self._lock:
            if self._engine is None:
                if self._file is not None:
                    keep_private(self._file)
                self._engine = _engine(self._url, self._file)
            return self._engine

    def _faults(self, done: str) -> AbstractContextManager[None]:
        from ..journal.faults import database_faults

        what = f"the stored credentials ({self.shown}) cannot be {done}"
        return database_faults(what, self._url, self.close, lambda message, _: StoreFault(message))


def _table() -> Table:
    from .table import CREDENTIALS

    return CREDENTIALS


def _engine(url: str, file: Path | None) -> Engine:
    from sqlalchemy import URL, create_engine, make_url

    if file is not None:
        place = URL.create("sqlite", database=str(file))
        return create_engine(place, connect_args={"timeout": _WAIT_SECONDS}, hide_parameters=True)
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        # Without an encoding, a database in SQL_ASCII gives bytes.
        connect_args={"connect_timeout": _WAIT_SECONDS, "client_encoding": "utf8"},
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,
        hide_parameters=True,
    )
