"""What a server says of itself when a client first speaks to it, in words that fit this client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .instructions import instructions
from .session import ServerState, is_narrowed, surface_for
from .surface import Surfaces

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.server.context import CallNext, HandlerResult, ServerMiddleware

__all__ = ["introducing"]

_METHODS = ("initialize", "server/discover")
"""The requests whose results hold the instructions, in the era with handshake and in the one without."""


def introducing(surfaces: Surfaces) -> ServerMiddleware[ServerState]:
    """Gives each client the instructions for the tools that it is offered, and marks what is for it alone.

    The SDK has one text for all clients, and lets nobody else answer the handshake.
    """

    async def introduce(ctx: ServerRequestContext[ServerState, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if not isinstance(result, Mapping):
            return result
        introduced = result
        if "cacheScope" in introduced and is_narrowed(ctx):
            introduced = {**introduced, "cacheScope": "private"}
        if ctx.method not in _METHODS:
            return introduced
        return {**introduced, "instructions": instructions(surface_for(ctx, surfaces))}

    return introduce
