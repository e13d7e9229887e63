"""Rows in the order of what they have under a name: as numbers, dates or texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..checks.numbers import UnreadableError
from ..checks.plain_name import plain_name
from ..documents.comparison import comparable
from .row import Row

__all__ = ["ordered"]


def ordered(rows: Sequence[Row], order: tuple[str, bool]) -> list[Row]:
    """The rows by a name, the largest first where the second part of `order` says so; by none as they are.

    They are compared as numbers or dates if most of them are some, else as texts. What is neither comes last.
    """
    name, largest_first = plain_name(order[0]), order[1]
    if not name:
        return list(rows)
    filled = [row for row in rows if row.text(name)]
    kinds: tuple[Callable[[Row], Any], ...] = (lambda row: row.number(name), lambda row: row.date(name))
    for kind in kinds:
        keys = {id(row): key for row in filled if (key := _key(kind, row)) is not None}
        if keys and len(keys) * 2 > len(filled):
            readable = [row for row in filled if id(row) in keys]
            readable.sort(key=lambda row: keys[id(row)], reverse=largest_first)
            return [*readable, *(row for row in rows if id(row) not in keys)]
    filled.sort(key=lambda row: comparable(row.text(name)), reverse=largest_first)
    return [*filled, *(row for row in rows if not row.text(name))]


def _key(kind: Callable[[Row], Any], row: Row) -> Any:
    try:
        return kind(row)
    except UnreadableError:
        return None
