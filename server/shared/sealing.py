"""Text that is encrypted, and good for one owner and one purpose only (AES-256-GCM)."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes

__all__ = ["Opened", "Seal"]

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Opened:
    """A text that was sealed. `is_of_newest`: with the newest of the keys."""

    text: str
    is_of_newest: bool


class Seal:
    """Seals with the newest of these keys, and opens what was sealed with any of them.

    `keys` have 32 bytes each. They are used elsewhere as well, so each stands for one that is derived from it
    for this `purpose`.
    """

    def __init__(self, keys: Sequence[bytes], purpose: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._purpose = purpose.encode()
        self._derived = [hmac.digest(key, self._purpose, "sha256") for key in keys]
        self._ciphers = [AESGCM(key) for key in self._derived]

    def name_of(self, *parts: str) -> str:
        """A name for what these parts are, which nobody can guess them from without the newest key."""
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._derived[0], text, "sha256").hex()[:32]

    def sealed(self, owner: str, text: str) -> str:
        """The text, encrypted for its owner."""
        nonce = token_bytes(_NONCE_BYTES)
        encrypted = self._ciphers[0].encrypt(nonce, text.encode(), self._bound(owner))
        return urlsafe_b64encode(nonce + encrypted).decode()

    def opened(self, owner: str, sealed: str | bytes) -> Opened | None:
        """What was sealed; None if it was sealed for another owner, with an unknown key, or was changed."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = urlsafe_b64decode(sealed)
        except ValueError:
            return None
        for cipher in self._ciphers:
            try:
                text = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._bound(owner)).decode()
            except (InvalidTag, ValueError):
                continue
            return Opened(text, cipher is self._ciphers[0])
        return None

    def _bound(self, owner: str) -> bytes:
        return self._purpose + b"\0" + owner.encode("utf-8", "surrogatepass")
