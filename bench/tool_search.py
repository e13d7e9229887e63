"""How often the search of tools finds what people ask for in their own words, and how long it takes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from docreview_mcp.tools import load_tools
from docreview_mcp.tools.lean.tool_search import find

__all__ = ["RECALL_TARGETS", "Recall", "measure_recall"]

QUESTIONS = Path(__file__).with_name("find_tools_questions.csv")
"""Questions, each with the names of the tools that answer it, the best one first."""

RECALL_TARGETS = {1: 0.70, 3: 0.88, 5: 0.94}
"""Rank → the share of questions of which a right tool is wanted up to there."""


@dataclass(frozen=True, slots=True)
class Recall:
    """The rank of the first right tool for each question, and the median seconds of a search."""

    ranks: Sequence[int]
    seconds: float

    def up_to(self, rank: int) -> float:
        """The share of questions of which a right tool is among the first ones."""
        return sum(each <= rank for each in self.ranks) / len(self.ranks)

    def is_met(self, rank: int) -> bool:
        """Whether the target for a rank is met."""
        return self.up_to(rank) >= RECALL_TARGETS[rank]


def measure_recall() -> Recall:
    """Ask all questions among all tools."""
    tools = load_tools()
    find(tools, "the index is made by the first search")
    ranks: list[int] = []
    taken: list[float] = []
    with QUESTIONS.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            right = row["tools"].split()
            started = perf_counter()
            found = find(tools, row["question"]).tools
            taken.append(perf_counter() - started)
            ranks.append(next((rank for rank, tool in enumerate(found, 1) if tool.name in right), len(tools)))
    return Recall(ranks, median(taken))
