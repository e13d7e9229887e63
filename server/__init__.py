"""How docreview runs: settings, credentials, the shared clients, and the MCP server itself.

The names are imported when they are first asked for: a command needs only some of what is behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .protocol.application import build_server
    from .settings.settings import Settings

__all__ = ["Settings", "build_server"]


def __getattr__(name: str) -> object:
    if name == "Settings":
        from .settings.settings import Settings

        return Settings
    if name == "build_server":
        from .protocol.application import build_server

        return build_server
    raise AttributeError(f"module {__name__} has no attribute {name}")
