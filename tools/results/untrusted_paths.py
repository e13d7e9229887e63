"""Which paths of an answer hold untrusted text, read off the marks in the operation's answer schema.

Untrusted is what the schema marks so, and every text in a place that it does not describe. A path names a
place and all below it: `[]` is every item of a list, `*` every key, `keys()` the keys themselves. Paths with
the same parent stand together, such as `pages[].data.fields.*[]: value, verification_message`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation

__all__ = ["untrusted_paths"]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""A key that can stand in a path: any other might itself be a message."""

_MAX_PATHS = 100
_MAX_CHARACTERS = 1_500
"""Where the paths would need more, only the properties of the answer itself are named."""

_KEYS = "keys()"
"""Stands for the keys of an object that others name, such as those of the fields of a document."""

_HOLDS_NOTHING = (int, float, type(None))
_MAX_UNKNOWN = 5
"""The most undescribed keys of one object that are named one by one."""


@dataclass(slots=True)
class _SchemaNode:
    """A place in the answers of an operation, as its schema describes it.

    `is_untrusted`: it is marked, or the schema describes no text there. `entries` is the place of whatever
    `properties` does not name.
    """

    path: str
    is_untrusted: bool = False
    is_marked: bool = False
    properties: dict[str, _SchemaNode] = field(default_factory=dict[str, "_SchemaNode"])
    entries: _SchemaNode | None = None
    items: _SchemaNode | None = None


def untrusted_paths(operation: Operation, answer: JsonObject) -> list[str]:
    """The paths of an answer, in the form in which results have it, that hold untrusted text."""
    found: set[str] = set()
    _look(_answer_of(operation), answer, found)
    paths = _together(frozenset(found)) if len(found) <= _MAX_PATHS else ()
    if found and not 0 < sum(map(len, paths)) <= _MAX_CHARACTERS:
        paths = _together(frozenset(path.partition(".")[0] for path in found))
    return list(paths)


@cache
def _answer_of(operation: Operation) -> _SchemaNode:
    """The place of an operation's whole answer, in which a bare list stands under `items`."""
    schema = operation.response or {}
    answer = _node_of("", schema)
    if "items" in schema:
        items = _node_of("items[]", cast("JsonObject", schema["items"]))
        answer.properties = {
            **answer.properties,
            "items": _SchemaNode("items", is_untrusted=True, items=items),
        }
    return answer


def _node_of(path: str, schema: JsonObject) -> _SchemaNode:
    kind = schema.get("type")
    marks = cast("JsonObject", schema.get("x-docreview", {}))
    is_marked = bool(marks.get("outside"))
    holds_text = kind is None or kind == "string" or (isinstance(kind, list) and "string" in kind)
    node = _SchemaNode(path, is_untrusted=is_marked or not holds_text, is_marked=is_marked)
    properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
    node.properties = {name: _node_of(_inside(path, name), entry) for name, entry in properties.items()}
    entries, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(entries, dict):
        node.entries = _node_of(_inside(path, "*"), entries)
    if isinstance(items, dict):
        node.items = _node_of(f"{path}[]", items)
    return node


def _look(node: _SchemaNode, value: JsonValue, found: set[str]) -> None:
    """Add the paths of untrusted text in a value."""
    if isinstance(value, str):
        if value and node.is_untrusted:
            found.add(node.path)
    elif isinstance(value, list):
        items = node.items
        if items is None or node.is_marked:
            if _holds_text(value):
                found.add(node.path)
            return
        for entry in value:
            if isinstance(entry, dict):
                _look_into(items, entry, found)
            elif not isinstance(entry, _HOLDS_NOTHING):
                _look(items, entry, found)
    elif isinstance(value, dict):
        _look_into(node, value, found)


def _look_into(node: _SchemaNode, value: JsonObject, found: set[str]) -> None:
    properties, entries = node.properties, node.entries
    if node.is_marked or (not properties and entries is None):
        if _holds_text(value):
            found.add(node.path or "*")
        return
    if entries is not None and not properties.keys() >= value.keys():
        found.add(_inside(node.path, _KEYS))
    unknown: list[str] = []
    for name, entry in value.items():
        inner = properties.get(name, entries)
        if inner is None:
            if _holds_text(entry) or not _PLAIN_NAME.fullmatch(name):
                unknown.append(name)
        elif isinstance(entry, str):
            if entry and inner.is_untrusted:
                found.add(inner.path)
        elif isinstance(entry, (list, dict)):
            _look(inner, entry, found)
    if unknown:
        named = unknown if len(unknown) <= _MAX_UNKNOWN else ["*"]
        found.update(_inside(node.path, name if _PLAIN_NAME.fullmatch(name) else "*") for name in named)


def _holds_text(value: JsonValue) -> bool:
    """Whether a value that no schema describes holds any text, be it a key that is no plain name."""
    if isinstance(value, list):
        return any(_holds_text(entry) for entry in value)
    if isinstance(value, dict):
        return any(_holds_text(entry) or not _PLAIN_NAME.fullmatch(key) for key, entry in value.items())
    return isinstance(value, str) and value != ""


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@lru_cache(maxsize=1_000)
def _together(paths: frozenset[str]) -> tuple[str, ...]:
    """The paths without those that another one covers, those of one parent in one text."""
    parents: dict[str, list[str]] = {}
    for path in sorted(paths):
        if not any(_covers(other, path) for other in paths):
            parent, _, name = path.rpartition(".")
            parents.setdefault(parent, []).append(name)
    return tuple(_texts(parents))


def _covers(other: str, path: str) -> bool:
    if other == path:
        return False
    return path.startswith((f"{other}.", f"{other}[")) or (
        other.endswith("*") and path.startswith(other[:-1])
    )


def _texts(parents: dict[str, list[str]]) -> Iterable[str]:
    for parent, names in parents.items():
        if not parent:
            yield from names
        elif len(names) == 1:
            yield f"{parent}.{names[0]}"
        else:
            yield f"{parent}: {', '.join(names)}"
