"""Approved files whose export failed: only the list of pages by day tells that, so days are counted here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ....schemas import JsonObject, JsonValue
from .search import Search, Work, text

__all__ = ["find_failed_exports"]

_USUAL_DAYS = 90
"""How far back files are looked at where the caller names no time."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FAILED = frozenset({"failed", "failure", "error"})


async def find_failed_exports(search: Search, workflow_id: str) -> None:
    """Add the files of a workflow whose export failed, each once."""
    today = datetime.now(UTC)
    since = search.wanted.since or today - timedelta(days=_USUAL_DAYS)
    days: JsonObject = {
        "model_id": workflow_id,
        "start_day_interval": max(0, (since - _BEGINNING).days),
        "current_batch_day": (today - _BEGINNING).days,
    }
    answer = await search.ask("nanonets", "exports", "listPredictionFiles", days)
    known = {text(work.ids.get("document_id")) for work in search.found}
    for page in _pages_in(answer or {}):
        file_id = text(page.get("request_file_id"))
        if text(page.get("export_status")).strip().casefold() not in _FAILED or file_id in known:
            continue
        known.add(file_id)
        day = page.get("day_since_epoch")
        uploaded = _BEGINNING + timedelta(days=day) if isinstance(day, int) else None
        search.add(
            Work(
                kind="document",
                name=text(page.get("original_file_name")),
                ids={"workflow_id": workflow_id, "document_id": file_id},
                reasons=["export_failed"],
                next_tool="nanonets_retry_exports",
                waiting_since=uploaded.isoformat() if uploaded else "",
            )
        )


def _pages_in(value: JsonValue) -> list[JsonObject]:
    """The pages in an answer, in whichever of its lists they stand."""
    if isinstance(value, list):
        return [page for entry in value for page in _pages_in(entry)]
    if not isinstance(value, dict):
        return []
    if "request_file_id" in value:
        return [value]
    return [page for entry in value.values() for page in _pages_in(entry)]
