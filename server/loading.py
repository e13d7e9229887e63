"""Garbage collection in a process of ours: not while modules are loaded, and never of what they made.

For commands only, as it is set for the whole process.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.server.context import CallNext, HandlerResult, ServerMiddleware

__all__ = ["loading", "loading_with_first_call"]


@contextmanager
def loading() -> Generator[None]:
    """Load modules without looking for garbage among them, and leave out what they made ever after.

    They stay, so looking through them would only take time: an eighth of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def loading_with_first_call() -> ServerMiddleware[Any]:
    """Leave out what the first call of a tool loads as well: the operations, and the modules of calls."""
    is_loaded = False

    async def load(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        nonlocal is_loaded
        result = await call_next(ctx)
        if ctx.method == "tools/call" and not is_loaded:
            is_loaded = True
            gc.freeze()
        return result

    return load
