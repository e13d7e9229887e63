"""Samples of all servers → one table, for the screen and for `RESULTS.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from statistics import median
from typing import Literal

from rich.console import Console
from rich.table import Table

from .day_jobs import Done, ToolList
from .http_speed import HttpSpeed
from .review_job import DOCUMENTS, FIELDS, Tally
from .tool_search import Recall
from .write_requests import CostOfWrite

__all__ = [
    "FLOOR",
    "METRICS",
    "OURS",
    "Day",
    "Job",
    "Results",
    "Samples",
    "day_table",
    "is_missed",
    "markdown",
    "show",
]

FLOOR = "floor"
OURS = "docreview"

Samples = Mapping[str, Mapping[str, Sequence[float]]]
"""Server → metric → its samples; the samples at one index were taken right after one another."""

_PACKAGES = ("docreview-mcp", "mcp", "httpx2", "pydantic", "uvicorn")


@dataclass(frozen=True, slots=True)
class Metric:
    """One row: what was measured, how it is written, and what is wanted of docreview.

    `wanted` is a ratio to the floor, or a plain value where docreview `is_alone`; None where nothing is
    promised.
    """

    key: str
    label: str
    write: Callable[[float], str]
    wanted: float | None = None
    better: Literal["less", "more"] = "less"
    is_alone: bool = False

    @property
    def target(self) -> str:
        """The target in words."""
        if self.wanted is None:
            return ""
        sign = "≤" if self.better == "less" else "≥"
        return f"{sign} {self.write(self.wanted) if self.is_alone else f'{self.wanted:g} × floor'}"


_GROUPS = {
    "people": "unseen ones as people ask",
    "terms": "unseen ones in the services' terms",
    "plain": "unseen ones in a few plain words",
}
"""Group of questions to find_tools → what the report calls it."""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:.1f} MiB"


Job = Mapping[str, Tally]
"""The way of doing the review job → what it took; the first is what the other ones are compared with."""


@dataclass(frozen=True, slots=True)
class Day:
    """The jobs of a day as they were done, and the short lists of tools with their tokens."""

    jobs: Sequence[Done]
    lists: Sequence[tuple[ToolList, int]]


@dataclass(frozen=True, slots=True)
class Results:
    """All that is measured, each with its table in the report."""

    samples: Samples
    http: HttpSpeed
    job: Job
    requests: Sequence[tuple[CostOfWrite, int]]
    day: Day
    recall: Sequence[Recall]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of the table of the review job; `wanted` is a ratio to the first way, None without a target."""

    label: str
    count: Callable[[Tally], int]
    wanted: float | None = None

    def ratio(self, job: Job) -> float:
        """The last way beside the first."""
        first, *_, last = job.values()
        return self.count(last) / self.count(first)

    def is_met(self, job: Job) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.wanted is None else self.ratio(job) <= self.wanted

    def cells(self, job: Job) -> list[str]:
        """The row as text."""
        numbers = [_whole(self.count(tally)) for tally in job.values()]
        target = "" if self.wanted is None else f"≤ {self.wanted:.2f}"
        return [self.label, *numbers, f"{self.ratio(job):.2f}", target, _yes_or_no(self.is_met(job))]


METRICS = (
    Metric("start", "spawn to tools/list answered", _milliseconds, 1.25),
    Metric("tools", "tools listed", _whole),
    Metric("bytes", "bytes of the list", _whole),
    Metric("tokens", "tokens of the list", _whole, 18_000, is_alone=True),
    Metric("read", "one call, a read of 4 KB", _milliseconds, 1.25),
    Metric("write", "one call, a small write", _milliseconds, 1.25),
    Metric("guarded", "the same, guarded: read before, two records", _milliseconds, 1.7),
    Metric("alike", "that one beside a floor that reads and records, too", _milliseconds, 1.4),
    Metric("journal", "added by the journal to a small write", _milliseconds, 0.003, is_alone=True),
    Metric("looking", "of these, reading the value before", _milliseconds),
    Metric("records", "of these, the two records", _milliseconds),
    Metric("rate", "calls per second, 32 in flight", _whole, 0.8, "more"),
    Metric("cpu", "processor time of such a call", _milliseconds),
    Metric("memory", "memory after them", _mebibytes, 1.3),
    Metric("journal_memory", "memory after them, with the journal", _mebibytes),
)

JOB_ROWS = (
    JobRow("tool calls", lambda tally: tally.calls, 1 / 4),
    JobRow("characters that the model writes", lambda tally: tally.written),
    JobRow("characters that it reads", lambda tally: tally.read),
    JobRow("characters in all", lambda tally: tally.characters, 1 / 3),
)


