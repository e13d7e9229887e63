"""Serve MCP over stdin and stdout. Nothing else is ever written to stdout."""

from __future__ import annotations

import anyio
from mcp.server.stdio import stdio_server

from .application import build_server
from .logs import set_up_logging
from .settings import Settings

__all__ = ["serve"]


def serve(settings: Settings) -> None:
    """Serve until stdin ends."""
    set_up_logging(settings.log_level, lambda: settings.secrets)
    server = build_server(settings)

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)
