"""The failure for arguments that turn out to be wrong only when documents were read."""

from __future__ import annotations

from collections.abc import Sequence

from ...schemas import Operation
from ..failure import ToolFailure

__all__ = ["wrong_arguments"]

_ONLY_READ = "Documents were read; nothing was changed."


def wrong_arguments(operation: Operation, faults: Sequence[str]) -> ToolFailure:
    """The failure for these faults, each of which names its argument."""
    listed = "; ".join(faults)
    return ToolFailure(
        "invalid_arguments",
        f"{operation.tool}: {listed}{'' if listed.endswith('?') else '.'}",
        happened=_ONLY_READ,
        next_step="Correct the named arguments and call the tool again.",
        quotes=True,
    )
