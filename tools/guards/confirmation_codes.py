"""Sealed codes by which a second call proves that the first one was shown to a person.

A code is bound to one tool, its arguments and the state that it would change; it expires and works once.
Codes of a lasting key also work in the next process, as far as the marks of used ones last as well.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Literal

from ...schemas import JsonValue
from ..journal.marks import Marks, MemoryMarks
from ..json_text import compact

__all__ = ["CODE_SECONDS", "CodeCheck", "Codes"]

CODE_SECONDS = 300
"""How long a code works."""

CodeCheck = Literal["valid", "forged or for another call", "expired", "used", "declined"]

_MARK_SECONDS = CODE_SECONDS + 2
"""How long it is kept that a code is void: longer than it could work, by clocks that differ by a second."""

_NONCE_BYTES, _TIME_BYTES, _SEAL_BYTES = 4, 6, 15
_HEAD_BYTES = _TIME_BYTES + _NONCE_BYTES


class Codes:
    """Gives out codes and takes them back.

    `keys` gives the sealing keys, the newest first, and is asked when the first code is needed; without it
    the key lives as long as the process. `is_lasting` says whether codes outlive the process.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        keys: Callable[[], Sequence[bytes]] | None = None,
        marks: Marks | None = None,
    ) -> None:
        self._clock = clock
        self._find_keys = keys
        self._keys: Sequence[bytes] = ()
        self._marks: Marks = marks or MemoryMarks()
        self.is_lasting = keys is not None

    def new_code(self, *subject: JsonValue) -> str:
        """A new code for this subject: everything that it is bound to."""
        head = int(self._clock() * 1000).to_bytes(_TIME_BYTES) + token_bytes(_NONCE_BYTES)
        return b32encode(head + _seal(self._sealing_keys()[0], head, subject)).decode()

    async def check(self, code: str, *subject: JsonValue) -> CodeCheck:
        """Whether a code is good for this subject; does not use it up.

        Raises:
            JournalFault: whether it was used cannot be read.
        """
        raw = _bytes(code)
        if not self._is_sealed(raw, subject):
            return "forged or for another call"
        if not -1 <= self.age(code) <= CODE_SECONDS:
            return "expired"
        if await self._marks.moment_of(_used(raw)) is not None:
            return "used"
        declined_at = await self._marks.moment_of(_declined(subject[:2]))
        return "declined" if declined_at is not None and _given_at(raw) <= declined_at else "valid"

    def vouches(self, code: str, *subject: JsonValue, seconds: float) -> bool:
        """Whether a code was given out for this subject at most so many seconds ago, used or not.

        Raises:
            JournalFault: the lasting key cannot be read.
        """
        return self._is_sealed(_bytes(code), subject) and -1 <= self.age(code) <= seconds

    async def use(self, code: str, *subject: JsonValue) -> CodeCheck:
        """Whether a code is good for this subject; from now on it is not any more."""
        found = await self.check(code, *subject)
        if found == "valid" and not await self._marks.claim(_used(_bytes(code)), _MARK_SECONDS):
            return "used"
        return found

    async def revoke(self, code: str) -> None:
        """From now on a code is good for nothing."""
        await self._marks.put(_used(_bytes(code)), self._clock(), _MARK_SECONDS)

    async def decline(self, *subject: JsonValue) -> None:
        """From now on no code that was given out so far is good for the call of this subject.

        The first two parts of a subject are the call; what follows is the state that was shown.
        """
        await self._marks.put(_declined(subject[:2]), self._clock(), _MARK_SECONDS)

    def age(self, code: str) -> float:
        """Seconds since a code was given out, as it says itself."""
        return self._clock() - _given_at(_bytes(code))

    def _is_sealed(self, raw: bytes, subject: Sequence[JsonValue]) -> bool:
        head, seal = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
        return any(hmac.compare_digest(seal, _seal(key, head, subject)) for key in self._sealing_keys())

    def _sealing_keys(self) -> Sequence[bytes]:
        if not self._keys:
            self._keys = (self._find_keys() if self._find_keys else ()) or (token_bytes(32),)
        return self._keys


def _seal(key: bytes, head: bytes, subject: Sequence[JsonValue]) -> bytes:
    return hmac.digest(key, head + _digest(subject), "sha256")[:_SEAL_BYTES]


def _digest(subject: Sequence[JsonValue]) -> bytes:
    return hashlib.sha256(compact(list(subject)).encode("utf-8", "surrogatepass")).digest()


def _given_at(raw: bytes) -> float:
    return int.from_bytes(raw[:_TIME_BYTES]) / 1000


def _used(raw: bytes) -> str:
    return f"code {hashlib.sha256(raw).hexdigest()[:32]}"


def _declined(call: Sequence[JsonValue]) -> str:
    return f"declined {_digest(call).hex()[:32]}"


def _bytes(code: str) -> bytes:
    try:
        return b32decode(code.strip().upper())
    except (NotBase32, ValueError):
        return b""
