"""Who is signed in to the panel in a browser: a cookie that is sealed for one caller and kept nowhere."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Literal, Protocol

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from ...tools import Codes
from ...tools.journal.entries import JournalFault
from ..protocol.principal import SCOPES, Principal
from .keys import KeyFile

__all__ = ["Cookies", "KeySignIn", "LinkSignIn", "NoSignIn", "OpenSignIn", "SignIn", "Way"]

_SECONDS = 8 * 60 * 60
"""How long a person stays signed in."""

_SUBJECT = "browser panel"
_MAX_CHARACTERS = 400


Way = Literal["open", "key", "link", "none"]
"""Nothing, show a key, open a link once; or there is no way."""


class SignIn(Protocol):
    """How people sign in to the panel of a server."""

    @property
    def way(self) -> Way:
        """What a person has to do."""
        ...

    def signed_in(self, secret: str) -> Principal | None:
        """Who may sign in with a secret; None for nobody."""
        ...

    def holder(self, identity: str) -> Principal | None:
        """The caller of this id as it may call now; None for one that may not any more."""
        ...


@dataclass(frozen=True, slots=True)
class OpenSignIn:
    """Whoever reaches the server may use the panel, as they may everything else."""

    user: str = "local"
    way: Way = "open"

    def signed_in(self, secret: str) -> Principal | None:
        """The one caller that there is; nothing has to be shown for it."""
        return Principal(self.user, frozenset(SCOPES))

    def holder(self, identity: str) -> Principal | None:
        """The one caller that there is."""
        return self.signed_in("") if identity == self.user else None


@dataclass(frozen=True, slots=True)
class KeySignIn:
    """People show the key that they call with."""

    keys: KeyFile
    way: Way = "key"

    def signed_in(self, secret: str) -> Principal | None:
        """Whose key it is."""
        return self.keys.principal(secret.strip())

    def holder(self, identity: str) -> Principal | None:
        """The holder of a key that is still in the file."""
        return self.keys.holder(identity)


@dataclass(slots=True)
class LinkSignIn:
    """The person who started the server opens the link that it printed, once."""

    user: str
    way: Way = "link"
    token: str = field(default_factory=lambda: token_urlsafe(32))

    def signed_in(self, secret: str) -> Principal | None:
        """The person who started the server, the first time that the token of the link is shown."""
        if not self.token or not compare_digest(secret.encode(), self.token.encode()):
            return None
        self.token = ""
        return self.holder(self.user)

    def holder(self, identity: str) -> Principal | None:
        """The person who started the server."""
        return Principal(self.user, frozenset(SCOPES)) if identity == self.user else None


@dataclass(frozen=True, slots=True)
class NoSignIn:
    """Nobody can sign in here."""

    way: Way = "none"

    def signed_in(self, secret: str) -> Principal | None:
        """Nobody."""
        return None

    def holder(self, identity: str) -> Principal | None:
        """Nobody."""
        return None


class Cookies:
    """Gives out the cookies of people who signed in, and knows them again.

    A cookie goes to the paths of the panel only, and is worth nothing at `/mcp`. `name` tells servers on the
    same machine apart, whose cookies browsers do not keep apart.
    """

    def __init__(self, codes: Codes, sign_in: SignIn, name: str, *, is_secure: bool) -> None:
        self._codes = codes
        self._sign_in = sign_in
        self._name = name
        self._is_secure = is_secure

    def set_for(self, principal: Principal) -> str:
        """The `Set-Cookie` header for a person who signed in.

        Raises:
            JournalFault: the key that seals it cannot be read.
        """
        identity = urlsafe_b64encode(principal.id.encode("utf-8", "surrogateescape")).decode().rstrip("=")
        value = f"{identity}.{self._codes.new_code(_SUBJECT, principal.id)}"
        secure = "; Secure" if self._is_secure else ""
        return f"{self._name}={value}; Max-Age={_SECONDS}; Path=/panel; HttpOnly; SameSite=Strict{secure}"

    def principal(self, headers: Headers) -> Principal | None:
        """Who sends a request, by its cookie; None if it has none, or one that is not or no longer good."""
        value = self._value(headers)
        encoded, _, code = value.partition(".")
        if not code or len(value) > _MAX_CHARACTERS:
            return None
        try:
            padded = encoded + "=" * (-len(encoded) % 4)
            identity = urlsafe_b64decode(padded).decode("utf-8", "surrogateescape")
            if not self._codes.vouches(code, _SUBJECT, identity, seconds=_SECONDS):
                return None
        except (ValueError, JournalFault):
            return None
        found = self._sign_in.holder(identity)
        return None if found is None else replace(found, in_browser=True)

    def _value(self, headers: Headers) -> str:
        return cookie_parser("; ".join(headers.getlist("cookie"))).get(self._name, "")
