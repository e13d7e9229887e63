"""Gets an access token for a person with a browser: by authorization code and PKCE, from the issuer."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from hmac import compare_digest
from typing import Any, cast
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import anyio
import httpx2
import jwt
from pydantic import SecretStr

from ...services.network_environment import NetworkSettingError
from ...settings.toml_file import quoted_value
from .issuer_documents import (
    ASKING_SECONDS,
    IssuerDocumentError,
    client_for,
    discovered,
    is_on_own_machine,
    may_be_asked,
    posted,
)
from .issuer_keys import IssuerKeys
from .signed_claims import TokenError, signed_claims

__all__ = ["CodeFlow", "FlowFault", "IssuerAway", "Pending", "RegisteredClient"]

_FRESH_SECONDS = 300.0
_PAUSE_SECONDS = 5.0
_AT_ONCE = 8
"""So many codes are redeemed at once: whoever sends made-up ones must not keep all connections busy."""

_BY_SIZE = {"256": sha256, "384": sha384, "512": sha512}
"""The hash of an algorithm by the end of its name; EdDSA goes with SHA-512."""


class FlowFault(Exception):  # noqa: N818 - the end of a sign-in, not a fault of the program
    """A sign-in ends here. The text says why, and is for the log only."""


class IssuerAway(FlowFault):
    """The issuer gives no usable answer, so that a later try may go well."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """The panel as the issuer knows it; `secret` is None for a public client.

    `callback` is where browsers are sent back to, `resource` what the access token is for.
    """

    id: str
    secret: SecretStr | None
    scopes: tuple[str, ...]
    callback: str
    resource: str


@dataclass(frozen=True, slots=True)
class Pending:
    """What a sign-in under way has to keep to itself: nobody but this browser may finish it."""

    state: str
    verifier: str
    nonce: str


class CodeFlow:
    """The sign-ins of one client with one issuer, whose `keys` check its tokens.

    `transport` replaces the network.
    """

    def __init__(
        self,
        client: RegisteredClient,
        issuer: str,
        keys: IssuerKeys,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.client = client
        self.issuer = issuer
        self._keys = keys
        self._transport = transport
        self._may_be_plain = is_on_own_machine(issuer)
        self._document: dict[str, Any] = {}
        self._next_at = 0.0
        self._fetching = anyio.Lock()
        self._redeeming = anyio.CapacityLimiter(_AT_ONCE)

    @property
    def _is_openid(self) -> bool:
        return "openid" in self.client.scopes

    async def address(self, pending: Pending) -> str:
        """Where the browser goes for this sign-in.

        Raises:
            FlowFault: the issuer does not say where, or does not do PKCE.
        """
        document = await self._described()
        methods = document.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in cast("list[object]", methods):
            raise FlowFault("the issuer does not support PKCE with S256")
        parts = urlsplit(self._endpoint(document, "authorization_endpoint"))
        challenge = urlsafe_b64encode(sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.callback,
            "scope": " ".join(self.client.scopes),
            "state": pending.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": self.client.resource,
            **({"nonce": pending.nonce} if self._is_openid else {}),
        }
        return parts._replace(
            query=urlencode([*parse_qsl(parts.query), *asked.items()]), fragment=""
        ).geturl()

    async def check_issuer(self, named: str | None) -> None:
        """Whether an answer that names this issuer, or none, can be one of ours (RFC 9207).

        Raises:
            FlowFault: it is one of another issuer, or does not say so although this issuer always does.
        """
        if named is None:
            document = await self._described()
            if document.get("authorization_response_iss_parameter_supported") is not True:
                return
        if named != self.issuer:
            raise FlowFault(f"iss: the answer names {quoted_value(named)}, expected {self.issuer}")

    async def token(self, code: str, pending: Pending) -> str:
        """The access token for a code. It is not checked here; the ID token beside it is.

        Raises:
            FlowFault: the issuer refuses, or what it gives is not for this sign-in.
        """
        document = await self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.callback,
            "code_verifier": pending.verifier,
            "resource": self.client.resource,
        }
        status, answer = await self._redeemed(document, form)
        if status != 200:
            raise FlowFault(
                f"the issuer answered {status} with the error {quoted_value(answer.get('error'))}"
            )
        token, kind = answer.get("access_token"), answer.get("token_type")
        if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            raise FlowFault(f"the issuer returned no access token of type Bearer ({quoted_value(kind)})")
        if self._is_openid:
            await self._check_identity(answer.get("id_token"), token, pending.nonce)
        return token

    async def _redeemed(self, document: dict[str, Any], form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        authorization, more = self._own_proof(document)
        address = self._endpoint(document, "token_endpoint")
        try:
            # A code is good for one request only, so that a failed one is not sent again.
            with anyio.fail_after(ASKING_SECONDS):
                async with self._redeeming, client_for(self._transport) as client:
                    return await posted(
                        client,
                        address,
                        {**form, **more},
                        authorization,
                        may_be_plain=self._may_be_plain,
                    )
        except (IssuerDocumentError, NetworkSettingError) as fault:
            raise IssuerAway(str(fault)) from None
        except Exception as error:
            # Whatever a library raises for an odd answer or proxy is an answer that cannot be used.
            raise IssuerAway(
                f"the issuer did not answer the code exchange ({type(error).__name__})"
            ) from None

    def _own_proof(self, document: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """How the client says who it is: the `Authorization` header, and what is added to the form."""
        client = self.client
        if client.secret is None:
            return "", {"client_id": client.id}
        secret = client.secret.get_secret_value()
        ways = document.get("token_endpoint_auth_methods_supported")
        if isinstance(ways, list) and "client_secret_basic" not in cast("list[object]", ways):
            return "", {"client_id": client.id, "client_secret": secret}
        both = f"{quote_plus(client.id)}:{quote_plus(secret)}"
        return f"Basic {b64encode(both.encode()).decode()}", {}

    async def _check_identity(self, token: object, access_token: str, nonce: str) -> None:
        """Look whether an ID token was made for this sign-in and goes with the access token."""
        if not isinstance(token, str):
            raise FlowFault("id_token: missing; remove openid from DOCREVIEW_OAUTH_CLIENT_SCOPES")
        try:
            claims = await signed_claims(token, self._keys, self.issuer, (self.client.id,), ("iat", "nonce"))
        except TokenError as fault:
            raise FlowFault(f"id_token: {fault}") from None
        if not compare_digest(str(claims["nonce"]).encode("utf-8", "surrogatepass"), nonce.encode()):
            raise FlowFault("id_token: nonce: it belongs to another sign-in")
        is_alone = isinstance(claims["aud"], str) or len(claims["aud"]) == 1
        if claims.get("azp", self.client.id if is_alone else None) != self.client.id:
            raise FlowFault("id_token: azp: it belongs to another client")
        if (hashed := claims.get("at_hash")) is not None and hashed != _hash(token, access_token):
            raise FlowFault("id_token: at_hash: it belongs to another access token")

    async def _described(self) -> dict[str, Any]:
        """What the issuer says of itself, asked at most every five minutes, or seconds after a failure."""
        async with self._fetching:
            if anyio.current_time() < self._next_at:
                if not self._document:
                    raise IssuerAway("the issuer did not answer a moment ago")
                return self._document
            self._next_at, self._document = anyio.current_time() + _PAUSE_SECONDS, {}
            try:
                with anyio.fail_after(ASKING_SECONDS):
                    async with client_for(self._transport) as client:
                        self._document = await discovered(
                            client, self.issuer, may_be_plain=self._may_be_plain
                        )
            except (IssuerDocumentError, NetworkSettingError) as fault:
                raise IssuerAway(str(fault)) from None
            except Exception as error:
                raise IssuerAway(f"the issuer does not answer ({type(error).__name__})") from None
            self._next_at = anyio.current_time() + _FRESH_SECONDS
            return self._document

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        given = document.get(name)
        address = given if isinstance(given, str) else ""
        try:
            is_right = may_be_asked(address, may_be_plain=self._may_be_plain)
        except ValueError:
            raise FlowFault(f"{name}: the issuer declares no URL") from None
        if not is_right:
            raise FlowFault(f"{name}: the issuer's URL does not use https ({quoted_value(given)})")
        return urlsplit(address).geturl()


def _hash(token: str, access_token: str) -> str:
    """What `at_hash` has to be: half of a hash, by the algorithm with which the ID token is signed."""
    size = str(jwt.get_unverified_header(token)["alg"])[-3:]
    digest = _BY_SIZE.get(size, sha512)(access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
