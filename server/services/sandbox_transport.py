"""The sandbox in the server's own process: no port, no account, no network."""

from __future__ import annotations

from secrets import token_hex

import httpx2
from pydantic import SecretStr

from ...sandbox import CutConnection, Sandbox
from ..settings.settings import Settings

__all__ = ["SandboxTransport", "embedded"]


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
        "nanonets_api_key": SecretStr(token_hex()),
        "nanonets_base_url": "http://127.0.0.1/nanonets",
        "studio_email": "reviewer@sandbox.example",
        "studio_password": SecretStr(token_hex()),
        "studio_token": None,
        "studio_base_url": "http://127.0.0.1/studio",
    }
    return settings.model_copy(update=own), SandboxTransport(sandbox or Sandbox())
