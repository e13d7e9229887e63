"""What lives as long as a server runs, and what a handler of the protocol can ask of its request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext

from ..tools import Ask, Door, Guards, Report, no_answer
from .callers import caller_of
from .services import Services
from .shown_tools import Surface

__all__ = ["Context", "Session", "door_for", "is_stateless"]

_FIRST_STATELESS = "2026-07-28"


@dataclass(frozen=True, slots=True)
class Session:
    """The clients of the services, and what guards their writes."""

    services: Services
    guards: Guards


Context = ServerRequestContext[Session]


async def _no_report(message: str) -> None:
    """Tell nobody of progress."""


def door_for(
    context: Context, surface: Surface, report: Report = _no_report, ask: Ask = no_answer, code: str = ""
) -> Door:
    """What one request has at hand; without `report` and `ask`, nobody is told or asked anything."""
    session = context.lifespan_context
    caller = caller_of(context)
    return Door(
        session.services, session.guards, report, surface.find, caller, ask, code, tools=surface.offered
    )


def is_stateless(context: ServerRequestContext[Any]) -> bool:
    """Whether a request is of the era without handshake and without requests of the server."""
    return context.protocol_version >= _FIRST_STATELESS
