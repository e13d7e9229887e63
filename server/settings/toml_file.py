"""A TOML file that a setting names: read whole, and what is wrong with it said in one line.

The policy file and the check file are such files; what their keys mean is in their own modules.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from .settings_error import SettingsError

__all__ = ["TomlFileError", "quoted_key", "quoted_value", "tables_in", "text_in"]

_MAX_BYTES = 1_000_000
_MAX_CHARACTERS = 60


class TomlFileError(SettingsError):
    """The file cannot be used. Each of `faults` is readable by itself; the message is one line.

    `setting` is the environment variable that names the file.
    """

    setting: ClassVar[str]

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__(f"{self.setting}: {path}: {'; '.join(self.faults)}")


def text_in(path: Path, error: type[TomlFileError]) -> str:
    """The text of a file.

    Raises:
        TomlFileError: of the kind `error`: it is not there, cannot be read, is too large or is not UTF-8.
    """
    try:
        path = path.expanduser()
        if path.exists() and not path.is_file():
            raise error(path, ["is not a file"])
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except (OSError, RuntimeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise error(path, [f"the file cannot be read ({reason})"]) from None
    if len(content) > _MAX_BYTES:
        raise error(path, [f"is larger than the maximum of {_MAX_BYTES} bytes"])
    try:
        # Some editors put a byte order mark before UTF-8, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(path, ["is not UTF-8 text"]) from None


def tables_in(path: Path, text: str, error: type[TomlFileError]) -> dict[str, Any]:
    """What the text of a file says.

    Raises:
        TomlFileError: of the kind `error`: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        reason = " ".join(str(fault).split())
        raise error(path, [f"is not valid TOML: {reason[:200]}"]) from None


def quoted_key(key: str) -> str:
    """A key of someone else's making, fit for one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in key)[:_MAX_CHARACTERS]


def quoted_value(value: object) -> str:
    """What came, fit for one line."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"
