"""Hosts of the internet only: a name is resolved, every address checked, and one of them is called."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from ssl import SSLContext

import anyio
import httpx2

from ...tools import ToolFailure
from .hosts import OWN_NETWORK, host_fault, is_public
from .network_environment import proxy_for
from .page_images import no_picture

__all__ = ["PublicHosts"]

_MAX_TRIES = 3


class PublicHosts(httpx2.AsyncBaseTransport):
    """Connects to hosts of the internet at an address that was checked: no name can change in between.

    Behind a proxy the proxy resolves names: there, a name that is known here has to be a public one.
    """

    def __init__(self, certificates: SSLContext, limits: httpx2.Limits) -> None:
        self._direct = httpx2.AsyncHTTPTransport(verify=certificates, limits=limits)
        self._certificates, self._limits = certificates, limits
        self._proxies: dict[str, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the host.

        Raises:
            ToolFailure: `not_allowed`, the host is not one of the internet.
            httpx2.ConnectError: its name is not known, or no address takes a connection.
        """
        host = request.url.raw_host.decode("ascii")
        proxy = proxy_for(host)[1]
        addresses = await _checked(host, request.url.port or 443, is_proxied=bool(proxy))
        if proxy:
            return await self._through(proxy).handle_async_request(request)
        for left, address in reversed(list(enumerate(reversed(addresses[:_MAX_TRIES])))):
            try:
                return await self._direct.handle_async_request(_at(request, host, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if not left:
                    raise
        raise httpx2.ConnectError(f"{host} has no address", request=request)

    async def aclose(self) -> None:
        """Close the pools."""
        for transport in (self._direct, *self._proxies.values()):
            await transport.aclose()

    def _through(self, proxy: str) -> httpx2.AsyncHTTPTransport:
        if proxy not in self._proxies:
            self._proxies[proxy] = httpx2.AsyncHTTPTransport(
                verify=self._certificates, limits=self._limits, proxy=proxy
            )
        return self._proxies[proxy]


async def _checked(host: str, port: int, *, is_proxied: bool) -> list[str]:
    """The addresses of a host, all of them public."""
    if fault := host_fault(host):
        raise _refused(fault)
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        if is_proxied:
            return []
        raise httpx2.ConnectError(f"the host name cannot be resolved: {host}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    own = await _own_addresses()
    if not all(is_public(ip_address(address)) and address not in own for address in addresses):
        raise _refused(OWN_NETWORK)
    return addresses


async def _own_addresses() -> set[str]:
    """The addresses by which this machine knows itself, which may be public ones."""
    try:
        found = await anyio.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return set()
    return {str(entry[4][0]) for entry in found}


def _at(request: httpx2.Request, host: str, address: str) -> httpx2.Request:
    """The same request at one address; TLS still asks for a certificate of the name."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


def _refused(fault: str) -> ToolFailure:
    return no_picture(f"its URL is not allowed: {fault}", "not_allowed")
