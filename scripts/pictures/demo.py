"""The recording of `docreview-mcp demo`, from what the demo really writes to a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import groupby

from .terminal import COLUMNS, Line, Part, Picture, lines_of, render_recording

__all__ = ["recorded_demo", "render_demo"]

_SHOWN = (1, 2, 3, 5, 6, 7, 9)
"""The steps of the demo that the recording shows: one review of a document, from the queue to the undo."""

_STILL = 1
"""The screen for who wants no motion: the document whose total is wrong."""

_PICTURE = Picture(
    "make demo",
    "A recording of the demo on sample data. The agent lists the documents that wait, finds an invoice whose"
    " total is wrong, looks at the field on the page, is refused an approval by the policy,"
    " corrects and verifies the value, approves the document, and undoes all of it.",
)
_OTHER_EACH_TIME = {
    r"done at \S+ by .*, demo \S+, \w+;": "done at 2026-11-30T09:00:00Z by you, demo;",
}


def recorded_demo() -> str:
    """Run the demo as in a terminal and give what it writes, without what is another in each run."""
    screen = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(4 * COLUMNS), "LINES": "50"}
    environment = {**os.environ, **screen, "PYTHONUTF8": "1"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(
        [sys.executable, "-m", "docreview_mcp.server", "demo"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    output = done.stdout
    for pattern, instead in _OTHER_EACH_TIME.items():
        output = re.sub(pattern, instead, output)
    return output


def render_demo(output: str) -> str:
    """The recording, from the output of the demo."""
    steps = re.split(r"\n(?=\S*\x1b\[1m\d+\. )", output)
    shown = [
        step for step in steps if (found := re.match(r"\S*?1m(\d+)\. ", step)) and int(found[1]) in _SHOWN
    ]
    return render_recording([_parts(lines_of(step.strip("\n"))) for step in shown], _PICTURE, _STILL)


def _parts(lines: list[Line]) -> list[Part]:
    """The title of a step; then each call, and what it found."""
    text = ["".join(run for run, _ in line) for line in lines]
    number, parts = 0, list[Part]()
    marks = [number := number + 1 if line.lstrip().startswith("→") else number for line in text]
    for _, group in groupby(zip(marks, lines, strict=True), key=lambda pair: pair[0]):
        told = [line for _, line in group if line]
        parts.append(Part(told, 0.4 + 0.4 * len(told)))
    return [*parts[:-1], Part(parts[-1].lines, parts[-1].seconds + 1.2)]
