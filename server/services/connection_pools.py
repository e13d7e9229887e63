"""The connection pools of one service: to its own host, and to hosts of the internet for page images."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from ..version import VERSION
from .network_environment import check_network, trusted_certificates
from .public_hosts import PublicHosts

__all__ = ["ConnectionPools"]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_IDLE_SECONDS = 4.0
"""Many servers close idle connections after 5 s; a write being sent just then has an unknown outcome."""


class ConnectionPools:
    """Opens each pool when it is first needed. `transport` stands in for the network of both."""

    def __init__(
        self, base_url: str, max_connections: int, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._base_url = base_url
        self._max_connections = max_connections
        self._transport = transport
        self._clients: dict[bool, httpx2.AsyncClient] = {}

    @property
    def is_direct(self) -> bool:
        """Whether no proxy of the environment applies to the own host."""
        return self._transport is not None or self._base_url.startswith("http://")

    def opened(self, *, is_own: bool = True) -> httpx2.AsyncClient:
        """The pool for the own host, or for others, which have to be hosts of the internet.

        Raises:
            NetworkSettingError: the environment has a proxy or certificates that cannot be used.
        """
        if is_own not in self._clients:
            is_plain = is_own and self._base_url.startswith("http://")
            limits = httpx2.Limits(
                max_connections=self._max_connections,
                max_keepalive_connections=self._max_connections,
                keepalive_expiry=_IDLE_SECONDS,
            )
            transport = self._transport
            if not is_plain and transport is None:
                check_network()
                transport = None if is_own else PublicHosts(trusted_certificates(), limits)
            self._clients[is_own] = httpx2.AsyncClient(
                transport=transport,
                verify=False if is_plain or transport is not None else trusted_certificates(),
                trust_env=not is_plain,
                timeout=httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=None),
                limits=limits,
                headers={"User-Agent": f"docreview-mcp/{VERSION}"},
                # No domain may set a cookie: none is kept, so none is sent.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                follow_redirects=False,
            )
        return self._clients[is_own]

    async def close(self) -> None:
        """Close the pools."""
        for client in self._clients.values():
            await client.aclose()
