"""Makes the sign-in to the panel in a browser from the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httpx2

from ....tools import Codes
from ...protocol.principal import READ, WRITE
from ..oauth.code_flow import CodeFlow, RegisteredClient
from ..oauth.tokens import Tokens
from ..settings import HttpSettings
from .issuer import IssuerSignIn, callback_address
from .sign_in import ClosedSignIn, Holders, PanelCookie, ShownSignIn, SignIn

__all__ = ["Keys", "issuer_sign_in", "shown_sign_in"]

Keys = Callable[[], Sequence[bytes]] | None
"""What gives the seal keys, the newest first; None where they live as long as the process."""


def shown_sign_in(http: HttpSettings, port: int, keys: Keys, holders: Holders) -> ShownSignIn:
    """The sign-in for those who show something."""
    cookie = PanelCookie(_cookie_name(http, port), is_secure=_is_secure(http))
    return ShownSignIn(Codes(keys=keys), holders, cookie)


def issuer_sign_in(
    http: HttpSettings, port: int, keys: Keys, tokens: Tokens, network: httpx2.AsyncBaseTransport | None
) -> SignIn:
    """The sign-in with the issuer of tokens; closed where it knows no client of ours."""
    if http.oauth_client is None or http.oauth_issuer is None or http.url is None:
        return ClosedSignIn()
    usual = ("openid", *(f"{http.oauth_scope_prefix}{each}" for each in (READ, WRITE)))
    client = RegisteredClient(
        http.oauth_client,
        http.oauth_client_secret,
        http.oauth_client_scopes or usual,
        callback_address(http.url),
        http.url,
    )
    flow = CodeFlow(client, http.oauth_issuer, tokens.keys, network)
    return IssuerSignIn(flow, tokens, keys, _cookie_name(http, port), is_secure=_is_secure(http))


def _cookie_name(http: HttpSettings, port: int) -> str:
    """The same on all servers behind one address, another one for each server on one machine."""
    own = urlsplit(http.url).port if http.url else port
    return f"docreview_panel_{own}" if own else "docreview_panel"


def _is_secure(http: HttpSettings) -> bool:
    return (http.url or "").startswith("https:")
