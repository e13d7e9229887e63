"""Models: listing, training, changing, uploading, downloading, favourites."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any, cast

from ..service import Call, Download, Refusal, handles
from .access import home_of, open_model, open_project, reachable_models, signed_in
from .outcomes import finish_training
from .records import ClassDefinition, Label, LabelingSession, Model, Project, User
from .requests import Window, fields, flag, uploaded
from .state import StudioState
from .views import analysis_view, document_view, model_view

__all__: list[str] = []

CHANGEABLE = (
    "base",
    "created",
    "display_name",
    "uuid",
    "language",
    "long_description",
    "name",
    "owner",
    "progress",
    "score",
    "short_description",
    "status",
    "type",
)
DEMO_DOCUMENTS = 3


@handles("listModels")
def list_models(state: StudioState, call: Call) -> Any:
    user = signed_in(state, call)
    return page_of_models(state, call, user, reachable_models(state, user))


@handles("listOrganizationModels")
def list_workspace_models(state: StudioState, call: Call) -> Any:
    """The models of one workspace, which the path names by its name, and the public ones."""
    user = signed_in(state, call)
    return page_of_models(state, call, user, models_of_workspace(state, call, user))


@handles("listProjectModels")
def list_project_models(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return [model_view(state, model) for model in state.models_of(project)]


@handles("getModel")
def get_model(state: StudioState, call: Call) -> Any:
    """One model, in a list envelope, as the documents show it."""
    _, model = open_model(state, call)
    return Window(0, 1).envelope("models", [model_view(state, model)], 1)


@handles("getProjectModel")
def get_project_model(state: StudioState, call: Call) -> Any:
    """A model with its metrics and a few documents that it was shown."""
    _, project = open_project(state, call)
    _, model = open_model(state, call)
    sessions = [entry for entry in state.sessions.values() if entry.project_id == project.id]
    demo: list[dict[str, Any]] = []
    for session in [entry for entry in sessions if entry.annotated][:1]:
        texts = [state.texts[number] for number in session.document_ids if number in state.texts]
        for text in texts[:DEMO_DOCUMENTS]:
            tags = session.tags
            demo.append(
                document_view(text, frozenset({"segments", "tags"}), lambda part, t=tags: t.get(part.id, []))
            )
    return {
        **model_view(state, model),
        "demoset": demo,
        "metrics": model.metrics,
        "classes": [entry.name for entry in model.classes],
        "labels": [entry.name for entry in model.labels],
    }


@handles("trainModel")
def train_model(state: StudioState, call: Call) -> Any:
    """Train a model on what people annotated; it is READY, with a score, when the work is done.

    It has FAILED then if the sessions are marked as done but hold no tags.
    """
    user, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    both = sessions_named(state, project, body.get("annotation_ids"))
    train = both or sessions_named(state, project, body.get("trainset_annotation_ids"))
    test = both or sessions_named(state, project, body.get("testset_annotation_ids"))
    if not train:
        every = [entry for entry in state.sessions.values() if entry.project_id == project.id]
        train = [entry for entry in every if entry.annotated and entry not in test]
    if not any(session.annotated for session in train):
        message = "There is nothing to learn from: no segment in these labeling sessions is annotated."
        raise Refusal(400, "invalid_request", message)
    base = None
    if body.get("base_id") is not None:
        base = state.model(int(body["base_id"]))
        if base.type != project.type:
            message = f"Model {base.id} is of type {base.type}; project {project.id} is {project.type}."
            raise Refusal(400, "invalid_request", message)
    name = str(body.get("name") or body.get("display_name") or f"{project.name} model")
    if not body.get("name"):
        name = free_name(state, project, name)
    check_name(state, project, name)
    number = state.next_id("model")
    model = Model(
        number,
        state.new_uuid(),
        project.id,
        name,
        str(body.get("display_name") or name),
        project.type,
        str(body.get("language") or (base.language if base else "en")),
        state.moment(),
        user.name,
        base.display_name if base else "",
        f"Trained on {len(train)} labeling session(s)",
        status="QUEUED",
        classes=list(project.classes),
        labels=list(project.labels),
    )
    model.work = state.begin(finish_training(state, model, train, test or train, user.id))
    state.models[number] = model
    return model_view(state, model)


@handles("updateModel")
def update_model(state: StudioState, call: Call) -> Any:
    _, model = open_model(state, call, "ANNOTATOR")
    return changed(state, model, fields(call))


@handles("updateProjectModel")
def update_project_model(state: StudioState, call: Call) -> Any:
    open_project(state, call, "ANNOTATOR")
    _, model = open_model(state, call, "ANNOTATOR")
    return changed(state, model, fields(call))


@handles("uploadModel")
def upload_model(state: StudioState, call: Call) -> Any:
    """Take a model in. One that was downloaded here brings its type, classes and labels along."""
    user = signed_in(state, call)
    file = uploaded(call)
    body = fields(call)
    home = home_of(state, user)
    packed = unpacked(file.content)
    project = next((entry for entry in state.projects.values() if entry.workspace_id == home.id), None)
    if project is None:
        raise Refusal(400, "invalid_request", f"Workspace {home.id} has no project for the model.")
    kind = str(packed.get("type") or project.type)
    fitting = (e for e in state.projects.values() if e.workspace_id == home.id and e.type == kind)
    project = next(fitting, project)
    name = str(body.get("name") or free_name(state, project, PurePath(file.file_name).stem or "model"))
    check_name(state, project, name)
    number = state.next_id("model")
    model = Model(
        number,
        state.new_uuid(),
        project.id,
        name,
        str(body["display_name"]),
        kind,
        str(body.get("language") or packed.get("language") or "en"),
        state.moment(),
        user.name,
        str(body.get("base") or ""),
        str(body.get("short_description") or ""),
        str(body.get("long_description") or ""),
        str(body.get("status") or "READY"),
        float(body["score"]) if body.get("score") is not None else packed.get("score"),
        100.0,
    )
    names: list[str] = packed.get("classes") or []
    model.classes = [ClassDefinition(state.next_id("class"), entry) for entry in names] or list(
        project.classes
    )
    names = packed.get("labels") or []
    model.labels = [Label(state.next_id("label"), entry) for entry in names] or list(project.labels)
    state.models[number] = model
    return model_view(state, model)


@handles("listModelAnalyses")
def list_model_analyses(state: StudioState, call: Call) -> Any:
    _, model = open_model(state, call)
    window = Window.of(call)
    found = [entry for entry in reversed(state.analyses.values()) if entry.model_id == model.id]
    rows = [analysis_view(state, entry) for entry in window.cut(found)]
    return window.envelope("analyses", rows, len(found))


@handles("deleteModel")
def delete_model(state: StudioState, call: Call) -> None:
    _, model = open_model(state, call, "ANNOTATOR")
    del state.models[model.id]


@handles("deleteProjectModel")
def delete_project_model(state: StudioState, call: Call) -> None:
    delete_model(state, call)


@handles("starModel")
def star_model(state: StudioState, call: Call) -> None:
    user, model = open_model(state, call)
    user.starred_models.add(model.id)


@handles("unstarModel")
def unstar_model(state: StudioState, call: Call) -> None:
    user, model = open_model(state, call)
    user.starred_models.discard(model.id)


@handles("listModelPermissions")
def list_model_permissions(state: StudioState, call: Call) -> Any:
    _, model = open_model(state, call)
    if model.project_id is None:
        return []
    workspace_id = state.projects[model.project_id].workspace_id
    return [
        {
            "id": entry.id,
            "model": model.display_name,
            "role": "MANAGER" if entry.role in ("ADMIN", "MANAGER") else "USER",
            "user": state.users[entry.user_id].name,
        }
        for entry in state.permissions.values()
        if entry.workspace_id == workspace_id
    ]


@handles("downloadModel")
def download_model(state: StudioState, call: Call) -> Any:
    _, model = open_model(state, call, "USER")
    return packed_model(model)


@handles("downloadModelByName")
def download_model_by_name(state: StudioState, call: Call) -> Any:
    return download_model(state, call)


@handles("downloadProjectModel")
def download_project_model(state: StudioState, call: Call) -> Any:
    return download_model(state, call)


@handles("downloadWorkspaceModel")
def download_workspace_model(state: StudioState, call: Call) -> Any:
    user = signed_in(state, call)
    models_of_workspace(state, call, user)
    return download_model(state, call)


def models_of_workspace(state: StudioState, call: Call, user: User) -> list[Model]:
    name = str(call.path["organization"])
    workspace = next(
        (entry for entry in state.workspaces.values() if entry.name == name and entry.active), None
    )
    if workspace is None:
        raise Refusal(404, "not_found", f"There is no workspace named {name}.")
    return [
        model
        for model in reachable_models(state, user)
        if model.project_id is None or state.projects[model.project_id].workspace_id == workspace.id
    ]


def page_of_models(state: StudioState, call: Call, user: User, models: list[Model]) -> Any:
    query = call.query
    window = Window.of(call)
    words = str(query.get("search") or "").casefold()
    found = [
        model
        for model in models
        if (query.get("type") in (None, model.type))
        and (query.get("collection_id") in (None, model.collection_id))
        and (query.get("public") is None or flag(query["public"]) == (model.project_id is None))
        and (query.get("starred") is None or flag(query["starred"]) == (model.id in user.starred_models))
        and (query.get("exclude_id") != model.id)
        and (words in model.display_name.casefold() or words in model.name.casefold())
    ]
    rows = [model_view(state, model) for model in window.cut(found)]
    return window.envelope("models", rows, len(found))


def sessions_named(state: StudioState, project: Project, numbers: list[int] | None) -> list[LabelingSession]:
    return [state.session(project, number) for number in numbers or []]


def names_in_workspace(state: StudioState, project: Project) -> set[str]:
    """The names of models in the project's workspace; each is unique there."""
    return {
        model.name
        for model in state.models.values()
        if model.project_id is not None
        and state.projects[model.project_id].workspace_id == project.workspace_id
    }


