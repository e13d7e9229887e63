"""The entries of the journal that a caller may see: its own, or for an administrator everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..guards.context import CallContext
from ..journal.entries import Entry, Journal

__all__ = ["may_see", "visible_entries"]

_PAGE = 200
_MAX_PAGES = 50
"""How far back a search for the entries of one caller goes in one call, in pages."""


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
    found: list[Entry] = []
    size = limit + 1 if context.is_admin else _PAGE
    for _ in range(_MAX_PAGES):
        page = await journal.entries(
            about=about, before=before, limit=size, since=since, until=until, tool=tool
        )
        found += [each for each in page if may_see(each, context)]
        if len(found) > limit:
            return found[:limit], found[limit - 1].number
        if len(page) < size:
            return found, 0
        before = page[-1].number
    return found, before
