"""Documents as sheets and as questions for expressions, and the findings that verdicts on them are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from anyio.lowlevel import checkpoint

from ...schemas import JsonObject, JsonValue
from ..documents.comparison import comparable
from ..documents.values import DocumentValues
from .built_in import DUPLICATE, duplicates, judge_built_in, sheet_of
from .expressions import Evaluator, ExpressionInput, Verdict
from .finding import Finding, Judgement, most_suspect
from .functions import conventions
from .own_check import CheckFile, OwnCheck
from .paper import Paper
from .plain_name import plain_name
from .sheet import Sheet
from .vocabulary import usual_vocabulary

__all__ = ["counts_of", "expression_input", "judge_papers", "sheet_of_paper"]

_MAX_VALUES = 6


async def judge_papers(
    papers: Sequence[Paper],
    file: CheckFile,
    wanted: frozenset[str],
    evaluator: Evaluator,
    today: date,
    counts: Mapping[str, Mapping[str, int]] | None,
) -> dict[str, Judgement]:
    """What the wanted checks say of documents, by their ids; `counts` is None where there is only one."""
    sheets = {paper.document_id: sheet_of_paper(paper, file) for paper in papers}
    compared = duplicates(sheets) if DUPLICATE in wanted else {}
    judgements: dict[str, Judgement] = {}
    # What takes too long for one document is not tried on the others of the call.
    too_slow: dict[str, Verdict] = {}
    for paper in papers:
        await checkpoint()
        sheet = sheets[paper.document_id]
        judgement = judge_built_in(sheet, paper.uploaded, today)
        if paper.document_id in compared:
            judgement.take(compared[paper.document_id])
        judgement = judgement.only(wanted - file.skip)
        checks = [each for each in file.checks if each.name in wanted and each.is_about(paper.workflow_id)]
        if checks:
            inputs = expression_input(paper, sheet, today, counts)
            tried = [each for each in checks if each.name not in too_slow]
            found = await evaluator.judge(inputs, [(each.when, each.expect) for each in tried])
            verdicts = dict(zip((each.name for each in tried), found, strict=True))
            too_slow |= {name: verdict for name, verdict in verdicts.items() if verdict.is_too_slow}
            for check in checks:
                _add(judgement, check, {**verdicts, **too_slow}[check.name], paper.values)
        judgements[paper.document_id] = judgement
    return judgements


def sheet_of_paper(paper: Paper, file: CheckFile) -> Sheet:
    """A document as checks see it, with the names and the locale of the check file."""
    vocabulary = usual_vocabulary().with_more(file.fields, file.columns)
    mark, order = conventions(file.locale) if file.locale else ("", "")
    return sheet_of(paper.values, vocabulary, mark, order, paper.uploaded)


def _add(judgement: Judgement, check: OwnCheck, verdict: Verdict, document: DocumentValues) -> None:
    if verdict.state in ("passed", "skipped"):
        judgement.passed.append(check.name)
        return
    values = check.values_in(document, _MAX_VALUES)
    if verdict.state == "failed":
        message = check.message or "the document does not meet its condition"
        finding = Finding(check.name, message, values, most_suspect(values), severity=check.severity)
    else:
        culprits = tuple(value for value in document.values if verdict.texts and value.text in verdict.texts)
        values = tuple(dict.fromkeys((*culprits[:1], *values)))
        finding = Finding(
            check.name,
            f"cannot be judged: {verdict.message}",
            values,
            culprits[0].id if culprits else "",
            severity=check.severity,
        )
    judgement.findings.append(finding)


def expression_input(
    paper: Paper, sheet: Sheet, today: date, counts: Mapping[str, Mapping[str, int]] | None
) -> ExpressionInput:
    fields: dict[str, JsonValue] = {}
    for value in paper.values.fields:
        fields.setdefault(value.name, value.text)
        fields.setdefault(plain_name(value.name), value.text)
    tables = _tables(paper.values)
    document: JsonObject = {
        "id": paper.document_id,
        "workflow_id": paper.workflow_id,
        "name": paper.name,
        "status": paper.status,
        "stage": paper.stage,
        "uploaded_at": paper.uploaded_at,
        "pages": len(paper.values.pages),
    }
    rows = [row for table in tables for row in table.rows]
    columns: dict[str, list[JsonValue]] = {}
    for row in rows:
        for name, text in row.items():
            columns.setdefault(name, []).append(text)
    variables: JsonObject = {
        "fields": fields,
        "columns": cast("JsonObject", columns),
        "tables": [table.shown() for table in tables],
        "rows": [*rows],
        "document": document,
    }
    return ExpressionInput(variables, sheet.mark, sheet.order, today, _texts(paper.values), counts)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table with its rows, each an object of texts by column, in its own name and in its plain one."""

    id: str
    page: int
    columns: Sequence[str]
    rows: Sequence[JsonObject]

    def shown(self) -> JsonObject:
        """The table as expressions see it."""
        return {"id": self.id, "page": self.page, "columns": [*self.columns], "rows": [*self.rows]}


def _tables(document: DocumentValues) -> list[_Table]:
    tables: list[_Table] = []
    for table in document.tables:
        names = dict(table.columns)
        empty: JsonObject = {each: "" for name in names.values() for each in (name, plain_name(name))}
        rows: dict[int, JsonObject] = {}
        for cell in table.cells:
            name = cell.name or names.get(cell.column or 0, "")
            rows.setdefault(cell.row or 0, dict(empty)).update({name: cell.text, plain_name(name): cell.text})
        ordered = [row for _, row in sorted(rows.items())]
        tables.append(_Table(table.id, table.page.number, tuple(names.values()), ordered))
    return tables


def _texts(document: DocumentValues) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for value in document.fields:
        texts.setdefault(plain_name(value.name), []).append(value.text)
    return texts


def counts_of(papers: Sequence[Paper]) -> dict[str, dict[str, int]]:
    """How many documents have a value in a field, for the values that several have."""
    counted: dict[str, Counter[str]] = {}
    for paper in papers:
        for name, texts in _texts(paper.values).items():
            counted.setdefault(name, Counter()).update({comparable(text.strip()) for text in texts})
    return {
        name: {text: times for text, times in counter.items() if times > 1}
        for name, counter in counted.items()
    }
