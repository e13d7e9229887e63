"""Checks access tokens: JSON Web Tokens that an issuer signed for this server."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import anyio

from ...protocol.principal import SCOPES, Principal
from ...settings.toml_file import quoted_value
from .issuer_keys import IssuerKeys
from .signed_claims import LEEWAY_SECONDS, TokenError, signed_claims

__all__ = ["Accepted", "Tokens", "Trust"]

_KNOWN_SECONDS = 60.0
_MAX_KNOWN = 4096
_MAX_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are accepted, and where in them it stands what a caller may do.

    `audiences` are those of which a token has to name one. `scope_prefix` may stand before a scope.
    `group_claim` is empty where no groups are read; of those in it, the `groups` are kept.
    """

    issuer: str
    audiences: tuple[str, ...]
    scope_claims: tuple[str, ...] = ("scope", "scp")
    scope_prefix: str = ""
    group_claim: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whose token was accepted, and until when it is good, in seconds since 1970."""

    principal: Principal
    until: int


@dataclass(frozen=True, slots=True)
class _Known:
    accepted: Accepted
    until: float


class Tokens:
    """Tells who shows a token. What was found is kept for a minute at most, under the hash of the token.

    `now` gives the time in seconds since 1970.
    """

    def __init__(self, trust: Trust, keys: IssuerKeys, now: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self._trust = trust
        self._now = now
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def accepted(self, token: str) -> Accepted:
        """Whose token this is, and until when.

        Raises:
            TokenError: it is not accepted.
            KeysUnknown: it cannot be judged, as the issuer has not been reached.
        """
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(name)
        if known is not None and anyio.current_time() < known.until:
            self._known.move_to_end(name)
            return known.accepted
        self._known.pop(name, None)
        trust = self._trust
        claims = await signed_claims(token, self.keys, trust.issuer, trust.audiences)
        accepted = Accepted(self._principal(claims), int(claims["exp"]))
        left = accepted.until + LEEWAY_SECONDS - self._now()
        self._known[name] = _Known(accepted, anyio.current_time() + min(_KNOWN_SECONDS, left))
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return accepted

    def _principal(self, claims: dict[str, Any]) -> Principal:
        trust, subject = self._trust, claims["sub"]
        if not (0 < len(subject) <= _MAX_SUBJECT and subject.isprintable()):
            raise TokenError(f"sub: got {quoted_value(subject)}, expected 1 to {_MAX_SUBJECT} characters")
        given = {each for claim in trust.scope_claims for each in _names_in(claims.get(claim))}
        scopes = {each.removeprefix(trust.scope_prefix) for each in given} & set(SCOPES)
        # An issuer holds no #, so that this has one meaning only.
        identity = f"{trust.issuer}#{subject}"
        return Principal(identity, frozenset(scopes), self._groups(claims))

    def _groups(self, claims: dict[str, Any]) -> frozenset[str]:
        claim = self._trust.group_claim
        if not claim:
            return frozenset()
        elsewhere = claims.get("_claim_names")
        if isinstance(elsewhere, dict) and claim in cast("dict[str, Any]", elsewhere):
            # Whoever is in too many groups for a token would get past the rules of each of them.
            raise TokenError(f"{claim}: omitted by the issuer, because the caller belongs to too many groups")
        given = claims.get(claim)
        listed: object = [given] if isinstance(given, str) else [] if given is None else given
        names = cast("list[object]", listed) if isinstance(listed, list) else [None]
        if not all(isinstance(each, str) for each in names):
            raise TokenError(f"{claim}: got {quoted_value(given)}, expected a list of groups")
        return frozenset(cast("list[str]", names)) & self._trust.groups


def _names_in(value: object) -> list[str]:
    """The names in a claim that is a text with spaces or a list; none in one of another form."""
    if isinstance(value, str):
        return value.split(" ")
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, str)]
