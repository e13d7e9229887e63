"""Writes of the last days by their user, so that limits are counted without reading all records."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; `migrate` fills it."""
    op.create_table(
        "docreview_counts",
        Column("entry", Integer, primary_key=True, autoincrement=False),
        Column("caller", String(32), nullable=False),
        Column("at", String(32), nullable=False),
        Column("document", Text, nullable=False),
    )
    op.create_index("ix_docreview_counts_caller_at", "docreview_counts", ["caller", "at"])
    # What is over is taken out once a minute.
    op.create_index("ix_docreview_counts_at", "docreview_counts", ["at"])
    op.create_index("ix_docreview_marks_until", "docreview_marks", ["until"])
