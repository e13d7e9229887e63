"""Standard input and output as a host uses them: no line that asks for something stays without an answer."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import BinaryIO, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.shared.message import SessionMessage

from .incoming_lines import received
from .outgoing_lines import OutgoingLines

__all__ = ["answering_stdio"]

Incoming: TypeAlias = MemoryObjectReceiveStream[SessionMessage | Exception]


@asynccontextmanager
async def answering_stdio() -> AsyncGenerator[tuple[Incoming, OutgoingLines]]:
    """The messages of the host, and the stream for what goes to it.

    The transport of the SDK drops a line that it cannot read, and the host waits for ever; and each message
    that it writes goes through two threads.
    """
    sender, receiver = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    lines, outgoing = _own_stdin(), OutgoingLines(_own_stdout())
    async with anyio.create_task_group() as group:

        async def read() -> None:
            async with sender:
                async for line in anyio.wrap_file(lines):
                    if outgoing.is_closed:
                        return
                    found = received(line)
                    try:
                        for answer in found.answers:
                            await outgoing.send(SessionMessage(answer))
                        for message in found.messages:
                            await sender.send(SessionMessage(message))
                    except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                        return

        group.start_soon(read)
        yield receiver, outgoing


def _own_stdin() -> BinaryIO:
    """Standard input for this reader alone: whatever else reads from it finds its end at once."""
    try:
        own = os.dup(sys.stdin.fileno())
    except (OSError, ValueError):
        return sys.stdin.buffer
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    # A thread may still wait for a line when the server ends, so the descriptor is never closed under it.
    return os.fdopen(own, "rb", closefd=False)


def _own_stdout() -> BinaryIO:
    """Standard output for this writer alone: whatever else writes to it writes to standard error."""
    try:
        own = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except (OSError, ValueError):
        return sys.stdout.buffer
    return os.fdopen(own, "wb", closefd=False)
