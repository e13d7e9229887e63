"""A client light enough to measure with: one subprocess, JSON-RPC by line, nothing parsed on the clock."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import count
from statistics import median
from types import TracebackType
from typing import Any

from .process_use import cpu_seconds, memory_bytes

__all__ = ["ServerError", "StdioServer"]

_PROTOCOL = "2025-11-25"
_PATIENCE_SECONDS = 300.0
_BUFFER_BYTES = 1024 * 1024


class ServerError(RuntimeError):
    """A server under test ended, hung, or answered an error; the message shows its last words."""


class StdioServer:
    """One server process and the way to it. Time to the tool list is measured when it is opened.

    The handshake is `initialize`, which all servers under test speak. `start_seconds` is the time from
    before the process is made until the answer of `tools/list` is there; `list_line` is that answer.
    """

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._numbers = count(1)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process, closed with it
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            bufsize=_BUFFER_BYTES,
        )
        self._watch = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        self._watch.daemon = True
        self._watch.start()
        about = {"name": "bench", "version": "1"}
        opening = {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": about}
        try:
            self._exchange("initialize", opening)
            self._write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            self.list_line = self._exchange("tools/list", {})
        except ServerError:
            self.close()
            raise
        self.start_seconds = time.perf_counter() - begun

    def __enter__(self) -> StdioServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The listed tools."""
        return _result(self.list_line)["tools"]

    @property
    def cpu_seconds(self) -> float | None:
        """The processor time that the server has used; None where the system does not tell."""
        return cpu_seconds(self._process.pid)

    @property
    def memory_bytes(self) -> int | None:
        """The resident memory of the server; None where the system does not tell."""
        return memory_bytes(self._process.pid)

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One call, its whole result parsed and looked at.

        Raises:
            ServerError: the result is an error.
        """
        return _result(self._exchange("tools/call", {"name": tool, "arguments": arguments}))

    def one_after_another(self, tool: str, arguments: dict[str, Any], times: int) -> float:
        """The median seconds of one call, with nothing else under way."""
        lines = self._call_lines(tool, arguments, times)
        seconds: list[float] = []
        answers: list[bytes] = []
        for line in lines:
            begun = time.perf_counter()
            self._write(line)
            answers.append(self._read())
            seconds.append(time.perf_counter() - begun)
        _check_all(answers)
        return median(seconds)

    def in_flight(self, tool: str, arguments: dict[str, Any], times: int, at_once: int) -> float:
        """The calls per second, with `at_once` calls under way all the time."""
        lines = self._call_lines(tool, arguments, times)
        answers: list[bytes] = []
        begun = time.perf_counter()
        self._write("\n".join(lines[:at_once]))
        for line in lines[at_once:]:
            answers.append(self._read())
            self._write(line)
        answers += [self._read() for _ in range(at_once)]
        seconds = time.perf_counter() - begun
        _check_all(answers)
        return times / seconds

    def close(self) -> None:
        """End the server as hosts do, by closing its stdin; kill it if it does not go."""
        self._watch.cancel()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _call_lines(self, tool: str, arguments: dict[str, Any], times: int) -> list[str]:
        params = {"name": tool, "arguments": arguments}
        return [self._request_line("tools/call", params) for _ in range(times)]

    def _request_line(self, method: str, params: dict[str, Any]) -> str:
        request = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        return json.dumps(request, separators=(",", ":"))

    def _exchange(self, method: str, params: dict[str, Any]) -> bytes:
        self._write(self._request_line(method, params))
        return self._read()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ServerError(f"the server ended: {self._last_words()}") from None

    def _read(self) -> bytes:
        """The next answer; notifications are passed over."""
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if b'"method":' not in line[:60]:
                return line
        raise ServerError(f"the server ended or hung: {self._last_words()}")

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[-2000:].strip() or "it wrote nothing to stderr"


def _result(line: bytes) -> dict[str, Any]:
    answer = json.loads(line)
    result = answer.get("result")
    if result is None or result.get("isError"):
        raise ServerError(f"the server answered an error: {line[:500].decode('utf-8', 'replace')}")
    return result


def _check_all(answers: Sequence[bytes]) -> None:
    for line in answers:
        _result(line)
