"""People sign in to the panel with the issuer of tokens, and their access token stays in a sealed cookie.

Two cookies: one while a sign-in is under way, which has to come along when the issuer sends the browser back
(`Lax`), and one with the token, which goes with requests of our own page only (`Strict`). Neither is of any
use without the seal keys, nor to a script. Every request is judged by the token anew, as one at `/mcp` is.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from hmac import compare_digest
from secrets import token_bytes, token_urlsafe
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ...protocol.principal import READ, Principal
from ...shared.sealing import Seal
from ..authentication import issuer_away
from ..oauth.code_flow import CodeFlow, FlowFault, IssuerAway, Pending
from ..oauth.issuer_keys import KeysUnknown
from ..oauth.signed_claims import TokenError
from ..oauth.tokens import Tokens
from .sign_in import PANEL_SECONDS, BrowserStep, PanelCookie, Query, SignInFault, Way, first, place_after

__all__ = ["CALLBACK", "IssuerSignIn", "callback_address"]

_log = logging.getLogger(__name__)

CALLBACK = "/panel/callback"
"""Where the issuer sends browsers back to."""

_PURPOSE = "docreview panel sign-in 1"
_UNDER_WAY, _TOKEN = "sign-in under way", "access token"
_UNDER_WAY_SECONDS = 600
_MAX_CHARACTERS = 3_800
"""Of one cookie: browsers keep 4096 with its name. A token may take two, as proxies take headers of 8 KB."""

_MAX_PLACE = 500
_FOREIGN = "This sign-in was started in another browser or took too long. Please sign in again."
_REFUSED = "The sign-in service did not sign you in. The server's log has the reason for its operator."
_AWAY = "The sign-in service cannot be reached. Please try again in a moment."
_NO_RIGHTS = f"You signed in, but you are not permitted to use docreview (the scope {READ} is missing)."
_TOO_LARGE = "The token from the sign-in service is too large for a browser to store."


def callback_address(url: str) -> str:
    """The redirect address of the server that users call at this address."""
    return f"{url.removesuffix('/mcp')}{CALLBACK}"


class IssuerSignIn:
    """Signs people in by `flow`, and judges the tokens that it gets by `tokens`.

    `keys` gives the seal keys, the newest first; without it they live as long as the process.
    `now` gives the time in seconds since 1970.
    """

    way: Way = "issuer"
    arrival = CALLBACK

    def __init__(
        self,
        flow: CodeFlow,
        tokens: Tokens,
        keys: Callable[[], Sequence[bytes]] | None,
        cookie_name: str,
        *,
        is_secure: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._flow = flow
        self._tokens = tokens
        self._find_keys = keys
        self._sealing: Seal | None = None
        self._now = now
        self._under_way = PanelCookie(f"{cookie_name}_sign_in", is_secure=is_secure, same_site="Lax")
        self._parts = [PanelCookie(f"{cookie_name}{end}", is_secure=is_secure) for end in ("", "_2")]

    @property
    def detail(self) -> str:
        """The host of the issuer."""
        return urlsplit(self._flow.issuer).netloc

    def opened(self) -> tuple[str, ...]:
        """None: people sign in first."""
        return ()

    async def submitted(self, form: Query, place: Query) -> BrowserStep:
        """Begin a sign-in, for which the browser goes to the issuer.

        Raises:
            SignInFault: the issuer is away, or cannot sign anybody in.
        """
        pending = Pending(*(token_urlsafe(32) for _ in range(3)))
        try:
            address = await self._flow.address(pending)
        except FlowFault as fault:
            raise self._ended(fault) from None
        where = place_after(place)
        kept = {
            "state": pending.state,
            "verifier": pending.verifier,
            "nonce": pending.nonce,
            "place": where if len(where) <= _MAX_PLACE else "/panel",
            "until": int(self._now()) + _UNDER_WAY_SECONDS,
        }
        sealed = self._seal.sealed(_UNDER_WAY, json.dumps(kept))
        return BrowserStep(address, (self._under_way.given(sealed, _UNDER_WAY_SECONDS),))

    async def arrived(self, query: Query, headers: Headers) -> BrowserStep:
        """Finish a sign-in with what the issuer says, if this browser began it.

        Raises:
            SignInFault: it did not, the issuer refuses, or its token is not accepted.
        """
        begun = self._begun(query, headers)
        if begun is None:
            raise SignInFault(400, _FOREIGN, (self._under_way.removed,))
        pending, where = begun
        try:
            await self._flow.check_issuer(query["iss"][0] if "iss" in query else None)
            if "error" in query or not first(query, "code"):
                raise FlowFault(f"the issuer answered with the error {first(query, 'error')[:80]!r}")
            token = await self._flow.token(first(query, "code"), pending)
            accepted = await self._tokens.accepted(token)
        except FlowFault as fault:
            raise self._ended(fault) from None
        except TokenError as fault:
            raise self._ended(FlowFault(f"access token: {fault}")) from None
        except KeysUnknown:
            raise self._ended(IssuerAway("the keys of the issuer are not known")) from None
        if READ not in accepted.principal.scopes:
            raise SignInFault(403, _NO_RIGHTS, (self._under_way.removed,))
        return BrowserStep(where, (self._under_way.removed, *self._kept(token, accepted.until)))

    async def visitor(self, headers: Headers) -> Principal | None:
        """Whose token the cookie holds, as long as it is good.

        Raises:
            Refusal: 503 while the keys of the issuer are not known.
        """
        sealed = "".join(part.value_in(headers) for part in self._parts)
        opened = self._seal.opened(_TOKEN, sealed) if sealed else None
        if opened is None:
            return None
        until, _, token = opened.text.partition(" ")
        if self._now() >= int(until):
            return None
        try:
            accepted = await self._tokens.accepted(token)
        except TokenError as fault:
            _log.info("a person was signed out of the panel: %s", fault)
            return None
        except KeysUnknown:
            raise issuer_away() from None
        return replace(accepted.principal, in_browser=True)

    def left(self) -> tuple[str, ...]:
        """All cookies are removed."""
        return tuple(each.removed for each in (self._under_way, *self._parts))

    def _begun(self, query: Query, headers: Headers) -> tuple[Pending, str] | None:
        """The sign-in that this browser began and that the answer is for, and where it goes afterwards."""
        if any(len(values) != 1 for values in query.values()):
            return None
        sealed = self._under_way.value_in(headers)
        opened = self._seal.opened(_UNDER_WAY, sealed) if sealed else None
        if opened is None:
            return None
        kept = json.loads(opened.text)
        given = first(query, "state").encode("utf-8", "surrogatepass")
        if self._now() >= kept["until"] or not compare_digest(given, kept["state"].encode()):
            return None
        return Pending(kept["state"], kept["verifier"], kept["nonce"]), kept["place"]

    def _kept(self, token: str, until: int) -> tuple[str, ...]:
        """The cookies that hold a token as long as it is good.

        Raises:
            SignInFault: it is too large for them.
        """
        until = min(until, int(self._now()) + PANEL_SECONDS)
        sealed = self._seal.sealed(_TOKEN, f"{until} {token}")
        if len(sealed) > _MAX_CHARACTERS * len(self._parts):
            _log.warning("a sign-in to the panel failed: an access token of %d characters", len(token))
            raise SignInFault(502, _TOO_LARGE, self.left())
        seconds = max(0, until - int(self._now()))
        pieces = [
            sealed[start:][:_MAX_CHARACTERS] for start in range(0, _MAX_CHARACTERS * 2, _MAX_CHARACTERS)
        ]
        return tuple(
            part.given(piece, seconds) if piece else part.removed
            for part, piece in zip(self._parts, pieces, strict=True)
        )

    def _ended(self, fault: FlowFault) -> SignInFault:
        """What the person is told of a sign-in that failed, while the log gets the reason."""
        _log.warning("a sign-in to the panel failed: %s", fault)
        removed = (self._under_way.removed,)
        if isinstance(fault, IssuerAway):
            return SignInFault(503, _AWAY, removed)
        return SignInFault(403, _REFUSED, removed)

    @property
    def _seal(self) -> Seal:
        if self._sealing is None:
            keys = self._find_keys() if self._find_keys else (token_bytes(32),)
            self._sealing = Seal(keys, _PURPOSE)
        return self._sealing
