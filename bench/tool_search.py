"""How often the search of tools finds what people ask for in their own words, and how long it takes."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

from docreview_mcp.tools import load_tools
from docreview_mcp.tools.lean.tool_search import find

__all__ = ["Recall", "measure_recall"]

_QUESTIONS = Path(__file__).with_name("find_tools_questions.csv")
"""Questions, each with the names of the tools that answer it, the best one first."""
_UNSEEN = Path(__file__).with_name("find_tools_unseen.csv")
"""Questions in groups: those for `tune` helped to choose words and weights, those for `measure` did not."""

_TARGETS = {
    "questions it was tuned with": {1: 0.70, 3: 0.88, 5: 0.94},
    "people": {1: 0.45, 3: 0.70, 5: 0.80},
    "terms": {1: 0.85, 3: 0.97, 5: 0.99},
    "plain": {1: 0.75, 3: 0.92, 5: 0.96},
}
"""Group of questions → rank → the share of questions of which a right tool is wanted up to there."""


@dataclass(frozen=True, slots=True)
class Recall:
    """The rank of the first right tool for each question of a group, and the median CPU seconds."""

    group: str
    ranks: Sequence[int]
    seconds: float

    @property
    def targets(self) -> Mapping[int, float]:
        """Rank → the share of questions of which a right tool is wanted up to there."""
        return _TARGETS[self.group]

    def up_to(self, rank: int) -> float:
        """The share of questions of which a right tool is among the first ones."""
        return sum(each <= rank for each in self.ranks) / len(self.ranks)

    def is_met(self, rank: int) -> bool:
        """Whether the target for a rank is met."""
        return self.up_to(rank) >= self.targets[rank]


def measure_recall() -> list[Recall]:
    """Ask all questions among all tools, those of each group by themselves."""
    first, *others = _TARGETS
    unseen = [row for row in _rows(_UNSEEN) if row["use"] == "measure"]
    by_group = {group: [row for row in unseen if row["group"] == group] for group in others}
    return [_asked(group, rows) for group, rows in {first: _rows(_QUESTIONS), **by_group}.items()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _asked(group: str, rows: Sequence[Mapping[str, str]]) -> Recall:
    tools = load_tools()
    find(tools, "the index is made by the first search")
    ranks: list[int] = []
    taken: list[float] = []
    for row in rows:
        right = row["tools"].split()
        started = process_time()
        found = find(tools, row["question"]).tools
        taken.append(process_time() - started)
        ranks.append(next((rank for rank, tool in enumerate(found, 1) if tool.name in right), len(tools)))
    return Recall(group, ranks, median(taken))
