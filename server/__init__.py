"""How docreview runs: settings, credentials, the shared clients, and the MCP server itself."""

from .protocol.application import build_server
from .settings import Settings

__all__ = ["Settings", "build_server"]
