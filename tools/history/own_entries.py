"""The entries of the journal that a caller may see: its own, or for an administrator everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..guards.context import CallContext
from ..journal.entries import Entry, Journal

__all__ = ["may_see", "visible_entries"]


def may_see(entry: Entry, context: CallContext) -> bool:
    """Whether an entry may be shown to this caller, and undone by it."""
    return context.is_admin or entry.opening.caller.user == context.caller.user


async def visible_entries(
    journal: Journal,
    context: CallContext,
    *,
    about: Sequence[str] = (),
    before: int = 0,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
    tool: str = "",
) -> tuple[list[Entry], int]:
    """The newest entries that this caller may see, and the entry before which more may be found; 0: no more.

    For what the other arguments mean see `Journal.entries`, which also raises its faults here.
    """
    user = None if context.is_admin else context.caller.user
    found = await journal.entries(
        about=about, before=before, limit=limit + 1, since=since, until=until, tool=tool, user=user
    )
    return found[:limit], found[limit - 1].number if len(found) > limit else 0
