"""The operations as a running server knows them: the generated record, read once when first needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from .operation import Operation

__all__ = ["RECORD", "load_operations", "load_own_operations", "operations_by_tool", "render_operations"]

RECORD = Path(__file__).with_name("operations.json")
"""The generated record of all operations."""


@cache
def load_operations() -> Mapping[str, Operation]:
    """Every operation of both services by its id, in the order in which tools are listed."""
    return {each.id: each for each in _every() if each.service != "docreview"}


@cache
def operations_by_tool() -> Mapping[str, Operation]:
    """Every operation of both services by the name of its tool."""
    return {each.tool: each for each in load_operations().values()}


@cache
def load_own_operations() -> Mapping[str, Operation]:
    """What this server itself does for its own tools, by the id, in the order in which tools are listed."""
    return {each.id: each for each in _every() if each.service == "docreview"}


def render_operations(operations: Iterable[Operation]) -> str:
    """The text of the generated record for these operations."""
    rendered = _adapter().dump_json(list(operations), indent=1, exclude_defaults=True)
    return rendered.decode() + "\n"


@cache
def _every() -> list[Operation]:
    return _adapter().validate_json(RECORD.read_bytes())


@cache
def _adapter() -> TypeAdapter[list[Operation]]:
    return TypeAdapter(list[Operation])
