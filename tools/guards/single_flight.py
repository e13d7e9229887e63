"""Writes that must not happen twice: identical ones share a request, and an unclear one stops the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...schemas import Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..requests.prepared_call import Prepared
from .context import CallContext, Flight, Written
from .journal import JournalFault

__all__ = ["not_doubled"]


async def not_doubled(
    prepared: Prepared, context: CallContext, carry: Callable[[], Awaitable[Written]]
) -> Written:
    """Identical calls share one request; after an unknown outcome the next one is stopped once."""
    guards, call = context.guards, prepared.identity
    flight = guards.under_way.get(call)
    if flight is not None:
        await flight.ended.wait()
        if flight.failure is not None:
            raise flight.failure.with_()
        if flight.written is not None:
            return flight.written
    await _stop_once(prepared, context)
    if call in guards.under_way:
        return await not_doubled(prepared, context, carry)
    flight = guards.under_way[call] = Flight()
    try:
        flight.written = await carry()
    except ToolFailure as failure:
        flight.failure = failure
        if failure.done == "unknown":
            guards.unclear[prepared.fingerprint] = failure.message
        raise
    except BaseException:
        # What ends a call before it is sent, such as a question to the person, leaves nothing unclear.
        if flight.is_sent:
            flight.failure = _interrupted(prepared.operation)
            guards.unclear[prepared.fingerprint] = flight.failure.message
        raise
    finally:
        del guards.under_way[call]
        flight.ended.set()
    return flight.written


async def _stop_once(prepared: Prepared, context: CallContext) -> None:
    guards, fingerprint = context.guards, prepared.fingerprint
    what = guards.unclear.pop(fingerprint, "")
    if guards.journal is not None:
        try:
            earlier = await guards.journal.unclear(fingerprint)
        except JournalFault:
            earlier = None  # opening the entry meets the same fault and says so
        if earlier is not None and earlier.number not in guards.stopped_for:
            guards.stopped_for.add(earlier.number)
            what = what or f"Journal entry {earlier.number} ({earlier.at}) is {earlier.outcome}."
    if what:
        raise ToolFailure(
            "conflict",
            f"{prepared.operation.tool}: an identical call got no clear answer and may have been carried out."
            f" {what}",
            happened=f"{NOTHING_SENT} This call was stopped once, so that nothing is done twice.",
            next_step="Look first whether it is there already (list or read it). If it is not, call again"
            " with the same arguments: the next call is sent.",
            quotes=True,
        )


def _interrupted(operation: Operation) -> ToolFailure:
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the identical call that this one waited for was interrupted.",
        done="unknown",
        next_step="Look first whether it is there already; only then call again.",
    )
