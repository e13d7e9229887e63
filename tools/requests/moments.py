"""Times as callers and services write them."""

from __future__ import annotations

from datetime import UTC, datetime

from ...schemas import JsonObject, Operation
from .validation import invalid

__all__ = ["moment", "moment_in"]


def moment(value: str) -> datetime | None:
    """A time as services and callers write it; one without a zone is UTC. None for what is none."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_in(operation: Operation, values: JsonObject, name: str) -> datetime | None:
    """The time in an argument, in UTC; None where it is not given.

    Raises:
        ToolFailure: it is no time.
    """
    if name not in values:
        return None
    found = moment(str(values[name]))
    if found is None:
        expected = "expected a day or a time such as 2026-10-05 or 2026-10-05T09:00:00Z"
        raise invalid(operation, [f"{name}: got {str(values[name])[:40]!r}, {expected}"])
    return found.astimezone(UTC)
