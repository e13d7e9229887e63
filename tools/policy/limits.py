"""Limits on writes and approvals in a time, counted in the journal: they hold across runs and processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ...schemas import operations_by_tool
from ..journal.entries import Entry, JournalView
from .approval import approved_document

__all__ = ["Limit", "limit_refusal"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many writes, or approvals of different documents, by one user in so many seconds.

    `rule` is its key in a policy file.
    """

    what: Literal["writes", "approvals"]
    seconds: int
    most: int
    rule: str

    @property
    def period(self) -> str:
        """The time in words."""
        return "an hour" if self.seconds == 3600 else "a day"


def limit_refusal(limits: Sequence[Limit], view: JournalView, user: str, document: str) -> str:
    """Why no further write of this user may be opened; `document` is the one that it would approve."""
    applying = [each for each in limits if each.what == "writes" or document]
    if not applying:
        return ""
    now = datetime.now(UTC)
    since = now - timedelta(seconds=max(each.seconds for each in applying))
    entries = [
        each
        for each in view.opened_since(since)
        if each.opening.caller.user == user and each.outcome != "not done"
    ]
    for limit in applying:
        begins = now - timedelta(seconds=limit.seconds)
        recent = [each for each in entries if datetime.fromisoformat(each.at) >= begins]
        approved = {each for entry in recent if (each := _approved(entry))}
        if limit.what == "approvals" and document in approved:
            continue
        count = len(recent) if limit.what == "writes" else len(approved)
        if count >= limit.most:
            return (
                f"the policy allows {limit.most} {limit.what} in {limit.period} ({limit.rule}),"
                f" and the journal counts {count}"
            )
    return ""


def _approved(entry: Entry) -> str:
    operation = operations_by_tool().get(entry.opening.tool)
    return approved_document(operation, entry.opening.arguments) if operation else ""
