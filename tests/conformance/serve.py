"""Serves docreview over HTTP as in production, on sample data, with the fixtures of the conformance suite."""

from __future__ import annotations

import sys

from docreview_mcp.server.commands.http import application_for
from docreview_mcp.server.http.listening import listening
from docreview_mcp.server.http.serving import serve_on
from docreview_mcp.server.http.settings import HttpSettings
from docreview_mcp.server.settings.settings import Settings

from .fixtures import mount_fixtures

__all__ = ["main"]


def main() -> int:
    """Serve on a free port, which is the first line of stdout, until a signal ends it."""
    settings = HttpSettings(rate=None)
    with listening("127.0.0.1", 0) as listener:
        port = int(listener.getsockname()[1])
        application = application_for(Settings(sandbox=True, journal="none"), settings, port)
        mount_fixtures(application._manager.app)
        sys.stdout.write(f"http://127.0.0.1:{port}/mcp\n")
        sys.stdout.flush()
        return 0 if serve_on(listener, application, settings) else 1


if __name__ == "__main__":
    sys.exit(main())
