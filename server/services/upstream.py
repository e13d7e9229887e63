"""Both services behind one client: what the way of a call needs from the server (`tools.Upstream`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...schemas import Operation, Route, Service
from ...tools import FileSource, Report, Request, Response
from ..settings import Settings
from ..shared.state import SharedState
from .files import FileAccess

if TYPE_CHECKING:
    import httpx2

    from .client import ServiceClient

__all__ = ["Services"]


class Services:
    """The shared clients of both services with the user's settings. Implements `tools.Upstream`."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        local: bool = True,
        shared: SharedState | None = None,
    ) -> None:
        self.settings = settings
        self.files = FileAccess(settings, local=local)
        self._transport = transport
        self._shared = shared or SharedState()
        self._clients: dict[Service, ServiceClient] = {}

    @property
    def answer_limit(self) -> int:
        """The most characters of JSON in a result."""
        return self.settings.answer_limit

    @property
    def timeout(self) -> float:
        """Seconds that one operation may take with its retries."""
        return self.settings.timeout

    @property
    def secrets(self) -> Sequence[str]:
        """Keys, passwords and tokens in use, the longest first."""
        held = [secret for client in self._clients.values() for secret in client.credentials.secrets]
        return sorted({*held, *self.settings.secrets}, key=len, reverse=True)

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The address that the user set for the operation, or all that are known."""
        return self.settings.routes(operation)

    def address(self, operation: Operation) -> str:
        """The base address of the service of an operation."""
        settings = self.settings
        return settings.studio_base_url if operation.service == "studio" else settings.nanonets_base_url

    def check_file(self, file: FileSource, file_types: Sequence[str]) -> str:
        """Why a file may not be sent; empty if it may."""
        return self.files.fault(file, file_types)

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request to its service; raises `ToolFailure` where no answer came."""
        return await self._client(operation.service).send(operation, requests, report)

    async def picture(self, address: str) -> bytes:
        """The picture of a page that a Nanonets answer names."""
        return await self._client("nanonets").picture(address)

    def save_download(self, file_name: str, content: bytes) -> str | None:
        """Store a download where the user finds it."""
        return self.files.save(file_name, content)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()

    def _client(self, service: Service) -> ServiceClient:
        """The client of a service, made when it is first needed: a start needs none."""
        if service not in self._clients:
            from .client import ServiceClient

            self._clients[service] = ServiceClient(
                service, self.settings, self.files, self._shared, self._transport
            )
        return self._clients[service]