def check_name(state: StudioState, project: Project, name: str) -> None:
    if name in names_in_workspace(state, project):
        raise Refusal(400, "already_exists", f"There is a model named '{name}' in this workspace already.")


def free_name(state: StudioState, project: Project, name: str) -> str:
    names = names_in_workspace(state, project)
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name} {number}"
    return free


def changed(state: StudioState, model: Model, body: dict[str, Any]) -> Any:
    """Set the attributes of a model that are given; its id stays, whatever is sent."""
    if model.project_id is not None and body.get("name", model.name) != model.name:
        check_name(state, state.projects[model.project_id], str(body["name"]))
    if body.get("project_id") not in (None, model.project_id):
        model.project_id = state.project(int(body["project_id"])).id
    if "status" in body:
        model.work = None
    for name in CHANGEABLE:
        if name in body:
            setattr(model, name, body[name])
    return model_view(state, model)


def packed_model(model: Model) -> Download:
    """A model as a file, which can be uploaded again."""
    content = {
        "name": model.name,
        "display_name": model.display_name,
        "type": model.type,
        "language": model.language,
        "score": model.score,
        "classes": [entry.name for entry in model.classes],
        "labels": [entry.name for entry in model.labels],
    }
    packed = json.dumps(content, ensure_ascii=False, indent=2).encode()
    return Download(packed, "application/octet-stream", f"model-{model.id}.model")


def unpacked(content: bytes) -> dict[str, Any]:
    """What a downloaded model says about itself; nothing for any other file."""
    try:
        found: object = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
