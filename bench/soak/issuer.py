"""An issuer of access tokens, as an identity provider is: documents over HTTP, keys in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

__all__ = ["Issuer", "running_issuer"]

_SCOPES = "docreview:read docreview:write"
_LIFE_SECONDS = 24 * 3600
_KEYS = "/keys"


class Issuer:
    """Shows its keys and signs with one of them. `is_down` lets no request have an answer."""

    def __init__(self) -> None:
        self.is_down = False
        self._keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("first", "second")}
        self._shown = ["first"]
        self._signing = "first"
        self.fetches = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                documents = issuer._documents
                if issuer.is_down or self.path not in documents:
                    self.send_error(503 if issuer.is_down else 404)
                    return
                issuer.fetches += self.path == _KEYS
                body = json.dumps(documents[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        """What its tokens name as their issuer."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def _documents(self) -> dict[str, Any]:
        keys = [_public(name, self._keys[name]) for name in self._shown]
        metadata = {"issuer": self.address, "jwks_uri": f"{self.address}{_KEYS}"}
        return {"/.well-known/openid-configuration": metadata, _KEYS: {"keys": keys}}

    def show_next_key(self) -> None:
        """Show the key that will sign later, as issuers do it a while before."""
        self._shown.append("second")

    def rotate(self) -> None:
        """Sign with the newest key that is shown from now on."""
        self._signing = self._shown[-1]

    def token(self, subject: str, audience: str) -> str:
        """A token for somebody who may read and write."""
        claims = {
            "iss": self.address,
            "aud": audience,
            "sub": subject,
            "exp": int(time.time()) + _LIFE_SECONDS,
            "scope": _SCOPES,
        }
        return jwt.encode(claims, self._keys[self._signing], "ES256", headers={"kid": self._signing})


@contextmanager
def running_issuer() -> Generator[Issuer]:
    """An issuer that answers until the end."""
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
        thread.join()


def _public(name: str, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig", "alg": "ES256"}
