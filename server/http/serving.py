"""Runs the application on a socket, and ends it without losing a call."""

from __future__ import annotations

import math
import signal
import socket
import time
from types import FrameType

import uvicorn

from .application import HttpApplication
from .settings import HttpSettings

__all__ = ["serve_on"]

_IDLE_SECONDS = 75
"""Longer than balancers keep idle connections, so that they and not the server close them."""


def serve_on(listener: socket.socket, application: HttpApplication, settings: HttpSettings) -> bool:
    """Serve until a signal ends it. Gives whether it started."""
    from sse_starlette.sse import AppStatus

    # It would cut the streams of the older era as soon as the signal comes.
    AppStatus.disable_automatic_graceful_drain()
    config = uvicorn.Config(
        application,
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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end. A second signal closes at once, and a second Ctrl-C gives up calls under way."""
        is_second = self._application.health.is_draining
        self._application.health.is_draining = True
        wait = 0 if is_second or sig == signal.SIGINT else self._before
        self._closes_at = min(self._closes_at, time.monotonic() + wait)
        if is_second and sig == signal.SIGINT:
            self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to stop listening."""
        return await super().on_tick(counter) or time.monotonic() >= self._closes_at
