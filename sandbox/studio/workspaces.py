"""Workspaces, their members and invitations."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import open_workspace, role_in, signed_in
from .accounts import add_user, user_view
from .records import Invitation, Permission, User, Workspace
from .requests import fields
from .state import StudioState

__all__: list[str] = []


@handles("createWorkspace")
def create_workspace(state: StudioState, call: Call) -> Any:
    """Create a workspace; who creates it is its ADMIN."""
    user = signed_in(state, call)
    body = fields(call)
    check_name(state, str(body["name"]))
    number = state.next_id("workspace")
    workspace = Workspace(number, str(body["name"]), str(body.get("description") or ""), state.moment())
    state.workspaces[number] = workspace
    add_member(state, workspace, user, "ADMIN")
    return workspace_view(workspace)


@handles("getWorkspace")
def get_workspace(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call)
    return workspace_view(workspace)


@handles("updateWorkspace")
def update_workspace(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call, "ADMIN")
    body = fields(call)
    if body["name"] != workspace.name:
        check_name(state, str(body["name"]))
    workspace.name = str(body["name"])
    workspace.description = str(body.get("description", workspace.description))
    return workspace_view(workspace)


@handles("deactivateWorkspace")
def deactivate_workspace(state: StudioState, call: Call) -> Any:
    """Make a workspace and everything in it unreachable."""
    _, workspace = open_workspace(state, call, "ADMIN")
    workspace.active = False
    return workspace_view(workspace)


@handles("setDefaultWorkspace")
def set_default_workspace(state: StudioState, call: Call) -> None:
    user, workspace = open_workspace(state, call)
    if fields(call)["default"]:
        user.default_workspace_id = workspace.id
    elif user.default_workspace_id == workspace.id:
        user.default_workspace_id = 0


@handles("listWorkspaceUsers")
def list_workspace_users(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call)
    return [user_view(state.users[entry.user_id]) for entry in members(state, workspace)]


@handles("listWorkspacePermissions")
def list_workspace_permissions(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call)
    return [permission_view(state, entry) for entry in members(state, workspace)]


@handles("addWorkspaceUser")
def add_workspace_user(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call, "ADMIN")
    body = fields(call)
    user = state.look_up(state.users, int(body["user_id"]), "user")
    if role_in(state, user, workspace.id) is not None:
        raise Refusal(400, "already_exists", f"User {user.id} belongs to workspace {workspace.id} already.")
    return permission_view(state, add_member(state, workspace, user, str(body["role"])))


@handles("updateUserRole")
def update_user_role(state: StudioState, call: Call) -> None:
    _, workspace = open_workspace(state, call, "ADMIN")
    permission_of(state, call, workspace).role = str(fields(call)["role"])


@handles("removeWorkspaceUser")
def remove_workspace_user(state: StudioState, call: Call) -> None:
    _, workspace = open_workspace(state, call, "ADMIN")
    del state.permissions[permission_of(state, call, workspace).id]


@handles("listInvitations")
def list_invitations(state: StudioState, call: Call) -> Any:
    _, workspace = open_workspace(state, call)
    return [
        invitation_view(entry) for entry in state.invitations.values() if entry.workspace_id == workspace.id
    ]


@handles("inviteUsers")
def invite_users(state: StudioState, call: Call) -> Any:
    """Invite by e-mail; who is invited or a member already is left out, with the reason."""
    actor, workspace = open_workspace(state, call, "ADMIN")
    body = fields(call)
    invited: list[Invitation] = []
    not_invited: list[dict[str, str]] = []
    for email in body["emails"]:
        reason = reason_against(state, workspace, str(email))
        if reason:
            not_invited.append({"email": str(email), "reason": reason})
            continue
        number = state.next_id("invitation")
        invitation = Invitation(
            number, workspace.id, str(email), str(body["role"]), actor.id, state.moment(), state.new_secret()
        )
        state.invitations[number] = invitation
        invited.append(invitation)
    return {"not_invited": not_invited, "invitations": [invitation_view(entry) for entry in invited]}


@handles("acceptInvitation")
def accept_invitation(state: StudioState, call: Call) -> None:
    """Join a workspace by an invitation's token; who has no account yet gets one."""
    body = fields(call)
    invitation = next((entry for entry in state.invitations.values() if entry.token == body["token"]), None)
    if invitation is None or not state.workspaces[invitation.workspace_id].active:
        raise Refusal(404, "not_found", "There is no such invitation any more.")
    email = str(body.get("email") or invitation.email)
    user = state.find_user(email) or add_user(state, {**body, "email": email})
    user.verified = True
    if role_in(state, user, invitation.workspace_id) is None:
        add_member(state, state.workspaces[invitation.workspace_id], user, invitation.role)
    user.default_workspace_id = user.default_workspace_id or invitation.workspace_id
    del state.invitations[invitation.id]


