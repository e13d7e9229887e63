"""The table of stored credentials. Imported at the first use, as SQLAlchemy is slow to load."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table, Text

__all__ = ["CREDENTIALS"]

CREDENTIALS = Table(
    "docreview_credentials",
    MetaData(),
    Column("subject", String(500), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("changed", String(32), nullable=False),
)
"""Who is known by its name in plain; what it signs in with is sealed for this name."""
