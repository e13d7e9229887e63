"""JSON with comments, changed in place: every character that a change does not concern stays as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from .edit import BrokenFile, Edit

__all__ = ["edit_json", "read_json"]

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_MAX_DEPTH = 200


@dataclass(slots=True)
class _Node:
    """A value with its place in the text, and what is in it."""

    start: int
    end: int = 0
    value: Any = None
    members: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    items: list[_Node] = field(default_factory=list["_Node"])
    has_trailing_comma: bool = False


def read_json(text: str) -> dict[str, object]:
    """What the text says; nothing in it is an empty object.

    Raises:
        BrokenFile: it is no JSON object with comments; the message says where.
    """
    root = _Reader(text).read()
    if root is None:
        return {}
    value = cast("dict[str, object]", root.value)
    if not isinstance(root.value, dict):
        raise BrokenFile("line 1: expected an object in { }")
    return value


def edit_json(text: str, edits: Sequence[Edit]) -> str:
    """The text with these changes, everything else as it was.

    Raises:
        BrokenFile: the text cannot be read, or something other than an object is in the way.
    """
    for edit in edits:
        text = _edited(text, edit)
    return text


def _edited(text: str, edit: Edit) -> str:
    read_json(text)
    root = _Reader(text).read()
    unit, line_end = _indentation(text), "\r\n" if "\r\n" in text else "\n"
    if root is None:
        before = text if not text.strip("\ufeff \t\r\n") else text.rstrip() + line_end
        return before + _rendered(_nested(edit.path, edit.value), unit, 0, line_end) + line_end
    node, depth = root, 0
    for depth, key in enumerate(edit.path):
        if not isinstance(node.value, dict):
            raise BrokenFile(
                f"{_line(text, node.start)}: expected an object in {{ }} in {edit.path[depth - 1]}"
            )
        inner = node.members.get(key)
        if inner is None:
            value = _nested(edit.path[depth + 1 :], edit.value)
            member = f"{json.dumps(key, ensure_ascii=False)}: {_rendered(value, unit, depth + 1, line_end)}"
            return _inserted(text, node, member, unit, depth, line_end)
        node = inner
    depth = len(edit.path)
    if not edit.appends:
        return text[: node.start] + _rendered(edit.value, unit, depth, line_end) + text[node.end :]
    if not isinstance(node.value, list):
        raise BrokenFile(f"{_line(text, node.start)}: expected a list in [ ] in {edit.path[-1]}")
    for item in edit.value:
        text = _inserted(text, node, _rendered(item, unit, depth + 1, line_end), unit, depth, line_end)
        again = _Reader(text).read()
        assert again is not None
        for key in edit.path:
            again = again.members[key]
        node = again
    return text


def _nested(path: Sequence[str], value: object) -> object:
    for key in reversed(path):
        value = {key: value}
    return value


def _inserted(text: str, node: _Node, member: str, unit: str, depth: int, line_end: str) -> str:
    """The text with one more member or item at the end of an object or list."""
    inner = [*node.members.values(), *node.items]
    closing = node.end - 1
    margin = unit * depth
    before = text[:closing].rstrip(" \t\r\n")
    between = text[len(before) : closing]
    if inner and not node.has_trailing_comma:
        last = max(each.end for each in inner)
        before = f"{before[:last]},{before[last:]}"
    after = between if "\n" in between else line_end + margin
    comma = "," if node.has_trailing_comma else ""
    return f"{before}{line_end}{margin}{unit}{member}{comma}{after}{text[closing:]}"


def _rendered(value: object, unit: str, depth: int, line_end: str) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return f"{line_end}{unit * depth}".join(lines)


def _indentation(text: str) -> str:
    found = re.search(r"\n([ \t]+)[\"{\[/]", text)
    return found[1] if found and len(found[1]) <= 8 else "  "


def _line(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


class _Reader:
    """Reads JSON with comments and trailing commas, keeping the place of each value."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> _Node | None:
        """The value of the whole text; None where there is none."""
        self._skip()
        if self._at == len(self._text):
            return None
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._broken("expected the end of the file")
        return node

    def _value(self, depth: int) -> _Node:
        self._skip()
        if depth > _MAX_DEPTH:
            raise self._broken("it is nested too deeply")
        letter = self._text[self._at : self._at + 1]
        if letter == "{":
            return self._object(depth)
        if letter == "[":
            return self._list(depth)
        if letter == '"':
            node = _Node(self._at)
            node.value = self._string()
            node.end = self._at
            return node
        found = _PLAIN.match(self._text, self._at)
        if found is None:
            raise self._broken("expected a value")
        node = _Node(self._at, found.end())
        try:
            node.value = json.loads(found[0])
        except ValueError:
            raise self._broken("expected a number") from None
        self._at = found.end()
        return node

    def _object(self, depth: int) -> _Node:
        node = _Node(self._at)
        values: dict[str, object] = {}
        self._at += 1
        while not self._closes(node, "}"):
            if self._text[self._at : self._at + 1] != '"':
                raise self._broken('expected a name in " " or }')
            key = self._string()
            if key in values:
                raise self._broken(f"{key} occurs twice")
            self._skip()
            if self._text[self._at : self._at + 1] != ":":
                raise self._broken("expected :")
            self._at += 1
            member = self._value(depth + 1)
            node.members[key], values[key] = member, member.value
            self._separator(node, "}")
        node.value, node.end = values, self._at
        return node

    def _list(self, depth: int) -> _Node:
        node = _Node(self._at)
        self._at += 1
        while not self._closes(node, "]"):
            node.items.append(self._value(depth + 1))
            self._separator(node, "]")
        node.value, node.end = [each.value for each in node.items], self._at
        return node

    def _closes(self, node: _Node, closing: str) -> bool:
        self._skip()
        if self._text[self._at : self._at + 1] != closing:
            return False
        self._at += 1
        return True

    def _separator(self, node: _Node, closing: str) -> None:
        self._skip()
        node.has_trailing_comma = self._text[self._at : self._at + 1] == ","
        if node.has_trailing_comma:
            self._at += 1
        elif self._text[self._at : self._at + 1] != closing:
            raise self._broken(f"expected , or {closing}")

    def _string(self) -> str:
        found = _TEXT.match(self._text, self._at)
        if found is None:
            raise self._broken('expected a string that ends with "')
        try:
            value = json.loads(found[0])
        except ValueError:
            raise self._broken("expected a string") from None
        self._at = found.end()
        return value

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None, "the pattern matches nothing as well"
        self._at = found.end()

    def _broken(self, reason: str) -> BrokenFile:
        return BrokenFile(f"{_line(self._text, self._at)}: {reason}")
