"""Labeling sessions: making them, reading their documents, marking what is done."""

from __future__ import annotations

from typing import Any, cast

from ..service import Call, Refusal, handles
from .access import open_project
from .files import read_table, write_table
from .labelled import add_labelled, check_rows, labelled_rows, rows_of_table
from .records import LabelingSession, Text
from .requests import Window, details_of, fields, flag, number_of, uploaded, words_of
from .sessions import (
    add_session,
    conclude,
    mark,
    open_session,
    segment_of,
    session_records,
    text_of,
    texts_of_session,
)
from .sources import keep, preview_view, pull
from .state import StudioState
from .views import document_view, session_documents_view, session_view

__all__: list[str] = []


@handles("listLabelingSessions")
def list_labeling_sessions(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    modes, statuses = words_of(call.query.get("mode")), words_of(call.query.get("status"))
    return [
        session_view(state, session)
        for session in state.sessions.values()
        if session.project_id == project.id
        and (not modes or session.mode in modes)
        and (not statuses or session.status in statuses)
    ]


@handles("createLabelingSession")
def create_labeling_session(state: StudioState, call: Call) -> Any:
    """Make a session of documents: listed, known, in a file or a source, or else of all there are."""
    user, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    classes: list[str] = body.get("classes") or project.class_names
    labels: list[str] = body.get("labels") or project.label_names
    for name in classes:
        if name not in project.class_names:
            raise Refusal(400, "invalid_request", f"There is no class {name} in project {project.id}.")
    for name in labels:
        if name not in project.label_names:
            raise Refusal(400, "invalid_request", f"There is no label {name} in project {project.id}.")
    numbers: list[int] = body.get("document_ids") or []
    known = [state.text(project, number).id for number in numbers]
    mapping: dict[str, str] = body.get("column_mapping") or {}
    rows = labelled_rows(cast("list[dict[str, Any]]", body.get("documents") or []), {})
    if body.get("file_id"):
        rows += rows_of_table(state.file(str(body["file_id"])).table, mapping)
    elif body.get("source") and not rows:
        rows += rows_of_table(pull(body, project.type, labelled=True), mapping)
    check_rows(project, rows)
    if not known and not rows:
        known = [text.id for text in state.texts_of(project)]
    sample = number_of(body.get("sample_size"))
    if sample is not None and 0 < sample < len(known):
        known = sorted(state.random.sample(known, sample))
    session = add_session(state, user, project, str(body.get("name") or "New session"))
    session.classes, session.labels = list(classes), list(labels)
    session.document_ids = known
    add_labelled(state, session, project, rows, infer=flag(body.get("auto")))
    return session_view(state, session)


@handles("uploadLabelingFile")
def upload_labeling_file(state: StudioState, call: Call) -> Any:
    """Make a session of a file with labelled texts, or with show_preview only show what is in it."""
    user, project = open_project(state, call, "ANNOTATOR")
    file = uploaded(call)
    if flag(fields(call).get("show_preview")):
        return preview_view(keep(state, file.file_name, read_table(file)))
    if any(
        session.source_file == file.file_name
        and session.project_id == project.id
        and session.status == "STARTED"
        for session in state.sessions.values()
    ):
        raise Refusal(409, "conflict", f"{file.file_name} is being processed already.")
    rows = rows_of_table(read_table(file), {})
    if not rows:
        raise Refusal(400, "invalid_request", "The file holds no documents.")
    check_rows(project, rows)
    session = add_session(state, user, project, file.file_name)
    session.source_file = file.file_name
    add_labelled(state, session, project, rows, infer=True)
    settled, session.status = session.status, "STARTED"

    def finish() -> None:
        if session.status == "STARTED":
            session.status = settled
        state.notify(user.id, "Labeling session is ready", f"Your session '{session.name}' is ready")

    state.begin(finish)
    return session_view(state, session)


@handles("connectLabelingSource")
def connect_labeling_source(state: StudioState, call: Call) -> Any:
    """Pull training data from a source into a new session; the response contains a preview of it."""
    user, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    stored = keep(state, str(body["source"]), pull(body, project.type, labelled=True))
    rows = rows_of_table(stored.table, {})
    check_rows(project, rows)
    session = add_session(state, user, project, f"From {body['source']}")
    add_labelled(state, session, project, rows, infer=True)
    return {**session_view(state, session), "file_id": stored.id, "preview": preview_view(stored)["preview"]}


@handles("getLabelingSession")
def get_labeling_session(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    return session_view(state, session)


@handles("updateLabelingSession")
def update_labeling_session(state: StudioState, call: Call) -> Any:
    """Rename a session, or set its documents, classes or labels; documents given in full are added."""
    _, project, session = open_session(state, call, "ANNOTATOR")
    body = fields(call)
    rows = labelled_rows(cast("list[dict[str, Any]]", body.get("documents") or []), {})
    check_rows(project, rows)
    if body.get("document_ids") is not None:
        session.document_ids = [state.text(project, number).id for number in body["document_ids"]]
    session.name = str(body.get("name") or session.name)
    add_labelled(state, session, project, rows, infer=False)
    session.classes = list(body.get("classes", session.classes))
    session.labels = list(body.get("labels", session.labels))
    conclude(state, session)
    return session_view(state, session)


@handles("deleteLabelingSession")
def delete_labeling_session(state: StudioState, call: Call) -> None:
    _, _, session = open_session(state, call, "ANNOTATOR")
    del state.sessions[session.id]


@handles("listLabelingDocuments")
def list_labeling_documents(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    texts = Window.of(call).cut(texts_of_session(state, session))
    return session_documents_view(state, session, texts, details_of(call))


@handles("getLabelingDocument")
def get_labeling_document(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    text = text_of(state, call, session)
    return document_view(
        text, details_of(call), lambda segment: session.tags.get(segment.id, []), session.annotated
    )


@handles("markSegmentAnnotated")
def mark_segment_annotated(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call, "ANNOTATOR")
    text = text_of(state, call, session)
    number = int(call.path["segment_id"])
    mark(state, session, [segment_of(text, number)])
    return {**status_view(session, text, session.annotated[number]), "segment_id": number}


@handles("markPageAnnotated")
def mark_page_annotated(state: StudioState, call: Call) -> Any:
    """Mark the segments of one page; the HITL reviews of that page are done with it."""
    user, _, session = open_session(state, call, "ANNOTATOR")
    text = text_of(state, call, session)
    page = int(call.path["page"])
    segments = [segment for segment in text.segments if text.page_of(segment) == page]
    if not segments:
        raise Refusal(404, "not_found", f"There is no page {page} in document {text.id}; pages count from 0.")
    mark(state, session, segments)
    for review in state.reviews.values():
        if (review.ls_annotation_id, review.document_id, review.page_num) == (session.id, text.id, page):
            review.status, review.updated, review.user_id = "COMPLETED", state.moment(), user.id
    return {**status_view(session, text, session.annotated[segments[0].id]), "segment_id": segments[0].id}


@handles("markDocumentAnnotated")
def mark_document_annotated(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call, "ANNOTATOR")
    text = text_of(state, call, session)
    mark(state, session, text.segments)
    return status_view(session, text, max(session.annotated[segment.id] for segment in text.segments))


@handles("downloadLabelingSession")
def download_labeling_session(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    records = session_records(state, [session])
    return write_table(f"labeling-session-{session.id}", call.query.get("format"), records)


@handles("downloadLabelingSessions")
def download_labeling_sessions(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    sessions = [session for session in state.sessions.values() if session.project_id == project.id]
    records = session_records(state, sessions)
    return write_table(f"labeling-sessions-of-project-{project.id}", call.query.get("format"), records)


def status_view(session: LabelingSession, text: Text, created: str) -> dict[str, Any]:
    return {"name": "ANNOTATED", "created": created, "document_id": text.id, "annotation_id": session.id}
