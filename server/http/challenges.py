"""The answer to a caller without permission: in words, and in a header that its program reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..protocol.principal import READ, WRITE
from .refusals import Refusal

__all__ = ["Challenges"]

_ASKED_FOR = (READ, WRITE)
"""The scopes that somebody needs who works with all of the usual tools."""


@dataclass(frozen=True, slots=True)
class Challenges:
    """The refusals of one way to know callers, who show a `what`.

    `metadata` is the address where a program learns how to get one, empty if there is none. `scope_prefix`
    stands before the scopes where programs ask for them.
    """

    what: Literal["key", "token"] = "key"
    metadata: str = ""
    scope_prefix: str = ""

    def missing(self) -> Refusal:
        """Nothing was shown."""
        return self._unauthorized(
            f"A {self.what} is required.", (*self._metadata(), self._scope(*_ASKED_FOR))
        )

    def invalid(self, why: str) -> Refusal:
        """What was shown is not good; only the log tells why, so that whoever guesses learns nothing."""
        scope = (self._scope(*_ASKED_FOR),) if self.metadata else ()
        challenge = ('error="invalid_token"', *self._metadata(), *scope)
        return self._unauthorized(f"The {self.what} is not valid.", challenge, f"its {self.what} {why}")

    def missing_scope(self, needed: str) -> Refusal:
        """The caller has no right to this call."""
        wanted = (READ,) if needed == READ else (READ, needed)
        challenge = ('error="insufficient_scope"', self._scope(*wanted), *self._metadata())
        return Refusal(
            403,
            "insufficient_scope",
            f"The {self.what} of this caller lacks the scope {needed}.",
            self._after_missing(needed),
            headers={"WWW-Authenticate": f"Bearer {', '.join(challenge)}"},
        )

    def _after_missing(self, needed: str) -> str:
        if self.what == "token":
            then = "Sign in again and ask for this scope"
        else:
            then = "Ask the server's operator for a key with this scope"
        return f"{then}." if needed == READ else f"{then}, or use a read-only tool."

    def _unauthorized(self, message: str, challenge: tuple[str, ...], for_log: str = "") -> Refusal:
        return Refusal(
            401,
            "unauthorized",
            message,
            "Sign in, then send Authorization: Bearer TOKEN with an access token for this server."
            if self.what == "token"
            else "Send Authorization: Bearer KEY, with a key from the server's operator.",
            headers={"WWW-Authenticate": f"Bearer {', '.join(challenge)}"},
            for_log=for_log,
        )

    def _metadata(self) -> tuple[str, ...]:
        return (f'resource_metadata="{self.metadata}"',) if self.metadata else ()

    def _scope(self, *scopes: str) -> str:
        return f'scope="{" ".join(f"{self.scope_prefix}{each}" for each in scopes)}"'
