"""Words that early versions left out of the index of entries: by whom, and by which tool.

Imported with the database, as SQLAlchemy is slow to load.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, Integer, String, bindparam, exists, insert, select

from .records import UNREADABLE, words_of_caller
from .tables import RECORDS, WORDS

__all__ = ["add_words_of_callers"]

_ROWS = 500
_NEXT = (
    select(RECORDS.c.number, RECORDS.c.payload)
    .where(RECORDS.c.kind == "opened", RECORDS.c.number > bindparam("last"))
    .order_by(RECORDS.c.number)
    .limit(_ROWS)
)
_WORD, _ENTRY = bindparam("of_word", type_=String), bindparam("of_entry", type_=Integer)
_ADD = insert(WORDS).from_select(
    ["word", "entry"],
    select(_WORD, _ENTRY).where(~exists().where(WORDS.c.word == _WORD, WORDS.c.entry == _ENTRY)),
)


def add_words_of_callers(connection: Connection) -> None:
    """Index all entries by these words, as far as they are not."""
    last = 0
    while rows := connection.execute(_NEXT, {"last": last}).all():
        added: list[dict[str, object]] = []
        for number, payload in rows:
            try:
                found = words_of_caller(json.loads(payload))
            except UNREADABLE:
                continue  # a broken record; `journal verify` tells of it
            added.extend({"of_word": each, "of_entry": number} for each in sorted(found))
        if added:
            connection.execute(_ADD, added)
        last = rows[-1][0]
