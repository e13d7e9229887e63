"""Words that early versions left out of the index of entries: by whom, and by which tool.

Imported with the database, as SQLAlchemy is slow to load.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, bindparam, insert, select

from .records import words_of_caller
from .tables import RECORDS, WORDS

__all__ = ["add_words_of_callers"]

_ROWS = 500
_NEXT = (
    select(RECORDS.c.number, RECORDS.c.payload)
    .where(RECORDS.c.kind == "opened", RECORDS.c.number > bindparam("last"))
    .order_by(RECORDS.c.number)
    .limit(_ROWS)
)


def add_words_of_callers(connection: Connection) -> None:
    """Index all entries by these words, of which none has one yet."""
    last = 0
    while rows := connection.execute(_NEXT, {"last": last}).all():
        added: list[dict[str, object]] = []
        for number, payload in rows:
            try:
                found = words_of_caller(json.loads(payload))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # a broken record; `journal verify` tells of it
            added += [{"word": each, "entry": number} for each in sorted(found)]
        if added:
            connection.execute(insert(WORDS), added)
        last = rows[-1][0]
