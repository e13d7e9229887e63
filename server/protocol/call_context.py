"""What a request of the protocol has at hand to call tools with, and who calls."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import cache
from secrets import token_hex
from typing import Any

from mcp.server import ServerRequestContext

from ...tools import Ask, CallContext, Caller, Report, no_answer
from ...tools.guards.context import ShowLink, no_link
from ...tools.guards.panel_key import PANEL_KEY
from ...tools.untrusted import one_line
from ..services.upstream import CallerServices
from .principal import RequestOrigin, origin_of
from .session import Context, value_at
from .surface import Surface

__all__ = ["call_context_for", "caller_of", "user_of_machine"]


async def _no_report(message: str) -> None:
    """Tell nobody of progress."""


def call_context_for(
    context: Context,
    surface: Surface,
    report: Report = _no_report,
    ask: Ask = no_answer,
    code: str = "",
    show_link: ShowLink = no_link,
) -> CallContext:
    """What one request has at hand; without `report` and `ask`, nothing is reported or asked."""
    state, origin = context.lifespan_context, origin_of(context)
    name, account = ("", None) if origin is None else (origin.principal.id, origin.account)
    services = state.services.for_caller(name, account)
    caller = caller_of(context, origin, services)
    return CallContext(
        services,
        state.guards,
        report,
        surface.find,
        surface.why_not_offered,
        caller,
        ask,
        show_link,
        code,
        in_browser=origin is not None and origin.principal.in_browser,
        browser_url=surface.settings.panel_url or "",
        panel_key=_panel_key(context),
        tools=surface.offered,
        listed=surface.listed,
        policy=surface.policy,
        finishes_writes=origin is not None,
        is_admin=origin is None or origin.principal.is_admin,
    )


def _panel_key(context: Context) -> str:
    """The key of a panel that a request carries; empty if it carries none."""
    key = value_at(context.meta, PANEL_KEY)
    return key if isinstance(key, str) else ""


def caller_of(
    context: ServerRequestContext[Any], origin: RequestOrigin | None, services: CallerServices
) -> Caller:
    """The host program with its version, this run of the server, and who calls.

    The transport names the caller, or it is the user of the machine. Before 2026-07-28 a program names
    itself over HTTP in its `User-Agent` only.
    """
    params = context.session.client_params
    info = params.client_info if params else None
    host = f"{info.name} {info.version}".strip() if info else ""
    if origin is None:
        return Caller(host[:100], _run(), user_of_machine())
    headers: Mapping[str, str] = getattr(context.request, "headers", {})
    return Caller(
        one_line(host or headers.get("user-agent", ""))[:100],
        _run(),
        origin.principal.id,
        _machine(),
        origin.id,
        services.account.own_ids,
    )


@cache
def _machine() -> str:
    """The name of the machine or container, by which whoever runs several servers tells them apart."""
    return one_line(socket.gethostname())[:100]


@cache
def _run() -> str:
    return token_hex(6)


@cache
def user_of_machine() -> str:
    """Who runs the server: the name of the account, or its number where it has none, as in some containers.

    What the environment says of the user is not asked: whoever starts the server can write anything there.
    """
    if os.name == "nt":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
