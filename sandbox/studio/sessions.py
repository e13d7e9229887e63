"""Working in a labeling or correction session: finding its documents and segments, marking them as done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..service import Call, Refusal
from .access import open_project
from .records import LabelingSession, Project, Segment, Text, User
from .state import StudioState
from .views import progress_of

__all__ = [
    "add_session",
    "check_open",
    "conclude",
    "mark",
    "open_session",
    "segment_of",
    "session_records",
    "text_of",
    "texts_of_session",
]


def open_session(
    state: StudioState, call: Call, min_role: str = "VIEWER"
) -> tuple[User, Project, LabelingSession]:
    """The user, the project and the session of the path."""
    user, project = open_project(state, call, min_role)
    return user, project, state.session(project, int(call.path["annotation_id"]))


def add_session(state: StudioState, user: User, project: Project, name: str) -> LabelingSession:
    number = state.next_id("session")
    session = LabelingSession(number, state.new_uuid(), project.id, user.id, name, state.moment())
    session.classes = project.class_names
    session.labels = project.label_names
    state.sessions[number] = session
    return session


def texts_of_session(state: StudioState, session: LabelingSession) -> list[Text]:
    return [state.texts[number] for number in session.document_ids if number in state.texts]


def text_of(state: StudioState, call: Call, session: LabelingSession) -> Text:
    number = int(call.path["document_id"])
    if number not in session.document_ids or number not in state.texts:
        raise Refusal(404, "not_found", f"There is no document {number} in session {session.id}.")
    return state.texts[number]


def segment_of(text: Text, number: int) -> Segment:
    found = next((segment for segment in text.segments if segment.id == number), None)
    if found is None:
        raise Refusal(404, "not_found", f"There is no segment {number} in document {text.id}.")
    return found


def check_open(session: LabelingSession) -> None:
    if session.status in ("FAILED", "DELETING"):
        raise Refusal(
            400, "invalid_request", f"Session {session.id} is {session.status} and cannot be worked on."
        )


def mark(state: StudioState, session: LabelingSession, segments: Iterable[Segment]) -> None:
    """Mark segments as done; one that is done already keeps its time. The last one finishes the session."""
    check_open(session)
    for segment in segments:
        session.annotated.setdefault(segment.id, state.moment())
    conclude(state, session)


def conclude(state: StudioState, session: LabelingSession) -> None:
    """Set the status that follows from how much is done."""
    if session.status in ("FAILED", "DELETING"):
        return
    done = progress_of(state, session)
    if done >= 100:
        session.finished = session.finished or state.moment()
        session.status = "FINISHED"
    elif done > 0 or session.tags:
        session.finished, session.status = None, "ANNOTATING"


def session_records(state: StudioState, sessions: Iterable[LabelingSession]) -> list[dict[str, Any]]:
    """One record for each tag, and one for each segment without any."""
    records: list[dict[str, Any]] = []
    for session in sessions:
        for text in texts_of_session(state, session):
            for segment in text.segments:
                ids: dict[str, Any] = {
                    "session_id": session.id,
                    "document_id": text.id,
                    "segment_id": segment.id,
                    "text": segment.text,
                    "start": segment.span[0],
                    "end": segment.span[1],
                    "annotated": session.annotated.get(segment.id, ""),
                }
                pairs = [tag.meaning for tag in session.tags.get(segment.id, [])] or [(None, None)]
                records += [
                    {**ids, "class": class_name or "", "label": label or ""} for class_name, label in pairs
                ]
    return records
