"""Runs the application on a socket, and ends it without losing a call."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import uvicorn

from .application import HttpApplication
from .connections import PatientConnection
from .settings import HttpSettings

__all__ = ["serve_on"]

_LAST_SECONDS = 1.0
"""How long connections that balancers keep are still served after it stopped listening."""

_IDLE_SECONDS = 75
"""Longer than balancers keep idle connections, so that they and not the server close them."""


def serve_on(listener: socket.socket, application: HttpApplication, settings: HttpSettings) -> bool:
    """Serve until a signal ends it. Gives whether it started."""
    from sse_starlette.sse import AppStatus

    # It would cut the streams of the older era as soon as the signal comes.
    AppStatus.disable_automatic_graceful_drain()
    config = uvicorn.Config(
        application,
        # Its own choice may be a parser without a limit to the size of a head.
        http=PatientConnection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.drain[1]),
    )
    server = _DrainingServer(config, application, settings.drain[0])
    server.run(sockets=[listener])
    return server.started


class _DrainingServer(uvicorn.Server):
    """Goes on serving for some seconds after SIGTERM, while balancers learn that it is not ready."""

    def __init__(self, config: uvicorn.Config, application: HttpApplication, before: float) -> None:
        super().__init__(config)
        self._application = application
        self._before = before
        self._closes_at = math.inf
        self._last_seconds = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end. A second signal closes at once, and a second Ctrl-C gives up calls under way."""
        is_second = self._application.health.is_draining
        self._application.health.is_draining = True
        wait = 0 if is_second or sig == signal.SIGINT else self._before
        self._closes_at = min(self._closes_at, time.monotonic() + wait)
        self._last_seconds = min(wait, _LAST_SECONDS)
        if is_second and sig == signal.SIGINT:
            self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to stop listening."""
        return await super().on_tick(counter) or time.monotonic() >= self._closes_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer the requests in progress, then close what is idle and wait for the rest."""
        waiting = [each for listener in sockets or () for each in _waiting(listener)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.connect_accepted_socket(self._protocol, each) for each in waiting))
        # A kept connection that is closed just when a request comes loses it; so they get a last answer.
        await asyncio.sleep(self._last_seconds)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has accepted for this server; to close the listener would cut them."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        yield connection
