"""Who sends a request: anybody, the holder of a key, or whoever signed in; another way is a class more."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Literal, Protocol

from starlette.datastructures import Headers

from ..protocol.principal import SCOPES, Principal
from .challenges import Challenges
from .keys import KeyFile
from .oauth.issuer_keys import KeysUnknown
from .oauth.protected_resource import ProtectedResource
from .oauth.signed_claims import TokenError
from .oauth.tokens import Tokens
from .refusals import Refusal

__all__ = [
    "LOCAL",
    "Authentication",
    "KeyAuthentication",
    "NoAuthentication",
    "PanelOnly",
    "TokenAuthentication",
    "issuer_away",
]


class Authentication(Protocol):
    """Finds out who sends a request, from its headers alone."""

    @property
    def challenges(self) -> Challenges:
        """Its refusals."""
        ...

    @property
    def resource(self) -> ProtectedResource | None:
        """The document about signing in; None where nobody signs in."""
        ...

    async def principal(self, headers: Headers) -> Principal:
        """Who sends it.

        Raises:
            Refusal: 401, as the identity is missing or not valid; 503, as it cannot be checked now.
        """
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep alive what it needs, as long as this lasts."""
        ...

    @property
    def issuer(self) -> Literal["ok", "down", "none"]:
        """Whether whoever signs callers in could be reached."""
        ...


LOCAL = Principal("local", frozenset(SCOPES))
"""Everybody who reaches a server that asks nobody who they are."""


class NoAuthentication:
    """Everybody who reaches the server is the same caller, `local`."""

    challenges = Challenges()
    resource = None
    issuer: Literal["none"] = "none"

    async def principal(self, headers: Headers) -> Principal:
        """The one caller that there is."""
        return LOCAL

    def running(self) -> AbstractAsyncContextManager[None]:
        """Nothing is needed."""
        return nullcontext()


class PanelOnly:
    """Nobody calls with a client: only the page of the panel is served."""

    challenges = Challenges()
    resource = None
    issuer: Literal["none"] = "none"

    async def principal(self, headers: Headers) -> Principal:
        """Nobody.

        Raises:
            Refusal: 403, always.
        """
        raise Refusal(
            403,
            "not_allowed",
            "Only the review panel is served here.",
            "For other paths, use docreview-mcp http.",
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """Nothing is needed."""
        return nullcontext()


class KeyAuthentication:
    """Callers show one of the keys in a file, as a bearer token."""

    challenges = Challenges("key")
    resource = None
    issuer: Literal["none"] = "none"

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    async def principal(self, headers: Headers) -> Principal:
        """The holder of the key in the `Authorization` header.

        Raises:
            Refusal: 401, without a reason: whoever guesses learns nothing.
        """
        found = self._keys.principal(_bearer(headers, self.challenges))
        if found is None:
            raise self.challenges.invalid("is not in the file of keys")
        return found

    def running(self) -> AbstractAsyncContextManager[None]:
        """Nothing is needed."""
        return nullcontext()


class TokenAuthentication:
    """Callers sign in with an issuer, and show the access token that it gave them."""

    def __init__(self, tokens: Tokens, resource: ProtectedResource, challenges: Challenges) -> None:
        self.tokens = tokens
        self.resource = resource
        self.challenges = challenges

    async def principal(self, headers: Headers) -> Principal:
        """Whose token the `Authorization` header holds; one that stands anywhere else is not looked at.

        Raises:
            Refusal: 401, without a reason, which is in the log; 503 while the issuer is not known.
        """
        try:
            return (await self.tokens.accepted(_bearer(headers, self.challenges))).principal
        except TokenError as fault:
            raise self.challenges.invalid(f"was not accepted: {fault}") from None
        except KeysUnknown:
            raise issuer_away() from None

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep the keys of the issuer fresh."""
        return self.tokens.keys.running()

    @property
    def issuer(self) -> Literal["ok", "down"]:
        """Whether the keys of the issuer could be fetched when that was last tried."""
        return self.tokens.keys.state


def issuer_away() -> Refusal:
    """No token can be judged just now."""
    return Refusal(
        503,
        "unavailable",
        "The sign-in service cannot be reached, so the token cannot be checked.",
        "Wait for the time in Retry-After, then send the same request again.",
        retry_after=30,
    )


def _bearer(headers: Headers, challenges: Challenges) -> str:
    """What a request shows for itself; empty, so never valid, where it shows two things.

    Raises:
        Refusal: 401, as there is nothing.
    """
    given = headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if not given or (len(given) == 1 and scheme.lower() != "bearer"):
        raise challenges.missing()
    return token.strip()
