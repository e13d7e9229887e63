"""What whoever watches the server sees of a call: which tool, whose, and what came of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import cast, get_args

from mcp import MCPError

from ...tools import Tool, ToolResult
from ...tools.failure import ErrorCode
from ...tools.observation import UNKNOWN_TOOL, CallOutcome, Observer, SeenCall, observing
from .principal import origin_of
from .session import Context

__all__ = ["outcome_of", "watched"]

_CODES: frozenset[ErrorCode] = frozenset(get_args(ErrorCode))
_TRACEPARENT = "traceparent"


@contextmanager
def watched(observer: Observer, context: Context, tool: Tool | None) -> Generator[SeenCall]:
    """Let `observer` watch a call of this tool, or of one that does not exist."""
    origin = origin_of(context)
    seen = SeenCall(
        UNKNOWN_TOOL if tool is None else tool.name,
        "" if origin is None else origin.principal.id,
        "" if origin is None else origin.id,
        _traceparent(context),
    )
    with observing(observer, seen):
        try:
            yield seen
        except MCPError:
            seen.outcome = "unknown_tool"
            raise
        except Exception:
            seen.outcome = "fault"
            raise
        except BaseException:
            seen.outcome = "cancelled"
            raise


def outcome_of(result: ToolResult) -> CallOutcome:
    """In a word, what came of a call."""
    if not result.is_error:
        return "ok"
    error = (result.structured or {}).get("error")
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
