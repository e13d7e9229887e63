"""Tags on the segments of labeling sessions, and all tags of a project."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_project
from .records import LabelingSession, Project, Segment, Tag
from .requests import Window, fields, flag
from .sessions import check_open, conclude, open_session, segment_of, text_of
from .state import StudioState
from .views import tag_view

__all__ = ["change_tag", "make_tag", "tag_of"]


@handles("listLabelingTags")
def list_labeling_tags(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    segment = segment_of(text_of(state, call, session), int(call.path["segment_id"]))
    return [tag_view(tag) for tag in session.tags.get(segment.id, [])]


@handles("addLabelingTag")
def add_labeling_tag(state: StudioState, call: Call) -> Any:
    _, project, session = open_session(state, call, "ANNOTATOR")
    check_open(session)
    segment = segment_of(text_of(state, call, session), int(call.path["segment_id"]))
    tag = make_tag(state, project, session, segment, fields(call))
    conclude(state, session)
    return tag_view(tag)


@handles("getLabelingTag")
def get_labeling_tag(state: StudioState, call: Call) -> Any:
    _, _, session = open_session(state, call)
    return tag_view(tag_of(state, call, session)[1])


@handles("updateLabelingTag")
def update_labeling_tag(state: StudioState, call: Call) -> Any:
    _, project, session = open_session(state, call, "ANNOTATOR")
    check_open(session)
    segment, tag = tag_of(state, call, session)
    change_tag(project, segment, session.tags[segment.id], tag, fields(call))
    return tag_view(tag)


@handles("deleteLabelingTag")
def delete_labeling_tag(state: StudioState, call: Call) -> None:
    _, _, session = open_session(state, call, "ANNOTATOR")
    check_open(session)
    segment, tag = tag_of(state, call, session)
    session.tags[segment.id].remove(tag)


@handles("listProjectTags")
def list_project_tags(state: StudioState, call: Call) -> Any:
    """All tags of a project's sessions; `classes` and `labels` keep only tags that have these."""
    _, project = open_project(state, call)
    window = Window.of(call)
    tags = [
        tag
        for _, _, tag in places_of(state, project)
        if (not flag(call.query.get("classes")) or tag.class_name)
        and (not flag(call.query.get("labels")) or tag.label)
    ]
    rows = [tag_view(tag) for tag in window.cut(tags)]
    return {
        "tags": rows,
        "count": len(rows),
        "limit": window.limit,
        "offset": window.offset,
        "total": len(tags),
    }


@handles("updateProjectTag")
def update_project_tag(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    session, segment_id, tag = place_of(state, call, project)
    owners = (text.segments for text in state.texts_of(project))
    segment = next(entry for segments in owners for entry in segments if entry.id == segment_id)
    change_tag(project, segment, session.tags[segment_id], tag, fields(call))
    return [tag_view(tag)]


@handles("deleteProjectTag")
def delete_project_tag(state: StudioState, call: Call) -> None:
    _, project = open_project(state, call, "ANNOTATOR")
    session, segment_id, tag = place_of(state, call, project)
    session.tags[segment_id].remove(tag)


def places_of(state: StudioState, project: Project) -> list[tuple[LabelingSession, int, Tag]]:
    """Every tag of a project with the session and the segment that it is on."""
    return [
        (session, segment_id, tag)
        for session in state.sessions.values()
        if session.project_id == project.id
        for segment_id, tags in session.tags.items()
        for tag in tags
    ]


def place_of(state: StudioState, call: Call, project: Project) -> tuple[LabelingSession, int, Tag]:
    number = int(call.path["tag_id"])
    found = next((place for place in places_of(state, project) if place[2].id == number), None)
    if found is None:
        raise Refusal(404, "not_found", f"There is no tag {number} in project {project.id}.")
    return found


def tag_of(state: StudioState, call: Call, session: LabelingSession) -> tuple[Segment, Tag]:
    """The segment and the tag that the path names."""
    segment = segment_of(text_of(state, call, session), int(call.path["segment_id"]))
    number = int(call.path["tag_id"])
    found = next((tag for tag in session.tags.get(segment.id, []) if tag.id == number), None)
    if found is None:
        raise Refusal(404, "not_found", f"There is no tag {number} on segment {segment.id}.")
    return segment, found


def make_tag(
    state: StudioState, project: Project, session: LabelingSession, segment: Segment, body: dict[str, Any]
) -> Tag:
    """Put a tag on a segment."""
    class_name, label = body.get("class") or None, body.get("label") or None
    check_meaning(project, class_name, label)
    tags = session.tags.setdefault(segment.id, [])
    check_new(tags, (class_name, label))
    span = span_in(segment, body)
    tag = state.new_tag(class_name, label)
    tag.span, tag.text = span, body.get("text")
    tags.append(tag)
    return tag


def change_tag(project: Project, segment: Segment, tags: list[Tag], tag: Tag, body: dict[str, Any]) -> None:
    class_name, label = body.get("class", tag.class_name) or None, body.get("label", tag.label) or None
    check_meaning(project, class_name, label)
    check_new([other for other in tags if other is not tag], (class_name, label))
    span = span_in(segment, body) or tag.span
    tag.class_name, tag.label, tag.span = class_name, label, span
    tag.text = body.get("text", tag.text)


def check_new(tags: list[Tag], meaning: tuple[str | None, str | None]) -> None:
    if any(tag.meaning == meaning for tag in tags):
        raise Refusal(400, "already_exists", "The segment has this tag already.")


def check_meaning(project: Project, class_name: str | None, label: str | None) -> None:
    """A tag has what the project's type calls for, from the project's own classes and labels."""
    if project.type in ("ABSA", "CLASSLABEL") and not (class_name and label):
        raise Refusal(
            400, "invalid_request", f"A tag of an {project.type} project needs a class and a label."
        )
    if project.type == "CLASS" and (not class_name or label):
        raise Refusal(400, "invalid_request", "A tag of a CLASS project is a class without a label.")
    if project.type == "LABEL" and (not label or class_name):
        raise Refusal(400, "invalid_request", "A tag of a LABEL project is a label without a class.")
    if class_name and class_name not in project.class_names:
        raise Refusal(400, "invalid_request", f"There is no class {class_name} in project {project.id}.")
    if label and label not in project.label_names:
        raise Refusal(400, "invalid_request", f"There is no label {label} in project {project.id}.")


def span_in(segment: Segment, body: dict[str, Any]) -> tuple[int, int] | None:
    """The part of the document that a tag is about; it has to be within the segment."""
    span: list[int] | None = body.get("span")
    if not span:
        return None
    if len(span) != 2 or not segment.span[0] <= span[0] < span[1] <= segment.span[1]:
        message = f"The span must be [start, end) within the segment's {list(segment.span)}."
        raise Refusal(400, "invalid_request", message)
    return span[0], span[1]
