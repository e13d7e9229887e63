"""The files of a SQLite journal and its key: for their user alone, as they hold what stands in documents."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

__all__ = ["NotPrivate", "close_to_others", "create_file", "create_folder", "keep_private"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BESIDE = ("", "-wal", "-shm")
"""The journal's file itself, and what SQLite keeps beside it."""


class NotPrivate(OSError):  # noqa: N818 - the state of the file, as its reader sees it
    """Others may use the file, and that cannot be changed; the message says so in a line."""


def create_folder(folder: Path) -> None:
    """Make a folder and those that are missing above it, all for the user alone.

    Raises:
        OSError: it cannot be made there.
    """
    for each in reversed(list(_missing(folder))):
        each.mkdir(mode=0o700, exist_ok=True)


def create_file(file: Path) -> None:
    """Make the file and the folders that are missing above it. SQLite gives the files beside it its mode.

    Raises:
        OSError: it cannot be made there.
    """
    create_folder(file.parent)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def keep_private(file: Path) -> None:
    """Take away what others than the user may do with the file and those beside it.

    Raises:
        NotPrivate: it cannot be taken away, as where the file is somebody else's.
    """
    # SQLite follows a link, and keeps the files beside what it leads to.
    found = Path(os.path.realpath(file))
    for each in (found.with_name(found.name + end) for end in _BESIDE):
        # SQLite makes and removes the files beside the journal as it needs them.
        with suppress(FileNotFoundError):
            close_to_others(each)


def close_to_others(file: Path) -> None:
    """Take away what others than the user may do with one file.

    Raises:
        FileNotFoundError: it is not there.
        NotPrivate: it cannot be taken away.
    """
    if os.name == "nt":
        return
    mode = file.stat().st_mode
    # A folder or device that was named by mistake is none of ours to change.
    if not stat.S_ISREG(mode) or not mode & _OTHERS:
        return
    try:
        file.chmod(0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotPrivate(
            f"other users can access {file.name} (mode {stat.S_IMODE(mode):04o}), and its permissions cannot"
            f" be restricted ({error.strerror})"
        ) from error


def _missing(folder: Path) -> Iterator[Path]:
    """The folders that are not there, the innermost first."""
    return takewhile(lambda each: not each.exists(), (folder, *folder.parents))
