"""Failures of requests that could not be sent, or that got no answer."""

from __future__ import annotations

import math

from ...schemas import Operation
from ...tools import NOTHING_SENT, ToolFailure
from ...tools.failure import LOOK_FIRST, Done, ErrorCode
from ..settings.rate import Rate
from .remedies import settings_remedy

__all__ = ["no_connection", "no_request_left", "over_rate", "unheard", "unsendable"]


def unsendable(message: str, *, is_local: bool) -> ToolFailure:
    """The failure of a call that the environment of the server keeps from being sent."""
    return ToolFailure(
        "not_configured", message, happened=NOTHING_SENT, next_step=settings_remedy(is_local=is_local)
    )


def no_connection(operation: Operation, host: str, proxy: str) -> ToolFailure:
    """The failure of a call for which no connection was made; `proxy` is the variable that names one."""
    through = f" through the proxy in {proxy}" if proxy else ""
    checks = f"{proxy} and the network" if proxy else "the network and the base URL"
    return ToolFailure(
        "unreachable",
        f"{operation.tool}: could not connect to {host}{through}.",
        happened=NOTHING_SENT,
        retryable=True,
        next_step=f"Call again later; if it fails again, the operator of this server has to check {checks}.",
    )


def unheard(operation: Operation, code: ErrorCode, what: str, done: Done) -> ToolFailure:
    """The failure of a call whose answer did not come, with what can be said of it."""
    return ToolFailure(
        code,
        f"{operation.tool}: {what}.",
        retryable=done == "no",
        done=done,
        next_step="Call again later." if done == "no" else LOOK_FIRST,
    )


def no_request_left(operation: Operation, status: int) -> ToolFailure:
    """The failure of a call that was redirected until it had no request left."""
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the service kept redirecting until the call had no requests left.",
        status=status,
        retryable=True,
        next_step="Call again later.",
    )


def over_rate(operation: Operation, rate: Rate, seconds: float) -> ToolFailure:
    """The failure of a call for which the account's own rate has no room in time."""
    return ToolFailure(
        "rate_limited",
        f"{operation.tool}: this account has used its limit of {rate.requests} requests in {rate.seconds:g}"
        " s, which the operator of this server set.",
        happened=NOTHING_SENT,
        retryable=True,
        next_step=f"Call again in {math.ceil(seconds)} seconds.",
    )
