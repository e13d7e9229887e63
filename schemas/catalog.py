"""The operations as a running server knows them: the generated record, each read when it is first needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .operation import Body, Operation, Parameter, Present, Route, UndoStep

__all__ = [
    "RECORD",
    "load_operations",
    "load_own_operations",
    "operations_by_tool",
    "operations_that_name",
    "render_operations",
]

RECORD = Path(__file__).with_name("operations.json")
"""The generated record of all operations."""

_END = b"\n },"
"""Where one operation ends and the next begins: nothing but an operation is indented so little."""
_BEGINNING = re.compile(rb'\s*{\s*"id": "(\w+)",\s*"service": "(\w+)",\s*"tool": "(\w+)"')
_LISTS: Mapping[str, Callable[..., Any]] = {
    "parameters": Parameter,
    "bodies": Body,
    "other_routes": Route,
    "undo": UndoStep,
}
_LISTS_OF_PRESENT = ("find", "keys", "shows")


class _Operations(Mapping[str, Operation]):
    """Operations by the keys of `ids`: most servers need a few of them, and all of them take megabytes."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids

    def __getitem__(self, key: str) -> Operation:
        return _operation(self._ids[key])

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


@cache
def load_operations() -> Mapping[str, Operation]:
    """Every operation of both services by its id, in the order in which tools are listed."""
    return _Operations({each: each for each, (service, _) in _heads().items() if service != "docreview"})


@cache
def operations_by_tool() -> Mapping[str, Operation]:
    """Every operation of both services by the name of its tool."""
    return _Operations({tool: each for each, (service, tool) in _heads().items() if service != "docreview"})


@cache
def load_own_operations() -> Mapping[str, Operation]:
    """What this server itself does for its own tools, by the id, in the order in which tools are listed."""
    return _Operations({each: each for each, (service, _) in _heads().items() if service == "docreview"})


def operations_that_name(key: str) -> Iterator[Operation]:
    """The operations of both services in whose record something stands under this key."""
    named = f'"{key}":'.encode()
    operations = load_operations()
    return (operations[each] for each in operations if named in _texts()[each])


def render_operations(operations: Iterable[Operation]) -> str:
    """The text of the generated record for these operations."""
    from pydantic import TypeAdapter

    rendered = TypeAdapter(list[Operation]).dump_json(list(operations), indent=1, exclude_defaults=True)
    return rendered.decode() + "\n"


@cache
def _texts() -> Mapping[str, bytes]:
    """The JSON of each operation by its id."""
    *others, last = RECORD.read_bytes().strip()[1:-1].split(_END)
    return {_head(text)[0]: text for text in (*(other + b"}" for other in others), last)}


@cache
def _heads() -> Mapping[str, tuple[str, str]]:
    """The service and the tool of each operation by its id."""
    return {identity: (service, tool) for identity, service, tool in map(_head, _texts().values())}


def _head(text: bytes) -> tuple[str, str, str]:
    found = _BEGINNING.match(text)
    assert found is not None, f"{RECORD.name} was not made by render_operations"
    identity, service, tool = found.groups()
    return identity.decode(), service.decode(), tool.decode()


@cache
def _operation(identity: str) -> Operation:
    """An operation made without pydantic, whose preparation takes longer than it: the record is our own."""
    given: dict[str, Any] = json.loads(_texts()[identity])
    given["route"] = Route(**given["route"])
    for name, kind in _LISTS.items():
        if name in given:
            given[name] = tuple(kind(**each) for each in given[name])
    if present := given.get("present"):
        lists: dict[str, Any] = {name: tuple(present[name]) for name in _LISTS_OF_PRESENT if name in present}
        given["present"] = Present(**(present | lists))
    return Operation(**given)
