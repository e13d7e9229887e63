"""Who sends a request over HTTP, as the transport found out before the protocol sees it."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, cast

from mcp.server import ServerRequestContext

__all__ = ["ADMIN", "READ", "SCOPES", "WRITE", "Principal", "mark_request", "principal_of"]

READ = "docreview:read"
WRITE = "docreview:write"
ADMIN = "docreview:admin"
SCOPES = (READ, WRITE, ADMIN)
_KEY = "docreview.principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: `id` is the same in every request, and stands in the journal; `scopes` say what it may do.

    `groups` are those that it is in and of which the policy may know.
    """

    id: str
    scopes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def may_write(self) -> bool:
        """Whether it may call tools that change something."""
        return WRITE in self.scopes


def mark_request(scope: MutableMapping[str, Any], principal: Principal) -> None:
    """Note in the ASGI scope of a request who sent it."""
    scope[_KEY] = principal


def principal_of(context: ServerRequestContext[Any, Any]) -> Principal | None:
    """Who sent a request; None where the transport knows of one user only, as stdio does."""
    scope = cast("MutableMapping[str, Any]", getattr(context.request, "scope", {}))
    found = scope.get(_KEY)
    return found if isinstance(found, Principal) else None
