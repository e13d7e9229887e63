"""The second look at an item after a write whose status said success and whose body said failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...schemas import JsonObject
from ..failure import Done, ToolFailure
from ..requests.prepared_call import Prepared
from .current_state import State, state_after

__all__ = ["after_second_look"]

_CHANGED = "The item was read again and shows the change."
_UNCHANGED = "The item was read again and is unchanged."


async def after_second_look(
    failure: ToolFailure, prepared: Prepared, before: State, look: Callable[[], Awaitable[State]]
) -> ToolFailure:
    """The same failure, with what the item shows where that is certain. `look` reads its present state."""
    if not failure.contradicts_itself or not before.known or not before.is_there:
        return failure
    done = _result_as_seen(prepared, before, await look())
    if done == "unknown":
        return failure
    return ToolFailure(
        failure.code,
        failure.message,
        next_step=_NEXT[done],
        status=failure.status,
        done=done,
        happened=_CHANGED if done == "yes" else _UNCHANGED,
        notes=failure.notes,
    )


_NEXT: dict[Done, str] = {
    "yes": "Do not repeat the call; read the item if you need more of its state.",
    "no": "Follow the service's message; it may refuse the same call again.",
}


def _result_as_seen(prepared: Prepared, before: State, after: State) -> Done:
    """What two states of an item show of the write between them."""
    nothing_known: JsonObject = {}
    intended = state_after(prepared.operation, prepared.service_arguments, nothing_known, before)
    if not after.known or (intended is not None and _is_same(intended, before)):
        return "unknown"
    if _is_same(after, before):
        return "no"
    return "yes" if intended is not None and intended.known and _is_same(after, intended) else "unknown"


def _is_same(one: State, other: State) -> bool:
    return one.is_there == other.is_there and (not one.is_there or one.value == other.value)
