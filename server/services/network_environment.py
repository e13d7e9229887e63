"""What the environment says of the network: proxies and trusted certificates, and if they can be used."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpx2

__all__ = ["NetworkSettingError", "check_network", "left_no_trace", "proxy_for", "trusted_certificates"]

_SCHEMES = ("https", "http", "all")
_HOST = re.compile(r"[\w.:-]+")
_UNREADABLE = "its certificates cannot be read"


class NetworkSettingError(Exception):
    """A setting of the environment keeps requests from being sent; the text names the variable."""


def trusted_certificates() -> ssl.SSLContext:
    """The TLS settings for both services.

    Raises:
        NetworkSettingError: the environment names certificates that are not there or cannot be read.
    """
    return _certificates(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _certificates(file: str, folder: str) -> ssl.SSLContext:
    """The TLS settings, made once: reading the trusted certificates takes a while."""
    if not file and folder and not os.access(folder, os.R_OK | os.X_OK):
        raise NetworkSettingError(f"SSL_CERT_DIR: {_UNREADABLE} ({Path(folder).name})")
    try:
        return httpx2.create_ssl_context()
    except (OSError, ValueError) as error:
        if file and not _can_be_trusted(file):
            raise NetworkSettingError(f"SSL_CERT_FILE: {_UNREADABLE} ({_why(error)})") from None
        if "SSLKEYLOGFILE" in os.environ:
            raise NetworkSettingError(f"SSLKEYLOGFILE: it cannot be written ({_why(error)})") from None
        raise NetworkSettingError(
            f"the certificates of this machine cannot be read ({_why(error)})"
        ) from None


def check_network() -> None:
    """Check what every request to the internet will use.

    Raises:
        NetworkSettingError: it cannot be used.
    """
    trusted_certificates()
    for variable, address in _proxies():
        if fault := _proxy_fault(address):
            raise NetworkSettingError(f"{variable}: {fault}")
    try:
        httpx2.AsyncClient(verify=trusted_certificates())
    except (ValueError, TypeError, ImportError, httpx2.InvalidURL):
        raise NetworkSettingError(f"{_variable('no')}: expected a list of hosts") from None


def proxy_for(host: str) -> tuple[str, str]:
    """The variable and the address of the proxy that a request over https to a host takes; empty for none."""
    found = next(
        ((name, address) for name, address in _proxies() if not name.lower().startswith("http_")), None
    )
    return ("", "") if found is None or proxy_bypass(host) else found


def left_no_trace(error: Exception) -> bool:
    """Whether a request ended at the proxy, before any of it reached the service."""
    if isinstance(error, httpx2.ProxyError):
        return True
    # What a proxy answers that does not speak SOCKS comes through as it is raised by the library for it.
    return isinstance(error, AssertionError) or type(error).__module__.startswith("socksio")


def _can_be_trusted(file: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except (OSError, ValueError):
        return False
    return True


def _proxies() -> Iterator[tuple[str, str]]:
    """The variables that name proxies and their addresses, that for https first."""
    found = getproxies()
    for scheme in _SCHEMES:
        if address := found.get(scheme):
            yield _variable(scheme), address if "://" in address else f"http://{address}"


def _variable(scheme: str) -> str:
    """The variable as it is set; both spellings are in use."""
    lower = f"{scheme}_proxy"
    return next((name for name in os.environ if name.lower() == lower and os.environ[name]), lower.upper())


def _proxy_fault(address: str) -> str:
    """Why an address cannot be that of a proxy; empty if it can. It may hold a password: never shown."""
    try:
        url = httpx2.URL(address)
        if _HOST.fullmatch(url.host) and 0 < (url.port or 1) < 65536:
            httpx2.AsyncHTTPTransport(verify=trusted_certificates(), proxy=address)
            return ""
    except ImportError:
        return "SOCKS needs a package that is not installed: pip install socksio"
    except (ValueError, TypeError, httpx2.InvalidURL, UnicodeError):
        pass
    return "expected the URL of a proxy, such as http://host:8080 or socks5://host:1080"


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
