"""What lives as long as a server runs, and what a handler of the protocol can ask of its request."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from functools import cache
from secrets import token_hex
from typing import Any

from mcp.server import ServerRequestContext

from ...tools import Ask, CallContext, Caller, Guards, Report, no_answer
from ..services.upstream import Services
from .surface import Surface

__all__ = ["Context", "ServerState", "call_context_for", "is_stateless"]

_FIRST_STATELESS = "2026-07-28"


@dataclass(frozen=True, slots=True)
class ServerState:
    """The clients of the services, and what guards their writes."""

    services: Services
    guards: Guards


Context = ServerRequestContext[ServerState]


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
    )


def is_stateless(context: ServerRequestContext[Any]) -> bool:
    """Whether a request is of the era without handshake and without requests of the server."""
    return context.protocol_version >= _FIRST_STATELESS


def caller_of(context: ServerRequestContext[Any]) -> Caller:
    """The host program with its version, this run of the server, and the user of the machine."""
    params = context.session.client_params
    info = params.client_info if params else None
    host = f"{info.name} {info.version}".strip() if info else ""
    return Caller(host[:100], _run(), _user())


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
