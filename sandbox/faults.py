"""Faults on request: what a test asks the sandbox to do wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "FaultKind", "Faults"]

FaultKind = Literal["latency", "status", "cut", "html", "broken_json"]


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` requests of an operation.

    `operation` is an operation id, or `*` for any. `latency` answers properly after `seconds`; `status`
    answers with `status` and `headers`; `cut` ends the connection within the answer; `html` answers 200 with
    an HTML page; `broken_json` carries the call out and cuts the JSON of its answer. With `after`, the call
    is carried out before the fault shows.
    """

    kind: FaultKind
    operation: str = "*"
    times: int = 1
    status: int = 503
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after: bool = False


class Faults:
    """The faults that are asked for, used up in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """The faults that are not used up."""
        return tuple(self._waiting)

    def next_for(self, operation: str) -> Fault | None:
        """The fault that this request gets, if any."""
        for fault in self._waiting:
            if fault.operation in ("*", operation):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
