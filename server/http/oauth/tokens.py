"""Checks access tokens: JSON Web Tokens that an issuer signed for this server."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import anyio
import jwt

from ...protocol.principal import SCOPES, Principal
from ...toml_file import quoted_value
from .issuer_keys import ALGORITHMS, IssuerKeys

__all__ = ["TokenError", "Tokens", "Trust"]

_LEEWAY_SECONDS = 30
_KNOWN_SECONDS = 60.0
_MAX_KNOWN = 4096
_MAX_CHARACTERS = 16 * 1024
_MAX_SUBJECT = 255
_REQUIRED = ("exp", "iss", "sub", "aud")


class TokenError(Exception):
    """A token is not accepted. The text names the claim, and is for the log only."""


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
class _Known:
    principal: Principal
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

    async def principal(self, token: str) -> Principal:
        """Whose token this is.

        Raises:
            TokenError: it is not accepted.
            KeysUnknown: it cannot be judged, as the issuer has not been reached.
        """
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(name)
        if known is not None and anyio.current_time() < known.until:
            self._known.move_to_end(name)
            return known.principal
        self._known.pop(name, None)
        claims = await self._claims(token)
        principal = self._principal(claims)
        left = int(claims["exp"]) + _LEEWAY_SECONDS - self._now()
        self._known[name] = _Known(principal, anyio.current_time() + min(_KNOWN_SECONDS, left))
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        """What a token says, once its signature and its required claims are found to be good."""
        if len(token) > _MAX_CHARACTERS:
            raise TokenError(f"the token has more than {_MAX_CHARACTERS} characters")
        try:
            unchecked = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise TokenError("it is no JSON Web Token") from None
        header: dict[str, Any] = unchecked["header"]
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenError(f"alg: got {quoted_value(algorithm)}, expected a signature by a public key")
        if "crit" in header:
            raise TokenError("crit: the token asks for what this server does not know")
        # Looked at before the signature, so that tokens of others do not make us ask for their keys.
        self._check_issuer(unchecked["payload"].get("iss"))
        key = await self.keys.key(key_id, algorithm)
        if key is None:
            raise TokenError("kid: the issuer has no key of this id and algorithm")
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._trust.audiences,
                issuer=self._trust.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": [*_REQUIRED]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenError(self._reason(error, unchecked["payload"])) from None

    def _check_issuer(self, given: object) -> None:
        if given != self._trust.issuer:
            raise TokenError(f"iss: got {quoted_value(given)}, expected {self._trust.issuer}")

    def _reason(self, error: Exception, claims: dict[str, Any]) -> str:
        """Which claim is wrong, and how."""
        if isinstance(error, jwt.MissingRequiredClaimError):
            return f"{error.claim}: missing"
        if isinstance(error, jwt.ExpiredSignatureError):
            return "exp: the token has expired"
        if isinstance(error, jwt.ImmatureSignatureError):
            return f"{'nbf' if 'nbf' in str(error) else 'iat'}: the token is not valid yet"
        if isinstance(error, jwt.InvalidAudienceError):
            wanted = " or ".join(self._trust.audiences)
            return f"aud: got {quoted_value(claims.get('aud'))}, expected {wanted}"
        if isinstance(error, jwt.InvalidSignatureError):
            return "the signature is not that of the issuer"
        return f"a claim has a form that it cannot have ({type(error).__name__})"

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
            raise TokenError(f"{claim}: left out by the issuer, as the caller is in too many groups")
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
