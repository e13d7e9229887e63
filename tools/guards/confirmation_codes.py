"""Sealed codes by which a second call proves that the first one was shown to a person.

A code is bound to one tool, its arguments and the state that it would change; it expires and works once.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from collections.abc import Callable
from secrets import token_bytes
from typing import Literal

from ...schemas import JsonValue
from ..json_text import compact

__all__ = ["CODE_SECONDS", "Codes", "Verdict"]

CODE_SECONDS = 300
"""How long a code works."""

Verdict = Literal["valid", "forged or for another call", "expired", "used"]

_NONCE_BYTES, _TIME_BYTES, _SEAL_BYTES = 4, 4, 12


class Codes:
    """Gives out codes and takes them back. The key lives as long as the process, and so do its codes."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = token_bytes(32)
        self._clock = clock
        self._used: dict[bytes, float] = {}

    def give(self, *subject: JsonValue) -> str:
        """A new code for this subject: everything that it is bound to."""
        head = int(self._clock()).to_bytes(_TIME_BYTES) + token_bytes(_NONCE_BYTES)
        return b32encode(head + self._seal(head, subject)).decode()

    def check(self, code: str, *subject: JsonValue) -> Verdict:
        """Whether a code is good for this subject; does not use it up."""
        raw = _bytes(code)
        head, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(head, subject)):
            return "forged or for another call"
        age = self._clock() - int.from_bytes(head[:_TIME_BYTES])
        if not -1 <= age <= CODE_SECONDS:
            return "expired"
        return "used" if raw in self._used else "valid"

    def use(self, code: str, *subject: JsonValue) -> Verdict:
        """Whether a code is good for this subject; from now on it is not any more."""
        verdict = self.check(code, *subject)
        if verdict == "valid":
            self.revoke(code)
        return verdict

    def revoke(self, code: str) -> None:
        """From now on a code is good for nothing."""
        now = self._clock()
        self._used = {raw: until for raw, until in self._used.items() if until > now}
        self._used[_bytes(code)] = now + CODE_SECONDS + 1

    def age(self, code: str) -> float:
        """Seconds since a code was given out, as it says itself."""
        return self._clock() - int.from_bytes(_bytes(code)[:_TIME_BYTES])

    def _seal(self, head: bytes, subject: tuple[JsonValue, ...]) -> bytes:
        text = compact(list(subject)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, head + hashlib.sha256(text).digest(), "sha256")[:_SEAL_BYTES]


def _bytes(code: str) -> bytes:
    try:
        return b32decode(code.strip().upper())
    except (NotBase32, ValueError):
        return b""