def ratio(metric: Metric, samples: Samples, server: str) -> float | None:
    """The median of the ratios to the floor, each of two samples taken right after one another."""
    own, floor = samples[server].get(metric.key, ()), samples[FLOOR].get(metric.key, ())
    pairs = [one / other for one, other in zip(own, floor, strict=False) if other]
    return median(pairs) if pairs else None


def is_met(metric: Metric, samples: Samples) -> bool | None:
    """Whether docreview meets the target; None where there is none, or nothing could be measured."""
    reached = (
        median(samples[OURS][metric.key])
        if metric.is_alone and samples[OURS].get(metric.key)
        else ratio(metric, samples, OURS)
    )
    if metric.wanted is None or reached is None:
        return None
    return reached <= metric.wanted if metric.better == "less" else reached >= metric.wanted


def is_missed(results: Results) -> bool:
    """Whether docreview misses any of its targets."""
    job, day = results.job, results.day
    met = [is_met(metric, results.samples) for metric in METRICS] + [row.is_met(job) for row in JOB_ROWS]
    met += [each.is_met for each in day.jobs] + [used <= each.max_tokens for each, used in day.lists]
    met += [count <= write.max_requests for write, count in results.requests]
    met += [each.is_met(rank) for each in results.recall for rank in each.targets]
    return False in met or results.http.is_missed


def show(console: Console, results: Results, notes: Sequence[str]) -> None:
    """Print the tables."""
    for headings, rows in _tables(results):
        table = Table(box=None)
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row, style="red" if row[-1] == _yes_or_no(False) else None)
        console.print(table)
        console.print()
    for note in notes:
        console.print(note, markup=False, highlight=False)


def markdown(results: Results, versions: Mapping[str, str], notes: Sequence[str]) -> str:
    """The text of `RESULTS.md`."""
    lines = [
        "# Benchmark",
        "",
        "Written by `make bench`; run it on your machine. Read the ratios, not the times: all servers were",
        "measured in turn in one run, and each ratio is the median over pairs of neighbouring measurements.",
    ]
    for headings, rows in _tables(results):
        lines += ["", *_in_markdown(headings, rows)]
    named = ", ".join(f"{name} {number}" for name, number in _versions(versions).items())
    lines += [
        "",
        f"{date.today().isoformat()}; {_machine()}; Python {platform.python_version()}; {named}.",
        "",
        "- **floor**: a bare low-level server of the same SDK with the same tool definitions. It fills an",
        "  address template, forwards with httpx2 and checks nothing (`floor.py`).",
        "- **docreview**: the installed command with `--toolsets documented`, no journal except where one is",
        "  named, all other settings by default.",
        "- **fastmcp**: `FastMCP.from_openapi` on our own documents, documented operations only, converted",
        "  to JSON beforehand, in an environment of its own (`fastmcp_server.py`).",
        "- Tokens are the characters of name, description and input schema, divided by 4.",
        "- The answers come from one upstream on loopback in its own process (`upstream.py`).",
        "- **Over HTTP** (`http_speed.py`): a read of 4 KB over 32 kept connections, without sessions. The",
        "  floor has the look-up of a tool's schema without which each call makes the whole list. With",
        "  keys: callers are known by keys, their rates are counted in Redis, metrics for Prometheus are on.",
        "  The rows beside the floor and FastMCP, and p99 / p50, are medians over bursts of 256 calls.",
        "- **The journal** is SQLite in a file beside the code. Before the write it reads the page of the",
        "  field (10 KB), measured as the same write with `expected_value`; then its entry is opened and",
        "  closed.",
        "- **The review job** (`review_job.py`) is done on the sandbox, with a journal. Raw tools: list,",
        "  read each document, correct, verify the document, approve, list again. Review tools: queue,",
        "  read the documents in full (ten in a call), correct and verify all in one call, approve, queue",
        "  again. Both leave the same state, which is checked. A model reads the text of results;",
        "  `nanonets_verify_document` answers with the whole document, which is much of that.",
        "- **The jobs of a day** (`day_jobs.py`) are done on the sandbox as an agent does them; each is",
        "  checked to be done. Tokens are the characters of the results divided by 4, those of a list",
        "  the characters of all definitions, output schemas included. Formerly: before these tools.",
        "- **Requests at the service** (`write_requests.py`) are counted by the sandbox. Formerly: when the",
        "  state was read once more after each write. A test counts them for each of the writes.",
        "- **The search of tools** (`tool_search.py`) is asked the questions of",
        "  `find_tools_questions.csv`, with which it was tuned, and those for `measure` in",
        "  `find_tools_unseen.csv`, by which no weight was chosen. Their author wrote some phrases",
        "  of tools, so questions of somebody else do a little worse.",
    ]
    lines += [f"- {note}" for note in notes]
    return "\n".join(lines) + "\n"


