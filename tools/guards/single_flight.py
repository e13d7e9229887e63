"""Writes that must not happen twice: identical ones share a request, and an unclear one stops the next."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ...schemas import Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import Entry, JournalFault, JournalView, LookFirst
from ..requests.prepared_call import Prepared
from .context import CallContext, Flight, Unclear, Written
from .journal_recording import needs_journal

__all__ = ["single_flight"]

_DAY_SECONDS = 24 * 60 * 60
_MAX_UNCLEAR = 10_000
"""How many calls without a clear outcome are known beside the journal, which knows all of them."""

_NOTHING_DOUBLED = f"{NOTHING_SENT} This call was stopped once to prevent a duplicate."


async def single_flight(
    prepared: Prepared, context: CallContext, carry: Callable[[LookFirst], Awaitable[Written]]
) -> Written:
    """Identical calls share one request; after an unknown outcome, all that come next are stopped once.

    The answer of one user is never given to another, who gets a conflict instead. `carry` sends the write,
    and passes the look that it is given to the opening of the entry.
    """
    guards, call, arrived = context.guards, prepared.identity, time.time()
    while (flight := guards.under_way.get(call)) is not None:
        if flight.user != context.caller.user:
            raise _duplicate(prepared.operation, "another caller is carrying out an identical call.")
        await flight.ended.wait()
        if flight.failure is not None:
            raise flight.failure.with_()
        if flight.written is not None:
            return flight.written
    flight = guards.under_way[call] = Flight(context.caller.user)
    try:
        await _stop_once(prepared, context, arrived)
        flight.written = await carry(_look_for_others(prepared, context))
    except ToolFailure as failure:
        flight.failure = failure
        if failure.done == "unknown":
            _remember(prepared, context, failure)
        raise
    except BaseException:
        # What ends a call before it is sent, such as a question to the person, leaves nothing unclear.
        if flight.is_sent:
            flight.failure = _interrupted(prepared.operation, flight)
            _remember(prepared, context, flight.failure)
        raise
    finally:
        del guards.under_way[call]
        flight.ended.set()
    guards.unclear.pop(prepared.fingerprint, None)
    return flight.written


def _remember(prepared: Prepared, context: CallContext, failure: ToolFailure) -> None:
    entry = failure.notes.get("entry")
    context.guards.unclear[prepared.fingerprint] = Unclear(
        failure.message,
        str(entry) if isinstance(entry, int) else f"{prepared.fingerprint} {time.time()}",
        context.caller.user,
    )
    if len(context.guards.unclear) > _MAX_UNCLEAR:
        del context.guards.unclear[next(iter(context.guards.unclear))]


async def _stop_once(prepared: Prepared, context: CallContext, arrived: float) -> None:
    """Stop a call whose identical forerunner got no clear answer.

    Every call that came before the first of them was stopped is stopped as well: their agents could not know.
    """
    guards, fingerprint, user = context.guards, prepared.fingerprint, context.caller.user
    unclear = guards.unclear.get(fingerprint)
    try:
        earlier = await guards.journal.unclear(fingerprint) if guards.journal is not None else None
        if earlier is not None and earlier.outcome == "under way":
            raise _under_way(prepared.operation, earlier, context)
        if earlier is not None and unclear is None:
            message = f"Journal entry {earlier.number} ({earlier.at}) is {earlier.outcome}."
            unclear = Unclear(message, str(earlier.number), earlier.opening.caller.user)
    except JournalFault:
        pass  # what this server remembers itself stops the call all the same
    if unclear is None:
        return
    # Each user is stopped once: a user does not know the message that another one got.
    who = sha256(user.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    try:
        stopped_at = await _stopped_at(f"stopped {unclear.mark} {who}", context)
    except JournalFault:
        return  # opening the entry meets the same fault and says so
    if stopped_at is not None and arrived > stopped_at:
        return
    whose = "" if unclear.user == user else " by another caller"
    detail = f" {unclear.message}" if unclear.user == user or context.is_admin else ""
    message = f"an identical call{whose} got no clear answer and may have been carried out.{detail}"
    raise _duplicate(prepared.operation, message)


async def _stopped_at(mark: str, context: CallContext) -> float | None:
    """When a call was stopped first; None if it was not yet, and now it is.

    Raises:
        JournalFault: the journal cannot tell or keep it, and nothing is sent without the journal.
    """
    guards, now = context.guards, time.time()
    if (known := await guards.marks_of_this_server.moment_of(mark)) is not None:
        return known
    try:
        if (stopped_at := await guards.marks.moment_of(mark)) is None:
            await guards.marks.put(mark, now, _DAY_SECONDS)
    except JournalFault:
        if needs_journal(context):
            raise
        # The write would go on without the journal, so the stop has to hold without it as well.
        await guards.marks_of_this_server.put(mark, now, _DAY_SECONDS)
        return None
    return stopped_at


def _look_for_others(prepared: Prepared, context: CallContext) -> LookFirst:
    """A look at the journal, while nobody else can open an entry: another server may be sending this call."""

    def judge(view: JournalView) -> None:
        earlier = view.last_of_call
        if earlier is not None and _is_recent(earlier) and earlier.outcome == "under way":
            raise _under_way(prepared.operation, earlier, context)

    return LookFirst(judge, at_call=True)


def _is_recent(entry: Entry) -> bool:
    return datetime.fromisoformat(entry.at) > datetime.now(UTC) - timedelta(seconds=_DAY_SECONDS)


def _under_way(operation: Operation, earlier: Entry, context: CallContext) -> ToolFailure:
    """The conflict with a call of another server, which may have been killed meanwhile: nobody can tell."""
    is_own = context.is_admin or earlier.opening.caller.user == context.caller.user
    entry = f" (journal entry {earlier.number})" if is_own else ""
    return _duplicate(operation, f"another server is carrying out an identical call{entry}.").with_(
        next_step="First list or read the item to see whether the change was made. If it was not, call again"
        f" with the same arguments after that call has ended, at the latest at {earlier.opening.until}.",
    )


def _duplicate(operation: Operation, why: str) -> ToolFailure:
    return ToolFailure(
        "conflict",
        f"{operation.tool}: {why}",
        happened=_NOTHING_DOUBLED,
        next_step="First list or read the item to see whether the change was made. If it was not, call again"
        " with the same arguments: the next call will be sent.",
        quotes=True,
    )


def _interrupted(operation: Operation, flight: Flight) -> ToolFailure:
    """The failure of a call whose forerunner was cut off after it was sent."""
    how = "carried out, but interrupted before it ended" if flight.is_done else "interrupted"
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the identical call that this call waited for was {how}.",
        done="yes" if flight.is_done else "unknown",
        next_step="Read the item to see what the change left; do not call again for the same change."
        if flight.is_done
        else "Check whether the change was made before you call again.",
    )
