"""TOML changed in place, with its comments and order kept."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import tomlkit

from .edit import BrokenFile, CannotKeep, Edit

__all__ = ["edit_toml", "read_toml", "render_toml"]

_OTHER_LINE_END = re.compile(r"(?<!\r)\n")


def read_toml(text: str) -> dict[str, object]:
    """What the text says.

    Raises:
        BrokenFile: it is no TOML; the message says where.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BrokenFile(" ".join(str(error).split())[:200]) from None


def edit_toml(text: str, edits: Sequence[Edit]) -> str:
    """The text with these changes.

    Raises:
        BrokenFile: the text cannot be read.
        CannotKeep: the library that keeps comments cannot make the change.
    """
    read_toml(text)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    try:
        document: Any = tomlkit.parse(text.removeprefix(mark))
        for edit in edits:
            inner = document
            for key in edit.path[:-1]:
                if key not in inner:
                    # A table of tables needs no line of its own.
                    inner[key] = tomlkit.table(is_super_table=True)
                inner = inner[key]
            name = edit.path[-1]
            if name in inner:
                _update(inner[name], cast("Mapping[str, object]", edit.value))
            else:
                inner[name] = edit.value
        return mark + _with_line_ends_of(text, tomlkit.dumps(document))
    except Exception as error:
        raise CannotKeep(f"its format cannot be edited in place ({type(error).__name__})") from None


def render_toml(path: Sequence[str], value: object) -> str:
    """An entry for a person to paste. The tables in it come last, as TOML wants it."""
    entry = cast("Mapping[str, object]", value)
    lines = [f"[{'.'.join(path)}]"]
    lines += [f"{key} = {_toml_value(each)}" for key, each in entry.items() if not isinstance(each, Mapping)]
    for key, each in entry.items():
        if isinstance(each, Mapping):
            lines += ["", f"[{'.'.join(path)}.{key}]"]
            inner = cast("Mapping[str, object]", each)
            lines += [f"{name} = {_toml_value(text)}" for name, text in inner.items()]
    return "\n".join(lines) + "\n"


def _with_line_ends_of(before: str, after: str) -> str:
    """The text with the line ends of Windows in what was added, if all lines before have them."""
    if "\r\n" not in before or _OTHER_LINE_END.search(before):
        return after
    return _OTHER_LINE_END.sub("\r\n", after)


def _update(table: Any, wanted: Mapping[str, object]) -> None:
    """Change only what differs, so that comments beside the rest stay."""
    for key in [each for each in table if each not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if isinstance(value, Mapping) and isinstance(table.get(key), Mapping):
            _update(table[key], cast("Mapping[str, object]", value))
        elif key not in table or table[key] != value:
            table[key] = value


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_toml_value(each) for each in cast('list[object]', value))}]"
    # A basic string of TOML takes every escape that JSON makes of text without surrogates.
    return json.dumps(value, ensure_ascii=False)
