"""Humans in the loop: who looks at which extracted values, and the reviews that wait for them."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_project, role_in
from .records import Hitl, HitlReview, Project
from .requests import fields, flag
from .state import StudioState
from .views import present, progress_of

__all__: list[str] = []

USUAL_THRESHOLD = 80


@handles("listHitls")
def list_hitls(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return [hitl_view(hitl) for hitl in state.hitls.values() if hitl.project_id == project.id]


@handles("addHitl")
def add_hitl(state: StudioState, call: Call) -> Any:
    """Add a HITL; each label of its model must reach the usual threshold."""
    _, project = open_project(state, call, "ANNOTATOR")
    check(state, project, fields(call))
    number = state.next_id("hitl")
    hitl = Hitl(number, project.id, f"HITL {number}", "", state.moment(), state.moment())
    hitl.labels = dict.fromkeys(project.label_names, USUAL_THRESHOLD)
    state.hitls[number] = hitl
    return changed(state, hitl, fields(call))


@handles("getHitl")
def get_hitl(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return hitl_view(state.hitl(project, int(call.path["hitl_id"])))


@handles("updateHitl")
def update_hitl(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    check(state, project, fields(call))
    return changed(state, state.hitl(project, int(call.path["hitl_id"])), fields(call))


@handles("assignHitl")
def assign_hitl(state: StudioState, call: Call) -> Any:
    """Give a HITL and its open reviews to a person."""
    _, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    check(state, project, body)
    hitl = state.hitl(project, int(call.path["hitl_id"]))
    if body.get("assigned_user_id") is not None:
        for review in state.reviews.values():
            if review.hitl_id == hitl.id and review.status == "PENDING":
                review.user_id, review.updated = int(body["assigned_user_id"]), state.moment()
    return changed(state, hitl, body)


@handles("listHitlReviews")
def list_hitl_reviews(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    hitl = state.hitl(project, int(call.path["hitl_id"]))
    full = flag(call.query.get("with_full_data"))
    return [
        review_view(state, review, full) for review in state.reviews.values() if review.hitl_id == hitl.id
    ]


def hitl_view(hitl: Hitl) -> dict[str, Any]:
    return present(
        id=hitl.id,
        name=hitl.name,
        description=hitl.description,
        project_id=hitl.project_id,
        created_at=hitl.created,
        updated_at=hitl.updated,
        assigned_user_id=hitl.assigned_user_id,
        model_id=hitl.model_id,
        is_live=hitl.is_live,
        webhook_url=hitl.webhook_url,
        labels={name: {"confidence_threshold": threshold} for name, threshold in hitl.labels.items()},
    )


def review_view(state: StudioState, review: HitlReview, full: bool) -> dict[str, Any]:
    """A review; in full also the value in doubt, the page's text and how far its session is."""
    view = present(
        review_id=review.id,
        task_id=review.task_id,
        document_id=review.document_id,
        document_name=review.document_name,
        page_num=review.page_num,
        status=review.status,
        created=review.created,
        updated=review.updated,
        user_id=review.user_id,
        label=review.label,
        confidence_threshold=review.confidence_threshold,
        ls_annotation_id=review.ls_annotation_id,
        hitl_id=review.hitl_id,
    )
    if full:
        text = state.texts.get(review.document_id)
        pages = text.text.split("\f") if text else []
        session = state.sessions.get(review.ls_annotation_id or 0)
        view["data"] = present(
            value=review.value,
            confidence=review.confidence,
            page_text=pages[review.page_num] if review.page_num < len(pages) else None,
            session_progress=progress_of(state, session) if session else None,
        )
    return view


def check(state: StudioState, project: Project, body: dict[str, Any]) -> None:
    """Refuse a person who does not belong to the workspace, and a model of another project."""
    user_id, model_id = body.get("assigned_user_id"), body.get("model_id")
    if user_id is not None:
        user = state.users.get(int(user_id))
        if user is None or role_in(state, user, project.workspace_id) is None:
            raise Refusal(
                400, "invalid_request", f"User {user_id} does not belong to the project's workspace."
            )
    if model_id is not None and state.model(int(model_id)).project_id not in (None, project.id):
        raise Refusal(400, "invalid_request", f"Model {model_id} does not belong to project {project.id}.")


def changed(state: StudioState, hitl: Hitl, body: dict[str, Any]) -> Any:
    for name in ("name", "description", "assigned_user_id", "model_id", "is_live", "webhook_url"):
        if name in body:
            setattr(hitl, name, body[name])
    hitl.updated = state.moment()
    return hitl_view(hitl)
