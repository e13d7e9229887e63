"""Who is signed in to the panel in a browser, and how people sign in by what they show: a key or a link.

Nothing is kept in the server: a cookie is sealed for one caller, and any server with the same keys knows it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Literal, Protocol
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from ....tools import Codes
from ...protocol.principal import SCOPES, Principal
from ..keys import KeyFile

__all__ = [
    "PANEL_SECONDS",
    "BrowserStep",
    "ClosedSignIn",
    "Holders",
    "KeyHolders",
    "LinkHolder",
    "OneHolder",
    "PanelCookie",
    "Query",
    "ShownSignIn",
    "SignIn",
    "SignInFault",
    "Way",
    "first",
    "place_after",
]

PANEL_SECONDS = 8 * 60 * 60
"""How long a person stays signed in at most."""

_SUBJECT = "browser panel"
_MAX_CHARACTERS = 400
_PLACE = ("workflow_id", "document_id", "again")

Query = Mapping[str, list[str]]
"""The parameters of an address or a form."""

Way = Literal["open", "key", "link", "issuer", "closed"]
"""Nothing, show a key, open a link once, sign in with the issuer; or there is no way."""


@dataclass(frozen=True, slots=True)
class BrowserStep:
    """Where a browser goes next, and the `Set-Cookie` headers that it gets."""

    location: str
    cookies: tuple[str, ...] = ()


class SignInFault(Exception):  # noqa: N818 - the end of a sign-in, not a fault of the program
    """Why nobody was signed in, in words for the person; nothing of what came with the request is in them."""

    def __init__(self, status: int, message: str, cookies: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.cookies = cookies


class SignIn(Protocol):
    """How people sign in to the panel of a server, and are known afterwards.

    What makes or reads a cookie raises `JournalFault` while the key that seals them cannot be used.
    """

    @property
    def way(self) -> Way:
        """What a person has to do."""
        ...

    @property
    def arrival(self) -> str:
        """The path at which people arrive from elsewhere in order to sign in; empty where there is none."""
        ...

    @property
    def detail(self) -> str:
        """With whom people sign in, where it is not this server; else empty."""
        ...

    def opened(self) -> tuple[str, ...]:
        """The cookies for whoever opens the panel without one."""
        ...

    async def submitted(self, form: Query, place: Query) -> BrowserStep:
        """What follows on the form of the page; `place` is what the address of that page asks for.

        Raises:
            SignInFault: nobody is signed in.
        """
        ...

    async def arrived(self, query: Query, headers: Headers) -> BrowserStep:
        """What follows when a browser arrives at the path for it.

        Raises:
            SignInFault: nobody is signed in.
        """
        ...

    async def visitor(self, headers: Headers) -> Principal | None:
        """Who sends a request, by its cookie; None if it has none, or one that is not or no longer good.

        Raises:
            Refusal: that cannot be told just now.
        """
        ...

    def left(self) -> tuple[str, ...]:
        """The cookies that end it."""
        ...


class Holders(Protocol):
    """The callers who may use the panel by something that they show."""

    @property
    def way(self) -> Way:
        """What has to be shown."""
        ...

    def signed_in(self, secret: str) -> Principal | None:
        """Who may sign in with a secret; None for nobody."""
        ...

    def holder(self, identity: str) -> Principal | None:
        """The caller of this id as it may call now; None for one that may not any more."""
        ...


@dataclass(frozen=True, slots=True)
class OneHolder:
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
class KeyHolders:
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
class LinkHolder:
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
class ClosedSignIn:
    """Nobody can sign in here."""

    way: Way = "closed"
    arrival: str = ""
    detail: str = ""

    def opened(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def submitted(self, form: Query, place: Query) -> BrowserStep:
        """Nothing follows.

        Raises:
            SignInFault: always.
        """
        raise SignInFault(403, "")

    async def arrived(self, query: Query, headers: Headers) -> BrowserStep:
        """Nothing follows.

        Raises:
            SignInFault: always.
        """
        raise SignInFault(403, "")

    async def visitor(self, headers: Headers) -> Principal | None:
        """Nobody."""
        return None

    def left(self) -> tuple[str, ...]:
        """None."""
        return ()


class PanelCookie:
    """One cookie of a server, which no script reads and no other site sends.

    `name` tells servers on the same machine apart, whose cookies browsers do not keep apart. Over TLS it is
    one that only this very host can set (`__Host-`), so that nobody plants one from a neighboring host.
    `same_site` is `Lax` where it has to come along when another site sends the browser back.
    """

    def __init__(self, name: str, *, is_secure: bool, same_site: Literal["Strict", "Lax"] = "Strict") -> None:
        self.name = f"__Host-{name}" if is_secure else name
        bounds = "Path=/; Secure" if is_secure else "Path=/panel"
        self._attributes = f"{bounds}; HttpOnly; SameSite={same_site}"

    def given(self, value: str, seconds: int) -> str:
        """The `Set-Cookie` header that gives it a value for so long."""
        return f"{self.name}={value}; Max-Age={seconds}; {self._attributes}"

    @property
    def removed(self) -> str:
        """The `Set-Cookie` header that removes it."""
        return self.given("", 0)

    def value_in(self, headers: Headers) -> str:
        """Its value in a request; empty if there is none."""
        return cookie_parser("; ".join(headers.getlist("cookie"))).get(self.name, "")


class ShownSignIn:
    """People show something, and get a cookie that is sealed for who they are.

    Whether they may still call is asked of the `holders` at every request.
    """

    detail = ""

    def __init__(self, codes: Codes, holders: Holders, cookie: PanelCookie) -> None:
        self._codes = codes
        self._holders = holders
        self._cookie = cookie

    @property
    def way(self) -> Way:
        """What has to be shown."""
        return self._holders.way

    @property
    def arrival(self) -> str:
        """The path of the link."""
        return "/panel/open" if self.way == "link" else ""

    def opened(self) -> tuple[str, ...]:
        """A cookie at once, where nothing has to be shown."""
        found = self._holders.signed_in("") if self.way == "open" else None
        return () if found is None else (self._given_to(found),)

    async def submitted(self, form: Query, place: Query) -> BrowserStep:
        """Sign in with the key in the form.

        Raises:
            SignInFault: it is not one of the keys.
        """
        found = self._holders.signed_in(first(form, "key")) if self.way == "key" else None
        if found is None:
            raise SignInFault(403, "The key is not valid.")
        return BrowserStep(place_after(place), (self._given_to(found),))

    async def arrived(self, query: Query, headers: Headers) -> BrowserStep:
        """Sign in with the link.

        Raises:
            SignInFault: it was used before, or is none.
        """
        # A link that works once is not used up while no cookie can be sealed.
        self._codes.new_code(_SUBJECT, "")
        found = self._holders.signed_in(first(query, "once")) if self.way == "link" else None
        if found is None:
            raise SignInFault(403, "This link has already been used, or it does not belong to this server.")
        return BrowserStep(place_after(query), (self._given_to(found),))

    async def visitor(self, headers: Headers) -> Principal | None:
        """Who sends a request, by its cookie."""
        value = self._cookie.value_in(headers)
        encoded, _, code = value.partition(".")
        if not code or len(value) > _MAX_CHARACTERS:
            return None
        try:
            padded = encoded + "=" * (-len(encoded) % 4)
            identity = urlsafe_b64decode(padded).decode("utf-8", "surrogateescape")
            if not self._codes.vouches(code, _SUBJECT, identity, seconds=PANEL_SECONDS):
                return None
        except ValueError:
            return None
        found = self._holders.holder(identity)
        return None if found is None else replace(found, in_browser=True)

    def left(self) -> tuple[str, ...]:
        """The cookie is removed."""
        return (self._cookie.removed,)

    def _given_to(self, principal: Principal) -> str:
        """The `Set-Cookie` header for a person who signed in.

        Raises:
            JournalFault: the key that seals it cannot be read.
        """
        identity = urlsafe_b64encode(principal.id.encode("utf-8", "surrogateescape")).decode().rstrip("=")
        value = f"{identity}.{self._codes.new_code(_SUBJECT, principal.id)}"
        return self._cookie.given(value, PANEL_SECONDS)


def first(given: Query, name: str) -> str:
    """The first value of a parameter; empty if there is none."""
    return given.get(name, [""])[0]


def place_after(query: Query) -> str:
    """Where a person goes who has signed in: the document that they came for, and nowhere else.

    Whoever signs in `again`, in another tab, is told to go back to the first one.
    """
    asked = {name: first(query, name) for name in _PLACE if query.get(name)}
    if asked.pop("again", ""):
        return "/panel/signed-in"
    return f"/panel?{urlencode(asked)}" if asked else "/panel"
