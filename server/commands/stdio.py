"""Serve MCP over stdin and stdout. Nothing else is ever written to stdout."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import anyio

from ..loading import loading_with_first_call
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..services.upstream import secrets_known
from ..settings.settings import Settings
from ..stdio.transport import answering_stdio
from ..telemetry.telemetry import telemetry

if TYPE_CHECKING:
    from ...tools.observation import Observer

__all__ = ["serve"]

_FOR_A_PERSON = (
    "docreview-mcp is serving MCP on stdin and stdout; to see what it does, run docreview-mcp demo or --help"
)


def serve(settings: Settings) -> None:
    """Serve until stdin ends."""
    set_up_logging(settings.log_level, secrets_known(settings), settings.log_format)
    with telemetry(settings) as (observer, _):
        _serve(settings, observer)


def _serve(settings: Settings, observer: Observer | None) -> None:
    server = build_server(settings, observer=observer)
    server.middleware.append(loading_with_first_call())
    if (settings.journal or "").startswith("postgresql"):
        from ..journal.migrating import check_tables

        check_tables(settings)
    if sys.stdin.isatty():
        sys.stderr.write(f"{_FOR_A_PERSON}\n")
    if fault := settings.half_login:
        sys.stderr.write(f"docreview-mcp: {fault}\n")

    async def run() -> None:
        async with answering_stdio() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    # Ctrl-C ends the process itself: the SDK's thread that reads stdin cannot be cancelled.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(run)
