"""The tools that are ours: each is a module that calls operations, all on the one way of every call."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from ..schemas import JsonObject, Operation
from .door import Door
from .outside import with_notes
from .pictures import Picture
from .result import ToolResult
from .secrets import masked
from .size import compact

__all__ = ["MODULES", "Reply", "run_own"]

MODULES = {
    "reviewQueue": "review_queue",
    "reviewDocument": "review_document",
    "reviewRegion": "review_region",
    "reviewPreview": "review_preview",
    "reviewApply": "review_apply",
    "reviewFiles": "review_files",
    "reviewWait": "review_wait",
    "reviewHistory": "review_history",
    "reviewUndo": "review_undo",
    "findTools": "find_tools",
    "runReadTool": "run_tool",
    "runWriteTool": "run_tool",
}
"""The module of each of our own operations, imported when it is first called."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one of our own tools answers.

    `outside` names the paths of the structured answer whose text comes from documents (see `outside`).
    """

    structured: JsonObject
    pictures: tuple[Picture, ...] = ()
    outside: tuple[str, ...] = ()
    is_error: bool = False


class _Module(Protocol):
    async def run(self, operation: Operation, values: JsonObject, door: Door) -> Reply | ToolResult: ...


async def run_own(operation: Operation, values: JsonObject, door: Door) -> ToolResult:
    """Run one of our own tools with valid arguments.

    Raises:
        ToolFailure: it could not do what was asked; the failure says what was and was not done.
    """
    module = cast("_Module", import_module(f".{MODULES[operation.id]}", __package__))
    reply = await module.run(operation, values, door)
    if isinstance(reply, ToolResult):
        return reply
    structured = with_notes(reply.structured, reply.outside)
    structured = cast("JsonObject", masked(structured, compact(structured), door.upstream.secrets))
    return ToolResult(structured, compact(structured), reply.pictures, is_error=reply.is_error)
