"""Correction sessions: a model tags some documents, and people put its tags right."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_project
from .groups import add_group
from .prediction import predict
from .records import LabelingSession, Model, Project, Text
from .requests import Window, details_of, fields, number_of
from .sessions import check_open, conclude, mark, segment_of, text_of, texts_of_session
from .state import StudioState
from .tags import change_tag, make_tag, tag_of
from .views import correction_view, present, progress_of, session_documents_view, tag_view

__all__: list[str] = []

USUAL_SAMPLE = 20


@handles("listCorrections")
def list_corrections(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    status = call.query.get("status")
    return [
        shown(state, session)
        for session in state.sessions.values()
        if session.project_id == project.id
        and session.mode == "CORRECTION"
        and (not status or session.status == status)
    ]


@handles("createCorrection")
def create_correction(state: StudioState, call: Call) -> Any:
    """Sample documents, preferably ones without human tags, and let the model tag them."""
    user, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    model = state.model(int(body["model_id"]))
    if model.project_id not in (None, project.id):
        raise Refusal(404, "not_found", f"There is no model {model.id} in project {project.id}.")
    if not model.usable:
        raise Refusal(409, "conflict", f"Model {model.id} is {model.status}; it has to be ready first.")
    chosen = sample(state, project, number_of(body.get("sample_size")) or USUAL_SAMPLE)
    if not chosen:
        raise Refusal(400, "invalid_request", f"Project {project.id} has no documents.")
    number = state.next_id("session")
    name = str(body.get("name") or f"Correction of {model.display_name}")
    session = LabelingSession(
        number, state.new_uuid(), project.id, user.id, name, state.moment(), "CORRECTION"
    )
    session.model_id = model.id
    session.classes, session.labels = project.class_names, project.label_names
    session.document_ids = [text.id for text in chosen]
    group = add_group(state, project, f"{name} (documents)", "ANNOTATIONS")
    group.document_ids = list(session.document_ids)
    session.document_group_id = group.id
    session.status = "PREDICTING"
    state.sessions[number] = session

    def finish() -> None:
        session.status = "ANNOTATING"
        tag_with_model(state, session, model)
        state.notify(user.id, "Correction is ready", f"The session '{session.name}' waits for corrections")

    state.begin(finish)
    return shown(state, session)


@handles("getCorrection")
def get_correction(state: StudioState, call: Call) -> Any:
    _, session = open_correction(state, call)
    return shown(state, session)


@handles("deleteCorrection")
def delete_correction(state: StudioState, call: Call) -> None:
    _, session = open_correction(state, call, "ANNOTATOR")
    del state.sessions[session.id]


@handles("listCorrectionDocuments")
def list_correction_documents(state: StudioState, call: Call) -> Any:
    _, session = open_correction(state, call)
    texts = Window.of(call).cut(texts_of_session(state, session))
    return session_documents_view(state, session, texts, details_of(call))


@handles("markSegmentCorrected")
def mark_segment_corrected(state: StudioState, call: Call) -> Any:
    _, session = open_correction(state, call, "ANNOTATOR")
    check_ready(session)
    text = text_of(state, call, session)
    segment = segment_of(text, int(call.path["segment_id"]))
    mark(state, session, [segment])
    for tag in session.tags.get(segment.id, []):
        tag.status = "READY"
    status = {
        "name": "ANNOTATED",
        "created": session.annotated[segment.id],
        "document_id": text.id,
        "segment_id": segment.id,
        "annotation_id": session.id,
    }
    return {"segment": status, **standing(state, session)}


@handles("addCorrectionTag")
def add_correction_tag(state: StudioState, call: Call) -> Any:
    project, session = open_correction(state, call, "ANNOTATOR")
    check_ready(session)
    segment = segment_of(text_of(state, call, session), int(call.path["segment_id"]))
    tag = make_tag(state, project, session, segment, fields(call))
    tag.status = "READY"
    return tag_answer(state, session, segment.id, tag_view(tag))


@handles("updateCorrectionTag")
def update_correction_tag(state: StudioState, call: Call) -> Any:
    project, session = open_correction(state, call, "ANNOTATOR")
    check_ready(session)
    segment, tag = tag_of(state, call, session)
    change_tag(project, segment, session.tags[segment.id], tag, fields(call))
    tag.status = "READY"
    return tag_answer(state, session, segment.id, tag_view(tag))


@handles("deleteCorrectionTag")
def delete_correction_tag(state: StudioState, call: Call) -> Any:
    _, session = open_correction(state, call, "ANNOTATOR")
    check_ready(session)
    segment, tag = tag_of(state, call, session)
    session.tags[segment.id].remove(tag)
    ids = {
        "document_id": int(call.path["document_id"]),
        "segment_id": segment.id,
        "annotation_id": session.id,
    }
    created = session.annotated.get(segment.id)
    status = present(name="ANNOTATED" if created else None, created=created, **ids)
    return {"segment": status, **standing(state, session)}


@handles("confirmCorrectionTag")
def confirm_correction_tag(state: StudioState, call: Call) -> Any:
    """Say of a tag that it is right (READY) or still in work (CORRECTING)."""
    _, session = open_correction(state, call, "ANNOTATOR")
    check_ready(session)
    segment, tag = tag_of(state, call, session)
    tag.status = str(fields(call)["status"])
    return tag_answer(state, session, segment.id, tag_view(tag))


def open_correction(
    state: StudioState, call: Call, min_role: str = "VIEWER"
) -> tuple[Project, LabelingSession]:
    _, project = open_project(state, call, min_role)
    return project, state.session(project, int(call.path["correction_id"]), "CORRECTION")


def check_ready(session: LabelingSession) -> None:
    check_open(session)
    if session.status in ("SAMPLING", "PREDICTING"):
        raise Refusal(
            409, "conflict", f"Session {session.id} is {session.status}; its tags are not there yet."
        )


def shown(state: StudioState, session: LabelingSession) -> dict[str, Any]:
    return correction_view(state, session, predicted_score(state, session))


def standing(state: StudioState, session: LabelingSession) -> dict[str, Any]:
    """How far the session is, in whole percent, as the official client reads it."""
    conclude(state, session)
    return {"predicted_score": predicted_score(state, session), "progress": int(progress_of(state, session))}


def tag_answer(
    state: StudioState, session: LabelingSession, segment_id: int, tag: dict[str, Any]
) -> dict[str, Any]:
    segment = present(annotated=session.annotated.get(segment_id))
    return {"tag": tag, "segment": segment, **standing(state, session)}


def predicted_score(state: StudioState, session: LabelingSession) -> int:
    """The percentage of the corrected segments on which the model was right from the start."""
    corrected = [number for number in session.predicted if number in session.annotated]
    if not corrected:
        return 0
    right = sum(
        {tag.meaning for tag in session.tags.get(number, [])} == session.predicted[number]
        for number in corrected
    )
    return round(100 * right / len(corrected))


def sample(state: StudioState, project: Project, size: int) -> list[Text]:
    """Random documents, those first that nobody has tagged yet."""
    texts = state.texts_of(project)
    state.random.shuffle(texts)
    used = {
        number
        for session in state.sessions.values()
        if session.project_id == project.id
        for number in session.document_ids
    }
    texts.sort(key=lambda text: text.id in used)
    return sorted(texts[: max(1, size)], key=lambda text: text.id)


def tag_with_model(state: StudioState, session: LabelingSession, model: Model) -> None:
    for text in texts_of_session(state, session):
        for segment in text.segments:
            session.tags[segment.id] = predict(state, segment, model, "CORRECTING")
            session.predicted[segment.id] = {tag.meaning for tag in session.tags[segment.id]}
