"""Asks an issuer: its documents and answers are JSON of a bounded size, over TLS, after few redirects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx2

from ...services.network_environment import trusted_certificates
from ...settings.settings import is_loopback

__all__ = [
    "ASKING_SECONDS",
    "IssuerDocumentError",
    "client_for",
    "discovered",
    "fetched",
    "is_on_own_machine",
    "may_be_asked",
    "posted",
]

ASKING_SECONDS = 10.0
"""How long an issuer may take for all that it is asked at once."""

_MAX_REDIRECTS = 3
_PLAIN_JSON = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Packed answers are not asked for: a small one may hold more than there is memory for."""

_MAX_BYTES = 512 * 1024


class IssuerDocumentError(Exception):
    """A document of the issuer cannot be used. The text names its address."""


def is_on_own_machine(*addresses: str | None) -> bool:
    """Whether one of these addresses is on this machine itself, so that plain http will do."""
    return any(is_loopback(urlsplit(each).hostname or "") for each in addresses if each)


def client_for(transport: httpx2.AsyncBaseTransport | None) -> httpx2.AsyncClient:
    """A client to ask an issuer with; `transport` replaces the network, and goes on when it is closed.

    Raises:
        NetworkSettingError: the certificates that the environment names cannot be used.
    """
    return httpx2.AsyncClient(
        transport=transport and _Lent(transport), verify=trusted_certificates(), timeout=ASKING_SECONDS
    )


async def discovered(client: httpx2.AsyncClient, issuer: str, *, may_be_plain: bool) -> dict[str, Any]:
    """What an issuer says of itself, at the usual places.

    Raises:
        IssuerDocumentError: it says nothing, or what is there is of another issuer.
        httpx2.TransportError: no answer came.
    """
    faults: list[IssuerDocumentError] = []
    for address in _discovery_addresses(issuer):
        try:
            document = await fetched(client, address, may_be_plain=may_be_plain)
        except IssuerDocumentError as fault:
            faults.append(fault)
            continue
        said = document.get("issuer")
        if said != issuer:
            raise IssuerDocumentError(
                f"{address} names the issuer {str(said)[:200]}, but DOCREVIEW_OAUTH_ISSUER is {issuer}: both"
                " must match exactly, including a trailing slash"
            )
        return document
    raise faults[0]


def _discovery_addresses(issuer: str) -> tuple[str, ...]:
    """Where an issuer says of itself what it has, the usual place first."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )


async def fetched(client: httpx2.AsyncClient, url: str, *, may_be_plain: bool) -> dict[str, Any]:
    """The JSON object at an address. `may_be_plain`: on this machine itself, http will do.

    Raises:
        IssuerDocumentError: it is not there, too large or no JSON object, or the address is not one to ask.
        httpx2.TransportError: no answer came.
    """
    asked = url
    for _ in range(_MAX_REDIRECTS + 1):
        _check(asked, may_be_plain=may_be_plain)
        async with client.stream("GET", asked, headers=_PLAIN_JSON, follow_redirects=False) as response:
            if response.has_redirect_location:
                asked = str(response.url.join(response.headers["location"]))
                continue
            if response.status_code != 200:
                raise IssuerDocumentError(f"{asked} answered {response.status_code}")
            return _object_in(await _body(response, asked), asked)
    raise IssuerDocumentError(f"{url} redirects more than {_MAX_REDIRECTS} times")


async def posted(
    client: httpx2.AsyncClient,
    address: str,
    form: Mapping[str, str],
    authorization: str,
    *,
    may_be_plain: bool,
) -> tuple[int, dict[str, Any]]:
    """The status and the JSON object that a form is answered with. No redirect is followed.

    Raises:
        IssuerDocumentError: the answer is too large or no JSON object, or the address is not one to ask.
        httpx2.TransportError: no answer came.
    """
    _check(address, may_be_plain=may_be_plain)
    headers = {**_PLAIN_JSON, "Content-Type": "application/x-www-form-urlencoded"}
    if authorization:
        headers["Authorization"] = authorization
    sent = client.stream(
        "POST", address, headers=headers, content=urlencode(form).encode(), follow_redirects=False
    )
    async with sent as response:
        return response.status_code, _object_in(await _body(response, address), address)


async def _body(response: httpx2.Response, asked: str) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MAX_BYTES:
            raise IssuerDocumentError(f"{asked} has more than {_MAX_BYTES} bytes")
    return bytes(body)


def _object_in(body: bytes, asked: str) -> dict[str, Any]:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IssuerDocumentError(f"{asked} is not a JSON object")
    return cast("dict[str, Any]", found)


def may_be_asked(url: str, *, may_be_plain: bool) -> bool:
    """Whether an address has a host and https; on this machine itself, http will do if it `may_be_plain`.

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_plain = parts.scheme == "http" and may_be_plain and is_loopback(host)
    return bool(host) and (parts.scheme == "https" or is_plain)


def _check(url: str, *, may_be_plain: bool) -> None:
    try:
        is_right = may_be_asked(url, may_be_plain=may_be_plain)
    except ValueError:
        raise IssuerDocumentError(f"{url[:200]} is not a valid URL") from None
    if not is_right:
        raise IssuerDocumentError(f"{url[:200]} is not requested, because it does not use https")


class _Lent(httpx2.AsyncBaseTransport):
    """A transport that goes on when the client of one fetch is closed."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the one that is lent."""
        return await self._inner.handle_async_request(request)
