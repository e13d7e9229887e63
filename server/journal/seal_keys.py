"""The keys that seal confirmation codes: those of a setting, or one in a file beside the journal."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex

from ...tools.journal.entries import JournalFault
from ..new_files import whole_or_none
from ..settings.journal_place import journal_place, keeps_journal
from ..settings.settings import Settings
from .files import close_to_others, create_folder

__all__ = ["seal_keys"]

_KEY_BYTES = 32


def seal_keys(settings: Settings) -> Callable[[], Sequence[bytes]] | None:
    """What gives the lasting keys, the newest first, when they are needed; None where there are none."""
    if settings.seal_keys is not None:
        given = settings.seal_keys.get_secret_value().split(",")
        return lambda: tuple(b64decode(each) for each in given)
    if not keeps_journal(settings.journal):
        return None
    file = journal_place(settings.journal, sandbox=settings.sandbox).file
    return None if file is None else lambda: (_key_in(file.with_name(f"{file.name}.key")),)


def _key_in(path: Path) -> bytes:
    """The key in this file, which is made for this user alone where there is none.

    Raises:
        JournalFault: it cannot be read or made, or others can read it.
    """
    try:
        create_folder(path.parent)
        if not path.exists():
            _make(path)
        close_to_others(path)
        key = path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise JournalFault(f"The key for confirmation codes, {path}, cannot be used: {why}.") from None
    if len(key) != _KEY_BYTES:
        raise JournalFault(
            f"The key for confirmation codes, {path}, is damaged; delete it, and a new one will be created."
        )
    return key


def _make(path: Path) -> None:
    """Written in full before it has its name, so that another process never reads half of it."""
    # A name of its own: what a process leaves that is killed here is in nobody's way.
    new = path.with_name(f"{path.name}.{token_hex(4)}.new")
    _write_new(new)
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:
        # Some file systems, such as those of memory cards and network drives, have no links.
        with suppress(FileExistsError):
            _write_new(path)
    finally:
        new.unlink()


def _write_new(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with whole_or_none(path), os.fdopen(descriptor, "wb") as stream:
        stream.write(token_bytes(_KEY_BYTES))
