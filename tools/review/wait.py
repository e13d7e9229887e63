"""`review_wait`: wait until something that a service works on is done, for at most as long as hosts do."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from ...schemas import JsonObject, Operation
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..operation_call import read
from ..requests.validation import invalid
from ..results.reply import Reply
from ..untrusted import quoted, shortened_sentence
from .wait_targets import AWAITED, Awaited, WaitState, state_of

__all__ = ["run"]

_MAX_SECONDS = 45
_SHARE_OF_TIME = 0.95
"""Of the time for a call, what the wait may take, so that what was read last is still told."""

_FIRST_PAUSE = 0.5
_MAX_PAUSE = 5.0
_PAUSE_AFTER_FAILURE = 2.0
_GROWTH = 1.5
_REPORT_SECONDS = 3.0
_MAX_REASON = 300
_MAX_WORD = 60
_SHARED = frozenset({"kind", "seconds"})
_UNTRUSTED = ("state", "message", "last_failure")
_OF_MODELS = "model_id (Nanonets) or id (Studio)"
"""The one kind that both services have."""


@dataclass(slots=True, eq=False)
class _Wait:
    """One wait: what it is for, what was last read, and the reads that failed meanwhile.

    `is_hopeless`: the last of them will fail again.
    """

    awaited: Awaited
    arguments: JsonObject
    context: CallContext
    started: float = field(default_factory=anyio.current_time)
    state: WaitState | None = None
    failure: ToolFailure | None = None
    failed_reads: int = 0
    is_over: bool = False
    is_hopeless: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts by now."""
        return round(anyio.current_time() - self.started, 1)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The state of what was waited for, once it is done or the time is over.

    Raises:
        ToolFailure: an id is missing or does not belong to the kind, or the thing cannot be read at all.
    """
    awaited = _awaited(operation, values)
    wait = _Wait(awaited, {theirs: values[ours] for ours, theirs in awaited.arguments.items()}, context)
    seconds = values.get("seconds", _MAX_SECONDS)
    asked = seconds if isinstance(seconds, int) else _MAX_SECONDS
    with anyio.move_on_after(min(asked, context.upstream.timeout * _SHARE_OF_TIME)):
        async with anyio.create_task_group() as group:
            group.start_soon(_report, wait)
            await _look_until_done(wait)
            group.cancel_scope.cancel()
    if wait.failure is not None and (wait.is_hopeless or wait.state is None):
        raise wait.failure
    reply = _reply(wait)
    return Reply(reply, untrusted=tuple(name for name in _UNTRUSTED if name in reply))


def _awaited(operation: Operation, values: JsonObject) -> Awaited:
    """What the arguments name; each kind needs ids of its own, and takes no others.

    Raises:
        ToolFailure: `invalid_arguments`, naming each one that is missing or too many.
    """
    kind = values["kind"]
    given = set(values) - _SHARED
    if kind == "model" and str(values.get("model_id", "")).isdecimal():
        fault = f"model_id: got {values['model_id']!r}, expected a Nanonets model; pass a Studio model as id"
        raise invalid(operation, [fault])
    ways = [awaited for awaited in AWAITED if awaited.kind == kind]
    fitting = next((awaited for awaited in ways if set(awaited.arguments) == given), None)
    if fitting is not None:
        return fitting
    if len(ways) > 1 and not any(given & awaited.arguments.keys() for awaited in ways):
        raise invalid(operation, [f"{_OF_MODELS}: missing, expected one of them for the kind {kind}"])
    nearest = max(ways, key=lambda awaited: len(given & awaited.arguments.keys()))
    wanted = " and ".join(nearest.arguments)
    if len(ways) > 1:
        wanted = _OF_MODELS
    raise invalid(
        operation,
        [
            *(
                f"{name}: missing, the kind {kind} needs {wanted}"
                for name in nearest.arguments
                if name not in given
            ),
            *(
                f"{name}: not allowed with the kind {kind}, which needs {wanted}"
                for name in sorted(given - nearest.arguments.keys())
            ),
        ],
    )


async def _look_until_done(wait: _Wait) -> None:
    """Read until it is done or cannot be read; failures that may pass are only counted."""
    pause = _FIRST_PAUSE
    while not wait.is_over:
        try:
            await _look(wait)
        except ToolFailure as failure:
            wait.failure = failure
            wait.failed_reads += 1
            wait.is_over = wait.is_hopeless = not failure.retryable
            pause = max(pause, _PAUSE_AFTER_FAILURE)
        if not wait.is_over:
            await anyio.sleep(pause)
            pause = min(pause * _GROWTH, _MAX_PAUSE)


async def _look(wait: _Wait) -> None:
    state = state_of(wait.awaited, await read(wait.context, wait.awaited.read, wait.arguments))
    is_new = wait.state is None or (state.word, state.progress) != (wait.state.word, wait.state.progress)
    wait.state = state
    wait.is_over = state.outcome != "running"
    if is_new:
        await wait.context.report(_in_words(wait))


async def _report(wait: _Wait) -> None:
    """Tell the host every few seconds that the wait goes on, also while an answer is slow to come."""
    while True:
        await anyio.sleep(_REPORT_SECONDS)
        await wait.context.report(_in_words(wait))


def _in_words(wait: _Wait) -> str:
    state = wait.state
    word = "not read yet" if state is None else quoted(state.word, _MAX_WORD) if state.word else "no state"
    progress = "" if state is None or state.progress is None else f", {state.progress:g} %"
    return f"{wait.awaited.kind}: {word}{progress}, waited {wait.seconds:g} s"


def _reply(wait: _Wait) -> JsonObject:
    state = wait.state or WaitState("running", "", is_known=False)
    reply: JsonObject = {
        "kind": wait.awaited.kind,
        "status": state.outcome,
        "state": state.word,
        "progress": state.progress,
        "seconds": wait.seconds,
        "message": state.message[:_MAX_REASON],
    }
    if wait.failure is not None:
        reply["failed_reads"] = wait.failed_reads
        reply["last_failure"] = shortened_sentence(wait.failure.message, _MAX_REASON)
    reply["next"] = _next(wait.awaited, state)
    return {name: value for name, value in reply.items() if value not in (None, "")}


def _next(awaited: Awaited, state: WaitState) -> str:
    if state.outcome in ("done", "ready"):
        return awaited.after_done
    if state.outcome == "failed":
        return awaited.after_failed
    again = "Call review_wait again with the same arguments."
    if state.is_known:
        return again
    return (
        f"{again} This state is not known to docreview; if it does not change, let a person look at it in"
        " the service."
    )
