"""The sandbox in the server's own process: no port, no account, no network."""

from __future__ import annotations

import httpx2
from pydantic import SecretStr

from ...sandbox import CutConnection, Sandbox
from ..settings.settings import Settings

__all__ = ["SandboxTransport", "embedded"]


_ANY_SECRET = SecretStr("the-sandbox-takes-any-secret")
"""The same in each process, as a confirmation code holds for one account only."""


class SandboxTransport(httpx2.AsyncBaseTransport):
    """Hands requests to a sandbox in this process instead of to the network."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx2.ASGITransport(sandbox.application)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The sandbox's answer; a connection that it cuts ends as on a network."""
        try:
            return await self._inner.handle_async_request(request)
        except CutConnection:
            raise httpx2.RemoteProtocolError("the sandbox cut the connection", request=request) from None


def embedded(
    settings: Settings, sandbox: Sandbox | None = None
) -> tuple[Settings, httpx2.AsyncBaseTransport]:
    """Settings whose calls go to a sandbox in this process, and the transport that takes them there."""
    own = {
        "nanonets_api_key": _ANY_SECRET,
        "nanonets_base_url": "http://127.0.0.1/nanonets",
        "studio_email": "reviewer@sandbox.example",
        "studio_password": _ANY_SECRET,
        "studio_token": None,
        "studio_base_url": "http://127.0.0.1/studio",
    }
    return settings.model_copy(update=own), SandboxTransport(sandbox or Sandbox())
