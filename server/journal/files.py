"""The file of a SQLite journal: for its user alone, as it holds what stands in documents."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

__all__ = ["NotPrivate", "create_file", "keep_private"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BESIDE = ("", "-wal", "-shm")
"""The journal's file itself, and what SQLite keeps beside it."""


class NotPrivate(OSError):  # noqa: N818 - the state of the file, as its reader sees it
    """Others may use the file, and that cannot be changed; the message says so in a line."""


def create_file(file: Path) -> None:
    """Make the file and the folders that are missing above it. SQLite gives the files beside it its mode.

    Raises:
        OSError: it cannot be made there.
    """
    for folder in reversed(list(_missing(file.parent))):
        folder.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def keep_private(file: Path) -> None:
    """Take away what others than the user may do with the file and those beside it.

    Raises:
        NotPrivate: it cannot be taken away, as where the file is somebody else's.
    """
    if os.name == "nt":
        return
    for each in (file.with_name(file.name + end) for end in _BESIDE):
        # SQLite makes and removes the files beside the journal as it needs them.
        with suppress(FileNotFoundError):
            found = each.stat()
            # A folder or device that was named by mistake is none of ours to change.
            if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS:
                _close_to_others(each, stat.S_IMODE(found.st_mode))


def _close_to_others(file: Path, mode: int) -> None:
    try:
        file.chmod(0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotPrivate(
            f"other users can access {file.name} (mode {mode:04o}), and its permissions cannot be restricted"
            f" ({error.strerror})"
        ) from error


def _missing(folder: Path) -> Iterator[Path]:
    """The folders that are not there, the innermost first."""
    return takewhile(lambda each: not each.exists(), (folder, *folder.parents))
