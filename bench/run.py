"""Measure docreview beside the floor and beside FastMCP, all in one run: `python -m bench.run`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from .client import ServerError, StdioServer
from .day_jobs import measure_day_jobs, measure_lists
from .fastmcp_home import FastMcpMissingError, fastmcp_python
from .http_speed import measure_http
from .inputs import (
    LOOKING_WRITE,
    READ,
    WRITE,
    own_environment,
    plain_environment,
    write_fastmcp_input,
    write_floor_input,
)
from .journal_writes import measure as measure_journal
from .report import FLOOR, OURS, Day, Results, Samples, is_missed, markdown, show
from .review_job import JobError, measure_job
from .tool_search import measure_recall
from .upstream import DOCUMENT, FIELD
from .write_requests import measure_write_requests

_HERE = Path(__file__).parent
_RESULTS = _HERE / "RESULTS.md"
_FASTMCP_HOME = _HERE.parent / ".venv-bench"

_EXTRA_STARTS = 2
_BLOCKS = 8
_READS = 20
_WRITES = 10
_IN_FLIGHT = 32
_CALLS_IN_FLIGHT = 128

_JOURNALLED = "docreview with its journal"
_RECORDING = "floor with records"
"""Docreview and the floor once more: they have rows in the columns of the plain ones."""

_Taken = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True)
class Contender:
    """One server under test: how it is started."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]

    def start(self) -> StdioServer:
        """A new process, asked for its tools."""
        return StdioServer(self.command, self.environment)


