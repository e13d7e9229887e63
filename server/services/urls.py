"""Which addresses that a service names may be called, and which of them get the credentials."""

from __future__ import annotations

import httpx2

from .hosts import host_fault

__all__ = ["image_url", "same_host_redirect"]

_MOVED = (301, 302, 307, 308)


def image_url(base_url: str, address: str) -> tuple[httpx2.URL, bool]:
    """The address of a picture that a service's answer named, and whether it is on the service's own host.

    Another host is called over https only, and never one of the user's own network.

    Raises:
        ValueError: the address may not be called.
    """
    try:
        base = httpx2.URL(base_url + "/")
        url = base.join(address.strip())
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise ValueError("it is not a valid URL") from error
    if not address.strip() or not url.host:
        raise ValueError("it has no host name")
    if url.userinfo:
        raise ValueError("it contains credentials")
    if _is_same_host(base, url):
        return url, True
    if url.scheme != "https":
        raise ValueError("it is on another host and does not use https")
    if fault := host_fault(url.raw_host.decode("ascii")):
        raise ValueError(fault)
    return url, False


def same_host_redirect(request: httpx2.Request, answer: httpx2.Response) -> httpx2.URL | None:
    """Where to send the request again, if the service moved it on its own host and the method may stay."""
    if answer.status_code not in _MOVED or not (location := answer.headers.get("location", "")):
        return None
    try:
        target = request.url.join(location)
    except httpx2.InvalidURL:
        return None
    if target.userinfo or target.fragment or not _is_same_host(request.url, target):
        return None
    return target if request.method == "GET" or answer.status_code > 302 else None


def _is_same_host(one: httpx2.URL, other: httpx2.URL) -> bool:
    return all(getattr(one, part) == getattr(other, part) for part in ("scheme", "host", "port"))
