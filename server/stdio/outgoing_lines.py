"""Messages → lines for the host, each written as soon as it is there."""

from __future__ import annotations

import select
import sys
from types import TracebackType
from typing import BinaryIO

import anyio
from anyio import to_thread
from mcp.shared.message import SessionMessage

__all__ = ["OutgoingLines"]


class OutgoingLines:
    """What goes to the host. Implements the `WriteStream` of the SDK.

    A short line is written at once where the system says that this does not block, as handing it to a thread
    and being woken by it takes a while. Any other is written by a thread.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._one_at_a_time = anyio.Lock()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is sent: the session is over, or the host does not listen any more."""
        return self._is_closed

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message.

        Raises:
            anyio.ClosedResourceError: the session is over.
            anyio.BrokenResourceError: the host does not listen any more.
        """
        if self._is_closed:
            raise anyio.ClosedResourceError
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
        try:
            async with self._one_at_a_time:
                if _takes(self._file, len(line)):
                    self._write(line)
                else:
                    await to_thread.run_sync(self._write, line)
        except BrokenPipeError:
            self._is_closed = True
            raise anyio.BrokenResourceError from None

    async def aclose(self) -> None:
        """Send nothing more."""
        self._is_closed = True

    async def __aenter__(self) -> OutgoingLines:
        """The stream, which sends nothing more after the block."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Send nothing more."""
        await self.aclose()

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()


def _takes(file: BinaryIO, size: int) -> bool:
    """Whether so many bytes can be written without waiting for whoever reads them."""
    if sys.platform == "win32" or size > select.PIPE_BUF:
        return False
    poll = select.poll()
    try:
        poll.register(file, select.POLLOUT)
    except OSError:  # no file of the system
        return False
    return bool(poll.poll(0))
