"""What can be seen of calls from outside, for metrics, traces and logs. By default nobody watches.

What is seen holds no arguments, no answers and no ids of documents. Names of tools are those that exist, so
that whoever invents names fills no memory.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from ..schemas import Service
from .failure import ErrorCode

__all__ = [
    "UNKNOWN_TOOL",
    "Budget",
    "CallOutcome",
    "JournalWork",
    "Observer",
    "Observers",
    "SeenCall",
    "SeenRequest",
    "Unobserved",
    "note_fault",
    "observing",
    "pass_on",
    "present_observer",
]

UNKNOWN_TOOL = "unknown"
"""Stands for every tool that does not exist."""

CallOutcome = (
    ErrorCode | Literal["ok", "partly_failed", "input_required", "unknown_tool", "cancelled", "fault"]
)
Budget = Literal["call", "upstream"]
JournalWork = Literal["open", "close"]


@dataclass(slots=True)
class SeenCall:
    """A call of a tool; `outcome` is set when it ends.

    `principal` and `request` are for logs only. `traceparent` is the span of the caller, as W3C Trace Context
    writes it; empty if it names none.
    """

    tool: str
    principal: str = ""
    request: str = ""
    traceparent: str = ""
    outcome: CallOutcome = "ok"


@dataclass(slots=True)
class SeenRequest:
    """A request to a service: `status` is 0 as long as no answer came, sizes are those of bodies in bytes."""

    tool: str
    service: Service
    method: str
    status: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Observer(Protocol):
    """Watches. It must not raise, and must not keep what it is given longer than it is needed."""

    def call(self, seen: SeenCall) -> AbstractContextManager[object]:
        """Around a call of a tool; `seen` is complete at its end."""
        ...

    def request(self, seen: SeenRequest) -> AbstractContextManager[object]:
        """Around a request to a service; `seen` is complete at its end."""
        ...

    def journal(self, work: JournalWork) -> AbstractContextManager[object]:
        """Around a record of the journal; an exception says that it was not written."""
        ...

    def retried(self, tool: str, status: int) -> None:
        """A request is sent again, as the last one got this status, or 0 for no answer."""
        ...

    def waited(self, budget: Budget, seconds: float) -> None:
        """So long a call or a request waited for its turn."""
        ...

    def refused(self, status: int, code: str, request: str) -> None:
        """A request over HTTP was answered without being passed on."""
        ...


class Unobserved:
    """Nobody watches."""

    def call(self, seen: SeenCall) -> AbstractContextManager[object]:
        """Around a call of a tool."""
        return _NOTHING

    def request(self, seen: SeenRequest) -> AbstractContextManager[object]:
        """Around a request to a service."""
        return _NOTHING

    def journal(self, work: JournalWork) -> AbstractContextManager[object]:
        """Around a record of the journal."""
        return _NOTHING

    def retried(self, tool: str, status: int) -> None:
        """A request is sent again."""

    def waited(self, budget: Budget, seconds: float) -> None:
        """A call or a request waited for its turn."""

    def refused(self, status: int, code: str, request: str) -> None:
        """A request over HTTP was answered without being passed on."""


class Observers:
    """Several that watch."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    @contextmanager
    def call(self, seen: SeenCall) -> Generator[None]:
        """Around a call of a tool."""
        with ExitStack() as stack:
            for each in self._observers:
                stack.enter_context(each.call(seen))
            yield

    @contextmanager
    def request(self, seen: SeenRequest) -> Generator[None]:
        """Around a request to a service."""
        with ExitStack() as stack:
            for each in self._observers:
                stack.enter_context(each.request(seen))
            yield

    @contextmanager
    def journal(self, work: JournalWork) -> Generator[None]:
        """Around a record of the journal."""
        with ExitStack() as stack:
            for each in self._observers:
                stack.enter_context(each.journal(work))
            yield

    def retried(self, tool: str, status: int) -> None:
        """A request is sent again."""
        for each in self._observers:
            each.retried(tool, status)

    def waited(self, budget: Budget, seconds: float) -> None:
        """A call or a request waited for its turn."""
        for each in self._observers:
            each.waited(budget, seconds)

    def refused(self, status: int, code: str, request: str) -> None:
        """A request over HTTP was answered without being passed on."""
        for each in self._observers:
            each.refused(status, code, request)


_NOTHING = nullcontext()
_NOBODY: Final = Unobserved()
_observer: ContextVar[Observer] = ContextVar("who watches the present call", default=_NOBODY)
_call: ContextVar[SeenCall | None] = ContextVar("the present call as it is seen", default=None)


def present_observer() -> Observer:
    """Who watches the present call."""
    return _observer.get()


def pass_on(tool: str) -> None:
    """Let the present call count as one of this tool, which it was for."""
    if (seen := _call.get()) is not None:
        seen.tool = tool


def note_fault() -> None:
    """Let the present call count as one that a fault inside docreview ended."""
    if (seen := _call.get()) is not None:
        seen.outcome = "fault"


@contextmanager
def observing(observer: Observer, seen: SeenCall) -> Generator[None]:
    """Let `observer` watch a call, and whatever happens meanwhile in this task and those that it starts."""
    tokens = _observer.set(observer), _call.set(seen)
    try:
        with observer.call(seen):
            yield
    finally:
        _observer.reset(tokens[0])
        _call.reset(tokens[1])
