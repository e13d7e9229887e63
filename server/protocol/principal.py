"""Who sends a request over HTTP, as the transport found out before the protocol sees it."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, cast

from mcp.server import ServerRequestContext

from ..services.account import Account
from .narrowing import NOT_NARROWED, Narrowing

__all__ = [
    "ADMIN",
    "READ",
    "SCOPES",
    "WRITE",
    "Principal",
    "RequestOrigin",
    "mark_request",
    "origin_of",
]

READ = "docreview:read"
WRITE = "docreview:write"
ADMIN = "docreview:admin"
SCOPES = (READ, WRITE, ADMIN)
_KEY = "docreview.origin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: `id` is the same in every request, and stands in the journal; `scopes` say what it may do.

    `groups` are those that it is in and of which the policy may know.
    `in_browser`: the page of the review panel in a browser sent the request, signed in by its cookie.
    """

    id: str
    scopes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    in_browser: bool = False

    @property
    def may_write(self) -> bool:
        """Whether it may call tools that change something."""
        return WRITE in self.scopes

    @property
    def is_admin(self) -> bool:
        """Whether it may see what others did, and how the server is set up."""
        return ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """All that the transport knows of a request.

    `account` holds the credentials of this caller alone, None where all share those of the server.
    `narrowing` is what the request wants left out; `id` names it in the journal and in logs.
    """

    principal: Principal
    account: Account | None = None
    narrowing: Narrowing = NOT_NARROWED
    id: str = ""


def mark_request(scope: MutableMapping[str, Any], origin: RequestOrigin) -> None:
    """Note in the ASGI scope of a request what is known of it."""
    scope[_KEY] = origin


def origin_of(context: ServerRequestContext[Any, Any]) -> RequestOrigin | None:
    """What is known of a request; None where the transport knows of one user only, as stdio does."""
    scope = cast("MutableMapping[str, Any]", getattr(context.request, "scope", {}))
    found = scope.get(_KEY)
    return found if isinstance(found, RequestOrigin) else None
