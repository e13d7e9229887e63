"""What one of our own tools returns before it becomes a tool result."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...schemas import JsonObject, JsonValue, Operation
from .images import Picture
from .result import Attachment

__all__ = ["Delegation", "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one of our own tools answers.

    `untrusted` names the paths of the structured answer whose text comes from documents. `attachment` is a
    file that was made and could not be saved. `meta` is for programs and not for models.
    """

    structured: JsonObject
    pictures: tuple[Picture, ...] = ()
    untrusted: tuple[str, ...] = ()
    is_error: bool = False
    attachment: Attachment | None = None
    meta: JsonObject = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Delegation:
    """Another tool whose call answers in place of this one, checked and guarded as if called directly."""

    operation: Operation
    arguments: JsonObject
