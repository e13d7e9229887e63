"""Reads over streamable HTTP beside the floor and FastMCP: one process each, 32 connections, both eras."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from .client import ServerError
from .http_calls import ERAS, CutOffError, Era, HttpAnswer, HttpConnection, call_request, free_port, result_in
from .inputs import READ, own_environment, plain_environment, write_fastmcp_input, write_floor_input
from .process_use import cpu_seconds, memory_bytes
from .upstream import DOCUMENT

__all__ = ["HttpSpeed", "measure_http"]

_HERE = Path(__file__).parent
_CONNECTIONS = 32
_CALLS = 256
_START_SECONDS = 60.0

FLOOR, OURS, WITH_KEYS, FASTMCP = "floor", "docreview", "docreview with keys", "fastmcp"


@dataclass(slots=True)
class Burst:
    """What was measured of one server in one era; equal indexes were taken right after one another.

    `spreads` are how many times longer the slowest hundredth of calls took than the middle one.
    """

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contender:
    """One server under test: its command for a port, its environment, and the headers of each request."""

    name: str
    command: Callable[[int], Sequence[str]]
    environment: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)


_WANTED: Mapping[tuple[str, Era], float] = {
    (OURS, "2026-07-28"): 0.85,
    (OURS, "2025-11-25"): 0.8,
    (WITH_KEYS, "2026-07-28"): 0.7,
    (WITH_KEYS, "2025-11-25"): 0.65,
}
"""The reads a second that docreview has to reach, as a ratio to the floor."""

_ABOVE_FASTMCP = 1.1
_MAX_SPREAD = 3.0


@dataclass(frozen=True, slots=True)
class HttpSpeed:
    """What was measured, by server and era, and the memory of each server afterwards in bytes."""

    bursts: Mapping[str, Mapping[Era, Burst]]
    memory: Mapping[str, int | None]

    @property
    def is_missed(self) -> bool:
        """Whether docreview misses any of its targets."""
        return any(row[-1] == "NO" for row in self.table()[1])

    def ratio(self, server: str, other: str, era: Era) -> float:
        """The reads a second of one server beside another: the median over pairs of neighbouring bursts."""
        pairs = zip(self.bursts[server][era].rates, self.bursts[other][era].rates, strict=True)
        return median(one / two for one, two in pairs)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows: first what each server reaches, then what is wanted of docreview."""
        rows: list[list[str]] = []
        for era in ERAS:
            each = {name: bursts[era] for name, bursts in self.bursts.items()}
            rates = [f"{median(burst.rates):,.0f}" for burst in each.values()]
            rows.append([f"reads a second, {era}", *rates, "", ""])
            cpu = [f"{median(burst.cpu) * 1000:.2f} ms" if burst.cpu else "–" for burst in each.values()]
            rows.append([f"processor time of one, {era}", *cpu, "", ""])
        memory = [f"{size / 2**20:.0f} MiB" if size else "–" for size in self.memory.values()]
        rows.append(["memory after them", *memory, "", ""])
        for era in ERAS:
            ratios = [f"{self.ratio(name, FLOOR, era):.2f}" for name in self.bursts]
            wanted = {name: minimum for (name, of), minimum in _WANTED.items() if of == era}
            target = "≥ " + " / ".join(f"{minimum:.2f}" for minimum in wanted.values())
            is_met = all(self.ratio(name, FLOOR, era) >= minimum for name, minimum in wanted.items())
            rows.append([f"× floor, {era}", *ratios, target, _yes_or_no(is_met)])
        for era in ERAS if FASTMCP in self.bursts else ():
            ratios = [f"{self.ratio(name, FASTMCP, era):.2f}" for name in self.bursts]
            is_met = self.ratio(OURS, FASTMCP, era) >= _ABOVE_FASTMCP
            rows.append([f"× fastmcp, {era}", *ratios, f"≥ {_ABOVE_FASTMCP:g}", _yes_or_no(is_met)])
        for era in ERAS:
            spreads = {name: median(bursts[era].spreads) for name, bursts in self.bursts.items()}
            is_met = all(spreads[name] <= _MAX_SPREAD for name in (OURS, WITH_KEYS))
            rendered = [f"{spread:.1f}" for spread in spreads.values()]
            rows.append([f"p99 / p50, {era}", *rendered, f"≤ {_MAX_SPREAD:g}", _yes_or_no(is_met)])
        return [f"over HTTP, {_CONNECTIONS} connections", *self.bursts, "target", "met"], rows


def measure_http(
    folder: Path, upstream: str, fastmcp_python: str | None, *, blocks: int = 8
) -> tuple[HttpSpeed, list[str]]:
    """Measure all servers in turn. Also gives notes on what was left out.

    Raises:
        ServerError: a server does not start, or answers with an error.
    """
    with ExitStack() as stack:
        redis, notes = _redis(stack)
        contenders = [_floor(folder, upstream), _ours(upstream), _with_keys(folder, upstream, redis)]
        if fastmcp_python is not None:
            contenders.append(_fastmcp(folder, upstream, fastmcp_python))
        bursts: dict[str, dict[Era, Burst]] = {
            each.name: {era: Burst() for era in ERAS} for each in contenders
        }
        running = [(each, *stack.enter_context(_running(each, folder))) for each in contenders]
        for contender, address, _ in running:
            for era in ERAS:
                asyncio.run(_burst(contender, address, era))
        for _ in range(blocks):
            for era in ERAS:
                for contender, address, process in running:
                    _add(bursts[contender.name][era], contender, address, era, process)
        return HttpSpeed(bursts, {each.name: memory_bytes(process) for each, _, process in running}), notes


