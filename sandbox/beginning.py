"""The moment at which each sandbox begins, one for both services.

Its clock runs on from here, so that answers are repeatable; earlier events are dated relative to it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["STARTED_AT", "day_before"]

STARTED_AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def day_before(days: int) -> str:
    """The date of so many days before the beginning."""
    return (STARTED_AT - timedelta(days=days)).strftime("%Y-%m-%d")
