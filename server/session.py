"""What lives as long as a server runs, and what a handler of the protocol can ask of its request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext

from ..tools import Guards
from .services import Services

__all__ = ["Context", "Session", "is_stateless"]

_FIRST_STATELESS = "2026-07-28"


@dataclass(frozen=True, slots=True)
class Session:
    """The clients of the services, and what guards their writes."""

    services: Services
    guards: Guards


Context = ServerRequestContext[Session]


def is_stateless(context: ServerRequestContext[Any]) -> bool:
    """Whether a request is of the era without handshake and without requests of the server."""
    return context.protocol_version >= _FIRST_STATELESS
