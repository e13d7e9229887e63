"""The kept connections of one service: to its own host, and to hosts of the internet for page images."""

from __future__ import annotations

from collections import deque
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.request import Request

import anyio
import httpx2

from ..version import VERSION
from .network_environment import check_network, trusted_certificates
from .public_hosts import PublicHosts

__all__ = ["ConnectionPools"]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_IDLE_SECONDS = 4.0
"""Many servers close idle connections after 5 s; a write being sent just then has an unknown outcome."""
_LIMITS = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_SECONDS)


class ConnectionPools:
    """Clients of one connection each. `transport` stands in for the network of all.

    A request takes the client that was used last, for itself alone: a pool of the HTTP library asks the
    system about each of its idle connections, twice for every request. How many there are is bounded by
    whoever takes them; what is idle for long is closed.
    """

    def __init__(self, base_url: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._base_url = base_url
        self._transport = transport
        self._idle: dict[bool, deque[tuple[float, httpx2.AsyncClient]]] = {True: deque(), False: deque()}

    @property
    def is_direct(self) -> bool:
        """Whether no proxy of the environment applies to the own host."""
        return self._transport is not None or self._base_url.startswith("http://")

    def take(self, *, is_own: bool = True) -> httpx2.AsyncClient:
        """A client for the own host, or for others, which have to be hosts of the internet.

        Nobody else uses it until it is given back.

        Raises:
            NetworkSettingError: the environment has a proxy or certificates that cannot be used.
        """
        idle = self._idle[is_own]
        return idle.pop()[1] if idle else self._opened(is_own=is_own)

    async def give_back(self, client: httpx2.AsyncClient, *, is_own: bool = True) -> None:
        """Keep a client for the next request, and close those that no request has needed for a while."""
        idle, now = self._idle[is_own], anyio.current_time()
        idle.append((now, client))
        # A transport that was given is the same one for all.
        if self._transport is None and now - idle[0][0] > _IDLE_SECONDS:
            with anyio.CancelScope(shield=True):
                # While one is closed, another request may take the last one.
                while idle and now - idle[0][0] > _IDLE_SECONDS:
                    await idle.popleft()[1].aclose()

    async def close(self) -> None:
        """Close what is not in use."""
        for idle in self._idle.values():
            while idle:
                await idle.pop()[1].aclose()

    def _opened(self, *, is_own: bool) -> httpx2.AsyncClient:
        is_plain = is_own and self._base_url.startswith("http://")
        transport = self._transport
        if not is_plain and transport is None:
            check_network()
            transport = None if is_own else PublicHosts(trusted_certificates(), _LIMITS)
        return httpx2.AsyncClient(
            transport=transport,
            verify=False if is_plain or transport is not None else trusted_certificates(),
            trust_env=not is_plain,
            timeout=httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=None),
            limits=_LIMITS,
            headers={"User-Agent": f"docreview-mcp/{VERSION}"},
            cookies=_NoCookies(),
            follow_redirects=False,
        )


class _NoCookies(CookieJar):
    """Keeps no cookie of an answer, and does not look for any; so none is sent."""

    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        """Keep nothing."""
