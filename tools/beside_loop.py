"""Work on large answers, done in a thread beside the event loop, so that other calls and pings go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from anyio import to_thread

from .results.response import LARGE_BYTES, Response

__all__ = ["beside_loop", "is_large"]

_Result = TypeVar("_Result")

_LARGE_VALUES = 10_000
"""From this many values on, a walk through all of them takes tens of milliseconds."""


async def beside_loop(about: object, work: Callable[[], _Result]) -> _Result:
    """The result of work on an answer or a JSON value, done in a thread where that is large."""
    return await to_thread.run_sync(work) if is_large(about) else work()


def is_large(about: object) -> bool:
    """Whether work on an answer or a JSON value takes so long that others would wait for it."""
    if isinstance(about, Response):
        return len(about.content) >= LARGE_BYTES
    count = 0
    left: list[object] = [about]
    while left:
        value = left.pop()
        if isinstance(value, str):
            count += len(value) * _LARGE_VALUES // LARGE_BYTES
        elif isinstance(value, (dict, list)):
            inner = cast("dict[str, object] | list[object]", value)
            count += len(inner)
            left.extend(inner.values() if isinstance(inner, dict) else inner)
        if count >= _LARGE_VALUES:
            return True
    return False
