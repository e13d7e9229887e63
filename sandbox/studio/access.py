"""Who may do what: each call's user, and the projects, workspaces and models within reach.

The documents name the role that a kind of call needs: USER for models, ANNOTATOR for what changes a
project, ADMIN for what changes a workspace. Everybody who belongs to a workspace may read in it.
"""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal
from .records import Model, Permission, Project, User, Workspace
from .state import StudioState

__all__ = [
    "check_role",
    "home_of",
    "open_model",
    "open_project",
    "open_workspace",
    "reachable_models",
    "role_in",
    "signed_in",
]

RANKS = {"VIEWER": 1, "USER": 2, "ANNOTATOR": 3, "ADMIN": 4, "MANAGER": 5}


def signed_in(state: StudioState, call: Call) -> User:
    """The user of the call; work that is due by now is finished first."""
    state.settle()
    return state.user(call.user)


def role_in(state: StudioState, user: User, workspace_id: int) -> Permission | None:
    return next(
        (
            entry
            for entry in state.permissions.values()
            if entry.workspace_id == workspace_id and entry.user_id == user.id
        ),
        None,
    )


def check_role(state: StudioState, user: User, workspace: Workspace, min_role: str) -> None:
    """Refuse a user who has less than this role in a workspace."""
    permission = role_in(state, user, workspace.id)
    if permission is None:
        raise Refusal(403, "forbidden", f"You do not belong to workspace {workspace.id}.")
    if RANKS[permission.role] < RANKS[min_role]:
        message = f"This needs the role {min_role} in workspace {workspace.id}; you are {permission.role}."
        raise Refusal(403, "forbidden", message)
    if workspace.is_read_only and min_role not in ("VIEWER", "USER"):
        raise Refusal(403, "forbidden", f"Workspace {workspace.id} is read-only.")


def open_workspace(state: StudioState, call: Call, min_role: str = "VIEWER") -> tuple[User, Workspace]:
    user = signed_in(state, call)
    workspace = state.workspace(int(call.path["organization_id"]))
    check_role(state, user, workspace, min_role)
    return user, workspace


def open_project(state: StudioState, call: Call, min_role: str = "VIEWER") -> tuple[User, Project]:
    """The user and the project of the path."""
    user = signed_in(state, call)
    project = state.project(int(call.path["project_id"]))
    check_role(state, user, state.workspaces[project.workspace_id], min_role)
    return user, project


def reachable_models(state: StudioState, user: User) -> list[Model]:
    """The public models and those of the projects that the user can see, newest first."""
    mine = {entry.workspace_id for entry in state.permissions.values() if entry.user_id == user.id}
    projects = {
        project.id
        for project in state.projects.values()
        if project.workspace_id in mine and state.workspaces[project.workspace_id].active
    }
    found = [
        model for model in state.models.values() if model.project_id is None or model.project_id in projects
    ]
    return sorted(found, key=lambda model: (model.created, model.id), reverse=True)


def open_model(state: StudioState, call: Call, min_role: str = "VIEWER") -> tuple[User, Model]:
    """The user and the model of the path, by id or by name; within a project if the path names one."""
    user = signed_in(state, call)
    wanted: Any = call.path.get("model_id", call.path.get("model"))
    if isinstance(wanted, str) and not wanted.isdigit():
        found = next((entry for entry in reachable_models(state, user) if entry.name == wanted), None)
        if found is None:
            raise Refusal(404, "not_found", f"There is no model named {wanted}.")
    else:
        found = state.model(int(wanted))
    if "project_id" in call.path and found.project_id != int(call.path["project_id"]):
        raise Refusal(404, "not_found", f"There is no model {wanted} in project {call.path['project_id']}.")
    if found.project_id is not None:
        workspace = state.workspaces[state.projects[found.project_id].workspace_id]
        check_role(state, user, workspace, min_role)
    elif min_role not in ("VIEWER", "USER") and not user.is_superuser:
        raise Refusal(403, "forbidden", "A public model cannot be changed.")
    return user, found


def home_of(state: StudioState, user: User) -> Workspace:
    """The user's default workspace, or the first that can be reached."""
    mine = [entry.workspace_id for entry in state.permissions.values() if entry.user_id == user.id]
    for number in [user.default_workspace_id, *mine]:
        if number in mine and state.workspaces[number].active:
            return state.workspaces[number]
    raise Refusal(403, "forbidden", "You belong to no workspace. Create one first.")
