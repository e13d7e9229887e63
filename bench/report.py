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

__all__ = ["FLOOR", "METRICS", "OURS", "OURS_ALONE", "Samples", "is_missed", "markdown", "show"]

FLOOR = "floor"
OURS = "docreview"
OURS_ALONE = "tokens"
"""The metric that has a limit of its own instead of one beside the floor."""

Samples = Mapping[str, Mapping[str, Sequence[float]]]
"""Server → metric → its samples; the samples at one index were taken right after one another."""

_PACKAGES = ("docreview-mcp", "mcp", "httpx2", "pydantic", "uvicorn")


@dataclass(frozen=True, slots=True)
class Metric:
    """One row: what was measured, how it is written, and what is wanted of docreview.

    `wanted` is a ratio to the floor, but a plain value for `OURS_ALONE`; None where nothing is promised.
    """

    key: str
    label: str
    write: Callable[[float], str]
    wanted: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def target(self) -> str:
        """The target in words."""
        if self.wanted is None:
            return ""
        sign = "≤" if self.better == "less" else "≥"
        return f"{sign} {self.wanted:,.0f}" if self.key == OURS_ALONE else f"{sign} {self.wanted:g} × floor"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:.1f} MiB"


METRICS = (
    Metric("start", "spawn to tools/list answered", _milliseconds, 1.25),
    Metric("tools", "tools listed", _whole),
    Metric("bytes", "bytes of the list", _whole),
    Metric("tokens", "tokens of the list", _whole, 14_000),
    Metric("read", "one call, a read of 4 KB", _milliseconds, 1.25),
    Metric("write", "one call, a small write", _milliseconds, 1.25),
    Metric("rate", "calls per second, 32 in flight", _whole, 0.8, "more"),
    Metric("cpu", "processor time of such a call", _milliseconds),
    Metric("memory", "memory after them", _mebibytes, 1.3),
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
        if metric.key == OURS_ALONE and samples[OURS].get(metric.key)
        else ratio(metric, samples, OURS)
    )
    if metric.wanted is None or reached is None:
        return None
    return reached <= metric.wanted if metric.better == "less" else reached >= metric.wanted


def is_missed(samples: Samples) -> bool:
    """Whether docreview misses any of its targets."""
    return any(is_met(metric, samples) is False for metric in METRICS)


def show(console: Console, samples: Samples, notes: Sequence[str]) -> None:
    """Print the table."""
    table = Table(box=None)
    for number, heading in enumerate(_headings(samples)):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for metric in METRICS:
        style = "red" if is_met(metric, samples) is False else None
        table.add_row(*_cells(metric, samples), style=style)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)


def markdown(samples: Samples, versions: Mapping[str, str], notes: Sequence[str]) -> str:
    """The text of `RESULTS.md`."""
    headings = _headings(samples)
    lines = [
        "# Benchmark",
        "",
        "Written by `make bench`; run it on your machine. Read the ratios, not the times: all servers were",
        "measured in turn in one run, and each ratio is the median over pairs of neighbouring measurements.",
        "",
        f"| {' | '.join(headings)} |",
        f"| --- |{' ---: |' * (len(headings) - 1)}",
    ]
    lines += [f"| {' | '.join(_cells(metric, samples))} |" for metric in METRICS]
    named = ", ".join(f"{name} {number}" for name, number in _versions(versions).items())
    lines += [
        "",
        f"{date.today().isoformat()}; {_machine()}; Python {platform.python_version()}; {named}.",
        "",
        "- **floor**: a bare low-level server of the same SDK with the same tool definitions. It fills an",
        "  address template, forwards with httpx2 and checks nothing (`floor.py`).",
        "- **docreview**: the installed command with `--toolsets documented`, all other settings by default.",
        "- **fastmcp**: `FastMCP.from_openapi` on our own documents, documented operations only, converted",
        "  to JSON beforehand, in an environment of its own (`fastmcp_server.py`).",
        "- Tokens are the characters of name, description and input schema, divided by 4.",
        "- The answers come from one upstream on loopback in its own process (`upstream.py`).",
    ]
    lines += [f"- {note}" for note in notes]
    return "\n".join(lines) + "\n"


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
    met = is_met(metric, samples)
    return [*cells, metric.target, "" if met is None else ("yes" if met else "NO")]


def _versions(others: Mapping[str, str]) -> dict[str, str]:
    return {**{name: version(name) for name in _PACKAGES}, **others}


def _machine() -> str:
    parts = [f"{os.cpu_count()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{size / 2**30:.0f} GiB")
    return ", ".join([*parts, {"Darwin": "macOS"}.get(platform.system(), platform.system())])
