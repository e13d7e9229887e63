"""`run_read_tool` and `run_write_tool`: any tool that may be called, as if called directly."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..results.reply import Delegation
from ..surface.tool import called_with

__all__ = ["run"]


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Delegation:
    """The call of the tool, whose answer is passed on unchanged, with its pictures, attachments and errors.

    Raises:
        ToolFailure: there is no such tool, it may not be called, or it runs through the other runner.
    """
    name = str(values["tool"]).strip()
    inner = context.find_tool(name)
    if inner.toolset == operation.toolset:
        raise ToolFailure(
            "not_allowed",
            f"{operation.tool}: {name} cannot be run through another tool.",
            happened=NOTHING_SENT,
            next_step=f"Call {name} directly.",
        )
    runner = called_with(inner)
    if runner != operation.tool:
        does = "only reads" if inner.effect == "read" else "changes something"
        raise ToolFailure(
            "not_allowed",
            f"{operation.tool}: {name} {does}, so {operation.tool} cannot run it.",
            happened=NOTHING_SENT,
            next_step=f"Call {runner} with the same tool and arguments.",
        )
    return Delegation(inner, cast("JsonObject", values.get("arguments", {})))
