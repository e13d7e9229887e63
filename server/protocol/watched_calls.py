"""A call of a tool under the eyes of whoever watches the server: which tool, whose, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from mcp import MCPError
from mcp.types import CallToolRequestParams, CallToolResult, InputRequiredResult

from ...tools.failure import ErrorCode
from ...tools.observation import UNKNOWN_TOOL, CallOutcome, Observer, SeenCall, observing
from ...tools.surface.former_names import current_tool
from .calls import answer_call
from .principal import origin_of
from .session import Context
from .surface import Surface

__all__ = ["answer_watched"]

_CODES: frozenset[ErrorCode] = frozenset(get_args(ErrorCode))
_TRACEPARENT = "traceparent"


async def answer_watched(
    observer: Observer, context: Context, params: CallToolRequestParams, surface: Surface
) -> CallToolResult | InputRequiredResult:
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


def _outcome_of(result: CallToolResult | InputRequiredResult) -> CallOutcome:
    """In a word, what came of a call."""
    if isinstance(result, InputRequiredResult):
        return "input_required"
    if not result.is_error:
        return "ok"
    error = cast("Mapping[str, object]", result.structured_content or {}).get("error")
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
