"""An issuer of access tokens in the process of the test: it answers as one over HTTP would, and signs."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.com/realm"
URL = "https://mcp.example.com/mcp"
JWKS = "https://keys.example.com/realm/jwks"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
AUTHORIZE, TOKEN = f"{ISSUER}/authorize?tenant=1", f"{ISSUER}/token"
CALLBACK = "https://mcp.example.com/panel/callback"
READ, WRITE = "docreview:read", "docreview:write"
CLIENT, CLIENT_SECRET = "panel", "it is: very/secret+"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this name, made once: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(name: str) -> bytes:
    """The public key of this name in the form in which it is copied about."""
    return rsa_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: Any, key_id: str, **more: Any) -> dict[str, Any]:
    """The public part of a key, as an issuer shows it."""
    kind: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": key_id, "use": "sig", **more}


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; None leaves a claim out."""
    usual = {
        "iss": ISSUER,
        "aud": URL,
        "sub": "ana",
        "exp": int(time.time()) + 3600,
        "scope": f"openid {READ} {WRITE}",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def token(key: str = "first", headers: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token that the key of this name signed, under its name as key id."""
    return jwt.encode(claims(**changed), rsa_key(key), "RS256", headers={"kid": key, **(headers or {})})


def bearer(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}


class Issuer(httpx2.AsyncBaseTransport):
    """Answers for its documents. `answers` holds what is served at other addresses, or instead.

    It signs people in to one client, which is confidential if it has a `secret`. `given` changes what a code
    is answered with.
    """

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys) or [jwk(rsa_key("first"), "first")]
        self.is_down = False
        self.asked: list[str] = []
        self.answers: dict[str, httpx2.Response | dict[str, Any]] = {}
        self.described: dict[str, Any] = {"authorization_endpoint": AUTHORIZE, "token_endpoint": TOKEN}
        self.secret: str | None = None
        self.given: dict[str, Any] = {}
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def fetches(self) -> int:
        """How often the keys were fetched, or were tried to be."""
        return self.asked.count(JWKS)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = str(request.url)
        self.asked.append(address)
        if self.is_down:
            raise httpx2.ConnectError("down", request=request)
        if request.method == "POST" and address == TOKEN and TOKEN not in self.answers:
            return self._redeemed(request)
        assert "authorization" not in request.headers
        about = {"issuer": ISSUER, "jwks_uri": JWKS, **self.described}
        served = {DISCOVERY: about, JWKS: {"keys": self.keys}, **self.answers}
        found = served.get(address, httpx2.Response(404))
        if isinstance(found, httpx2.Response):
            return found
        return _json(200, found)

    def signed_in(self, address: str, **changed: str | None) -> str:
        """Where the browser comes back to, after a person has signed in at the address that it was sent to.

        `changed` replaces what the answer says; None leaves it out.
        """
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{AUTHORIZE}&")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert (asked["redirect_uri"], asked["resource"]) == (CALLBACK, URL)
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": ISSUER, **changed}
        return f"/panel/callback?{urlencode({name: value for name, value in answer.items() if value})}"

    def _redeemed(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
        both = f"{quote_plus(CLIENT)}:{quote_plus(self.secret or '')}".encode()
        wanted = f"Basic {base64.b64encode(both).decode()}" if self.secret else None
        assert request.headers.get("authorization") == wanted
        assert ("client_id" in form) == (self.secret is None)
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or form["redirect_uri"] != CALLBACK:
            return _json(400, {"error": "invalid_grant", "error_description": "<b>no such code</b>"})
        assert (form["grant_type"], form["resource"]) == ("authorization_code", URL)
        answer = {"access_token": token(scope=f"{READ} {WRITE}"), "token_type": "bearer", "expires_in": 300}
        if "openid" in asked["scope"]:
            answer["id_token"] = id_token(asked["nonce"])
        made = {name: each(asked) if callable(each) else each for name, each in self.given.items()}
        return _json(200, {name: value for name, value in {**answer, **made}.items() if value is not None})


def id_token(nonce: str | None, **changed: Any) -> str:
    """What an issuer says to the panel of who has signed in."""
    return token(**{"aud": CLIENT, "iat": int(time.time()), "nonce": nonce, "scope": None, **changed})


def _json(status: int, content: object) -> httpx2.Response:
    return httpx2.Response(status, stream=httpx2.ByteStream(json.dumps(content).encode()))


def signing_in(**more: Any) -> dict[str, Any]:
    """The settings of a server whose callers sign in."""
    return {"auth": "oauth", "oauth_issuer": ISSUER, "url": URL, **more}