@handles("cancelInvitation")
def cancel_invitation(state: StudioState, call: Call) -> None:
    del state.invitations[invitation_of(state, call).id]


@handles("resendInvitation")
def resend_invitation(state: StudioState, call: Call) -> None:
    """Send an invitation again; its link is a new one."""
    invitation = invitation_of(state, call)
    invitation.token, invitation.created = state.new_secret(), state.moment()


def members(state: StudioState, workspace: Workspace) -> list[Permission]:
    return [entry for entry in state.permissions.values() if entry.workspace_id == workspace.id]


def add_member(state: StudioState, workspace: Workspace, user: User, role: str) -> Permission:
    number = state.next_id("permission")
    state.permissions[number] = Permission(number, workspace.id, user.id, role)
    user.default_workspace_id = user.default_workspace_id or workspace.id
    return state.permissions[number]


def permission_of(state: StudioState, call: Call, workspace: Workspace) -> Permission:
    number = int(call.path["permission_id"])
    found = state.permissions.get(number)
    if found is None or found.workspace_id != workspace.id:
        raise Refusal(404, "not_found", f"There is no permission {number} in workspace {workspace.id}.")
    return found


def invitation_of(state: StudioState, call: Call) -> Invitation:
    _, workspace = open_workspace(state, call, "ADMIN")
    number = int(call.path["invitation_id"])
    found = state.invitations.get(number)
    if found is None or found.workspace_id != workspace.id:
        raise Refusal(404, "not_found", f"There is no invitation {number} in workspace {workspace.id}.")
    return found


def reason_against(state: StudioState, workspace: Workspace, email: str) -> str | None:
    """Why an address is not invited; None if it can be."""
    if "@" not in email:
        return "This is not an e-mail address"
    user = state.find_user(email)
    if user is not None and role_in(state, user, workspace.id) is not None:
        return "User is already a member of the workspace"
    pending = (entry for entry in state.invitations.values() if entry.workspace_id == workspace.id)
    if any(entry.email.casefold() == email.casefold() for entry in pending):
        return "User was already invited"
    return None


def check_name(state: StudioState, name: str) -> None:
    """A workspace is addressed by its name in some paths, so no two active ones share one."""
    if not name.strip():
        raise Refusal(400, "invalid_request", "A workspace needs a name.")
    if any(entry.name == name and entry.active for entry in state.workspaces.values()):
        raise Refusal(400, "already_exists", f"There is a workspace named '{name}' already.")


def workspace_view(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "created": workspace.created,
        "is_beta": workspace.is_beta,
        "is_read_only": workspace.is_read_only,
    }


def permission_view(state: StudioState, entry: Permission) -> dict[str, Any]:
    return {
        "id": entry.id,
        "role": entry.role,
        "user": state.users[entry.user_id].name,
        "user_id": entry.user_id,
    }


def invitation_view(entry: Invitation) -> dict[str, Any]:
    return {
        "id": entry.id,
        "role": entry.role,
        "email": entry.email,
        "invited_by_id": entry.invited_by_id,
        "organization_id": entry.workspace_id,
        "created": entry.created,
        "invitation_link": entry.link,
    }
