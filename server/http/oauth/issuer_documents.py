"""Fetches the documents of an issuer: JSON of a bounded size, over TLS, after few redirects."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2

from ...settings import is_loopback

__all__ = ["DocumentError", "discovery_urls", "fetched"]

_MAX_REDIRECTS = 3
_MAX_BYTES = 512 * 1024


class DocumentError(Exception):
    """A document of the issuer cannot be used. The text names its address."""


def discovery_urls(issuer: str) -> tuple[str, ...]:
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
        DocumentError: it is not there, too large or no JSON object, or the address is not one to ask.
        httpx2.TransportError: no answer came.
    """
    asked = url
    for _ in range(_MAX_REDIRECTS + 1):
        _check(asked, may_be_plain=may_be_plain)
        # Packed answers are not asked for: a small one may hold more than there is memory for.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with client.stream("GET", asked, headers=headers, follow_redirects=False) as response:
            if response.has_redirect_location:
                asked = str(response.url.join(response.headers["location"]))
                continue
            if response.status_code != 200:
                raise DocumentError(f"{asked} answers {response.status_code}")
            return _object_in(await _body(response, asked), asked)
    raise DocumentError(f"{url} redirects more than {_MAX_REDIRECTS} times")


async def _body(response: httpx2.Response, asked: str) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MAX_BYTES:
            raise DocumentError(f"{asked} has more than {_MAX_BYTES} bytes")
    return bytes(body)


def _object_in(body: bytes, asked: str) -> dict[str, Any]:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DocumentError(f"{asked} is no JSON object")
    return cast("dict[str, Any]", found)


def _check(url: str, *, may_be_plain: bool) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise DocumentError(f"{url[:200]} is no address") from None
    is_plain = parts.scheme == "http" and may_be_plain and is_loopback(host)
    if not host or not (parts.scheme == "https" or is_plain):
        raise DocumentError(f"{url[:200]} is not asked, as it is no address with https")
