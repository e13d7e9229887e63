"""Open the review panel in the browser of the person who runs the command."""

from __future__ import annotations

import threading
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from ..http.settings import HttpSettings
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..protocol.call_context import user_of_machine
from ..services.upstream import secrets_known
from ..settings.settings import Settings
from ..settings.settings_error import SettingsError

if TYPE_CHECKING:
    import httpx2

    from ..http.application import HttpApplication

__all__ = ["panel_application", "serve_panel"]

_LOCAL = {"auth": "none", "url": None, "hosts": (), "origins": (), "drain": (0.0, 5.0)}
"""The panel on one's own machine takes nothing from the settings of a server for many."""


def serve_panel(
    settings: Settings, http: HttpSettings, place: tuple[str, str], *, opens_browser: bool
) -> int:
    """Serve the panel on this machine until a signal ends it. Gives the exit status.

    `place` is the workflow and the document to open, both empty for the queue.

    Raises:
        SettingsError: the port cannot be used, or a setting or a file that it names has a fault.
    """
    from ..http.listening import listening
    from ..http.serving import serve_on

    http = http.model_copy(update=_LOCAL)
    set_up_logging(settings.log_level, secrets_known(settings))
    try:
        listener = listening(http.host, http.port)
    except OSError as error:
        raise SettingsError(f"cannot listen on port {http.port} ({error.strerror}); choose another") from None
    with listener:
        port = int(listener.getsockname()[1])
        application, token = panel_application(settings, http, port)
        query = {"once": token}
        if all(place):
            query |= {"workflow_id": place[0], "document_id": place[1]}
        link = f"http://{http.host}:{port}/panel/open?{urlencode(query)}"
        if fault := settings.half_login:
            click.echo(f"docreview-mcp: {fault}", err=True)
        click.echo(f"Open the review panel with this link, which works once: {link}", err=True)
        if opens_browser:
            # It may wait for the browser to start, and the browser for the server.
            threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
        return 0 if serve_on(listener, application, http) else 1


def panel_application(
    settings: Settings, http: HttpSettings, port: int, *, transport: httpx2.AsyncBaseTransport | None = None
) -> tuple[HttpApplication, str]:
    """The application that serves nothing but the panel, and the token of the link to it.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: a setting or a file that it names has a fault.
    """
    from ..http.application import HttpApplication
    from ..http.authentication import PanelOnly
    from ..http.caller_credentials import Shared
    from ..http.panel.panel import Panel
    from ..http.panel.setup import shown_sign_in
    from ..http.panel.sign_in import LinkHolder
    from ..journal.seal_keys import seal_keys
    from ..shared.state import open_shared_state

    holder = LinkHolder(user_of_machine() or "local")
    token = holder.token
    shared = open_shared_state(settings)
    server = build_server(settings, transport=transport, local=False, shared=shared)
    panel = Panel(shown_sign_in(http, port, seal_keys(settings), holder))
    application = HttpApplication(server, http, PanelOnly(), http.allowed(port), Shared(), shared, panel)
    return application, token
