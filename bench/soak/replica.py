"""One server of several, as a process that can be killed, ended and started again on its port."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..http_calls import CutOffError, HttpAnswer, HttpConnection
from ..process_use import memory_bytes

__all__ = ["Replica", "ReplicaError"]

_START_SECONDS = 60.0


class ReplicaError(RuntimeError):
    """A server does not start, or does not do what it is asked for; the message says what it logged."""


class Replica:
    """`docreview-mcp http` on a port of its own. Its log goes to a file."""

    def __init__(self, name: str, port: int, environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.port = port
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def memory_bytes(self) -> int:
        """Its resident memory; 0 while it does not run."""
        return (memory_bytes(self._process.pid) or 0) if self._process is not None else 0

    @property
    def logged(self) -> str:
        """What it has written to stderr in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def spawn(self) -> None:
        """Start the process; `is_ready` says when it serves."""
        command = str(Path(sys.executable).with_name("docreview-mcp"))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [command, "http", "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )

    async def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            ReplicaError: it ended, or took too long.
        """
        self.spawn()
        process, late = self._process, time.monotonic() + _START_SECONDS
        assert process is not None
        while not await self.is_ready():
            if process.poll() is not None or time.monotonic() > late:
                raise ReplicaError(f"{self.name} does not start: {self.logged[-2000:]}")
            await asyncio.sleep(0.1)

    async def is_ready(self) -> bool:
        """Whether it wants requests."""
        address = f"127.0.0.1:{self.port}"
        try:
            async with HttpConnection(address) as connection:
                answer: HttpAnswer = await connection.send(
                    f"GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
                )
        except CutOffError:
            return False
        return answer.status == 200

    def kill(self) -> None:
        """End it without warning, as if the machine was lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> None:
        """Ask it to end, as an orchestrator does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    async def ended(self, seconds: float) -> int | None:
        """Its exit status; None, and the process is killed, if it has none after this time."""
        process = self._process
        assert process is not None
        try:
            return await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
