"""Serve MCP over stdin and stdout. Nothing else is ever written to stdout."""

from __future__ import annotations

import signal
import sys

import anyio
from mcp.server.stdio import stdio_server

from .application import build_server
from .logs import set_up_logging
from .settings import Settings

__all__ = ["half_login", "serve"]

_FOR_A_PERSON = "docreview-mcp serves MCP on stdin and stdout; try docreview-mcp demo, or --help"


def half_login(settings: Settings) -> str:
    """What is missing for a Studio login that is only half given; empty if nothing is."""
    has_email, has_password = settings.studio_email is not None, settings.studio_password is not None
    if settings.sandbox or settings.studio_token is not None or has_email == has_password:
        return ""
    there, missing = ("STUDIO_EMAIL", "STUDIO_PASSWORD") if has_email else ("STUDIO_PASSWORD", "STUDIO_EMAIL")
    return f"{there} is set without {missing}, so Studio cannot be used; set both, or STUDIO_TOKEN"


def serve(settings: Settings) -> None:
    """Serve until stdin ends."""
    set_up_logging(settings.log_level, lambda: settings.secrets)
    server = build_server(settings)
    if sys.stdin.isatty():
        sys.stderr.write(f"{_FOR_A_PERSON}\n")
    if fault := half_login(settings):
        sys.stderr.write(f"docreview-mcp: {fault}\n")

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    # Ctrl-C ends the process itself: the SDK's thread that reads stdin cannot be cancelled.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(run)
