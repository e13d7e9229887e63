"""What this server has deleted already, by its journal: a repeated call finds its deletions done."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject
from ..guards.context import CallContext
from ..journal.entries import Entry, JournalFault
from .structure import GONE_BY, Gone, wanted_gone

__all__ = ["deleted_before"]

_MAX_ENTRIES = 50


async def deleted_before(values: JsonObject, base_url: str, context: CallContext) -> Gone:
    """The ids that a call deletes and that were deleted before, each with the row if one is named.

    Without a journal nothing is known.
    """
    gone: set[tuple[str, str]] = set()
    journal = context.guards.journal
    for change in cast("list[JsonObject]", values["changes"]):
        name, identity = wanted_gone(change)
        if not change.get("delete") or not identity or journal is None:
            continue
        row = str(change.get("row", ""))
        tool = GONE_BY["cell_id"] if row else GONE_BY[name]
        try:
            entries = await journal.entries(about=(identity,), tool=tool, limit=_MAX_ENTRIES)
        except JournalFault:
            return frozenset(gone)
        if any(_deleted(each, base_url) and _row_of(each) in ("", row) for each in entries):
            gone.add((identity, row))
    return frozenset(gone)


def _deleted(entry: Entry, base_url: str) -> bool:
    is_here = entry.opening.address in ("", base_url)
    return is_here and entry.outcome == "done" and entry.undone_by is None


def _row_of(entry: Entry) -> str:
    before = entry.opening.before
    return str(before.get("row", "")) if isinstance(before, dict) else ""
