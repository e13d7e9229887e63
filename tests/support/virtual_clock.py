"""An event loop whose clock jumps to the next timer as soon as nothing else can happen.

Code under test sleeps and times out by the clock of its event loop (`anyio.sleep`, `anyio.fail_after`,
`anyio.current_time`). With this loop a wait of a minute takes no time, and a limit is reached only when all
that could still be done is done: the clock stands while code runs, however slow the machine is. Sockets,
processes and threads keep real time: while any of them may still report, the clock does not jump. A test that
holds both ends of its sockets says so (`jump_though_sockets_are_open`).
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from time import monotonic
from typing import Any

import anyio.to_thread
import pytest

__all__ = ["VirtualClockLoop", "count_threads", "jump_though_sockets_are_open"]


_KERNEL_SECONDS = 0.02


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """Runs as usual, but never waits for a timer alone."""

    def __init__(self) -> None:
        self._now = 0.0
        self.threads_at_work = 0
        self.has_processes = False
        self.talks_to_itself = False
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Seconds that were waited or jumped over since the loop was made."""
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Move the clock on."""
        self._now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """As usual; the thread is at work until its result has arrived."""
        future = super().run_in_executor(executor, func, *args)
        self.threads_at_work += 1
        future.add_done_callback(self._end_thread)
        return future

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        """As usual; what a process does takes real time."""
        self.has_processes = True
        return await super().subprocess_exec(*args, **options)

    def _end_thread(self, future: object) -> None:
        self.threads_at_work -= 1


class _JumpingSelector(selectors.DefaultSelector):
    """Tells the loop to jump instead of waiting, if only timers are left."""

    def __init__(self, loop: VirtualClockLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """The descriptors that are ready, as usual."""
        # The loop's own pipe, by which threads wake it, is always registered.
        has_sockets = len(self.get_map()) > 1 and not self._loop.talks_to_itself
        if (
            not timeout
            or timeout < 0
            or has_sockets
            or self._loop.threads_at_work
            or self._loop.has_processes
        ):
            began = monotonic()
            events = super().select(timeout)
            self._loop.pass_time(monotonic() - began)
            return events
        # What was sent over a socket to this loop itself is there at once, or after a moment of the kernel.
        events = super().select(min(timeout, _KERNEL_SECONDS) if self._loop.talks_to_itself else 0)
        if not events:
            self._loop.pass_time(timeout)
        return events


def jump_though_sockets_are_open() -> None:
    """Let the running loop jump over waits: both ends of all its sockets are in the running test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualClockLoop)
    loop.talks_to_itself = True


def count_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loop know of the worker threads of anyio, which it does not start itself."""
    run_in_thread = anyio.to_thread.run_sync

    async def run_sync(*args: Any, **options: Any) -> Any:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualClockLoop):
            return await run_in_thread(*args, **options)
        loop.threads_at_work += 1
        try:
            return await run_in_thread(*args, **options)
        finally:
            loop.threads_at_work -= 1

    monkeypatch.setattr(anyio.to_thread, "run_sync", run_sync)
