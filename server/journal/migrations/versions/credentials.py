"""Stored credentials of callers, sealed (DOCREVIEW_CREDENTIALS=store)."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table where there is none yet."""
    op.create_table(
        "docreview_credentials",
        Column("subject", String(500), primary_key=True),
        Column("sealed", Text, nullable=False),
        Column("changed", String(32), nullable=False),
        if_not_exists=True,
    )
