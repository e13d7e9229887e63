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
    through = f" through the proxy of {proxy}" if proxy else ""
    checks = f"{proxy} and the network" if proxy else "the network and the base URL"
    return ToolFailure(
        "unreachable",
        f"{operation.tool}: no connection to {host}{through}.",
        happened=NOTHING_SENT,
        retryable=True,
        next_step=f"Call again later; if it stays so, whoever runs the server has to check {checks}.",
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
        f"{operation.tool}: the service redirected again after as many requests as a call may send.",
        status=status,
        retryable=True,
        next_step="Call again later.",
    )


def over_rate(operation: Operation, rate: Rate, seconds: float) -> ToolFailure:
    """The failure of a call for which the account's own rate has no room in time."""
    return ToolFailure(
        "rate_limited",
        f"{operation.tool}: the {rate.requests} requests in {rate.seconds:g} s that whoever runs the server"
        " allows this account are used up.",
        happened=NOTHING_SENT,
        retryable=True,
        next_step=f"Call again in {math.ceil(seconds)} seconds.",
    )
