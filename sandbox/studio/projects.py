"""Projects: listing, making, changing, moving to another workspace, cloning, deleting; their tasks."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import check_role, home_of, open_project, role_in, signed_in
from .cloning import clone
from .records import ABSA_LABELS, Label, Project, Task
from .requests import Window, details_of, fields, flag
from .state import StudioState
from .views import analysis_view, project_view

__all__: list[str] = []

TYPES = (
    (2, "ABSA", "Aspect-based sentiment analysis: what is talked about, and in which tone"),
    (3, "LABEL", "One label for each text"),
    (4, "CLASS", "One or more classes for each text"),
    (5, "CLASSLABEL", "Classes, each with a label"),
)
PROJECT_ROLES = {"VIEWER": "VIEWER", "USER": "VIEWER", "ANNOTATOR": "ANNOTATOR"}


@handles("listProjects")
def list_projects(state: StudioState, call: Call) -> Any:
    user = signed_in(state, call)
    return [
        project_view(state, project, flag(call.query.get("details")))
        for project in state.projects.values()
        if state.workspaces[project.workspace_id].active and role_in(state, user, project.workspace_id)
    ]


@handles("createProject")
def create_project(state: StudioState, call: Call) -> Any:
    """The new project stands in the user's default workspace."""
    user = signed_in(state, call)
    workspace = home_of(state, user)
    check_role(state, user, workspace, "ANNOTATOR")
    body = fields(call)
    check_name(state, workspace.id, str(body["name"]))
    number = state.next_id("project")
    project = Project(
        number, workspace.id, body["name"], body["type"], state.moment(), external_id=411 + number
    )
    fit_labels(state, project)
    state.projects[number] = project
    return project_view(state, project)


@handles("getProject")
def get_project(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    return project_view(state, project)


@handles("updateProject")
def update_project(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call, "ANNOTATOR")
    body = fields(call)
    if "name" in body and body["name"] != project.name:
        check_name(state, project.workspace_id, str(body["name"]))
        project.name = body["name"]
    if "type" in body:
        project.type = body["type"]
        fit_labels(state, project)
    return project_view(state, project)


@handles("deleteProject")
def delete_project(state: StudioState, call: Call) -> None:
    """Take a project away with everything in it."""
    _, project = open_project(state, call, "ADMIN")
    del state.projects[project.id]
    for table in (state.texts, state.groups, state.sessions, state.models, state.analyses, state.tasks):
        entries: dict[int, Any] = dict(table)
        for number, entry in entries.items():
            if entry.project_id == project.id:
                del table[number]
    for hitl in [entry for entry in state.hitls.values() if entry.project_id == project.id]:
        del state.hitls[hitl.id]
        for review in [entry for entry in state.reviews.values() if entry.hitl_id == hitl.id]:
            del state.reviews[review.id]


@handles("transferProject")
def transfer_project(state: StudioState, call: Call) -> None:
    user, project = open_project(state, call, "ADMIN")
    target = state.workspace(target_of(call))
    check_role(state, user, target, "ADMIN")
    if target.id != project.workspace_id:
        check_name(state, target.id, project.name)
        project.workspace_id = target.id


@handles("cloneProject")
def clone_project(state: StudioState, call: Call) -> Any:
    """Copy a project; the copy is there at once and CLONING until the work is done."""
    user, project = open_project(state, call, "ANNOTATOR")
    target = state.workspace(target_of(call, project.workspace_id))
    check_role(state, user, target, "ANNOTATOR")
    copy = clone(state, project, target.id)
    copy.status = "CLONING"
    number = state.next_id("task")
    task = Task(number, copy.id, f"Clone of {project.name}", "STARTED", copy.created)

    def finish() -> None:
        copy.status, task.status, task.work = "CREATED", "FINISHED", None
        state.notify(user.id, "Project is cloned", f"Your project '{copy.name}' is ready")

    task.work = state.begin(finish)
    state.tasks[number] = task
    return {**project_view(state, copy), "task_id": number}


@handles("listProjectAnalyses")
def list_project_analyses(state: StudioState, call: Call) -> Any:
    _, project = open_project(state, call)
    details = details_of(call)
    found = [entry for entry in reversed(state.analyses.values()) if entry.project_id == project.id]
    return [analysis_view(state, entry, details) for entry in Window.of(call).cut(found)]


@handles("getProjectTask")
def get_project_task(state: StudioState, call: Call) -> Any:
    """A task. The documents show a project as the answer, so that is what it is, with the task beside."""
    _, project = open_project(state, call)
    task = state.tasks.get(int(call.path["task_id"]))
    if task is None or task.project_id != project.id:
        raise Refusal(404, "not_found", f"There is no task {call.path['task_id']} in project {project.id}.")
    share = task.work.share(state.clock()) if task.work else 1.0
    view = {"id": task.id, "name": task.name, "status": task.status, "created": task.created}
    return {**project_view(state, project), "task": {**view, "progress": round(100 * share, 1)}}


@handles("listProjectPermissions")
def list_project_permissions(state: StudioState, call: Call) -> Any:
    """Who may do what in the project: the members of its workspace."""
    _, project = open_project(state, call)
    return [
        {
            "id": entry.id,
            "model": project.name,
            "role": PROJECT_ROLES.get(entry.role, "MANAGER"),
            "user": state.users[entry.user_id].name,
        }
        for entry in state.permissions.values()
        if entry.workspace_id == project.workspace_id
    ]


@handles("listTypes")
def list_types(state: StudioState, call: Call) -> Any:
    signed_in(state, call)
    return [{"id": number, "name": name, "description": text} for number, name, text in TYPES]


def check_name(state: StudioState, workspace_id: int, name: str) -> None:
    """A project's name is unique in its workspace."""
    if not name.strip():
        raise Refusal(400, "invalid_request", "A project needs a name.")
    if any(entry.name == name and entry.workspace_id == workspace_id for entry in state.projects.values()):
        raise Refusal(400, "already_exists", f"There is a project named '{name}' already.")


def fit_labels(state: StudioState, project: Project) -> None:
    """Give an ABSA project the labels that belong to its type."""
    if project.type == "ABSA" and project.label_names != list(ABSA_LABELS):
        project.labels = [Label(state.next_id("label"), name) for name in ABSA_LABELS]


def target_of(call: Call, usual: int | None = None) -> int:
    target = fields(call).get("organization_id", usual)
    if target is None:
        raise Refusal(400, "invalid_request", "organization_id is needed.")
    return int(target)
