"""Where the journal of writes is kept, read from the setting without a database library."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = [
    "MAX_WAIT",
    "JournalPlace",
    "check_journal",
    "check_journal_key",
    "journal_key_bytes",
    "journal_passwords",
    "journal_place",
    "keeps_journal",
]

_NONE = "none"
_FILE = "sqlite:///"
_MEMORY = ("sqlite://", "sqlite:///:memory:")
_DATABASE = ("postgresql://", "postgresql+psycopg://")
_WANTED = (
    "expected none, sqlite:///FILE (sqlite:////absolute/path) or postgresql://USER:PASSWORD@HOST/DATABASE"
)
_NO_HOME = "the home directory that ~ stands for is not known"
_ENCODED = "a user name or password with one of @ : / ? # in it must be percent-encoded"

_KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=?")
"""32 bytes in either base64, with or without its padding."""

MAX_WAIT = 5.0
"""Seconds. A person waits for the call, and its time limit is for the service."""


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """A SQLite file, a PostgreSQL database (`url`), or memory if neither.

    `shown` says it without a password. `wait` is the time in seconds to wait for a connection, and for other
    processes that write.
    """

    shown: str
    file: Path | None = None
    url: str = ""
    wait: float = MAX_WAIT


def keeps_journal(journal: str | None) -> bool:
    """Whether this setting keeps a journal at all."""
    return journal != _NONE


def check_journal(value: str) -> str:
    """The setting as it is used. Raises `ValueError` where it is none of the accepted forms."""
    value = value.strip()
    if value.lower() == _NONE:
        return _NONE
    if value in _MEMORY:
        return _MEMORY[0]
    if not value.isprintable() or not (_is_file(value) or _is_database(value)):
        raise ValueError(_WANTED)
    if _is_file(value):
        try:
            Path(value.removeprefix(_FILE)).expanduser()
        except RuntimeError:
            raise ValueError(f"{_WANTED}; {_NO_HOME}") from None
    return value


def check_journal_key(value: str) -> str:
    """The key as it is used. Raises `ValueError`, without the key, where it is not 32 bytes in base64."""
    value = value.strip()
    if not _KEY.fullmatch(value):
        raise ValueError("expected 32 bytes in base64, as `openssl rand -base64 32` prints them")
    return value


def journal_key_bytes(key: str) -> bytes:
    """The 32 bytes of a checked key."""
    return urlsafe_b64decode(key.rstrip("=").replace("+", "-").replace("/", "_") + "=")


def journal_place(journal: str | None, *, sandbox: bool) -> JournalPlace:
    """The place that a checked setting means. None: the user's data directory; in the sandbox, memory."""
    if journal is None and not sandbox:
        from platformdirs import user_data_path

        file = user_data_path("docreview", appauthor=False) / "journal.sqlite"
        return JournalPlace(str(file), file=file)
    if journal is None or journal in _MEMORY:
        return JournalPlace("in memory")
    if journal.startswith(_FILE):
        file = Path(journal.removeprefix(_FILE)).expanduser()
        with suppress(OSError):  # Without a working directory it stays relative; opening it says so.
            file = file.absolute()
        return JournalPlace(str(file), file=file)
    parts = urlsplit(journal)
    database = unquote(parts.path.strip("/")) or "of the user"
    return JournalPlace(f"in PostgreSQL ({database} at {parts.hostname or 'this machine'})", url=journal)


def journal_passwords(journal: str | None) -> tuple[str, ...]:
    """The passwords in the setting, as they are written there and as they are meant."""
    if journal is None or "://" not in journal:
        return ()
    parts = urlsplit(journal)
    written = [parts.password or "", *parse_qs(parts.query).get("password", ())]
    return tuple(dict.fromkeys(form for text in written for form in (text, unquote(text)) if form))


def _is_file(value: str) -> bool:
    return value.startswith(_FILE) and len(value) > len(_FILE) and not set(value) & set("?#")


def _is_database(value: str) -> bool:
    if not value.startswith(_DATABASE):
        return False
    try:
        parts = urlsplit(value)
        is_sound = (parts.port is None or parts.port > 0) and not parts.fragment
        is_sound = is_sound and value.count("@") == parts.netloc.count("@") <= 1
    except ValueError:
        is_sound = False
    if not is_sound:
        raise ValueError(f"{_WANTED}; {_ENCODED}")
    return value not in _DATABASE
