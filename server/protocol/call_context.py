"""What a request of the protocol has at hand to call tools with, and who calls."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from functools import cache
from secrets import token_hex
from typing import Any

from mcp.server import ServerRequestContext

from ...tools import Ask, CallContext, Caller, Report, no_answer
from ...tools.untrusted import one_line
from ..services.upstream import CallerServices
from .principal import RequestOrigin, origin_of
from .session import Context
from .surface import Surface

__all__ = ["call_context_for", "caller_of"]


async def _no_report(message: str) -> None:
    """Tell nobody of progress."""


def call_context_for(
    context: Context, surface: Surface, report: Report = _no_report, ask: Ask = no_answer, code: str = ""
) -> CallContext:
    """What one request has at hand; without `report` and `ask`, nobody is told or asked anything."""
    state, origin = context.lifespan_context, origin_of(context)
    services = state.services.own
    if origin is not None:
        services = state.services.for_caller(origin.principal.id, origin.account)
    caller = caller_of(context, origin, services)
    return CallContext(
        services,
        state.guards,
        report,
        surface.find,
        caller,
        ask,
        code,
        tools=surface.offered,
        listed=surface.listed,
        why_not_offered=surface.why_not_offered,
        finishes_writes=origin is not None,
        is_admin=origin is None or origin.principal.is_admin,
    )


def caller_of(
    context: ServerRequestContext[Any], origin: RequestOrigin | None, services: CallerServices
) -> Caller:
    """The host program with its version, this run of the server, and who calls.

    Who calls is told by the transport, or is the user of the machine. Before 2026-07-28 a program names
    itself over HTTP in its `User-Agent` only.
    """
    params = context.session.client_params
    info = params.client_info if params else None
    host = f"{info.name} {info.version}".strip() if info else ""
    if origin is None:
        return Caller(host[:100], _run(), _user())
    headers: Mapping[str, str] = getattr(context.request, "headers", {})
    return Caller(
        one_line(host or headers.get("user-agent", ""))[:100],
        _run(),
        origin.principal.id,
        _machine(),
        origin.id,
        services.account.ids,
    )


@cache
def _machine() -> str:
    """The name of the machine or container, by which whoever runs several servers tells them apart."""
    return one_line(socket.gethostname())[:100]


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
