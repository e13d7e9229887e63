"""A host's configuration file: read, changed with a backup, and brought back."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ..new_files import whole_or_none
from .edit import BrokenFile, CannotKeep, Edit
from .hosts import Format, Host
from .json_text import edit_json, read_json
from .toml_text import edit_toml, read_toml, render_toml
from .yaml_text import edit_yaml, read_yaml, render_yaml

__all__ = [
    "Change",
    "bring_back",
    "parsed",
    "planned",
    "read_file",
    "rendered",
    "shown_diff",
    "write",
]

_MAX_BYTES = 20_000_000
_READ: Mapping[Format, Callable[[str], dict[str, object]]] = {
    "json": read_json,
    "toml": read_toml,
    "yaml": read_yaml,
}
_EDIT: Mapping[Format, Callable[[str, Sequence[Edit]], str]] = {
    "json": edit_json,
    "toml": edit_toml,
    "yaml": edit_yaml,
}
_SECRET_LINE = re.compile(
    r"""((?:["'][^"']*|\b\w*)(?:KEY|TOKEN|PASSWORD|SECRET|AUTHORIZATION)\w*["']?\s*[:=]\s*)"""
    r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}]+)""",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"""(://[^\s:/@"']*:)[^\s/@"']+(?=@)""")
_JSON_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
_HASH_COMMENT = re.compile(r"(?:^|[ \t])(#[^\n]*)", re.MULTILINE)
_REFERENCE = re.compile(r"""["']?(?:Bearer )?\$\{?[\w:.-]+\}?["']?""")


@dataclass(frozen=True, slots=True)
class Change:
    """A file with its text before (None where there is no file) and after."""

    file: Path
    before: str | None
    after: str


def read_file(file: Path) -> str | None:
    """The text of a file; None where there is none.

    Raises:
        BrokenFile: it is no UTF-8 text, is too large or cannot be read.
    """
    try:
        if not file.exists():
            return None
        if not file.is_file() or file.stat().st_size > _MAX_BYTES:
            raise BrokenFile("it is not a text file that can be changed")
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenFile("it is not UTF-8 text") from None
    except OSError as error:
        raise BrokenFile(f"it cannot be read ({error.strerror})") from None


def parsed(host: Host, text: str) -> dict[str, object]:
    """What the text of a host's file says.

    Raises:
        BrokenFile: the host could not read it.
        CannotKeep: the library for its format is not installed.
    """
    return _READ[host.format](text)


def planned(host: Host, file: Path, edits_for: Callable[[Mapping[str, object]], list[Edit]]) -> Change:
    """The change of a host's file, checked: read again, it holds what it held, and the entry.

    Raises:
        BrokenFile: the file cannot be read.
        CannotKeep: it cannot be changed without losing something.
    """
    before = read_file(file)
    text = before or ""
    there = _READ[host.format](text)
    edits = edits_for(there)
    after = _EDIT[host.format](text, edits) if edits else text
    if not _says(host, after, _expected(there, edits)):
        raise CannotKeep("its format cannot be edited in place")
    if missing := _comments(text, host.format) - _comments(after, host.format):
        raise CannotKeep(f"a comment would be lost: {sorted(missing)[0][:60]}")
    return Change(file, before, after)


def rendered(host: Host, edits: Sequence[Edit]) -> str:
    """The entry for a person to paste into an empty file."""
    if host.format == "toml":
        return "\n".join(render_toml(edit.path, edit.value) for edit in edits)
    if host.format == "yaml":
        return "".join(render_yaml(edit.path, edit.value) for edit in edits)
    return edit_json("", edits)


def shown_diff(change: Change) -> str:
    """What would change, with keys, tokens and passwords masked in every line, also in URLs."""
    lines = difflib.unified_diff(
        (change.before or "").splitlines(),
        change.after.splitlines(),
        str(change.file) if change.before is not None else "(no file)",
        str(change.file),
        lineterm="",
        n=2,
    )
    masked = (_PASSWORD_IN_URL.sub(r"\1…", line) for line in lines)
    return "\n".join(_SECRET_LINE.sub(_masked, line) for line in masked)


def write(change: Change) -> Path | None:
    """Write the file whole or not at all, after a copy of it. Gives the copy; None where there was no file.

    Raises:
        BrokenFile: the file was changed meanwhile, or it cannot be written; then it is as it was.
    """
    file = change.file.resolve()
    if read_file(file) != change.before:
        raise BrokenFile("it was changed in the meantime; run the command again")
    # Another file could be put in its place all the same, against the will of whoever protected it.
    if change.before is not None and not file.stat().st_mode & stat.S_IWUSR:
        raise BrokenFile("it is read-only; nothing was written")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        backup = None if change.before is None else _next_backup(file)
        if backup is not None:
            _put(backup, file.read_bytes(), like=file)
        _put(file, change.after.encode(), like=file)
    except OSError as error:
        raise BrokenFile(f"it cannot be written ({error.strerror}); it is unchanged") from None
    return backup


def _backups_of(file: Path) -> list[Path]:
    """The copies that were made of a file, the oldest first."""
    file = file.resolve()
    pattern = re.compile(rf"{re.escape(file.name)}\.docreview-(\d+)\.bak")
    if not file.parent.is_dir():
        return []
    found = ((pattern.fullmatch(each.name), each) for each in file.parent.iterdir())
    return [each for _, each in sorted((int(match[1]), each) for match, each in found if match)]


def bring_back(file: Path) -> Path:
    """Put the newest copy in the place of the file, and give that copy, which is gone then.

    Raises:
        BrokenFile: there is no copy, or it cannot be put there.
    """
    backups = _backups_of(file)
    if not backups:
        raise BrokenFile("there is no backup; docreview-mcp setup creates one before it changes a file")
    try:
        backups[-1].replace(file.resolve())
    except OSError as error:
        raise BrokenFile(f"it cannot be written ({error.strerror})") from None
    return backups[-1]


def _next_backup(file: Path) -> Path:
    backups = _backups_of(file)
    number = 1 + (int(backups[-1].name.split("docreview-")[-1].removesuffix(".bak")) if backups else 0)
    return file.with_name(f"{file.name}.docreview-{number}.bak")


def _put(file: Path, content: bytes, *, like: Path) -> None:
    """A file with this content and the mode of another one, or for its user alone; never half of it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    new = Path(name)
    with whole_or_none(new):
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        if like.exists():
            new.chmod(like.stat().st_mode & 0o777)
        new.replace(file)


def _says(host: Host, text: str, wanted: object) -> bool:
    try:
        return _READ[host.format](text) == wanted
    except BrokenFile:
        return False


def _expected(there: Mapping[str, object], edits: Sequence[Edit]) -> object:
    """What the file has to say after the change, made from what it says before."""
    result: object = there
    for edit in edits:
        result = _with(result, edit.path, edit)
    return result


def _with(value: object, path: Sequence[str], edit: Edit) -> object:
    if path:
        inner = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        return {**inner, path[0]: _with(inner.get(path[0]), path[1:], edit)}
    return [*cast("list[object]", value or []), *edit.value] if edit.appends else edit.value


def _comments(text: str, kind: Format) -> set[str]:
    """Everything in the text that only a person reads."""
    found = (_JSON_COMMENT if kind == "json" else _HASH_COMMENT).finditer(text)
    return {match[1].strip() for match in found if match[1]}


def _masked(found: re.Match[str]) -> str:
    return found[0] if _REFERENCE.fullmatch(found[2]) or found[2] in ("[", "{") else f"{found[1]}…"
