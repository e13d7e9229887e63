"""How one-time marks are set and found. Imported with the database, as SQLAlchemy is slow to load."""

from __future__ import annotations

import time

from sqlalchemy import bindparam, delete, insert, select

from .tables import MARKS, Run

__all__ = ["find_mark", "set_mark"]

_FIND = select(MARKS.c.moment).where(MARKS.c.mark == bindparam("name"), MARKS.c.until > bindparam("now"))
_CLEAR = delete(MARKS).where((MARKS.c.until <= bindparam("now")) | (MARKS.c.mark == bindparam("name")))
_SET = insert(MARKS)


def set_mark(run: Run, mark: str, moment: float, seconds: float, *, again: bool) -> bool:
    """Set a mark with a moment for so many seconds; False if it is set already, unless it is set `again`."""
    if not again and find_mark(run, mark) is not None:
        return False
    now = time.time()
    run(_CLEAR, {"name": mark, "now": now})
    run(_SET, {"mark": mark, "moment": moment, "until": now + seconds})
    return True


def find_mark(run: Run, mark: str) -> float | None:
    """The moment with which a mark was set; None if it is not set or is over."""
    rows = run(_FIND, {"name": mark, "now": time.time()})
    return float(rows[0][0]) if rows else None
