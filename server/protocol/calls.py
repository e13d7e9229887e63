"""A call of a tool as the protocol brings it, and its answer as the protocol takes it."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import cast, get_args

from mcp import MCPError
from mcp.types import INVALID_PARAMS, CallToolRequestParams, InputRequiredResult

from ...schemas import JsonObject, JsonValue
from ...tools import Tool, ToolFailure, ToolResult, call_tool, failure_result
from ...tools.failure import ErrorCode
from ...tools.json_text import compact
from ...tools.observation import UNKNOWN_TOOL, CallOutcome, Observer, SeenCall, note_fault, observing
from ...tools.redaction import without_secrets
from ...tools.results.result import MAX_ATTACHED_BYTES
from ...tools.surface.former_names import current_tool
from ...tools.untrusted import with_notes
from ..services.upstream import secrets_of_caller
from .call_context import call_context_for
from .elicitation import InputRequired, asking
from .principal import origin_of
from .session import Context
from .surface import Surface

__all__ = ["answer_call", "answer_watched"]

_log = logging.getLogger(__name__)
_CODES: frozenset[ErrorCode] = frozenset(get_args(ErrorCode))
_TRACEPARENT = "traceparent"


async def answer_call(
    context: Context, params: CallToolRequestParams, surface: Surface
) -> JsonObject | InputRequiredResult:
    """The result of a call, or the question to the person with which it ends.

    Raises:
        MCPError: there is no such tool.
    """
    tool = surface.every.get(current_tool(params.name))
    if tool is None:
        raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name}")
    if not surface.is_callable(tool):
        failure = surface.not_selected(tool)
        result = failure_result(failure, context.lifespan_context.services.own.secrets)
    else:
        try:
            result = await _answer(tool, surface, params, context)
        except InputRequired as question:
            return question.result
    if tool.name != params.name:
        result = _with_new_name(result, params.name, tool.name)
    meta = {**result.meta, "docreview/sandbox": True} if surface.settings.sandbox else result.meta
    return _as_mcp(result, meta)


async def _answer(
    tool: Tool, surface: Surface, params: CallToolRequestParams, context: Context
) -> ToolResult:
    state = context.lifespan_context
    steps = 0

    async def report(message: str) -> None:
        nonlocal steps
        steps += 1
        message = without_secrets(message, secrets_of_caller())
        _log.info("%s: %s", tool.name, message)
        await context.session.report_progress(steps, None, message)

    how = await asking(context, params, state.guards.codes)
    call_context = call_context_for(context, surface, report, how.ask, how.code, how.show_link)
    try:
        return await call_tool(surface.operation(tool), params.arguments, call_context)
    except InputRequired:
        raise
    except Exception:
        _log.exception("%s failed inside docreview", tool.name)
        note_fault()
        failure = ToolFailure(
            "upstream_error",
            f"{tool.name}: an internal docreview error ended the call.",
            done="no" if tool.effect == "read" else "unknown",
            next_step="Read the item to see whether anything was changed. The server's log has details.",
        )
        return failure_result(failure, state.services.own.secrets)


def _with_new_name(result: ToolResult, former: str, name: str) -> ToolResult:
    """An answer that tells who called a tool by a former name what it is called now."""
    structured = with_notes(result.structured, (), {"renamed": f"{former} was renamed to {name}"})
    return replace(result, structured=structured, text=compact(structured))


def _as_mcp(result: ToolResult, meta: JsonObject) -> JsonObject:
    """The same JSON in both channels, then pictures and an attached file.

    Beside a picture the JSON is text only: hosts that take the structured result drop all other content.
    It is plain JSON: the SDK makes it what this version of the protocol knows, and checks it by the way.
    """
    content: list[JsonValue] = [{"type": "text", "text": result.text}]
    for picture in result.pictures:
        content.append({"type": "image", "data": picture.base64, "mimeType": picture.mime_type})
    attached = result.attachment
    if attached is not None:
        if len(attached.content) > MAX_ATTACHED_BYTES:
            failure = ToolFailure(
                "too_large",
                f"The file has {len(attached.content)} bytes; the maximum over HTTP is {MAX_ATTACHED_BYTES}.",
                next_step="Download it with a docreview server that runs over stdio on the user's machine.",
            )
            return _as_mcp(failure_result(failure, ()), meta)
        blob: JsonObject = {
            "uri": f"docreview://downloads/{attached.file_name}",
            "mimeType": attached.mime_type,
            "blob": base64.b64encode(attached.content).decode(),
        }
        content.append({"type": "resource", "resource": blob})
    message: JsonObject = {"resultType": "complete", "content": content, "isError": result.is_error}
    if not result.pictures:
        message["structuredContent"] = result.structured
    if meta:
        message["_meta"] = meta
    return message


async def answer_watched(
    observer: Observer, context: Context, params: CallToolRequestParams, surface: Surface
) -> JsonObject | InputRequiredResult:
    """The result of a call, which `observer` watches.

    Raises:
        MCPError: there is no such tool.
    """
    name = current_tool(params.name)
    origin = origin_of(context)
    seen = SeenCall(
        name if name in surface.every else UNKNOWN_TOOL,
        "" if origin is None else origin.principal.id,
        "" if origin is None else origin.id,
        _traceparent(context),
    )
    with observing(observer, seen):
        try:
            result = await answer_call(context, params, surface)
        except MCPError:
            seen.outcome = "unknown_tool"
            raise
        except Exception:
            seen.outcome = "fault"
            raise
        except BaseException:
            seen.outcome = "cancelled"
            raise
        if seen.outcome == "ok":
            seen.outcome = _outcome_of(result)
        return result


def _outcome_of(result: JsonObject | InputRequiredResult) -> CallOutcome:
    """The outcome of a call, in a word."""
    if isinstance(result, InputRequiredResult):
        return "input_required"
    if not result["isError"]:
        return "ok"
    error = cast("Mapping[str, object]", result.get("structuredContent") or {}).get("error")
    code = cast("Mapping[str, object]", error).get("code") if isinstance(error, Mapping) else None
    return code if code in _CODES else "partly_failed"


def _traceparent(context: Context) -> str:
    """The span of the caller: that of the message, else that of the request that brought it."""
    headers: Mapping[str, str] = getattr(context.request, "headers", {})
    for carrier in (context.meta or {}, headers):
        found = cast("Mapping[str, object]", carrier).get(_TRACEPARENT)
        if isinstance(found, str):
            return found
    return ""
