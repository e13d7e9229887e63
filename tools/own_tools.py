"""The tools that are ours: each has a function that calls operations, all on the one way of every call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from ..schemas import JsonObject, Operation
from .guards.context import CallContext
from .guards.time_budget import within_time
from .json_text import compact
from .redaction import masked
from .results.reply import Delegation, Reply
from .results.result import ToolResult
from .untrusted import with_notes

__all__ = ["RUNNERS", "run_own"]

Runner = Callable[[Operation, JsonObject, CallContext], Awaitable[Reply | Delegation]]
"""Runs one of our own tools with valid arguments."""


def _queue() -> Runner:
    from .review.queue.queue import run

    return run


def _document() -> Runner:
    from .review.document import run

    return run


def _check() -> Runner:
    from .review.check import run

    return run


def _region() -> Runner:
    from .review.region import run

    return run


def _panel() -> Runner:
    from .panel.panel import run

    return run


def _panel_page() -> Runner:
    from .panel.page import run

    return run


def _preview() -> Runner:
    from .review.preview import run

    return partial(run, run_own_tool=_run)


def _apply() -> Runner:
    from .apply.apply import run

    return run


def _files() -> Runner:
    from .review.files import run

    return run


def _wait() -> Runner:
    from .review.wait import run

    return run


def _history() -> Runner:
    from .history.history import run

    return run


def _undo() -> Runner:
    from .history.undo import run

    return run


def _texts() -> Runner:
    from .studio.texts import run

    return run


def _tag() -> Runner:
    from .studio.tag import run

    return run


def _set_up() -> Runner:
    from .studio.set_up import run

    return run


def _table() -> Runner:
    from .tables.table import run

    return run


def _find_tools() -> Runner:
    from .lean.find_tools import run

    return run


def _run_tool() -> Runner:
    from .lean.run_tool import run

    return run


RUNNERS: dict[str, Callable[[], Runner]] = {
    "reviewQueue": _queue,
    "reviewDocument": _document,
    "reviewCheck": _check,
    "reviewRegion": _region,
    "reviewPanel": _panel,
    "reviewPanelPage": _panel_page,
    "reviewPreview": _preview,
    "reviewApply": _apply,
    "reviewFiles": _files,
    "reviewWait": _wait,
    "reviewHistory": _history,
    "reviewUndo": _undo,
    "reviewTexts": _texts,
    "reviewTag": _tag,
    "reviewSetUp": _set_up,
    "reviewTable": _table,
    "findTools": _find_tools,
    "runReadTool": _run_tool,
    "runWriteTool": _run_tool,
}
"""By operation id: what imports the function of each of our own tools when it is first called."""


async def _run(operation: Operation, values: JsonObject, context: CallContext) -> Reply | Delegation:
    return await RUNNERS[operation.id]()(operation, values, context)


async def run_own(operation: Operation, values: JsonObject, context: CallContext) -> ToolResult | Delegation:
    """Run one of our own tools with valid arguments.

    Returns:
        Its result, or the call of another tool that is to be answered in its place.

    Raises:
        ToolFailure: It could not do what was asked; the failure says what was and was not done.
    """
    reply = await _run(operation, values, within_time(context))
    if isinstance(reply, Delegation):
        return reply
    structured = with_notes(reply.structured, reply.untrusted, context.notes)
    structured = cast("JsonObject", masked(structured, compact(structured), context.upstream.secrets))
    return ToolResult(
        structured,
        compact(structured),
        reply.pictures,
        reply.attachment,
        reply.meta,
        is_error=reply.is_error,
    )
