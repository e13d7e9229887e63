"""Accounts: signing in, users, their rights, passwords and product keys."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import role_in, signed_in
from .records import Permission, ProductKey, User, Workspace
from .requests import fields
from .state import StudioState

__all__ = ["add_user", "user_view"]

VERSION = "1.58.0"


@handles("login")
def login(state: StudioState, call: Call) -> Any:
    body = fields(call)
    user = state.login(str(body.get("email") or ""), str(body.get("password") or ""))
    token = state.make_token(user.email, user.id)
    return {"auth_token": token, "message": "Successfully logged in.", "status": "OK"}


@handles("register")
def register(state: StudioState, call: Call) -> Any:
    """Create an account with a workspace of its own."""
    body = fields(call)
    user = add_user(state, body)
    number = state.next_id("workspace")
    state.workspaces[number] = Workspace(number, f"Workspace of {user.name}", "", state.moment())
    permission = state.next_id("permission")
    state.permissions[permission] = Permission(permission, number, user.id, "ADMIN")
    user.default_workspace_id = number
    state.mail[state.new_secret()] = user.email
    token = state.make_token(user.email, user.id)
    return {"auth_token": token, "message": "Successfully registered.", "status": "CREATED"}


@handles("logout")
def logout(state: StudioState, call: Call) -> Any:
    signed_in(state, call)
    return {"message": "Successfully logged out.", "status": "OK"}


@handles("getAuthStatus")
def get_auth_status(state: StudioState, call: Call) -> Any:
    user = signed_in(state, call)
    status = {"user_id": user.id, "email": user.email, "is_verified": user.verified}
    return {"status": "OK", "data": {**status, "default_organization_id": user.default_workspace_id}}


@handles("sendPasswordResetEmail")
def send_password_reset(state: StudioState, call: Call) -> None:
    """Make a one-time token; the answer does not tell whether the address is known."""
    user = state.find_user(str(fields(call)["email"]))
    if user is not None:
        state.mail[state.new_secret()] = user.email


@handles("resetPassword")
def reset_password(state: StudioState, call: Call) -> None:
    body = fields(call)
    if not str(body["password"]):
        raise Refusal(400, "invalid_request", "A password is needed.")
    mailed_user(state, str(body["reset_password_token"])).password = str(body["password"])


@handles("confirmEmail")
def confirm_email(state: StudioState, call: Call) -> None:
    mailed_user(state, str(fields(call).get("verify_email_token") or "")).verified = True


@handles("resendVerificationEmail")
def resend_verification_email(state: StudioState, call: Call) -> None:
    state.mail[state.new_secret()] = signed_in(state, call).email


@handles("getUser")
def get_user(state: StudioState, call: Call) -> Any:
    return user_view(open_user(state, call))


@handles("updateUser")
def update_user(state: StudioState, call: Call) -> Any:
    user = open_user(state, call)
    body = fields(call)
    if "email" in body and str(body["email"]).casefold() != user.email.casefold():
        check_email(state, str(body["email"]))
        user.email = str(body["email"])
    for name in ("first_name", "last_name", "password"):
        if name in body:
            setattr(user, name, str(body[name]))
    return user_view(user)


@handles("deleteUser")
def delete_user(state: StudioState, call: Call) -> None:
    """Delete an account with its memberships, keys and notifications."""
    user = open_user(state, call)
    if user is state.demo_user:
        raise Refusal(403, "forbidden", "The sandbox cannot do without its demo user.")
    state.departed.add(user.email.casefold())
    del state.users[user.id]
    for table in (state.permissions, state.keys, state.notifications):
        entries: dict[int, Any] = dict(table)
        for number, entry in entries.items():
            if entry.user_id == user.id:
                del table[number]


@handles("getUserPermissions")
def get_user_permissions(state: StudioState, call: Call) -> Any:
    """A user, as the documents show it, with the two rights beside."""
    return rights_view(open_user(state, call))


@handles("updateUserPermissions")
def update_user_permissions(state: StudioState, call: Call) -> Any:
    if not signed_in(state, call).is_superuser:
        raise Refusal(403, "forbidden", "Only a superuser may change the rights of users.")
    user = open_user(state, call)
    for name in ("is_betauser", "is_superuser"):
        if name in fields(call):
            setattr(user, name, bool(fields(call)[name]))
    return rights_view(user)


@handles("listProductKeys")
def list_product_keys(state: StudioState, call: Call) -> Any:
    return keys_view(state, open_user(state, call))


@handles("addProductKey")
def add_product_key(state: StudioState, call: Call) -> Any:
    user = open_user(state, call)
    number = state.next_id("key")
    name = str(fields(call).get("name") or f"Key {number}")
    state.keys[number] = ProductKey(number, user.id, name, state.new_secret(), state.moment())
    return key_view(state.keys[number])


@handles("deleteProductKey")
def delete_product_key(state: StudioState, call: Call) -> Any:
    """Delete a key and answer those that are left."""
    user = open_user(state, call)
    key = state.keys.get(int(call.path["key_id"]))
    if key is None or key.user_id != user.id:
        raise Refusal(404, "not_found", f"There is no key {call.path['key_id']} of user {user.id}.")
    del state.keys[key.id]
    return keys_view(state, user)


@handles("getHealth")
def get_health(state: StudioState, call: Call) -> Any:
    return {"status": "OK"}


@handles("getInfo")
def get_info(state: StudioState, call: Call) -> Any:
    return {"name": "Studio API", "version": VERSION, "description": "A stand-in with made-up data"}


def open_user(state: StudioState, call: Call) -> User:
    """The user of the path: oneself, or for admins anybody in a workspace that they run."""
    actor = signed_in(state, call)
    found = state.look_up(state.users, int(call.path["user_id"]), "user")
    if found is actor or actor.is_superuser:
        return found
    for entry in state.permissions.values():
        runs = entry.user_id == actor.id and entry.role in ("ADMIN", "MANAGER")
        if runs and role_in(state, found, entry.workspace_id):
            return found
    raise Refusal(403, "forbidden", "Only an admin may see or change other users.")


def add_user(state: StudioState, body: dict[str, Any]) -> User:
    email = str(body.get("email") or "").strip()
    if "@" not in email:
        raise Refusal(400, "invalid_request", "An e-mail address is needed.")
    check_email(state, email)
    if len(str(body.get("password") or "")) < 8:
        raise Refusal(400, "invalid_request", "A password has at least eight characters.")
    number = state.next_id("user")
    first_name, last_name = str(body.get("first_name") or ""), str(body.get("last_name") or "")
    state.users[number] = User(number, first_name, last_name, email, str(body["password"]), verified=False)
    state.departed.discard(email.casefold())
    return state.users[number]


def check_email(state: StudioState, email: str) -> None:
    if state.find_user(email) is not None:
        raise Refusal(400, "already_exists", f"There is a user with the e-mail address {email} already.")


def mailed_user(state: StudioState, token: str) -> User:
    """The user whom a one-time token was sent to; it is used up by this."""
    user = state.find_user(state.mail.pop(token, ""))
    if user is None:
        raise Refusal(400, "invalid_request", "The token is not valid any more.")
    return user


def user_view(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "password": user.password,
    }


def rights_view(user: User) -> dict[str, Any]:
    return {**user_view(user), "is_betauser": user.is_betauser, "is_superuser": user.is_superuser}


def keys_view(state: StudioState, user: User) -> list[dict[str, Any]]:
    return [key_view(key) for key in state.keys.values() if key.user_id == user.id]


def key_view(key: ProductKey) -> dict[str, Any]:
    return {"id": key.id, "created": key.created, "name": key.name, "token": key.token}
