"""The failure of a call that a rule of the policy forbids."""

from __future__ import annotations

from ...schemas import Operation
from ..failure import NOTHING_SENT, ToolFailure
from .policy import AFTER_RULE

__all__ = ["not_allowed"]


def not_allowed(
    operation: Operation, reason: str, next_step: str = AFTER_RULE, *, quotes: bool = False
) -> ToolFailure:
    """The refusal of a call by a rule of the policy."""
    message = f"{operation.tool}: {reason}."
    return ToolFailure("not_allowed", message, happened=NOTHING_SENT, next_step=next_step, quotes=quotes)
