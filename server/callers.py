"""Who calls, as the journal records it."""

from __future__ import annotations

import getpass
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from ..tools import Caller

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

__all__ = ["caller_of"]


def caller_of(context: ServerRequestContext[Any]) -> Caller:
    """The host program with its version, this run of the server, and the user of the machine."""
    params = context.session.client_params
    info = params.client_info if params else None
    host = f"{info.name} {info.version}".strip() if info else ""
    return Caller(host[:100], _session(), _user())


@cache
def _session() -> str:
    return token_hex(6)


@cache
def _user() -> str:
    """The name of the user who runs the server; empty where the system knows none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
