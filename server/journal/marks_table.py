"""The table of one-time marks. Imported with the database, as SQLAlchemy is slow to load.

Marks say nothing of what was written, and end by themselves; so they are not chained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    Float,
    Insert,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
)

__all__ = ["MARKS_METADATA", "Run", "Statement", "find_mark", "set_mark"]

Statement = Select[Any] | Insert | Delete
Run = Callable[[Statement, dict[str, Any] | list[dict[str, Any]]], Sequence[Any]]
"""Runs a statement in a transaction, once for each of several values, and gives the rows that it finds."""

MARKS_METADATA = MetaData()
_MARKS = Table(
    "docreview_marks",
    MARKS_METADATA,
    Column("mark", String(80), primary_key=True),
    Column("set_at", Float(53), nullable=False),
    Column("until", Float(53), nullable=False),
)
_FIND = select(_MARKS.c.set_at).where(_MARKS.c.mark == bindparam("name"), _MARKS.c.until > bindparam("now"))
_CLEAR = delete(_MARKS).where((_MARKS.c.until <= bindparam("now")) | (_MARKS.c.mark == bindparam("name")))
_SET = insert(_MARKS)


def set_mark(run: Run, mark: str, seconds: float, *, again: bool) -> bool:
    """Set a mark for so many seconds; False if it is set already and not to be set `again`."""
    if not again and find_mark(run, mark) is not None:
        return False
    now = time.time()
    run(_CLEAR, {"name": mark, "now": now})
    run(_SET, {"mark": mark, "set_at": now, "until": now + seconds})
    return True


def find_mark(run: Run, mark: str) -> float | None:
    """When a mark was set, in seconds since 1970; None if it is not set or is over."""
    rows = run(_FIND, {"name": mark, "now": time.time()})
    return float(rows[0][0]) if rows else None
