"""The public keys of an issuer: fetched beside the requests, kept while the issuer is away."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import anyio
import httpx2
import jwt
from jwt.api_jwk import PyJWK

from ...services.network_environment import NetworkSettingError
from .issuer_documents import (
    ASKING_SECONDS,
    IssuerDocumentError,
    client_for,
    discovered,
    fetched,
    is_on_own_machine,
)

__all__ = ["ALGORITHMS", "IssuerKeys", "KeysUnknown"]

_log = logging.getLogger(__name__)

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",), "Ed25519": ("EdDSA",)}
ALGORITHMS = frozenset((*_RSA, *(name for names in _BY_CURVE.values() for name in names)))
"""Those that a token may be signed with: whoever can check a signature cannot make one."""

_PAUSE_SECONDS = 30.0
"""So long nothing is fetched after a try, whatever came of it."""

_FRESH_SECONDS = 300.0
_AGAIN_SECONDS = 60.0
_KEPT_SECONDS = 24 * 60 * 60.0
_MAX_KEYS = 50
_MIN_RSA_BITS = 2048
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeysUnknown(Exception):  # noqa: N818 - nothing is wrong with the token
    """The issuer has not been reached for so long that no token can be judged."""


class IssuerKeys:
    """The keys by which the tokens of one issuer are checked.

    `jwks` is where they are; None if the issuer itself says where. `transport` replaces the network.
    """

    def __init__(
        self, issuer: str, jwks: str | None = None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._issuer = issuer
        self._jwks, self._found = jwks, ""
        self._transport = transport
        self._may_be_plain = is_on_own_machine(issuer, jwks)
        self._keys: list[PyJWK] = []
        self._fetched_at = 0.0
        self._next_at = 0.0
        self._fetching = anyio.Lock()
        self._last_message: str = ""
        self.fault: str = ""
        """Why the last fetch failed; empty if it did not."""

        self.state: Literal["ok", "down"] = "down"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the keys fresh as long as this lasts."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._keep_fresh)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    async def key(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """The key with this id for this algorithm; without id, the only one for it. None if there is none.

        Raises:
            KeysUnknown: there are no keys, or only ones that are too old.
        """
        found = self._known(key_id, algorithm)
        if found is None:
            await self.refresh()
            found = self._known(key_id, algorithm)
        if not self._are_usable:
            raise KeysUnknown
        return found

    async def refresh(self) -> None:
        """Fetch the keys, unless that was tried a short while ago. Others wait for a fetch under way."""
        async with self._fetching:
            if anyio.current_time() < self._next_at:
                return
            self._next_at = anyio.current_time() + _PAUSE_SECONDS
            try:
                with anyio.fail_after(ASKING_SECONDS):
                    self._keys = await self._fetch()
            except (IssuerDocumentError, NetworkSettingError) as fault:
                self._note_fault(str(fault))
            except TimeoutError:
                self._note_fault(f"no answer within {ASKING_SECONDS:g} s")
            except Exception as error:
                # Whatever a library raises for an odd answer or proxy must not end the server.
                self._note_fault(type(error).__name__)
            else:
                if self.state == "down":
                    _log.info("the keys of the issuer %s were fetched", self._issuer)
                self._fetched_at, self.state = anyio.current_time(), "ok"
                self.fault, self._last_message = "", ""

    @property
    def _are_usable(self) -> bool:
        return bool(self._keys) and anyio.current_time() - self._fetched_at <= _KEPT_SECONDS

    def _known(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        if not self._are_usable:
            return None
        fitting = [each for each in self._keys if each.algorithm_name == algorithm]
        if key_id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((each for each in fitting if each.key_id == key_id), None)

    async def _keep_fresh(self) -> None:
        while True:
            await self.refresh()
            await anyio.sleep(_FRESH_SECONDS if self.state == "ok" else _AGAIN_SECONDS)

    def _note_fault(self, fault: str) -> None:
        # Where the keys are may have changed; next time the issuer is asked anew.
        self._found, self.state = "", "down"
        kept = "the known keys remain valid for a day" if self._are_usable else "so no token can be accepted"
        message = f"the keys of the issuer {self._issuer} cannot be fetched, {kept}: {fault}"
        if message != self._last_message:
            _log.warning("%s", message)
        self.fault, self._last_message = fault, message

    async def _fetch(self) -> list[PyJWK]:
        async with client_for(self._transport) as client:
            self._found = self._jwks or self._found or await self._discover(client)
            document = await fetched(client, self._found, may_be_plain=self._may_be_plain)
        keys = _usable(document.get("keys"))
        if not keys:
            raise IssuerDocumentError(f"{self._found} contains no usable key")
        return keys

    async def _discover(self, client: httpx2.AsyncClient) -> str:
        """The address of the keys, as the issuer says."""
        document = await discovered(client, self._issuer, may_be_plain=self._may_be_plain)
        keys = document.get("jwks_uri")
        if not isinstance(keys, str):
            raise IssuerDocumentError(f"the metadata of {self._issuer} has no jwks_uri")
        return keys


def _usable(given: object) -> list[PyJWK]:
    """The keys in a document by which signatures can be checked, each once for each of its algorithms."""
    listed = cast("list[object]", given)[:_MAX_KEYS] if isinstance(given, list) else []
    fitting = [entry for key in listed if isinstance(key, dict) for entry in _entries(cast("Any", key))]
    return [key for entry in fitting if (key := _key_of(entry)) is not None]


def _key_of(entry: dict[str, Any]) -> PyJWK | None:
    """The key of an entry; None if it is none, or too short."""
    try:
        key = PyJWK(entry)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return None
    is_short = key.algorithm_name in _RSA and key.key.key_size < _MIN_RSA_BITS
    return None if is_short else key


def _entries(key: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if key.get("use", "sig") != "sig":
        return
    possible = _RSA if key.get("kty") == "RSA" else _BY_CURVE.get(str(key.get("crv")), ())
    named = key.get("alg")
    public = {name: value for name, value in key.items() if name not in _PRIVATE}
    for algorithm in possible:
        if named is None or named == algorithm:
            yield {**public, "alg": algorithm}
