"""What a request of the protocol has at hand to call tools with, and who calls."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from functools import cache
from secrets import token_hex
from typing import Any

from mcp.server import ServerRequestContext

from ...tools import Ask, CallContext, Caller, Report, no_answer
from ...tools.untrusted import one_line
from .principal import principal_of
from .session import Context
from .surface import Surface

__all__ = ["call_context_for", "caller_of"]


async def _no_report(message: str) -> None:
    """Tell nobody of progress."""


def call_context_for(
    context: Context, surface: Surface, report: Report = _no_report, ask: Ask = no_answer, code: str = ""
) -> CallContext:
    """What one request has at hand; without `report` and `ask`, nobody is told or asked anything."""
    state = context.lifespan_context
    caller = caller_of(context)
    return CallContext(
        state.services,
        state.guards,
        report,
        surface.find,
        caller,
        ask,
        code,
        tools=surface.offered,
        listed=surface.listed,
        why_not_offered=surface.why_not_offered,
        finishes_writes=principal_of(context) is not None,
    )


def caller_of(context: ServerRequestContext[Any]) -> Caller:
    """The host program with its version, this run of the server, and who calls.

    Who calls is told by the transport, or is the user of the machine. Before 2026-07-28 a program names
    itself over HTTP in its `User-Agent` only.
    """
    params = context.session.client_params
    info = params.client_info if params else None
    host = f"{info.name} {info.version}".strip() if info else ""
    principal = principal_of(context)
    if principal is None:
        return Caller(host[:100], _run(), _user())
    headers: Mapping[str, str] = getattr(context.request, "headers", {})
    return Caller(one_line(host or headers.get("user-agent", ""))[:100], _run(), principal.id)


@cache
def _run() -> str:
    return token_hex(6)


@cache
def _user() -> str:
    """The name of the user who runs the server; empty where the system knows none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
