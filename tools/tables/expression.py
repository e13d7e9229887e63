"""Which rows an expression wants, in the language and with the functions of own checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import anyio

from ...schemas import JsonObject, JsonValue, Operation
from ..checks.expressions import Evaluator, ExpressionInput, is_installed
from ..checks.plain_name import plain_name
from ..documents.comparison import comparable
from ..failure import NOTHING_SENT, ToolFailure
from ..requests.validation import invalid
from .conditions import Unreadable
from .faults import wrong_arguments
from .row import Names, Row

__all__ = ["expression_fault", "rows_by_expression"]

_MAX_SECONDS = 20.0
_OF_DOCUMENT = ("name", "status", "stage", "uploaded_at")
_EXTRA = "docreview-mcp[checks]"


async def expression_fault(operation: Operation, expression: str) -> None:
    """Fail unless an expression can be evaluated by itself.

    Raises:
        ToolFailure: it has a fault (the message has line and column), or what evaluates it is not installed.
    """
    if not is_installed():
        raise ToolFailure(
            "not_configured",
            "where: an expression needs CEL, which is not installed.",
            happened=NOTHING_SENT,
            next_step=f"Use conditions, or ask the user to install {_EXTRA}.",
        )
    evaluator = Evaluator()
    try:
        (fault,) = await evaluator.faults([expression])
    finally:
        await evaluator.close()
    if fault is not None:
        raise invalid(operation, [f"where: line {fault.line}, column {fault.column}: {fault.message}"])


async def rows_by_expression(
    operation: Operation, rows: Sequence[Row], expression: str, names: Names, unreadable: Unreadable
) -> list[Row]:
    """The rows for which it gives true. One for which it gives nothing is not wanted but `unreadable`.

    Raises:
        ToolFailure: it gives nothing for any row, or takes too long over all of them.
    """
    wanted: list[Row] = []
    failed: Counter[str] = Counter()
    counts = _counts(rows)
    began = anyio.current_time()
    evaluator = Evaluator()
    try:
        for row in rows:
            (verdict,) = await evaluator.judge(_expression_input(row, names, counts), [("", expression)])
            if verdict.state == "passed":
                wanted.append(row)
            elif verdict.state == "unjudged":
                failed[verdict.message] += 1
                text = verdict.texts[0] if verdict.texts else ""
                unreadable.found.setdefault((row.id, "where", text), verdict.message)
            if anyio.current_time() > began + _MAX_SECONDS:
                message = f"where: takes more than {_MAX_SECONDS:g} s for {len(rows)} rows"
                raise wrong_arguments(operation, [message])
    finally:
        await evaluator.close()
    if rows and failed.total() == len(rows):
        message = failed.most_common(1)[0][0]
        fields = ", ".join(name for name in names.shown[:40] if "." not in name)
        raise wrong_arguments(
            operation, [f"where: {message}, in every one of {len(rows)} rows; the fields are {fields}"]
        )
    return wanted


def _expression_input(row: Row, names: Names, counts: dict[str, dict[str, int]]) -> ExpressionInput:
    fields: dict[str, JsonValue] = {}
    for name in names.shown:
        if "." not in name and plain_name(name) in row.texts:
            fields[name] = fields[plain_name(name)] = row.text(plain_name(name))
    document: JsonObject = {"id": row.id}
    document |= {name: row.text(plain_name(f"document.{name}")) for name in _OF_DOCUMENT}
    columns: JsonObject = {}
    variables: JsonObject = {
        "fields": fields,
        "columns": columns,
        "tables": [],
        "rows": [],
        "document": document,
    }
    present = {name: [text] for name, text in row.texts.items()}
    own = row.conventions
    return ExpressionInput(variables, own.mark, own.order, datetime.now(UTC).date(), present, counts)


def _counts(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How many rows have a text under a name, for the texts that several have."""
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        for name, text in row.texts.items():
            counted.setdefault(name, Counter())[comparable(text.strip())] += 1
    return {
        name: {text: times for text, times in each.items() if times > 1} for name, each in counted.items()
    }
