"""Which Host and Origin a request may name, by exact values: a web page of another site reaches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["AllowedAddresses", "fault_of_host", "fault_of_origin"]

_ANY_PORT = "*"
_NAME = r"(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
_HOST = re.compile(rf"(?P<name>{_NAME})(?::(?P<port>\d{{1,5}}))?")
_ALLOWED = re.compile(rf"(?P<name>{_NAME})(?::(?P<port>\d{{1,5}}|\*))?")
_SCHEME_PORTS = {"http": "80", "https": "443"}


class _NumericAddress(NamedTuple):
    """A host with the port that is meant; `scheme` is empty for a Host."""

    scheme: str
    name: str
    port: str


def fault_of_host(text: str) -> str:
    """Why this is no value for allowed Hosts; empty if it is one."""
    if _ALLOWED.fullmatch(text.lower()):
        return ""
    return (
        "expected a comma-separated list of hosts such as mcp.example.com, mcp.example.com:8443 or"
        " localhost:*"
    )


def fault_of_origin(text: str) -> str:
    """Why this is no value for allowed Origins; empty if it is one."""
    scheme, separator, host = text.lower().partition("://")
    if separator and scheme in _SCHEME_PORTS and _ALLOWED.fullmatch(host):
        return ""
    return "expected a comma-separated list of origins such as https://app.example.com or http://localhost:*"


class AllowedAddresses:
    """The Hosts and Origins that may call. `default_port` is what a Host without port means."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str], *, default_port: int) -> None:
        self._default_port = str(default_port)
        self._hosts = {_parsed(_ALLOWED, each, "", self._default_port) for each in hosts}
        self._origins = {_parsed_origin(_ALLOWED, each) for each in origins}

    def has_host(self, values: list[str]) -> bool:
        """Whether these Host headers of a request are one, and it is allowed."""
        given = _parsed(_HOST, values[0], "", self._default_port) if len(values) == 1 else None
        return given is not None and _is_among(given, self._hosts)

    def has_origin(self, values: list[str]) -> bool:
        """Whether these Origin headers of a request are none, or one that is allowed."""
        if not values:
            return True
        given = _parsed_origin(_HOST, values[0]) if len(values) == 1 else None
        return given is not None and _is_among(given, self._origins)


def _is_among(given: _NumericAddress, allowed: set[_NumericAddress | None]) -> bool:
    return given in allowed or given._replace(port=_ANY_PORT) in allowed


def _parsed_origin(form: re.Pattern[str], text: str) -> _NumericAddress | None:
    scheme, separator, host = text.lower().partition("://")
    port = _SCHEME_PORTS.get(scheme)
    return _parsed(form, host, scheme, port) if separator and port else None


def _parsed(form: re.Pattern[str], host: str, scheme: str, default_port: str) -> _NumericAddress | None:
    found = form.fullmatch(host.lower())
    return _NumericAddress(scheme, found["name"], found["port"] or default_port) if found else None
