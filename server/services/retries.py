"""When a request is sent again, and how long is waited before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import BinaryIO

import anyio
import tenacity

from ...schemas import Operation
from ...tools import Report, Response, ToolFailure
from ...tools.failure import Done, done_after_cut
from ...tools.observation import present_observer
from ...tools.results.asked_wait import asked_wait
from ...tools.results.service_error import leaves_open

__all__ = ["MAX_REQUESTS", "Outcome", "RetryState", "send_with_retries"]

MAX_REQUESTS = 3
"""The most requests that one call of a tool may send."""

_PASSING = frozenset({502, 503, 504})
_backoff = tenacity.wait_exponential(multiplier=0.25, max=8.0) + tenacity.wait_random(0.0, 0.25)
_backoff_from_limit = tenacity.wait_exponential(multiplier=0.5, max=8.0) + tenacity.wait_random(0.0, 0.25)
"""Longer, so that a service that counts requests never gets three within a second."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request: an answer, or the failure to get one.

    `reached` is False only where no connection was made, so that the service has certainly done nothing.
    """

    response: Response | None = None
    failure: ToolFailure | None = None
    reached: bool = True

    @property
    def reason(self) -> str:
        """In a few words, why another try is needed."""
        if self.response is not None:
            return f"the service answered {self.response.status}"
        return "no connection" if not self.reached else "no answer"


@dataclass(slots=True)
class RetryState:
    """What has happened so far in one call of a tool, over all its requests.

    `uncertain`: some try may have been carried out without a clear answer; `uncertain_before`: one before the
    last. `authorization` is the header of the last request: only that one was refused by a 401. `file` is the
    name and content of the file to send, if there is one.
    """

    operation: Operation
    deadline: float
    request_count: int = 0
    under_way: bool = False
    uncertain: bool = False
    uncertain_before: bool = False
    authorization: str = ""
    file: tuple[str, BinaryIO] | None = None

    @property
    def may_send(self) -> bool:
        """Whether the call has a request left."""
        return self.request_count < MAX_REQUESTS

    @property
    def seconds_left(self) -> float:
        """The seconds until the call's time is over."""
        return self.deadline - anyio.current_time()

    @property
    def done(self) -> Done:
        """What can be said of the call if nothing more is heard."""
        return done_after_cut(self.operation) if self.under_way or self.uncertain else "no"

    def note(self, outcome: Outcome) -> None:
        """Remember whether a try may have been carried out without our hearing of it."""
        response = outcome.response
        is_open = outcome.reached if response is None else not response.is_success and leaves_open(response)
        self.uncertain_before = self.uncertain
        if is_open:
            self.uncertain = done_after_cut(self.operation) == "unknown"


async def send_with_retries(
    send_once: Callable[[], Awaitable[Outcome]], progress: RetryState, report: Report
) -> Outcome:
    """Send until there is an answer to keep, or no further try is allowed; the last outcome is the answer.

    Reads and idempotent operations are repeated after a missing answer, 429, 502, 503 and 504; others only
    where the service has certainly done nothing. A wait that does not fit into the time ends the tries.
    """

    def repeatable(outcome: Outcome) -> bool:
        if not outcome.reached or (outcome.response is not None and outcome.response.status == 429):
            return True
        if not progress.operation.idempotent:
            return False
        return outcome.response is None or outcome.response.status in _PASSING

    def wait(state: tenacity.RetryCallState) -> float:
        response = _last(state).response
        asked = (asked_wait(response) or 0.0) if response is not None else 0.0
        own = _backoff_from_limit if response is not None and response.status == 429 else _backoff
        return max(asked, own(state))

    def stop(state: tenacity.RetryCallState) -> bool:
        return not progress.may_send or state.upcoming_sleep >= progress.seconds_left

    async def report_retry(state: tenacity.RetryCallState) -> None:
        response = _last(state).response
        present_observer().retried(progress.operation.tool, 0 if response is None else response.status)
        await report(f"{_last(state).reason}, trying again in {state.upcoming_sleep:.1f} s")

    first = await send_once()
    if not repeatable(first):
        return first
    outcomes = [first]

    async def next_outcome() -> Outcome:
        return outcomes.pop() if outcomes else await send_once()

    tries = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_result(repeatable),
        wait=wait,
        stop=stop,
        before_sleep=report_retry,
        sleep=anyio.sleep,
        retry_error_callback=_last,
    )
    return await tries(next_outcome)


def _last(state: tenacity.RetryCallState) -> Outcome:
    assert state.outcome is not None
    return state.outcome.result()
