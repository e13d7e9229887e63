"""Credentials as they are stored: encrypted, and of no use but for the caller they were sealed for."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from secrets import token_bytes
from typing import Any, cast

from pydantic import SecretStr

from ..services.account import Account

__all__ = ["CannotOpen", "Seal"]

_NONCE_BYTES = 12
_PURPOSE = b"docreview credentials 1"
_NAMES = ("nanonets_api_key", "studio_token", "studio_email", "studio_password")


class CannotOpen(Exception):  # noqa: N818 - what is stored, not a programming error
    """What is stored was not sealed for this caller, or with none of the keys."""


class Seal:
    """Seals with the newest of these keys, and opens what was sealed with any of them (AES-256-GCM).

    `keys` have 32 bytes each. They seal confirmation codes, too, so here each stands only for one that is
    derived from it.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._ciphers = [AESGCM(hmac.digest(key, _PURPOSE, "sha256")) for key in keys]

    def sealed(self, subject: str, account: Account) -> str:
        """The credentials, good for this caller only."""
        held = {name: _plain(getattr(account, name)) for name in _NAMES}
        content = json.dumps({name: value for name, value in held.items() if value}).encode()
        nonce = token_bytes(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, content, _bound(subject))).decode()

    def opened(self, subject: str, sealed: str) -> tuple[Account, bool]:
        """The credentials that were sealed for this caller, and whether it was with the newest key.

        Raises:
            CannotOpen: they were sealed for another one, with an unknown key, or were changed.
        """
        from cryptography.exceptions import InvalidTag

        try:
            raw = urlsafe_b64decode(sealed)
        except ValueError:
            raise CannotOpen from None
        nonce, encrypted = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                content = cipher.decrypt(nonce, encrypted, _bound(subject))
            except (InvalidTag, ValueError):
                continue
            return _account_of(json.loads(content)), cipher is self._ciphers[0]
        raise CannotOpen


def _bound(subject: str) -> bytes:
    return _PURPOSE + b"\0" + subject.encode("utf-8", "surrogatepass")


def _plain(value: SecretStr | str | None) -> str | None:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _account_of(held: dict[str, Any]) -> Account:
    def secret(name: str) -> SecretStr | None:
        return SecretStr(held[name]) if name in held else None

    return Account(
        secret("nanonets_api_key"),
        secret("studio_token"),
        cast("str | None", held.get("studio_email")),
        secret("studio_password"),
        "store",
    )
