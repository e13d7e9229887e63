"""The documents of a project."""

from __future__ import annotations

from typing import Any, cast

from ..service import Call, Refusal, handles
from .access import open_project
from .records import Project, Segment, Tag, Task, Text
from .requests import Window, details_of, fields, items
from .state import StudioState
from .views import document_view

__all__ = ["forget_document", "project_tags", "search_in"]


@handles("listProjectDocuments")
def list_project_documents(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    window = Window.of(call)
    query = call.query
    texts = search_in(state.texts_of(project), query.get("search"))
    if query.get("annotation_id") is not None:
        texts = among(texts, state.session(project, int(query["annotation_id"])).document_ids)
    if query.get("group_id") is not None:
        texts = among(texts, state.group(project, int(query["group_id"])).document_ids)
    if query.get("analysis_id") is not None:
        analysis = state.analyses.get(int(query["analysis_id"]))
        if analysis is None or analysis.project_id != project.id:
            message = f"There is no analysis {query['analysis_id']} in project {project.id}."
            raise Refusal(404, "not_found", message)
        texts = among(texts, analysis.document_ids)
    for name, table in (("grouped", state.groups), ("analysed", state.analyses)):
        if query.get(name):
            holders = [entry for entry in table.values() if entry.project_id == project.id]
            texts = among(texts, [number for entry in holders for number in entry.document_ids])
    details = details_of(call)
    rows = [document_view(text, details, project_tags(state, project)) for text in window.cut(texts)]
    return window.envelope("documents", rows, len(texts))


@handles("getProjectDocument")
def get_project_document(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    text = state.text(project, int(call.path["document_id"]))
    return document_view(text, details_of(call), project_tags(state, project))


@handles("createDocument")
def create_document(state: StudioState, call: Call) -> Any:
    """Create a document. Segments given with it are kept as they are; else it is split into sentences."""
    _, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    if not str(body["text"]).strip():
        raise Refusal(400, "invalid_request", "A document needs a text.")
    meta = {name: value for name, value in body.items() if name not in ("text", "segments")}
    given: Any = body.get("segments") or []
    text = state.add_text(project.id, str(body["text"]), meta)
    segments = cast("list[Any]", given) if isinstance(given, list) else [given]
    if segments:
        cut_as_given(state, text, [cast("dict[str, Any]", entry) for entry in segments])
    return document_view(text, frozenset())


@handles("uploadDocuments")
def upload_documents(state: StudioState, call: Call) -> None:
    """Take documents in; their number is theirs if it is free. The user is notified after segmentation."""
    user, project = open_project(state, call, "ANNOTATOR")
    entries = items(call)
    if not entries or not all(str(entry.get("text") or "").strip() for entry in entries):
        raise Refusal(400, "invalid_request", "Each document needs a text.")
    for entry in entries:
        meta = {name: value for name, value in entry.items() if name != "text"}
        state.add_text(project.id, str(entry["text"]), meta)
    number = state.next_id("task")
    task = Task(number, project.id, f"Upload of {len(entries)} documents", "STARTED", state.moment())

    def finish() -> None:
        task.status, task.work = "FINISHED", None
        state.notify(user.id, "Documents are uploaded", f"{len(entries)} documents are in '{project.name}'")

    task.work = state.begin(finish)
    state.tasks[number] = task


@handles("updateDocument")
def update_document(state: StudioState, call: Call) -> Any:
    """Change a text. It gets new segments, so its tags and marks are gone."""
    _, project = open_project(state, call, "ANNOTATOR")
    text = state.text(project, int(call.path["document_id"]))
    wanted = fields(call).get("text")
    if wanted is not None and not str(wanted).strip():
        raise Refusal(400, "invalid_request", "A document needs a text.")
    if wanted is not None and wanted != text.text:
        forget_segments(state, text)
        text.text = str(wanted)
        state.cut(text)
    return document_view(text, frozenset())


@handles("deleteProjectDocument")
def delete_document(state: StudioState, call: Call) -> None:
    _, project = open_project(state, call, "ANNOTATOR")
    forget_document(state, state.text(project, int(call.path["document_id"])))


def search_in(texts: list[Text], words: str | None) -> list[Text]:
    """The texts that contain the words, in any case."""
    if not words:
        return texts
    wanted = words.casefold()
    return [text for text in texts if wanted in text.text.casefold()]


def among(texts: list[Text], numbers: list[int]) -> list[Text]:
    wanted = set(numbers)
    return [text for text in texts if text.id in wanted]


def project_tags(state: StudioState, project: Project):
    """Segment → the tags that people gave it in the project's labeling sessions."""
    sessions = [entry for entry in state.sessions.values() if entry.project_id == project.id]

    def tags(segment: Segment) -> list[Tag]:
        return [tag for session in sessions for tag in session.tags.get(segment.id, [])]

    return tags


def cut_as_given(state: StudioState, text: Text, segments: list[dict[str, Any]]) -> None:
    """Replace the sentences of a text by the segments that came with it, each found in the text."""
    cut: list[Segment] = []
    begin = 0
    for entry in segments:
        wanted = str(entry.get("text") or "")
        begin = text.text.find(wanted, begin) if wanted else -1
        if begin < 0:
            del state.texts[text.id]
            raise Refusal(400, "invalid_request", f"The segment '{wanted[:60]}' is not in the text.")
        cut.append(Segment(state.next_id("segment"), wanted, (begin, begin + len(wanted))))
        begin += len(wanted)
    text.segments = cut


def forget_segments(state: StudioState, text: Text) -> None:
    for segment in text.segments:
        for session in state.sessions.values():
            session.tags.pop(segment.id, None)
            session.annotated.pop(segment.id, None)
            session.predicted.pop(segment.id, None)
        for analysis in state.analyses.values():
            analysis.tags.pop(segment.id, None)


def forget_document(state: StudioState, text: Text) -> None:
    """Take a document out of everything that holds it."""
    forget_segments(state, text)
    for table in (state.groups, state.sessions, state.analyses):
        for holder in table.values():
            if text.id in holder.document_ids:
                holder.document_ids.remove(text.id)
    del state.texts[text.id]
