"""What is wrong with the changes of a call, each by its place in the list."""

from __future__ import annotations

from dataclasses import dataclass

from ...schemas import Operation
from ..failure import ToolFailure
from ..requests.validation import invalid
from ..review.batch_report import in_ranges
from ..untrusted import quoted

__all__ = ["MAX_QUOTED_CHARACTERS", "Fault", "failure_of", "quoted_text"]

_MAX_FAULTS = 7
_MAX_SINGLE = 4
"""With more faults than this, the message names all of them first: its end may be cut."""
MAX_QUOTED_CHARACTERS = 120
"""How much is shown of a text of others, in characters."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one change; `is_conflict` if only the present value is another one."""

    index: int
    text: str
    is_conflict: bool = False


def failure_of(operation: Operation, faults: list[Fault]) -> ToolFailure:
    """The failure of a call with faults, of which nothing was sent."""
    texts = [fault.text for fault in faults[:_MAX_FAULTS]]
    if len(faults) > _MAX_SINGLE:
        texts = [f"changes {in_ranges([fault.index for fault in faults])} are invalid", *texts]
    failure = invalid(operation, texts)
    if all(fault.is_conflict for fault in faults):
        failure = failure.with_(
            code="conflict",
            next_step="The document was changed in the meantime. Read it again and reconsider.",
        )
    # Present values, names of documents and their states are text of others.
    return failure.with_(notes={"outside": ["error.message"]})


def quoted_text(text: str) -> str:
    """A text of others for a message."""
    return quoted(text, MAX_QUOTED_CHARACTERS)
