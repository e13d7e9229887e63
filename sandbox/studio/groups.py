"""Groups of documents: made from listed documents, from an uploaded file or from an external source."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_project
from .documents import project_tags, search_in
from .files import records_of, write_table
from .records import Group, Project, Text
from .requests import Window, details_of, fields, flag, uploaded
from .sources import documents_given, keep, keep_upload, preview_view, pull
from .state import StudioState
from .views import document_view, group_view

__all__ = ["add_group"]


@handles("uploadGroupFile")
def upload_group_file(state: StudioState, call: Call) -> Any:
    open_project(state, call, "ANNOTATOR")
    stored = keep_upload(state, uploaded(call))
    view = preview_view(stored)
    if not flag(fields(call).get("to_list"), usual=True):
        view["preview"] = records_of(stored.table)[:5]
    return view


@handles("connectGroupSource")
def connect_group_source(state: StudioState, call: Call) -> Any:
    """Pull unlabeled texts from a source; they wait under a file id, as an uploaded file does."""
    _, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    return preview_view(keep(state, str(body["source"]), pull(body, project.type, labelled=False)))


@handles("createGroup")
def create_group(state: StudioState, call: Call) -> Any:
    """Make a group; its documents are there at once, PROCESSING lasts until the work is done."""
    user, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    texts = documents_given(state, body, project.type)
    if not texts:
        message = "A group needs documents: list them, or name a file_id or a source."
        raise Refusal(400, "invalid_request", message)
    group = add_group(state, project, str(body.get("name") or "New group"), "UPLOAD")
    for text, meta in texts:
        stored = state.add_text(project.id, text, meta, split=flag(body.get("split"), True))
        group.document_ids.append(stored.id)
    group.status = "PROCESSING"

    def finish() -> None:
        group.status = "CREATED"
        state.notify(
            user.id, "Group is ready", f"Your group '{group.name}' has {len(group.document_ids)} documents"
        )

    state.begin(finish)
    return group_view(group)


@handles("listGroups")
def list_groups(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return [group_view(group) for group in state.groups.values() if group.project_id == project.id]


@handles("getGroup")
def get_group(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return group_view(state.group(project, int(call.path["group_id"])))


@handles("updateGroup")
def update_group(state: StudioState, call: Call) -> Any:
    """Rename a group or add documents. The answer is documented as a labeling session, so it has its keys.

    `documents` is documented to hold groups: the documents of such a group are added, and so is a new text.
    """
    user, project = open_project(state, call, "ANNOTATOR")
    group = state.group(project, int(call.path["group_id"]))
    body = fields(call)
    numbers: list[int] = body.get("document_ids") or []
    added = [state.text(project, number).id for number in numbers]
    others: list[dict[str, Any]] = body.get("documents") or []
    for entry in others:
        if "text" in entry:
            meta = {name: value for name, value in entry.items() if name != "text"}
            added.append(state.add_text(project.id, str(entry["text"]), meta).id)
        elif entry.get("id") is not None:
            added += state.group(project, int(entry["id"])).document_ids
    group.document_ids = list(dict.fromkeys([*group.document_ids, *added]))
    group.name = str(body.get("name") or group.name)
    status = "STARTED" if group.status == "PROCESSING" else group.status
    return {
        **group_view(group),
        "status": status,
        "document_group_id": group.id,
        "organization_id": project.workspace_id,
        "user_id": user.id,
        "type": project.type,
        "classes": project.class_names,
        "labels": project.label_names,
    }


@handles("deleteGroup")
def delete_group(state: StudioState, call: Call) -> None:
    """Take a group away; its documents stay in the project."""
    _, project = open_project(state, call, "ANNOTATOR")
    group = state.group(project, int(call.path["group_id"]))
    del state.groups[group.id]
    for session in state.sessions.values():
        if session.document_group_id == group.id:
            session.document_group_id = None


@handles("listGroupDocuments")
def list_group_documents(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    group = state.group(project, int(call.path["group_id"]))
    texts = search_in(texts_of_group(state, group), call.query.get("search"))
    details = details_of(call)
    tags = project_tags(state, project)
    return [document_view(text, details, tags) for text in Window.of(call).cut(texts)]


@handles("getGroupDocument")
def get_group_document(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    group = state.group(project, int(call.path["group_id"]))
    number = int(call.path["document_id"])
    if number not in group.document_ids:
        raise Refusal(404, "not_found", f"There is no document {number} in group {group.id}.")
    return document_view(state.text(project, number), details_of(call), project_tags(state, project))


@handles("downloadGroup")
def download_group(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    group = state.group(project, int(call.path["group_id"]))
    records = [{"id": text.id, "text": text.text, **text.meta} for text in texts_of_group(state, group)]
    return write_table(f"group-{group.id}", call.query.get("format"), records)


def add_group(state: StudioState, project: Project, name: str, source: str) -> Group:
    number = state.next_id("group")
    group = Group(number, project.id, name, state.moment(), source)
    state.groups[number] = group
    return group


def texts_of_group(state: StudioState, group: Group) -> list[Text]:
    return [state.texts[number] for number in group.document_ids if number in state.texts]
