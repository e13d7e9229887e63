"""Makes and changes the journal's tables in PostgreSQL, by Alembic, and checks them before a start."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...tools.journal.entries import JournalFault
from ..settings.journal_place import JournalPlace, journal_place, keeps_journal
from ..settings.settings import Settings
from ..settings.settings_error import SettingsError
from .schema_version import READ_VERSION, SCHEMA_VERSION, VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["check_tables", "migrate_tables", "rebuild_tables"]

_LOCK_NUMBER = 0x646F6372
_SCRIPTS = Path(__file__).with_name("migrations")


def migrate_tables(place: JournalPlace) -> tuple[str | None, str]:
    """Bring the tables of a database to this version. Gives the version before, if there was one, and now.

    A database that an earlier version of docreview made keeps its records. Newer tables stay as they are.

    Raises:
        JournalFault: the database cannot be reached or changed, or a library is missing.
    """
    with _libraries():
        import alembic.command
        from alembic.config import Config

        from .derived import add_words_of_callers, fill_counts
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    with _changing(place) as connection:
        before = _version(connection)
        if before is None or before < SCHEMA_VERSION:
            config.attributes.update(connection=connection, version_table=VERSION_TABLE)
            alembic.command.upgrade(config, "head")
            if before is None or before < "0003":
                fill_counts(connection)
            add_words_of_callers(connection)
        after = _version(connection) or ""
    return before, after


def rebuild_tables(place: JournalPlace) -> int:
    """Make all that is derived from the records of a database anew; gives the number of entries in the index.

    No server writes meanwhile.

    Raises:
        JournalFault: the database cannot be reached or changed, or a library is missing.
    """
    with _changing(place) as connection:
        from sqlalchemy import text

        from .derived import fill_counts, rebuild_words
        from .group_commit import LOCK_NUMBER

        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})"))
        fill_counts(connection)
        return rebuild_words(connection)


def check_tables(settings: Settings) -> None:
    """Refuse to start on tables of another version. One starts while the database is away for now.

    Raises:
        SettingsError: the journal is in PostgreSQL, and its tables are missing or older.
    """
    if not keeps_journal(settings.journal):
        return
    place = journal_place(settings.journal, sandbox=settings.sandbox)
    if not place.url:
        return
    try:
        from .postgresql_connection import connect_now, faults
    except ImportError as error:
        from .faults import why

        raise SettingsError(f"DOCREVIEW_JOURNAL: {why(error)}") from None
    try:
        with faults(place, "used", lambda: None, is_logged=False):
            connect_now(place).close()
    except JournalFault as fault:
        if not fault.is_away:
            raise SettingsError(f"DOCREVIEW_JOURNAL: {str(fault).rstrip('.')}") from None


@contextmanager
def _libraries() -> Generator[None]:
    """Imports that may fail: raises `JournalFault` that says what to install."""
    try:
        yield
    except ImportError as error:
        from .faults import why

        raise JournalFault(f"{why(error)}.") from None


@contextmanager
def _changing(place: JournalPlace) -> Generator[Connection]:
    """A transaction of the owner of the tables, beside which no other one changes them."""
    with _libraries():
        from sqlalchemy import create_engine, make_url, text

        from .postgresql_connection import connection_options, faults
    url = make_url(place.url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, connect_args=connection_options(10), hide_parameters=True)
    with (
        faults(place, "changed", engine.dispose, is_logged=False),
        engine.begin() as connection,
    ):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
        yield connection
    engine.dispose()


def _version(connection: Connection) -> str | None:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(READ_VERSION)).scalar()
    return None if found is None else str(found)
