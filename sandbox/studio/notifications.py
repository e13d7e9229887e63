"""What the service tells a user when work is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..service import Call, Refusal, handles
from .access import signed_in
from .records import Notification
from .requests import Window, fields
from .state import StudioState
from .views import present

__all__: list[str] = []


@handles("listNotifications")
def list_notifications(state: StudioState, call: Call) -> Any:
    """The user's notifications, newest first."""
    user = signed_in(state, call)
    mine = [entry for entry in state.notifications.values() if entry.user_id == user.id]
    mine.sort(key=lambda entry: (entry.created, entry.id), reverse=True)
    return [notification_view(entry) for entry in Window.of(call).cut(mine)]


@handles("getNotification")
def get_notification(state: StudioState, call: Call) -> Any:
    return notification_view(own_notification(state, call))


@handles("updateNotification")
def update_notification(state: StudioState, call: Call) -> Any:
    """Change a notification; an empty `read` marks it as unread."""
    entry = own_notification(state, call)
    body = fields(call)
    for name in ("created", "read"):
        if body.get(name):
            check_moment(name, str(body[name]))
    for name in ("title", "text", "created", "type"):
        if name in body:
            setattr(entry, name, body[name])
    if "read" in body:
        entry.read = body["read"] or None
    return notification_view(entry)


def check_moment(name: str, text: str) -> None:
    """Refuse a text that is no date with a time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        known = False
    else:
        known = "T" in text.upper()
    if not known:
        message = f"{name} must be a date-time such as 2026-11-16T09:00:00Z; it came as {text[:50]!r}."
        raise Refusal(400, "invalid_request", message)


def own_notification(state: StudioState, call: Call) -> Notification:
    user = signed_in(state, call)
    number = int(call.path["notification_id"])
    found = state.notifications.get(number)
    if found is None or found.user_id != user.id:
        raise Refusal(404, "not_found", f"There is no notification {number}.")
    return found


def notification_view(entry: Notification) -> dict[str, Any]:
    return present(
        id=entry.id,
        title=entry.title,
        text=entry.text,
        created=entry.created,
        type=entry.type,
        read=entry.read,
    )
