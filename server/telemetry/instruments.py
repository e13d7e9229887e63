"""The metrics, in one table, and their labels. All of it is known beforehand: no label has a
value that a caller chooses, so that the number of series has a bound."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Protocol

from ...tools.observation import Budget, JournalWork, SeenCall, SeenRequest

__all__ = ["INSTRUMENTS", "Instrument", "Measurements", "Meter"]

_CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One thing that is counted, or whose sizes are sorted into `buckets`.

    `name` is that of Prometheus without its ending `_total`.
    """

    name: str
    meaning: str
    labels: tuple[str, ...]
    unit: Literal["1", "s", "By"] = "1"
    buckets: tuple[float, ...] = ()


CALLS = Instrument("docreview_tool_calls", "Calls of tools.", ("tool", "outcome"))
CALL_SECONDS = Instrument(
    "docreview_tool_call_seconds", "Duration of tool calls.", ("tool", "outcome"), "s", _CALL_SECONDS
)
REQUESTS = Instrument("docreview_upstream_requests", "Requests to the services.", ("tool", "status"))
REQUEST_SECONDS = Instrument(
    "docreview_upstream_request_seconds",
    "Duration of requests to the services.",
    ("service",),
    "s",
    _CALL_SECONDS,
)
RETRIES = Instrument("docreview_upstream_retries", "Requests that were retried.", ("tool", "status"))
BYTES = Instrument("docreview_upstream_bytes", "Bytes of bodies.", ("tool", "direction"), "By")
REFUSALS = Instrument("docreview_http_refusals", "HTTP requests that were refused.", ("status", "code"))
JOURNAL_SECONDS = Instrument(
    "docreview_journal_seconds", "Duration of journal writes.", ("work", "outcome"), "s", _SHORT_SECONDS
)
WAITED_SECONDS = Instrument(
    "docreview_budget_wait_seconds", "Time spent waiting for a slot.", ("budget",), "s", _SHORT_SECONDS
)

INSTRUMENTS = (
    CALLS,
    CALL_SECONDS,
    REQUESTS,
    REQUEST_SECONDS,
    RETRIES,
    BYTES,
    REFUSALS,
    JOURNAL_SECONDS,
    WAITED_SECONDS,
)


class Meter(Protocol):
    """Keeps or sends what was measured. Label values come in the order of the instrument's labels."""

    def add(self, instrument: Instrument, amount: float, labels: Sequence[str]) -> None:
        """Count so much more, or sort a size into its bucket."""
        ...


class Measurements:
    """An observer that measures what it sees."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    @contextmanager
    def call(self, seen: SeenCall) -> Generator[None]:
        """Count a call, and how long it takes."""
        began = perf_counter()
        try:
            yield
        finally:
            labels = (seen.tool, seen.outcome)
            self._meter.add(CALLS, 1, labels)
            self._meter.add(CALL_SECONDS, perf_counter() - began, labels)

    @contextmanager
    def request(self, seen: SeenRequest) -> Generator[None]:
        """Count a request, how long it takes, and what it carries."""
        began = perf_counter()
        try:
            yield
        finally:
            self._meter.add(REQUESTS, 1, (seen.tool, _class_of(seen.status)))
            self._meter.add(REQUEST_SECONDS, perf_counter() - began, (seen.service,))
            self._meter.add(BYTES, seen.bytes_sent, (seen.tool, "sent"))
            self._meter.add(BYTES, seen.bytes_received, (seen.tool, "received"))

    @contextmanager
    def journal(self, work: JournalWork) -> Generator[None]:
        """How long a record of the journal takes."""
        began = perf_counter()
        outcome = "not_written"
        try:
            yield
            outcome = "ok"
        finally:
            self._meter.add(JOURNAL_SECONDS, perf_counter() - began, (work, outcome))

    def retried(self, tool: str, status: int) -> None:
        """Count a request that is sent again."""
        self._meter.add(RETRIES, 1, (tool, _class_of(status)))

    def waited(self, budget: Budget, seconds: float) -> None:
        """How long was waited for a turn."""
        self._meter.add(WAITED_SECONDS, seconds, (budget,))

    def refused(self, status: int, code: str, request: str) -> None:
        """Count a request that was not passed on."""
        self._meter.add(REFUSALS, 1, (str(status), code))


def _class_of(status: int) -> str:
    """The class of a status, the only distinction made; `none` without an answer."""
    return f"{status // 100}xx" if 100 <= status < 600 else "none"
