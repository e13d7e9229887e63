"""What lives as long as a server runs, and what a handler of the protocol can ask of its request."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from secrets import token_hex
from typing import Any, cast

from mcp.server import ServerRequestContext

from ...tools import Ask, CallContext, Caller, Guards, Report, no_answer
from ...tools.untrusted import one_line
from ..services.upstream import CallerServices, Services
from .narrowing import NOT_NARROWED
from .principal import RequestOrigin, origin_of
from .surface import Restriction, Surface, Surfaces

__all__ = [
    "Context",
    "ServerState",
    "call_context_for",
    "client_of",
    "is_narrowed",
    "is_stateless",
    "surface_for",
]

_FIRST_STATELESS = "2026-07-28"


@dataclass(slots=True)
class ServerState:
    """The clients of the services, and what guards their writes.

    `has_one_client`: whoever is connected stays so until the server ends; `surface` is the list for it once
    it has asked for something, so that the list stays the same even if the client names itself only at times.
    """

    services: Services
    guards: Guards
    has_one_client: bool = False
    surface: Surface | None = None


Context = ServerRequestContext[ServerState]


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


def surface_for(context: ServerRequestContext[ServerState, Any], surfaces: Surfaces) -> Surface:
    """The list of tools for the client that sent a request, the same for all requests of a connection.

    Over HTTP each request has its own: less for a caller who may not write, or has no credentials for a
    service, or wants less.
    """
    state, origin = context.lifespan_context, origin_of(context)
    if origin is not None:
        surfaces = surfaces.restricted(_restriction_of(origin))
    if state.surface is not None:
        return state.surface
    surface = surfaces.for_client(client_of(context))
    if state.has_one_client:
        state.surface = surface
    return surface


def is_narrowed(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether a request asks for less than others get, so that its lists are no good for them."""
    origin = origin_of(context)
    return origin is not None and origin.narrowing is not NOT_NARROWED


def _restriction_of(origin: RequestOrigin) -> Restriction:
    principal, account = origin.principal, origin.account
    services = None if account is None else account.services
    has_session = account is not None and account.has_studio
    return Restriction(not principal.may_write, services, has_session, origin.narrowing)


def client_of(context: ServerRequestContext[Any, Any]) -> str:
    """The name that a client gives of itself, in the handshake or with a request; empty if it gives none."""
    params = context.session.client_params
    if params is not None:
        return params.client_info.name
    # While the handshake is answered, its parameters do not stand in the session yet.
    about = (context.params or {}).get("clientInfo")
    name = cast("Mapping[str, object]", about).get("name") if isinstance(about, Mapping) else None
    return name if isinstance(name, str) else ""


def is_stateless(context: ServerRequestContext[Any]) -> bool:
    """Whether a request is of the era without handshake and without requests of the server."""
    return context.protocol_version >= _FIRST_STATELESS


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
