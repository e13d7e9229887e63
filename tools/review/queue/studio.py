"""The work that waits for a person in Studio: HITL reviews, labeling sessions and corrections.

A session that failed is left out: nothing can be done in it. So is one that still samples or predicts.
"""

from __future__ import annotations

import anyio

from ....schemas import JsonObject, JsonValue
from .search import Kind, Search, Work, listed, text

__all__ = ["look_at_studio"]

_MAX_PROJECTS = 50
_WORKED_ON = frozenset({"CREATED", "STARTED", "ANNOTATING"})
_KIND_OF_MODE: dict[str, Kind] = {"ANNOTATION": "labeling_session", "CORRECTION": "correction"}
_MODE_OF_KIND = {kind: mode for mode, kind in _KIND_OF_MODE.items()}


async def look_at_studio(search: Search) -> None:
    """Find the work that waits in the projects, a limited number of them."""
    project_ids = await _project_ids(search)
    search.unseen["projects"] += len(project_ids)
    async with anyio.create_task_group() as group:
        for project_id in project_ids[:_MAX_PROJECTS]:
            group.start_soon(_look_at_project, search, project_id)


async def _project_ids(search: Search) -> list[int]:
    if search.wanted.project_id is not None:
        return [search.wanted.project_id]
    answer = await search.ask("studio", "projects", "listProjects", {})
    rows = listed(answer, "projects")
    there = [row["id"] for row in rows if "id" in row and text(row.get("status")).upper() != "DELETED"]
    if answer is not None and not there:
        search.answered.add("studio")
    return [number for number in there if isinstance(number, int)]


async def _look_at_project(search: Search, project_id: int) -> None:
    async with search.looking_at("projects"), anyio.create_task_group() as group:
        modes = [_MODE_OF_KIND[kind] for kind in search.wanted.kinds if kind in _MODE_OF_KIND]
        if modes:
            group.start_soon(_look_at_sessions, search, project_id, sorted(modes))
        if "hitl_review" in search.wanted.kinds:
            group.start_soon(_look_at_reviews, search, project_id)


async def _look_at_sessions(search: Search, project_id: int, modes: list[str]) -> None:
    """Labeling sessions and corrections, which one list tells apart by their mode."""
    arguments: JsonObject = {"project_id": project_id, "mode": list(modes)}
    answer = await search.ask("studio", "sessions", "listLabelingSessions", arguments)
    if answer is not None:
        search.answered.add("studio")
    for session in listed(answer, "annotations"):
        kind = _KIND_OF_MODE.get(text(session.get("mode")).upper(), "labeling_session")
        if kind in search.wanted.kinds and text(session.get("status")).upper() in _WORKED_ON:
            search.add(_session(search, kind, project_id, session))


def _session(search: Search, kind: Kind, project_id: int, session: JsonObject) -> Work:
    is_correction = kind == "correction"
    progress = session.get("progress")
    instead = "studio_list_correction_documents" if is_correction else "studio_list_labeling_documents"
    next_tool, next_with = _next(search, kind, session.get("id"), instead, {"details": ["segments", "tags"]})
    return Work(
        kind=kind,
        name=text(session.get("name")),
        ids={
            "project_id": project_id,
            "correction_id" if is_correction else "annotation_id": session.get("id"),
        },
        reasons=["in_progress"],
        next_tool=next_tool,
        next_with=next_with,
        waiting_since=text(session.get("created")),
        more={"progress": progress} if isinstance(progress, int | float) else {},
    )


async def _look_at_reviews(search: Search, project_id: int) -> None:
    answer = await search.ask("studio", "HITLs", "listHitls", {"project_id": project_id})
    if answer is not None:
        search.answered.add("studio")
    async with anyio.create_task_group() as group:
        for hitl in listed(answer, "hitls"):
            if isinstance(hitl.get("id"), int):
                group.start_soon(_look_at_hitl, search, project_id, hitl["id"])


async def _look_at_hitl(search: Search, project_id: int, hitl_id: JsonValue) -> None:
    arguments: JsonObject = {"project_id": project_id, "hitl_id": hitl_id}
    if search.wanted.min_confidence is not None:
        arguments["with_full_data"] = True
    answer = await search.ask("studio", "HITL reviews", "listHitlReviews", arguments)
    for review in listed(answer, "reviews"):
        if text(review.get("status")).upper() == "PENDING":
            search.add(_review(search, project_id, hitl_id, review))


def _review(search: Search, project_id: int, hitl_id: JsonValue, review: JsonObject) -> Work:
    """A review of one label on one page of a document; its confidence only where the service tells it."""
    ids = {
        "project_id": project_id,
        "hitl_id": hitl_id,
        "annotation_id": review.get("ls_annotation_id"),
        "document_id": review.get("document_id"),
        "page": review.get("page_num"),
    }
    data = review.get("data")
    confidence = _share(data.get("confidence")) if isinstance(data, dict) else None
    is_doubtful = confidence is not None and confidence < (search.wanted.min_confidence or 0.0)
    # Of the tools of the service, only the list of reviews shows the predicted value.
    next_tool, next_with = _next(
        search, "hitl_review", hitl_id, "studio_list_hitl_reviews", {"with_full_data": True}
    )
    return Work(
        kind="hitl_review",
        name=text(review.get("document_name")),
        ids={name: value for name, value in ids.items() if value is not None},
        reasons=["doubtful", "pending"] if is_doubtful else ["pending"],
        next_tool=next_tool,
        next_with=next_with,
        waiting_since=text(review.get("created")),
        assigned_to=[user] if (user := text(review.get("user_id"))) else [],
        more={"label": text(review.get("label"))},
        lowest_confidence=confidence,
    )


def _next(
    search: Search, kind: Kind, identity: JsonValue, instead: str, instead_with: JsonObject
) -> tuple[str, JsonObject]:
    """The tool that shows the texts and what is open in them, with its arguments beside the project.

    `instead` is the one of the service, for settings that leave ours out.
    """
    if search.offers("review_texts"):
        return "review_texts", {"kind": kind, "id": identity}
    return instead, instead_with


def _share(value: JsonValue) -> float | None:
    """A confidence from 0 to 1; Studio writes percents."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return None
    return round(value / 100, 4) if value > 1 else float(value)
