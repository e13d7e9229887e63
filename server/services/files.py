"""Which local files may be sent to a service, and where downloads are put."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from ...tools import NOTHING_SENT, FileSource, ToolFailure
from ..new_files import whole_or_none
from ..settings.settings import Settings
from .given_files import decoded_base64, found_path, plain_name

__all__ = ["MAX_BYTES", "FileAccess", "default_folders"]

MAX_BYTES = 25 * 1024 * 1024
"""The largest file that is sent, in bytes."""

_MAX_SPELLING = 1.5
"""The most characters of base64 for a byte, line ends and the start of a data address included."""


def default_folders() -> tuple[Path, ...]:
    """Documents, Downloads, Desktop, and the working directory unless it is `/` or the home itself."""
    home = _home()
    folders = [] if home is None else [home / name for name in ("Documents", "Downloads", "Desktop")]
    try:
        here = Path.cwd().resolve()
    except OSError:
        return tuple(folders)  # The folder that the host started us in was deleted since.
    if here not in (Path(here.anchor), None if home is None else home.resolve()):
        folders.append(here)
    return tuple(folders)


def _home() -> Path | None:
    """The user's home directory; None where there is none, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


class FileAccess:
    """The rules for files: allowed folders with links resolved, nothing hidden, at most 25 MB.

    Without `local` (a server that others reach over the network) no path of this machine is read or written.
    """

    def __init__(self, settings: Settings, *, local: bool = True) -> None:
        self._local = local
        given = settings.files
        self._folders = tuple(_resolved(folder) for folder in (default_folders() if given is None else given))
        self._downloads = settings.downloads or (_home() or Path()) / "Downloads" / "docreview"

    @property
    def is_local(self) -> bool:
        """Whether the server runs on its one user's machine, whose files it may use."""
        return self._local

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that files may come from, links resolved."""
        return self._folders

    @property
    def downloads(self) -> Path:
        """Where downloads are saved."""
        return self._downloads

    def fault(self, file: FileSource, file_types: Sequence[str] = ()) -> str:
        """Why this file may not be sent; empty if it may. `file_types` are endings without a dot."""
        try:
            with self.open(file, file_types):
                return ""
        except ToolFailure as failure:
            return failure.message.rstrip(".")

    def content_of(self, file: FileSource) -> str:
        """The size and the SHA-256 of a file, by which its content is known again.

        Raises:
            ToolFailure: the file may not be sent, or cannot be read.
        """
        with self.open(file) as (_, stream):
            content = stream.read()
        return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"

    @contextmanager
    def open(self, file: FileSource, file_types: Sequence[str] = ()) -> Generator[tuple[str, BinaryIO]]:
        """The file's name and its content, opened for reading. What is checked is what was opened.

        Raises:
            ToolFailure: the file may not be sent, or cannot be read.
        """
        if not file.path:
            if reason := _content_fault(file) or _type_fault(
                "file_name", Path(plain_name(file.file_name)), file_types
            ):
                raise _refused(reason)
            yield plain_name(file.file_name), io.BytesIO(decoded_base64(file.content_base64))
            return
        with ExitStack() as opened:
            try:
                name, stream = self._opened(file.path, file_types)
            except (OSError, ValueError, RuntimeError) as error:
                raise _refused(f"file_path: {file.path!r} cannot be read ({error})") from None
            opened.enter_context(stream)
            yield name, stream

    def save(self, file_name: str, content: bytes) -> str | None:
        """Store a download under a name that is not taken yet; None where this server may not save files.

        Raises:
            ToolFailure: the folder cannot be written.
        """
        if not self._local:
            return None
        try:
            self._downloads.mkdir(parents=True, exist_ok=True)
            for target in _free_names(self._downloads / file_name):
                try:
                    stream = target.open("xb")
                except FileExistsError:
                    continue
                with whole_or_none(target), stream:
                    stream.write(content)
                return str(target)
        except OSError as error:
            raise ToolFailure(
                "not_allowed",
                f"The file was downloaded but cannot be saved under {self._downloads} ({error.strerror}).",
                next_step="The user has to set DOCREVIEW_DOWNLOADS to a writable folder.",
            ) from None
        return None

    def _opened(self, given: str, file_types: Sequence[str]) -> tuple[str, BinaryIO]:
        """The name and content of a local file.

        Raises:
            ToolFailure: the file may not be sent.
            OSError, ValueError, RuntimeError: it cannot be opened.
        """
        if not self._local:
            raise _refused("file_path: this server reads no local files; expected file_base64 and file_name")
        path = found_path(given).resolve()
        inside = next((folder for folder in self._folders if path.is_relative_to(folder)), None)
        if inside is None:
            allowed = ", ".join(str(folder) for folder in self._folders) or "none"
            raise _refused(
                f"file_path: {given!r} is outside the allowed folders ({allowed}); the user can allow other"
                " folders with DOCREVIEW_FILES"
            )
        if any(part.startswith(".") for part in path.relative_to(inside).parts):
            raise _refused(
                f"file_path: {given!r} is hidden or in a hidden folder; hidden files are never sent"
            )
        if reason := _type_fault("file_path", path, file_types):
            raise _refused(reason)
        try:
            stream = os.fdopen(_opened_inside(inside, path), "rb")
        except FileNotFoundError:
            raise _refused(f"file_path: {given!r} does not exist") from None
        except IsADirectoryError:
            raise _refused(f"file_path: {given!r} is not a file") from None
        about = os.fstat(stream.fileno())
        reason = "" if stat.S_ISREG(about.st_mode) else f"file_path: {given!r} is not a file"
        if reason := reason or _size_fault("file_path", about.st_size):
            stream.close()
            raise _refused(reason)
        return path.name, stream


def _opened_inside(folder: Path, path: Path) -> int:
    """A descriptor of a file inside a folder, of which every link is resolved already.

    One step after the other is opened, and none may be a link: where somebody put one meanwhile, this fails.

    Raises:
        OSError: it cannot be opened, or its path contains a link.
    """
    # Without waiting, as for somebody who writes into a pipe.
    reading = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if os.open not in os.supports_dir_fd:
        return _opened_and_compared(path, reading)
    *folders, name = path.relative_to(folder).parts or (".",)
    passing = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
    within = os.open(folder, passing)
    try:
        for step in folders:
            inner = os.open(step, passing, dir_fd=within)
            os.close(within)
            within = inner
        return os.open(name, reading | os.O_NOFOLLOW, dir_fd=within)
    finally:
        os.close(within)


def _opened_and_compared(path: Path, flags: int) -> int:
    """A descriptor where steps cannot be opened one by one: the path still has to lead to what was opened."""
    descriptor = os.open(path, flags)
    if path.resolve() != path or not os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False)):
        os.close(descriptor)
        raise OSError(errno.ELOOP, "a link took its place")
    return descriptor


def _refused(reason: str) -> ToolFailure:
    return ToolFailure(
        "invalid_arguments", f"{reason}.", happened=NOTHING_SENT, next_step="Name another file."
    )


def _content_fault(file: FileSource) -> str:
    name = plain_name(file.file_name)
    if not name or name.startswith("."):
        return "file_name: expected a name that does not start with a dot"
    if len(file.content_base64) > MAX_BYTES * _MAX_SPELLING:
        return f"file_base64: the file is larger than the maximum of {MAX_BYTES} bytes"
    try:
        content = decoded_base64(file.content_base64)
    except ValueError:
        return "file_base64: got text that is not base64"
    return _size_fault("file_base64", len(content))


def _type_fault(name: str, path: Path, file_types: Sequence[str]) -> str:
    ending = path.suffix.lower().lstrip(".")
    if not file_types or ending in file_types:
        return ""
    return f"{name}: got a .{ending} file, expected one of {', '.join(file_types)}"


def _size_fault(name: str, size: int) -> str:
    if size > MAX_BYTES:
        return f"{name}: the file has {size} bytes, the maximum is {MAX_BYTES}"
    return "" if size else f"{name}: the file is empty"


def _resolved(path: Path) -> Path:
    """The path with links resolved; as it is where the working directory does not exist any more."""
    try:
        return path.expanduser().resolve()
    except OSError:
        return path.expanduser()


def _free_names(wanted: Path) -> Iterator[Path]:
    yield wanted
    for number in range(2, 10_000):
        yield wanted.with_stem(f"{wanted.stem} ({number})")
