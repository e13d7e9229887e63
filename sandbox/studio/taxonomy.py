"""The classes and labels of a project."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_project
from .files import read_table, records_of, write_table
from .records import ClassDefinition, Label, Project
from .requests import fields, items, uploaded
from .state import StudioState
from .views import class_view, label_view

__all__ = ["add_class", "add_label"]


@handles("listClasses")
def list_classes(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return [class_view(entry) for entry in project.classes]


@handles("getClass")
def get_class(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return class_view(class_of(call, project))


@handles("addClass")
def add_one_class(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    return class_view(add_class(state, project, fields(call)))


@handles("addClasses")
def add_many_classes(state: StudioState, call: Call) -> Any:
    """Add all the classes or, if one of them cannot be added, none."""
    _, project = open_project(state, call, "ANNOTATOR")
    return add_all_classes(state, project, items(call))


@handles("uploadClassesFile")
def upload_classes_file(state: StudioState, call: Call) -> Any:
    """Add the classes of a file: columns name, example and description, or just a name in each line."""
    _, project = open_project(state, call, "ANNOTATOR")
    return add_all_classes(state, project, named_rows(call, ("name", "example", "description")))


@handles("updateClass")
def update_class(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    entry = class_of(call, project)
    body = fields(call)
    if "name" in body and body["name"] != entry.name:
        check_class_name(project, str(body["name"]))
        rename(state, project, entry.name, str(body["name"]), "class_name")
        entry.name = str(body["name"])
    entry.example = str(body.get("example", entry.example))
    entry.description = str(body.get("description", entry.description))
    return class_view(entry)


@handles("deleteClass")
def delete_class(state: StudioState, call: Call) -> None:
    """Take a class away, and with it the tags that name it."""
    _, project = open_project(state, call, "ANNOTATOR")
    entry = class_of(call, project)
    project.classes.remove(entry)
    rename(state, project, entry.name, None, "class_name")


@handles("downloadClasses")
def download_classes(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return write_table("classes", call.query.get("format"), [class_view(entry) for entry in project.classes])


@handles("listLabels")
def list_labels(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return [label_view(entry) for entry in project.labels]


@handles("getLabel")
def get_label(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return label_view(label_of(call, project))


@handles("addLabel")
def add_one_label(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    return label_view(add_label(state, project, str(fields(call).get("name") or "")))


@handles("uploadLabelsFile")
def upload_labels_file(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    names = [str(row["name"]) for row in named_rows(call, ("name",))]
    for name in names:
        check_label_name(project, name)
    return [label_view(add_label(state, project, name)) for name in dict.fromkeys(names)]


@handles("updateLabelById")
def update_label(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    return rename_label(state, project, label_of(call, project), fields(call))


@handles("updateLabelByName")
def update_label_by_name(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    name = str(call.path["name"])
    entry = next((label for label in project.labels if label.name == name), None)
    if entry is None:
        raise Refusal(404, "not_found", f"There is no label {name} in project {project.id}.")
    return rename_label(state, project, entry, fields(call))


@handles("deleteLabel")
def delete_label(state: StudioState, call: Call) -> None:
    _, project = open_project(state, call, "ANNOTATOR")
    entry = label_of(call, project)
    if project.type == "ABSA":
        raise Refusal(400, "invalid_request", "Labels from ABSA projects cannot be deleted.")
    project.labels.remove(entry)
    rename(state, project, entry.name, None, "label")


@handles("downloadLabels")
def download_labels(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return write_table("labels", call.query.get("format"), [label_view(entry) for entry in project.labels])


def add_class(state: StudioState, project: Project, values: dict[str, Any]) -> ClassDefinition:
    name = str(values.get("name") or "")
    check_class_name(project, name)
    example, description = str(values.get("example") or ""), str(values.get("description") or "")
    entry = ClassDefinition(state.next_id("class"), name, example, description)
    project.classes.append(entry)
    return entry


def add_all_classes(state: StudioState, project: Project, rows: list[dict[str, Any]]) -> Any:
    names = [str(row.get("name") or "") for row in rows]
    for name in names:
        check_class_name(project, name)
    if len(set(names)) < len(names):
        raise Refusal(400, "invalid_request", "A class is named twice.")
    return [class_view(add_class(state, project, row)) for row in rows]


def add_label(state: StudioState, project: Project, name: str) -> Label:
    check_label_name(project, name)
    entry = Label(state.next_id("label"), name)
    project.labels.append(entry)
    return entry


def check_class_name(project: Project, name: str) -> None:
    if not name.strip():
        raise Refusal(400, "invalid_request", "A class needs a name.")
    if name in project.class_names:
        raise Refusal(400, "already_exists", f"There is a class {name} in project {project.id} already.")


def check_label_name(project: Project, name: str) -> None:
    if project.type == "ABSA":
        raise Refusal(400, "invalid_request", "You cannot add labels to an ABSA project.")
    if not name.strip():
        raise Refusal(400, "invalid_request", "A label needs a name.")
    if name in project.label_names:
        raise Refusal(400, "already_exists", f"There is a label {name} in project {project.id} already.")


def class_of(call: Call, project: Project) -> ClassDefinition:
    number = int(call.path["class_id"])
    found = next((entry for entry in project.classes if entry.id == number), None)
    if found is None:
        raise Refusal(404, "not_found", f"There is no class {number} in project {project.id}.")
    return found


def label_of(call: Call, project: Project) -> Label:
    number = int(call.path["label_id"])
    found = next((entry for entry in project.labels if entry.id == number), None)
    if found is None:
        raise Refusal(404, "not_found", f"There is no label {number} in project {project.id}.")
    return found


def rename_label(state: StudioState, project: Project, entry: Label, body: dict[str, Any]) -> Any:
    name = str(body.get("name") or entry.name)
    if name != entry.name:
        if name in project.label_names:
            raise Refusal(400, "already_exists", f"There is a label {name} in project {project.id} already.")
        rename(state, project, entry.name, name, "label")
        entry.name = name
    return label_view(entry)


def rename(state: StudioState, project: Project, old: str, new: str | None, attribute: str) -> None:
    """Let all tags of the project follow a class or label to its new name, or go with it."""
    listed = "classes" if attribute == "class_name" else "labels"
    for session in state.sessions.values():
        if session.project_id == project.id:
            names: list[str] = getattr(session, listed)
            setattr(session, listed, [new if name == old else name for name in names if new or name != old])
    holders = [*state.sessions.values(), *state.analyses.values()]
    for holder in [entry for entry in holders if entry.project_id == project.id]:
        for segment_id, tags in holder.tags.items():
            for tag in tags:
                if getattr(tag, attribute) == old and new is not None:
                    setattr(tag, attribute, new)
            if new is None:
                holder.tags[segment_id] = [tag for tag in tags if getattr(tag, attribute) != old]


def named_rows(call: Call, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a file under these column names; a first row that names the columns is a header."""
    table = read_table(uploaded(call))
    first = [str(cell or "").strip().casefold() for cell in table.rows[0]] if table.rows else []
    if table.header is not None or columns[0] in first:
        rows = [
            {str(key).strip().casefold(): value for key, value in row.items()} for row in records_of(table)
        ]
        if table.records and "name" not in rows[0]:
            rows = [{"name": row.get("text", row.get("class", row.get("label")))} for row in rows]
    else:
        rows = [dict(zip(columns, row, strict=False)) for row in table.rows]
    rows = [row for row in rows if row.get("name")]
    if not rows:
        raise Refusal(400, "invalid_request", "The file names nothing. It needs a column 'name'.")
    return rows
