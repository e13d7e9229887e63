"""Who sends a request: anybody, or the holder of a key. Other ways to know are further classes here."""

from __future__ import annotations

import logging
from typing import Protocol

from starlette.datastructures import Headers

from ..protocol.principal import READ, SCOPES, WRITE, Principal
from .keys import KeyFile
from .refusals import Refusal

__all__ = ["LOCAL", "Authentication", "KeyAuthentication", "NoAuthentication", "PanelOnly", "missing_scope"]

_log = logging.getLogger(__name__)


class Authentication(Protocol):
    """Finds out who sends a request, from its headers alone."""

    async def principal(self, headers: Headers) -> Principal:
        """Who sends it.

        Raises:
            Refusal: 401, as it does not say, or what it says is not true.
        """
        ...


LOCAL = Principal("local", frozenset(SCOPES))
"""Everybody who reaches a server that asks nobody who they are."""


class NoAuthentication:
    """Everybody who reaches the server is the same caller, `local`."""

    async def principal(self, headers: Headers) -> Principal:
        """The one caller that there is."""
        return LOCAL


class PanelOnly:
    """Nobody calls with a client: only the page of the panel is served."""

    async def principal(self, headers: Headers) -> Principal:
        """Nobody.

        Raises:
            Refusal: 403, always.
        """
        raise Refusal(403, "not_allowed", "Only the review panel is served here.", "Use docreview-mcp http.")


class KeyAuthentication:
    """Callers show one of the keys in a file, as a bearer token."""

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    async def principal(self, headers: Headers) -> Principal:
        """The holder of the key in the `Authorization` header.

        Raises:
            Refusal: 401, without a reason: whoever guesses learns nothing.
        """
        given = headers.getlist("authorization")
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if not given or (len(given) == 1 and scheme.lower() != "bearer"):
            raise _unauthorized("A key is required.", f'Bearer scope="{READ} {WRITE}"')
        found = self._keys.principal(key.strip())
        if found is None:
            _log.warning("a request was refused: its key is not in the file of keys")
            raise _unauthorized("The key is not valid.", 'Bearer error="invalid_token"')
        return found


def missing_scope(needed: str) -> Refusal:
    """The refusal of a call that the caller has no right to."""
    wanted = f"{READ} {WRITE}" if needed == WRITE else needed
    return Refusal(
        403,
        "insufficient_scope",
        f"The key of this caller lacks the scope {needed}.",
        "Use a tool that only reads, or ask whoever runs the server for a key with this scope.",
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
    )


def _unauthorized(message: str, challenge: str) -> Refusal:
    return Refusal(
        401,
        "unauthorized",
        message,
        "Send Authorization: Bearer KEY, with a key from whoever runs the server.",
        headers={"WWW-Authenticate": challenge},
    )
