"""YAML changed in place: the lines of an entry are put in or taken out, all others stay."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

from .edit import BrokenFile, CannotKeep, Edit

__all__ = ["edit_yaml", "read_yaml", "render_yaml"]

_PLAIN_KEY = re.compile(r"(?!(?i:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][\w-]*", re.ASCII)

_YAML: Any = cast("Any", yaml)
"""The library without its types, which say nothing of what is in its nodes."""


def read_yaml(text: str) -> dict[str, object]:
    """What the text says; nothing in it is an empty mapping.

    Raises:
        BrokenFile: it is no YAML, or no mapping; the message says where.
    """
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise BrokenFile(f"{where}{getattr(error, 'problem', None) or 'it is not YAML'}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BrokenFile("line 1: expected a mapping of names to values")
    return cast("dict[str, object]", value)


def edit_yaml(text: str, edits: Sequence[Edit]) -> str:
    """The text with these changes.

    Raises:
        BrokenFile: the text cannot be read.
        CannotKeep: the mapping is written in a form into which lines cannot be put.
    """
    read_yaml(text)
    for edit in edits:
        text = _edited(text, edit)
    return text


def render_yaml(path: Sequence[str], value: object) -> str:
    """An entry for a person to paste."""
    for key in reversed(path):
        value = {key: value}
    return _dumped(cast("Mapping[str, object]", value), 0)


def _edited(text: str, edit: Edit) -> str:
    outer, name = edit.path
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines: list[str] = text.splitlines(keepends=True)
    root = _YAML.compose(text, Loader=yaml.SafeLoader)
    if root is None or not root.value:
        return _ended(text, line_end) + _lines(_dumped({outer: {name: edit.value}}, 0), line_end)
    if root.flow_style:
        raise CannotKeep("the file is written in { }")
    key, found = next(((key, value) for key, value in root.value if key.value == outer), (None, None))
    if key is None or found is None:
        return _ended(text, line_end) + _lines(_dumped({outer: {name: edit.value}}, 0), line_end)
    key_line: int = key.start_mark.line
    after_key = key_line + 1
    if not found.value or found.tag.endswith(":null"):
        head = lines[key_line]
        if found.end_mark.line != key_line:
            raise CannotKeep(f"{outer} is an empty mapping on several lines")
        # What stands for nothing, as {} or null, goes; a comment beside it stays.
        emptied = _ended(head[: found.start_mark.column] + head[found.end_mark.column :], line_end)
        block = _lines(_dumped({name: edit.value}, 2), line_end)
        return "".join([*lines[:key_line], emptied, block, *lines[after_key:]])
    if found.id != "mapping" or found.flow_style:
        raise CannotKeep(f"{outer} does not have its entries on lines below it")
    column = found.start_mark.column
    block = _lines(_dumped({name: edit.value}, column), line_end)
    index = next((at for at, (each, _) in enumerate(found.value) if each.value == name), None)
    if index is None:
        return "".join([*lines[:after_key], block, *lines[after_key:]])
    first = found.value[index][0].start_mark.line
    following = (
        found.value[index + 1][0].start_mark.line if index + 1 < len(found.value) else found.end_mark.line
    )
    if following == found.end_mark.line and found.end_mark.column and not text.endswith("\n"):
        following = len(lines)
    while following > first + 1 and _is_blank(lines[following - 1]):
        following -= 1
    return "".join([*lines[:first], block, *lines[following:]])


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _ended(text: str, line_end: str) -> str:
    return text if not text or text.endswith("\n") else text + line_end


def _lines(block: str, line_end: str) -> str:
    return block.replace("\n", line_end)


def _dumped(value: Mapping[str, object], column: int) -> str:
    """Lines of YAML: mappings as lines, all else as JSON, which YAML takes as well."""
    text = ""
    for key, inner in value.items():
        name = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        if isinstance(inner, Mapping) and inner:
            text += f"{' ' * column}{name}:\n{_dumped(cast('Mapping[str, object]', inner), column + 2)}"
        else:
            text += f"{' ' * column}{name}: {json.dumps(inner, ensure_ascii=False)}\n"
    return text
