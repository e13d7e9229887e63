"""An issuer of access tokens in the process of the test: it answers as one over HTTP would, and signs."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.com/realm"
URL = "https://mcp.example.com/mcp"
JWKS = "https://keys.example.com/realm/jwks"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
READ, WRITE = "docreview:read", "docreview:write"


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
    """Answers for its documents. `answers` holds what is served at other addresses, or instead."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys) or [jwk(rsa_key("first"), "first")]
        self.is_down = False
        self.asked: list[str] = []
        self.answers: dict[str, httpx2.Response | dict[str, Any]] = {}

    @property
    def fetches(self) -> int:
        """How often the keys were fetched, or were tried to be."""
        return self.asked.count(JWKS)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = str(request.url)
        self.asked.append(address)
        assert "authorization" not in request.headers
        if self.is_down:
            raise httpx2.ConnectError("down", request=request)
        served = {DISCOVERY: {"issuer": ISSUER, "jwks_uri": JWKS}, JWKS: {"keys": self.keys}, **self.answers}
        found = served.get(address, httpx2.Response(404))
        if isinstance(found, httpx2.Response):
            return found
        return httpx2.Response(200, stream=httpx2.ByteStream(json.dumps(found).encode()))


def signing_in(**more: Any) -> dict[str, Any]:
    """The settings of a server whose callers sign in."""
    return {"auth": "oauth", "oauth_issuer": ISSUER, "url": URL, **more}
