"""Entries are found by their user and their tool. The tables stay; `migrate` adds to the index."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change nothing in the tables."""
