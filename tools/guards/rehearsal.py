"""A call of one of our own tools without its writes: each is prepared and judged, and none is sent."""

from __future__ import annotations

from typing import Protocol

from ..failure import ToolFailure
from ..requests.prepared_call import Prepared
from .current_state import State

__all__ = ["Rehearsal"]


class Rehearsal(Protocol):
    """Takes note of what a call would send and ask. Whoever sends a write asks it first."""

    async def take(
        self, prepared: Prepared, before: State, refusal: ToolFailure | None, not_undoable: str
    ) -> None:
        """A write that would be sent now, the state that it would change, and what stands against it."""
        ...

    def ask(self, summary: str) -> None:
        """What a person would be asked. The rehearsed call goes on as if they had agreed."""
        ...