@click.command()
@click.option("--strict", is_flag=True, help="Exit with 1 if a target is missed.")
@click.option("--rounds", default=3, show_default=True, help="New processes of each server.")
@click.option("--without-fastmcp", is_flag=True, help="Leave FastMCP out (nothing is installed).")
def main(strict: bool, rounds: int, without_fastmcp: bool) -> None:
    """Measure, print the table, write bench/RESULTS.md."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    versions: dict[str, str] = {}
    notes: list[str] = []
    # Beside the code, as the place for temporary files may be in memory, where a journal costs less.
    with tempfile.TemporaryDirectory(prefix=".run-", dir=_HERE) as temporary, _upstream() as upstream:
        folder = Path(temporary)
        plain = [_floor(folder, upstream), _docreview(upstream)]
        contenders = [*plain, _recording(folder, plain[0]), _journalled(folder, upstream)]
        python = None
        try:
            if without_fastmcp:
                raise FastMcpMissingError("it was left out")
            python, versions["fastmcp"] = fastmcp_python(_FASTMCP_HOME, console)
            contenders.append(_fastmcp(python, folder, upstream))
        except FastMcpMissingError as missing:
            notes.append(f"FastMCP was not measured: {missing}.")
        try:
            samples = _measured(contenders, rounds, console)
            with console.status("Reads over HTTP"):
                http, http_notes = measure_http(folder, upstream, python)
            job = measure_job()
            requests = measure_write_requests()
            day = Day(measure_day_jobs(), measure_lists())
        except (ServerError, JobError) as fault:
            console.print(f"The benchmark ended early: {fault}", markup=False)
            sys.exit(2)
    results = Results(samples, http, job, requests, day, measure_recall())
    notes += [*http_notes, measure_journal()]
    show(console, results, notes)
    _RESULTS.write_text(markdown(results, versions, notes), encoding="utf-8")
    console.print(f"Written to {_RESULTS.relative_to(_HERE.parent)}.")
    if strict and is_missed(results):
        sys.exit(1)


@contextmanager
def _upstream() -> Generator[str]:
    """The address of a running upstream."""
    command = [sys.executable, "-m", "bench.upstream"]
    with subprocess.Popen(command, cwd=_HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _floor(folder: Path, upstream: str) -> Contender:
    given = write_floor_input(folder, upstream)
    return Contender(FLOOR, [sys.executable, str(_HERE / "floor.py"), str(given)], plain_environment())


def _recording(folder: Path, floor: Contender) -> Contender:
    command = [*floor.command, "--records", str(folder / "records.sqlite")]
    return Contender(_RECORDING, command, floor.environment)


def _docreview(upstream: str) -> Contender:
    command = str(Path(sys.executable).with_name("docreview-mcp"))
    return Contender(OURS, [command, "stdio", "--toolsets", "documented"], own_environment(upstream))


def _journalled(folder: Path, upstream: str) -> Contender:
    environment = own_environment(upstream, folder / "journal.sqlite")
    return Contender(_JOURNALLED, _docreview(upstream).command, environment)


def _fastmcp(python: str, folder: Path, upstream: str) -> Contender:
    given = write_fastmcp_input(folder, upstream)
    environment = {**plain_environment(), "FASTMCP_LOG_LEVEL": "WARNING", "FASTMCP_CHECK_FOR_UPDATES": "off"}
    return Contender("fastmcp", [python, str(_HERE / "fastmcp_server.py"), str(given)], environment)


def _measured(contenders: Sequence[Contender], rounds: int, console: Console) -> Samples:
    """All samples. Nothing but the server that is measured has work at any time."""
    taken: _Taken = {each.name: defaultdict(list) for each in contenders}
    for contender in contenders:
        contender.start().close()
    with console.status("") as status:
        for number in range(rounds):
            status.update(f"Round {number + 1} of {rounds}: starts")
            for _ in range(_EXTRA_STARTS):
                for contender in contenders:
                    with contender.start() as server:
                        taken[contender.name]["start"].append(server.start_seconds)
            with ExitStack() as stack:
                running: dict[str, StdioServer] = {}
                for contender in contenders:
                    server = stack.enter_context(contender.start())
                    running[contender.name] = server
                    taken[contender.name]["start"].append(server.start_seconds)
                    _measure_list(server, taken[contender.name])
                    _warm_up(server, is_journalled=contender.name == _JOURNALLED)
                for block in range(_BLOCKS):
                    status.update(f"Round {number + 1} of {rounds}: calls, {block + 1} of {_BLOCKS}")
                    _measure_calls(running, taken)
                for name, server in running.items():
                    if (memory := server.memory_bytes) is not None:
                        taken[name]["memory"].append(memory)
    _add_journal(taken[OURS], taken.pop(_JOURNALLED), taken[FLOOR], taken.pop(_RECORDING))
    return taken


def _add_journal(
    ours: dict[str, list[float]],
    journalled: dict[str, list[float]],
    floor: dict[str, list[float]],
    recording: dict[str, list[float]],
) -> None:
    """What the journal adds to a write: differences of samples that were taken right after one another.

    The whole of such a write stands beside the floor's plain one, which sends one request and not two, and
    beside that of a floor that reads and records as well.
    """
    floor["guarded"], floor["alike"] = floor["write"], recording["write"]
    ours["guarded"] = ours["alike"] = journalled["write"]
    rows = list(zip(ours["write"], ours["looking write"], journalled["write"], strict=True))
    ours["journal"] = [recorded - plain for plain, _, recorded in rows]
    ours["looking"] = [looking - plain for plain, looking, _ in rows]
    ours["records"] = [recorded - looking for _, looking, recorded in rows]
    ours["journal_memory"] = journalled["memory"]


def _measure_list(server: StdioServer, taken: dict[str, list[float]]) -> None:
    tools = server.tools
    characters = sum(
        len(tool["name"])
        + len(tool.get("description", ""))
        + len(json.dumps(tool["inputSchema"], ensure_ascii=False, separators=(",", ":")))
        for tool in tools
    )
    taken["tools"].append(len(tools))
    taken["bytes"].append(len(server.list_line))
    taken["tokens"].append(characters / 4)


def _warm_up(server: StdioServer, *, is_journalled: bool) -> None:
    """Check that both calls bring the whole answer, then let the server reach its usual pace."""
    # The upstream shows the same value after a write: to a server that remembers, somebody put it back.
    write = LOOKING_WRITE if is_journalled else WRITE
    for (tool, arguments), answer in ((READ, DOCUMENT), (write, FIELD)):
        given = server.call(tool, arguments)["structuredContent"]
        if any(given.get(key) != value for key, value in answer.items()):
            raise ServerError(f"{tool} did not bring what the service answered")
        if is_journalled and tool == WRITE[0] and not given["docreview"].get("undoable"):
            raise ServerError(f"{tool} is not in the journal with the value before: {given['docreview']}")
        server.one_after_another(tool, arguments, 20)
    server.in_flight(*READ, _CALLS_IN_FLIGHT, _IN_FLIGHT)


def _measure_calls(running: dict[str, StdioServer], taken: _Taken) -> None:
    for name, server in running.items():
        taken[name]["read"].append(server.one_after_another(*READ, _READS))
    for name, server in running.items():
        write = LOOKING_WRITE if name == _JOURNALLED else WRITE
        taken[name]["write"].append(server.one_after_another(*write, _WRITES))
        if name == OURS:
            taken[name]["looking write"].append(server.one_after_another(*LOOKING_WRITE, _WRITES))
    for name, server in running.items():
        before = server.cpu_seconds
        taken[name]["rate"].append(server.in_flight(*READ, _CALLS_IN_FLIGHT, _IN_FLIGHT))
        after = server.cpu_seconds
        if before is not None and after is not None:
            taken[name]["cpu"].append((after - before) / _CALLS_IN_FLIGHT)


if __name__ == "__main__":
    main()