def _tables(results: Results) -> list[tuple[list[str], list[list[str]]]]:
    return [
        _table(results.samples),
        results.http.table(),
        _job_table(results.job),
        _request_table(results.requests),
        day_table(results.day.jobs, results.day.lists),
        _recall_table(results.recall),
    ]


def day_table(
    jobs: Sequence[Done], lists: Sequence[tuple[ToolList, int]]
) -> tuple[list[str], list[list[str]]]:
    """The jobs of a day and the short lists of tools: what they take, and what they may take."""
    headings = ["jobs of a day: calls, tokens read", "formerly", "measured", "target", "met"]
    rows = [
        [
            done.job.name,
            done.job.formerly or "–",
            f"{done.calls}, {done.tokens:,}",
            f"≤ {done.job.max_calls}{f', {done.job.max_tokens:,}' if done.job.max_tokens else ''}",
            _yes_or_no(done.is_met),
        ]
        for done in jobs
    ]
    rows += [
        [
            f"tools/list of {listed.surface}",
            "–",
            f"{used:,}",
            f"≤ {listed.max_tokens:,}",
            _yes_or_no(used <= listed.max_tokens),
        ]
        for listed, used in lists
    ]
    return headings, rows


def _table(samples: Samples) -> tuple[list[str], list[list[str]]]:
    return _headings(samples), [_cells(metric, samples) for metric in METRICS]


def _job_table(job: Job) -> tuple[list[str], list[list[str]]]:
    first, *_ = job
    done = f"review and approve {DOCUMENTS} invoices, correct {len(FIELDS)} fields in each"
    headings = [done, *job, f"× {first}", "target", "met"]
    return headings, [row.cells(job) for row in JOB_ROWS]


def _request_table(requests: Sequence[tuple[CostOfWrite, int]]) -> tuple[list[str], list[list[str]]]:
    headings = ["requests at the service, with the journal", "formerly", "measured", "target", "met"]
    return headings, [
        [
            f"{write.name} ({write.tool})",
            str(write.formerly),
            str(count),
            f"≤ {write.max_requests}",
            _yes_or_no(count <= write.max_requests),
        ]
        for write, count in requests
    ]


def _recall_table(recall: Sequence[Recall]) -> tuple[list[str], list[list[str]]]:
    headings = ["find_tools asked", "measured", "target", "met"]
    rows = [
        [
            f"{len(each.ranks)} {_GROUPS.get(each.group, each.group)}: {_up_to(rank)}",
            f"{each.up_to(rank):.2f}",
            f"≥ {wanted:.2f}",
            _yes_or_no(each.is_met(rank)),
        ]
        for each in recall
        for rank, wanted in each.targets.items()
    ]
    return headings, [
        *rows,
        ["one search (CPU)", _milliseconds(max(each.seconds for each in recall)), "", ""],
    ]


def _up_to(rank: int) -> str:
    return f"a right tool among the first {rank}" if rank > 1 else "a right tool first"


def _in_markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(headings)} |", f"| --- |{' ---: |' * (len(headings) - 1)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _yes_or_no(met: bool | None) -> str:
    return "" if met is None else ("yes" if met else "NO")


def _headings(samples: Samples) -> list[str]:
    headings = ["measured", FLOOR, OURS, "× floor"]
    for server in samples:
        if server not in (FLOOR, OURS):
            headings += [server, "× floor"]
    return [*headings, "target", "met"]


def _cells(metric: Metric, samples: Samples) -> list[str]:
    cells = [metric.label]
    for server in samples:
        values = samples[server].get(metric.key)
        cells.append(metric.write(median(values)) if values else "–")
        if server != FLOOR:
            times = ratio(metric, samples, server)
            cells.append(f"{times:.2f}" if times is not None else "–")
    return [*cells, metric.target, _yes_or_no(is_met(metric, samples))]


def _versions(others: Mapping[str, str]) -> dict[str, str]:
    return {**{name: version(name) for name in _PACKAGES}, **others}


def _machine() -> str:
    parts = [f"{os.cpu_count()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{size / 2**30:.0f} GiB")
    return ", ".join([*parts, {"Darwin": "macOS"}.get(platform.system(), platform.system())])
