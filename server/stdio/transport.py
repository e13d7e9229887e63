"""Standard input and output as a host uses them: no line that asks for something stays without an answer."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from .incoming_lines import received

if TYPE_CHECKING:
    from mcp.shared._context_streams import ContextSendStream

__all__ = ["answering_stdio"]

Outgoing: TypeAlias = "ContextSendStream[SessionMessage]"
Incoming: TypeAlias = MemoryObjectReceiveStream[SessionMessage | Exception]


@asynccontextmanager
async def answering_stdio() -> AsyncGenerator[tuple[Incoming, Outgoing]]:
    """The messages of the host, and the stream for what goes to it.

    The transport of the SDK drops a line that it cannot read, and the host waits for ever; so only its writer
    is used, and lines are read here.
    """
    nothing = anyio.wrap_file(io.StringIO())
    sender, receiver = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    lines = _own_stdin()
    async with stdio_server(stdin=nothing) as (unused, outgoing), unused, anyio.create_task_group() as group:

        async def read() -> None:
            async with sender:
                async for line in anyio.wrap_file(lines):
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
