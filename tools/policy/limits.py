"""Limits on writes and approvals in a time, counted in the journal: they hold across runs and processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ...schemas import JsonObject, operations_by_tool
from ..journal.entries import OwnWrite
from .approving_calls import approved_document

__all__ = ["Limit", "limit_refusal", "own_write"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many writes, or approvals of different documents, by one user in so many seconds.

    `rule` is its key in a policy file.
    """

    what: Literal["writes", "approvals"]
    seconds: int
    max_count: int
    rule: str

    @property
    def period(self) -> str:
        """The time in words."""
        return "an hour" if self.seconds == 3600 else "a day"


def limit_refusal(limits: Sequence[Limit], writes: Sequence[OwnWrite], document: str) -> str:
    """Why a user may not open a further write after these; `document` is the one that it would approve.

    The limits are those that the write is about: on approvals only if it approves a document.
    """
    now = datetime.now(UTC)
    for limit in limits:
        begins = now - timedelta(seconds=limit.seconds)
        recent = [each for each in writes if each.at >= begins]
        approved = {each.document for each in recent if each.document}
        if limit.what == "approvals" and document in approved:
            continue
        count = len(recent) if limit.what == "writes" else len(approved)
        if count >= limit.max_count:
            return (
                f"the policy allows {limit.max_count} {limit.what} in {limit.period} ({limit.rule}), and the"
                f" journal already has {count}"
            )
    return ""


def own_write(at: datetime, tool: str, arguments: JsonObject) -> OwnWrite:
    """How a write of this tool with these arguments counts."""
    operation = operations_by_tool().get(tool)
    return OwnWrite(at, approved_document(operation, arguments) if operation else "")
