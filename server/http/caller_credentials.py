"""With whose credentials a request is served: those that all share, that it brings, or that are stored."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

import anyio
from anyio import CapacityLimiter, to_thread
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import Scope

from ..credential_store.store import CredentialStore, Stored, StoreFault
from ..protocol.principal import ADMIN, Principal
from ..services.account import Account
from ..settings.settings import is_loopback
from .authentication import LOCAL
from .refusals import Refusal

__all__ = [
    "CREDENTIAL_HEADERS",
    "CallerCredentials",
    "FromHeaders",
    "FromStore",
    "Shared",
    "known_by_account",
]

_log = logging.getLogger(__name__)

CREDENTIAL_HEADERS = ("X-Nanonets-Api-Key", "X-Studio-Token")
_VALUE = re.compile(r"[!-~]{1,4096}")
_FORWARDED = ("x-forwarded-proto", "x-forwarded-for", "x-forwarded-host", "forwarded", "via")
"""What a proxy adds to a request that it passes on."""

_KNOWN_SECONDS = 30.0
_WHILE_AWAY_SECONDS = 3600.0
"""How long credentials that were read are used: before they are read anew, and while they cannot be."""

_AWAY_SECONDS = 5
_MAX_KNOWN = 2_000
_THREADS = 4

Networks = tuple[IPv4Network | IPv6Network, ...]


def known_by_account(principal: Principal, account: Account | None) -> Principal:
    """Who sends a request, where nobody says so but the credentials in it: one caller for each account."""
    if principal is not LOCAL or account is None or account.source != "headers":
        return principal
    digest = sha256("\n".join(account.ids.values()).encode()).hexdigest()
    return Principal(f"local-{digest[:16]}", LOCAL.scopes - {ADMIN})


class CallerCredentials(Protocol):
    """Finds the credentials with which the requests of a caller go to the services."""

    async def account(self, principal: Principal, scope: Scope, headers: Headers) -> Account | None:
        """Those of this caller alone; None where all share those of the server.

        Raises:
            Refusal: the request brings some that cannot be used, or the stored ones cannot be read.
        """
        ...

    def close(self) -> None:
        """Give back what they are read by."""
        ...


class Shared:
    """All callers use the credentials in the settings of the server."""

    async def account(self, principal: Principal, scope: Scope, headers: Headers) -> Account | None:
        """None: there is no choice."""
        _refuse_headers(headers)
        return None

    def close(self) -> None:
        """There is nothing to give back."""


class FromHeaders:
    """Each request brings its own, over a way on which nobody else can read them.

    `proxies` are the networks of proxies that say truly how a request came to them.
    """

    def __init__(self, proxies: Networks) -> None:
        self._proxies = proxies

    async def account(self, principal: Principal, scope: Scope, headers: Headers) -> Account | None:
        """Those in the headers, as far as there are any."""
        nanonets, studio = (_value(headers, name) for name in CREDENTIAL_HEADERS)
        if nanonets is not None or studio is not None:
            self._check_way(scope, headers)
        return Account(nanonets, studio, source="headers")

    def close(self) -> None:
        """There is nothing to give back."""

    def _check_way(self, scope: Scope, headers: Headers) -> None:
        peer = scope["client"][0] if scope.get("client") else ""
        if scope.get("scheme") == "https":
            return
        if _is_in(peer, self._proxies):
            protocols = ",".join(headers.getlist("x-forwarded-proto")).lower().split(",")
            if {each.strip() for each in protocols} == {"https"}:
                return
            raise _not_private("the proxy does not report that it came over TLS (X-Forwarded-Proto: https)")
        if not is_loopback(peer):
            raise _not_private("it came over plain HTTP")
        if any(name in headers for name in _FORWARDED):
            raise _not_private("it came through a proxy that is not listed in DOCREVIEW_HTTP_PROXIES")


class FromStore:
    """Whoever runs the server has stored some for a caller. They are read beside the event loop."""

    def __init__(self, store: CredentialStore) -> None:
        self._store = store
        self._known: OrderedDict[str, tuple[float, Account]] = OrderedDict()
        self._threads = CapacityLimiter(_THREADS)
        self._away_until = 0.0

    async def account(self, principal: Principal, scope: Scope, headers: Headers) -> Account | None:
        """Those stored for this caller, as of some seconds ago; an account without any if there are none."""
        _refuse_headers(headers)
        now = anyio.current_time()
        read_at, known = self._known.get(principal.id, (-_WHILE_AWAY_SECONDS, None))
        if known is not None and now - read_at < _KNOWN_SECONDS:
            return known
        try:
            stored = await self._read(principal.id)
        except StoreFault:
            if known is not None and now - read_at < _WHILE_AWAY_SECONDS:
                return known
            raise _away() from None
        account = _usable(stored)
        self._known[principal.id] = (now, account)
        self._known.move_to_end(principal.id)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return account

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    async def _read(self, subject: str) -> Stored | None:
        """What is stored. After a fault nobody tries for some seconds, as each try may take as long."""
        if anyio.current_time() < self._away_until:
            raise StoreFault("the stored credentials could not be read just before")
        try:
            return await to_thread.run_sync(self._store.find, subject, limiter=self._threads)
        except StoreFault as fault:
            _log.warning("%s", fault)
            self._away_until = anyio.current_time() + _AWAY_SECONDS
            raise


def _usable(stored: Stored | None) -> Account:
    if stored is not None and stored.account is not None:
        return stored.account
    if stored is not None:
        _log.error(
            "the credentials stored for a caller cannot be decrypted: they were sealed for another caller,"
            " or with a key that is not in DOCREVIEW_SEAL_KEYS; docreview-mcp credentials list shows whose"
            " they are"
        )
    return Account(source="store")


def _value(headers: Headers, name: str) -> SecretStr | None:
    given = headers.getlist(name)
    if not given:
        return None
    if len(given) > 1 or not _VALUE.fullmatch(given[0].strip()):
        # The value is not repeated: it may be a secret that was only cut off or copied with something else.
        actual = "several values" if len(given) > 1 else "a value that cannot be a key or token"
        raise Refusal(
            400,
            "invalid_header",
            f"{name}: got {actual}, expected one key or token.",
            "Correct the header in the host's settings.",
        )
    return SecretStr(given[0].strip())


def _refuse_headers(headers: Headers) -> None:
    """Passed over, a caller would believe to work with an account of its own."""
    given = next((name for name in CREDENTIAL_HEADERS if name in headers), None)
    if given is not None:
        raise Refusal(
            400,
            "invalid_header",
            f"{given}: this server does not accept credentials in headers.",
            "Omit the header; the server's operator chooses the credentials (DOCREVIEW_CREDENTIALS).",
        )


def _not_private(why: str) -> Refusal:
    return Refusal(
        403,
        "not_private",
        f"The request contains credentials, but {why}.",
        "Use this server's https URL, and replace the key or token: others may have read it.",
    )


def _away() -> Refusal:
    return Refusal(
        503,
        "unavailable",
        "The credentials stored for this caller are temporarily unavailable.",
        "Wait for the time in Retry-After, then send the same request again.",
        retry_after=_AWAY_SECONDS,
    )


def _is_in(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
