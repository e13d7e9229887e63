"""One-time marks: used codes, declined calls, stopped repeats."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, String

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table where there is none yet."""
    op.create_table(
        "docreview_marks",
        Column("mark", String(80), primary_key=True),
        Column("moment", Float(53), nullable=False),
        Column("until", Float(53), nullable=False),
        if_not_exists=True,
    )