def _add(burst: Burst, contender: Contender, address: str, era: Era, process: int) -> None:
    before = cpu_seconds(process)
    rate, seconds = asyncio.run(_burst(contender, address, era))
    after = cpu_seconds(process)
    cuts = quantiles(seconds, n=100)
    burst.rates.append(rate)
    burst.spreads.append(cuts[98] / cuts[49])
    if before is not None and after is not None:
        burst.cpu.append((after - before) / len(seconds))


async def _burst(contender: Contender, address: str, era: Era) -> tuple[float, list[float]]:
    """The calls a second, all connections busy, and the seconds of each call."""
    tool, arguments = READ
    request = call_request(era, address, tool, arguments, contender.headers)
    seconds: list[float] = []
    answers: list[HttpAnswer] = []

    async def call_on(connection: HttpConnection) -> None:
        for _ in range(_CALLS // _CONNECTIONS):
            began = time.perf_counter()
            answers.append(await connection.send(request))
            seconds.append(time.perf_counter() - began)

    try:
        async with AsyncExitStack() as stack:
            connections = [
                await stack.enter_async_context(HttpConnection(address)) for _ in range(_CONNECTIONS)
            ]
            began = time.perf_counter()
            await asyncio.gather(*(call_on(connection) for connection in connections))
            rate = len(seconds) / (time.perf_counter() - began)
    except CutOffError as error:
        raise ServerError(f"{contender.name}, {era}: {error}") from None
    for answer in answers:
        result = result_in(answer).get("result", {})
        if result.get("structuredContent", {}).get("text") != DOCUMENT["text"]:
            raise ServerError(f"{contender.name}, {era}: {answer.status} {answer.body[:500]!r}")
    return rate, seconds


@contextmanager
def _running(contender: Contender, folder: Path) -> Generator[tuple[str, int]]:
    """The address and the process id of a server that serves."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    log_file = folder / f"{contender.name}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(contender.command(port), stdout=log, stderr=log, env=contender.environment)
        try:
            until = time.monotonic() + _START_SECONDS
            while not asyncio.run(_serves(address)):
                if process.poll() is not None or time.monotonic() > until:
                    raise ServerError(f"{contender.name} does not serve: {log_file.read_text()[-2000:]}")
                time.sleep(0.1)
            yield address, process.pid
        finally:
            process.kill()
            process.wait()


async def _serves(address: str) -> bool:
    try:
        async with HttpConnection(address):
            return True
    except CutOffError:
        return False


def _floor(folder: Path, upstream: str) -> Contender:
    given = str(write_floor_input(folder, upstream))
    program = str(_HERE / "floor.py")
    return Contender(FLOOR, lambda port: [sys.executable, program, given, str(port)], plain_environment())


def _ours(upstream: str) -> Contender:
    return Contender(OURS, _docreview, {**own_environment(upstream), "DOCREVIEW_HTTP_RATE": "off"})


def _with_keys(folder: Path, upstream: str, redis: str | None) -> Contender:
    """docreview as a team runs it: keys, rates counted in Redis, metrics for Prometheus."""
    from docreview_mcp.server.http.keys import add_key

    keys = folder / "keys.txt"
    key = add_key(keys, "bench", frozenset({"docreview:read", "docreview:write"}))
    environment = {
        **own_environment(upstream),
        "DOCREVIEW_AUTH": "keys",
        "DOCREVIEW_KEYS": str(keys),
        "DOCREVIEW_HTTP_RATE": "1000000/minute",
        "DOCREVIEW_SEAL_KEYS": base64.b64encode(os.urandom(32)).decode(),
        "DOCREVIEW_TELEMETRY": "prometheus",
        "DOCREVIEW_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        **({"DOCREVIEW_REDIS": redis} if redis else {}),
    }
    return Contender(WITH_KEYS, _docreview, environment, {"Authorization": f"Bearer {key}"})


def _fastmcp(folder: Path, upstream: str, python: str) -> Contender:
    given = str(write_fastmcp_input(folder, upstream))
    environment = {**plain_environment(), "FASTMCP_LOG_LEVEL": "WARNING", "FASTMCP_CHECK_FOR_UPDATES": "off"}
    program = str(_HERE / "fastmcp_server.py")
    return Contender(FASTMCP, lambda port: [python, program, given, str(port)], environment)


def _docreview(port: int) -> Sequence[str]:
    command = str(Path(sys.executable).with_name("docreview-mcp"))
    return [command, "http", "--port", str(port), "--toolsets", "documented"]


def _redis(stack: ExitStack) -> tuple[str | None, list[str]]:
    """The address of a Redis of our own; None, and a note, where it is not installed."""
    import pytest

    sys.path.insert(0, str(_HERE.parent / "tests" / "support"))
    from redis_process import running_redis

    try:
        return stack.enter_context(running_redis()).url, []
    except pytest.skip.Exception as skipped:
        return None, [f"docreview with keys counted rates in the process: {skipped.msg}."]


def _yes_or_no(is_met: bool) -> str:
    return "yes" if is_met else "NO"
