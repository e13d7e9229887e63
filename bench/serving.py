"""Serves a stand-in for a service in a process of its own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

__all__ = ["Application", "Receive", "Send", "serve_on_free_port"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def serve_on_free_port(application: Application) -> None:
    """Write the port to stdout, and serve until the process is ended."""
    # asyncio turns off Nagle's algorithm only where the protocol is named; else each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    # Longer than clients keep connections: a service that closes first may cut a request that is being sent.
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, lifespan="off", timeout_keep_alive=75
    )
    uvicorn.Server(config).run(sockets=[listener])
