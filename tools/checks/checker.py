"""All checks of a server: the built-in ones and the user's own, over one document or several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ...schemas import JsonObject
from .own_check import CheckFile, OwnCheck
from .paper import Paper

if TYPE_CHECKING:
    from .expressions import Evaluator, Verdict
    from .finding import Judgement

__all__ = ["EVERY_CHECK", "Checker"]

EVERY_CHECK = "*"
"""Stands for all checks."""


class Checker:
    """Judges documents. Reads no document itself, and sends nothing anywhere.

    What it judges by is imported when the first document is judged: most sessions need none of it.
    """

    def __init__(self, file: CheckFile | None = None) -> None:
        self._file = file or CheckFile()
        self._started: Evaluator | None = None

    @property
    def own(self) -> tuple[OwnCheck, ...]:
        """The checks of the user's own."""
        return self._file.checks

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all checks that are made."""
        from .built_in import BUILT_IN

        built_in = (name for name in BUILT_IN if name not in self._file.skip)
        return (*built_in, *(check.name for check in self.own))

    @cached_property
    def comparing(self) -> frozenset[str]:
        """The names of those that compare documents, so that one alone cannot be judged by them."""
        from .built_in import DUPLICATE

        return frozenset({DUPLICATE, *(check.name for check in self.own if check.compares_documents)})

    async def judge(self, paper: Paper, names: frozenset[str] | None = None) -> Judgement:
        """What the checks of single documents say of one, or those of them that are named."""
        from .judging import judge_papers

        wanted = (frozenset(self.names) if names is None else names) - self.comparing
        today = datetime.now(UTC).date()
        judged = await judge_papers([paper], self._file, wanted, self._evaluator, today, None)
        return judged[paper.document_id]

    async def judge_together(
        self, papers: Sequence[Paper], names: frozenset[str] | None = None
    ) -> dict[str, Judgement]:
        """What all checks, or those that are named, say of documents that belong together, by their ids."""
        from .judging import counts_of, judge_papers

        wanted = frozenset(self.names) if names is None else names & frozenset(self.names)
        counts = counts_of(papers) if any(check.name in wanted for check in self.own) else {}
        today = datetime.now(UTC).date()
        return await judge_papers(papers, self._file, wanted, self._evaluator, today, counts)

    async def unmet(self, wanted: Sequence[str], arguments: JsonObject, answer: JsonObject) -> list[str]:
        """Why a document does not pass checks of single documents, one text for each that it does not.

        `answer` is that of the call, with these arguments, that read the document or file. If `EVERY_CHECK`
        is wanted, these are all that find something. A check that is named has to be made and passed: one
        that has nothing to look at, as where a field is gone, is not.
        """
        paper = Paper.read_by(arguments, answer)
        if not paper.values.values:
            return ["no part of it could be read"]
        names = None if EVERY_CHECK in wanted else frozenset(wanted)
        judgement = await self.judge(paper, names)
        messages = {each.check: f"{each.check} ({each.message})" for each in reversed(judgement.findings)}
        others = {check.name for check in self.own if not check.is_about(paper.workflow_id)}
        for name in sorted((names or frozenset()) - others - frozenset(judgement.passed)):
            reason = judgement.not_checked.get(name, "it compares documents")
            messages.setdefault(name, f"{name} (not checked: {reason})")
        return list(messages.values())

    async def verdicts(self, paper: Paper) -> list[tuple[OwnCheck, Verdict]]:
        """What each own check says of a document, whatever its workflow; `count_of` counts it alone."""
        from .judging import counts_of, expression_input, sheet_of_paper

        today = datetime.now(UTC).date()
        inputs = expression_input(paper, sheet_of_paper(paper, self._file), today, counts_of([paper]))
        checks = [(each.when, each.expect) for each in self.own]
        return list(zip(self.own, await self._evaluator.judge(inputs, checks), strict=True))

    async def close(self) -> None:
        """End what evaluates expressions."""
        if self._started is not None:
            await self._started.close()

    @property
    def _evaluator(self) -> Evaluator:
        from .expressions import Evaluator

        if self._started is None:
            self._started = Evaluator()
        return self._started
