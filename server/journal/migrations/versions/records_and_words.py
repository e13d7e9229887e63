"""The records and the index by which entries are found. Earlier versions made them without a number."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables where there are none yet."""
    op.create_table(
        "docreview_records",
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("entry", Integer, nullable=False),
        Column("kind", String(6), nullable=False),
        Column("at", String(32), nullable=False),
        Column("payload", Text, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_docreview_records_entry", "docreview_records", ["entry"], if_not_exists=True)
    op.create_table(
        "docreview_words",
        Column("word", String(32), primary_key=True),
        Column("entry", Integer, primary_key=True, autoincrement=False),
        if_not_exists=True,
    )
