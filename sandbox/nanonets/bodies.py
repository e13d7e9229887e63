"""Values read from the body or the query of a request to the sandbox's Nanonets.

A body has usually been checked against the operation's document before; what these functions refuse is
what is left, so that a handler never fails over an odd value.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from ..page_layout import Box
from ..service import Refusal

__all__ = [
    "box_at",
    "flag_at",
    "invalid",
    "number_at",
    "object_in",
    "objects_at",
    "text_at",
    "text_of",
    "texts_at",
    "verification_at",
]

VERIFICATION_STATUSES = ("verified", "unverified")


def invalid(message: str, **details: Any) -> Refusal:
    """The answer to a request with a wrong parameter."""
    return Refusal(400, "invalid_request", message, **details)


def object_in(body: Any) -> dict[str, Any]:
    """The body as an object; no body is an empty one."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object")
    return cast("dict[str, Any]", body)


def text_of(value: Any) -> str:
    """A value as text: numbers as they are written, nothing as an empty text."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def text_at(body: dict[str, Any], key: str, default: str | None = None) -> str:
    """The text under a key; without a default it must be there."""
    if key not in body:
        if default is None:
            raise invalid(f"{key} is required", parameter=key)
        return default
    return text_of(body[key])


def texts_at(body: dict[str, Any], key: str) -> list[str]:
    """The texts under a key, a single one or a list; at least one."""
    value: Any = body.get(key)
    values = cast("list[Any]", value) if isinstance(value, list) else [] if value in (None, "") else [value]
    if not values:
        raise invalid(f"{key} must not be empty", parameter=key)
    return [text_of(item) for item in values]


def objects_at(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list under a key; no list is an empty one."""
    value: Any = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in cast("list[Any]", value)):
        raise invalid(f"{key} must be a list of objects", parameter=key)
    return cast("list[dict[str, Any]]", value)


def number_at(body: dict[str, Any], key: str, default: float | None = None) -> float:
    """The number under a key; without a default it must be there."""
    value: Any = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid(f"{key} must be a number", parameter=key)
    return value


def flag_at(body: dict[str, Any], key: str) -> bool:
    """Whether a switch is on, as JSON or as a form writes it."""
    value: Any = body.get(key, False)
    return value.strip().lower() in {"true", "1"} if isinstance(value, str) else bool(value)


def box_at(body: dict[str, Any], key: str = "bbox") -> Box | None:
    """The box under a key, [x1, y1, x2, y2]; None if it has no place on the page."""
    value: Any = body.get(key)
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(cast("list[Any]", value)) != 4:
        raise invalid(f"{key} must be a list of four numbers: x1, y1, x2, y2", parameter=key)
    corners = {str(position): corner for position, corner in enumerate(cast("list[Any]", value))}
    left, top, right, bottom = (number_at(corners, position) for position in "0123")
    return (left, top, right, bottom)


def verification_at(body: dict[str, Any], *, required: bool) -> str:
    """The verification status in a body: "verified" or "unverified", anything else is a conflict."""
    status = text_at(body, "verification_status", None if required else "unverified")
    if status not in VERIFICATION_STATUSES:
        raise Refusal(
            409,
            "conflict",
            f'Invalid verification status "{status}"',
            allowed=list(VERIFICATION_STATUSES),
        )
    return status
