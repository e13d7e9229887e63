"""The tables of the journal: its records, the index by which entries are found, and one-time marks.

Imported with the database, as SQLAlchemy is slow to load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Delete,
    Float,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    bindparam,
    select,
)

__all__ = [
    "COUNTS",
    "LAST_OF_CALL",
    "MARKS",
    "METADATA",
    "OF_ENTRY",
    "RECORDS",
    "WORDS",
    "Query",
    "Run",
    "Statement",
]

METADATA = MetaData()
RECORDS = Table(
    "docreview_records",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entry", Integer, nullable=False, index=True),
    Column("kind", String(6), nullable=False),
    Column("at", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
WORDS = Table(
    "docreview_words",
    METADATA,
    Column("word", String(32), primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The index by which entries are found. It says nothing that the records do not; so it is not chained."""

MARKS = Table(
    "docreview_marks",
    METADATA,
    Column("mark", String(80), primary_key=True),
    Column("moment", Float(53), nullable=False),
    Column("until", Float(53), nullable=False),
)
"""One-time marks. They say nothing of what was written, and end by themselves; so they are not chained."""

COUNTS = Table(
    "docreview_counts",
    MetaData(),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("caller", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("document", Text, nullable=False),
)
"""In PostgreSQL only, so apart from the others: the writes of the last days by their user, for limits."""

LAST_OF_CALL = (
    select(WORDS.c.entry).where(WORDS.c.word == bindparam("word")).order_by(WORDS.c.entry.desc()).limit(1)
)
OF_ENTRY = select(RECORDS).where(RECORDS.c.entry == bindparam("entry")).order_by(RECORDS.c.number)

Statement = Select[Any] | Insert | Delete
Run = Callable[[Statement, dict[str, Any] | list[dict[str, Any]]], Sequence[Any]]
"""Runs a statement in a transaction, once for each of several values, and gives the rows that it finds."""


class Query(NamedTuple):
    """What is asked of the database, with the values that the statement leaves open."""

    chosen: Select[Any]
    values: Mapping[str, Any] = {}
