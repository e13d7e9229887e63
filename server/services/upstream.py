"""Both services behind one client: what a call needs from the server (`tools.Upstream`)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ...schemas import Operation, Route, Service
from ..settings.settings import Settings
from .account import Account

if TYPE_CHECKING:
    import httpx2

    from ...tools import FileSource, Report, Request, Response
    from ..shared.state import SharedState
    from .client import Sender, ServiceClient
    from .credentials import Credentials
    from .files import FileAccess

__all__ = ["CallerServices", "Services", "secrets_known", "secrets_of_caller"]

_MAX_SESSIONS = 2_000
"""How many callers with credentials of their own are kept in mind, those used last."""

_present: ContextVar[CallerServices | None] = ContextVar("services of the present caller", default=None)

Held = dict[Service, "Credentials"]
"""The credentials of one account in use, by service."""


def secrets_of_caller() -> Sequence[str]:
    """All that must not be shown in what the present request says; none outside of a request."""
    services = _present.get()
    return () if services is None else services.secrets


def secrets_known(settings: Settings) -> Callable[[], Sequence[str]]:
    """What gives the secrets of the settings, and those that a present request has come to, as for a log."""
    return lambda: (*settings.secrets, *secrets_of_caller())


class Services:
    """The shared clients of both services with the settings of the server, and what each caller has there.

    `own` works with the credentials of the settings, as the one user of a server does.
    """

    def __init__(
        self,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        local: bool = True,
        shared: SharedState | None = None,
    ) -> None:
        self.settings = settings
        self._local = local
        self._transport = transport
        self._given_state = shared
        self._clients: dict[Service, ServiceClient] = {}
        self._shared = Account.of_settings(settings, is_local=local)
        self._held: Held = {}
        self._sessions: OrderedDict[tuple[str, Account], Held] = OrderedDict()
        self.own = CallerServices(self, self._shared, self._held, "")

    def for_caller(self, name: str, account: Account | None) -> CallerServices:
        """The services for one caller; without an `account` with the credentials that all share.

        What an account of one's own has come to, such as a session, is for this caller alone.
        """
        if account is None:
            services = CallerServices(self, self._shared, self._held, name)
            _present.set(services)
            return services
        key = (name, account)
        held = self._sessions.setdefault(key, {})
        self._sessions.move_to_end(key)
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        services = CallerServices(self, account, held, name)
        _present.set(services)
        return services

    @cached_property
    def files(self) -> FileAccess:
        """The local files that may be sent, and where downloads are put."""
        from .files import FileAccess

        return FileAccess(self.settings, local=self._local)

    @cached_property
    def state(self) -> SharedState:
        """What several servers share, or what this process keeps to itself."""
        from ..shared.state import SharedState

        return self._given_state or SharedState()

    @cached_property
    def secrets_of_settings(self) -> Sequence[str]:
        """Those of the settings, which stay as they are."""
        return self.settings.secrets

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()

    def client(self, service: Service) -> ServiceClient:
        """The client of a service, made when it is first needed: a start needs none."""
        if service not in self._clients:
            from .client import ServiceClient

            self._clients[service] = ServiceClient(
                service, self.settings, self.files, self.state, self._transport
            )
        return self._clients[service]


class CallerServices:
    """The services as one caller uses them. Implements `tools.Upstream`.

    `name` tells callers apart, so that none takes the places of all; `held` keeps what `account` has come to.
    """

    def __init__(self, services: Services, account: Account, held: Held, name: str) -> None:
        self._services = services
        self._held = held
        self._name = name
        self.account = account

    @property
    def answer_limit(self) -> int:
        """The most characters of JSON in a result."""
        return self._services.settings.answer_limit

    @property
    def timeout(self) -> float:
        """Seconds that one operation may take with its retries."""
        return self._services.settings.timeout

    @property
    def secrets(self) -> Sequence[str]:
        """Keys, passwords and tokens of this caller and of the settings, the longest first."""
        held = [secret for credentials in self._held.values() for secret in credentials.secrets]
        given = self.account.secrets if self.account.is_own else ()
        return sorted({*held, *given, *self._services.secrets_of_settings}, key=len, reverse=True)

    @property
    def account_ids(self) -> Mapping[str, str]:
        """By service, what tells the credentials of this caller from others."""
        return self.account.ids

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The address that the user set for the operation, or all that are known."""
        return self._services.settings.routes(operation)

    def base_url(self, operation: Operation) -> str:
        """The base address of the service of an operation."""
        settings = self._services.settings
        return settings.studio_base_url if operation.service == "studio" else settings.nanonets_base_url

    def check_file(self, file: FileSource, file_types: Sequence[str]) -> str:
        """Why a file may not be sent; empty if it may."""
        return self._services.files.fault(file, file_types)

    def content_of(self, file: FileSource) -> str:
        """The size and the SHA-256 of a file; raises `ToolFailure` where it may not be sent."""
        return self._services.files.content_of(file)

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request to its service; raises `ToolFailure` where no answer came."""
        from ...tools.failure import ToolFailure

        client = self._services.client(operation.service)
        try:
            return await client.send(operation, requests, report, self._sender(client, operation.service))
        except ToolFailure as failure:
            from .remedies import REMEDIES

            if failure.status == 401 and self.account.source != "host settings":
                after = REMEDIES[self.account.source].after_refused[operation.service]
                raise failure.with_(next_step=after) from None
            raise

    async def picture(self, url: str) -> bytes:
        """The picture of a page that a Nanonets answer names."""
        client = self._services.client("nanonets")
        return await client.picture(url, self._sender(client, "nanonets"))

    def save_download(self, file_name: str, content: bytes) -> str | None:
        """Store a download where the user finds it."""
        return self._services.files.save(file_name, content)

    def _sender(self, client: ServiceClient, service: Service) -> Sender:
        from .client import Sender
        from .credentials import NanonetsKey, StudioSession
        from .remedies import REMEDIES

        if service not in self._held:
            remedy = REMEDIES[self.account.source].after_refused["studio"]
            log_in = partial(client.log_in, name=self._name, check_account=remedy)
            base_url = self._services.settings.studio_base_url
            self._held[service] = (
                StudioSession(self.account, self._services.state.shared_login(log_in, base_url))
                if service == "studio"
                else NanonetsKey(self.account)
            )
        return Sender(self._held[service], self._name)
