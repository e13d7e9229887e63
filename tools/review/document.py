"""`review_document`: one document or several, short to read, with all that a correction needs.

Fields stand one by one, cells in the rows of their tables as `[text, cell_id]`. What is as expected is not
said of each value but once for all, under `unless_given`. Doubtful fields and rows come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.values import (
    MIN_CONFIDENCE,
    UNVERIFIED,
    DocumentTable,
    DocumentValue,
    DocumentValues,
    values_of_document,
)
from ..guards.context import CallContext
from ..json_text import compact
from ..operation_call import read
from ..requests.validation import invalid
from ..results.reply import Reply
from ..results.truncation import CUT_PLACES, fit
from ..results.untrusted_paths import outside_paths
from ..untrusted import NOTE, without_hidden
from .cell_confidence import with_cell_confidence
from .document_batch import read_each, told_together

__all__ = ["decision_on", "run"]

_NOTE_CHARACTERS = 600
"""Room for what `docreview` says beside a cut: the paths of text from outside, hidden characters."""

_DECIDED = ("approved", "rejected")
_MOST_EMPTY_SHARE = 0.5
"""A table with a larger share of empty places is told cell by cell."""

_READING = "A cell is [text, cell_id], with what differs from unless_given as a third part."
_FILTERED_READING = "A bare text was not asked for and only shows what its row is about."
_LISTED_READING = "Some tables are no plain grid: their cells stand one by one."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which values the caller asked for, and what is left unsaid of each."""

    show: str
    search: str
    page_number: int | None
    min_confidence: float
    usual_status: str = UNVERIFIED

    @property
    def is_everything(self) -> bool:
        return self.show == "all" and not self.search and self.page_number is None

    def includes(self, value: DocumentValue) -> bool:
        if self.page_number is not None and value.page_number != self.page_number:
            return False
        text = without_hidden(f"{value.name}\n{value.text}")[0].casefold()
        return self.search in text and _is_shown(value, self.show, self.min_confidence)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The document or documents, or the part of them that was asked for."""
    if ("document_id" in values) == ("document_ids" in values):
        came = "both" if "document_id" in values else "neither"
        raise invalid(operation, [f"got {came}, expected exactly one of document_id and document_ids"])
    look = partial(_look, operation, values, context)
    if "document_id" in values:
        document_id = str(values["document_id"])
        answer, document = await look(document_id)
        structured = _structured(answer, document, _wanted(values, document.values), document_id)
    else:
        structured = await _several(operation, values, context, look)
    limit = context.upstream.answer_limit - _NOTE_CHARACTERS
    outside = tuple(outside_paths(operation, structured))
    if len(compact(structured)) > limit:
        structured, cut = fit(operation, values, structured, limit)
        structured[NOTE] = {"cut": cut}
        outside = (*outside, CUT_PLACES)
    return Reply(structured, outside=outside)


async def _look(
    operation: Operation, values: JsonObject, context: CallContext, document_id: str
) -> tuple[JsonObject, DocumentValues]:
    """A document as the service answers it and as values; raises `ToolFailure` where it cannot be had."""
    workflow_id = str(values["workflow_id"])
    answer = await read(context, "getDocument", {"workflow_id": workflow_id, "document_id": document_id})
    document = values_of_document(answer)
    page_number = values.get("page_number")
    if page_number is not None and document.pages and document.page(cast("int", page_number)) is None:
        numbers = ", ".join(str(page.number) for page in document.pages)
        raise invalid(operation, [f"page_number: got {page_number}, the document has {numbers}"])
    return answer, await with_cell_confidence(document, context, workflow_id, document_id)


async def _several(
    operation: Operation,
    values: JsonObject,
    context: CallContext,
    look: Callable[[str], Awaitable[tuple[JsonObject, DocumentValues]]],
) -> JsonObject:
    """The answer on several documents; raises `ToolFailure` if none of them could be read."""
    document_ids = list(dict.fromkeys(cast("list[str]", values["document_ids"])))
    looked = await read_each(document_ids, look, context, anyio.current_time())
    if not looked.found:
        raise looked.failure(operation, "none of the documents could be read.", "Or name others.")
    wanted = _wanted(values, [value for _, document in looked.found.values() for value in document.values])
    told = {
        document_id: _structured(answer, document, wanted, document_id)
        for document_id, (answer, document) in looked.found.items()
    }
    limit = context.upstream.answer_limit - _NOTE_CHARACTERS
    return told_together(document_ids, told, looked.failures, limit)


def _wanted(values: JsonObject, shown: Sequence[DocumentValue]) -> _Wanted:
    """What was asked for of these values."""
    return _Wanted(
        str(values.get("show", "all")),
        str(values.get("search", "")).casefold(),
        cast("int | None", values.get("page_number")),
        float(cast("float", values.get("min_confidence", MIN_CONFIDENCE))),
        _usual_status(shown),
    )


def _is_shown(value: DocumentValue, show: str, min_confidence: float) -> bool:
    match show:
        case "doubtful":
            return value.is_doubtful(min_confidence)
        case "unverified":
            return not value.is_verified
        case "corrected":
            return value.is_moderated
        case _:
            return True


def _usual_status(values: Sequence[DocumentValue]) -> str:
    """The status that most values have, which need not be said of each."""
    counted = Counter(value.status for value in values).most_common(1)
    return counted[0][0] if counted else UNVERIFIED


def _structured(
    answer: JsonObject, document: DocumentValues, wanted: _Wanted, document_id: str
) -> JsonObject:
    values = document.values
    doubtful = sum(value.is_doubtful(wanted.min_confidence) for value in values)
    unverified = sum(not value.is_verified for value in values)
    fields = sorted(filter(wanted.includes, document.fields), key=lambda value: _order(value, wanted))
    tables = _tables(document, wanted)
    structured: JsonObject = {
        "document_id": answer.get("document_id") or document_id,
        "name": answer.get("original_document_name"),
        "status": answer.get("status"),
        "stage": answer.get("verification_stage"),
        "verification_status": answer.get("verification_status"),
        "verification_message": answer.get("verification_message"),
        "assigned": answer.get("assigned_reviewers"),
        "pages": [{"page_number": page.number, "page_id": page.id} for page in document.pages],
        "counts": {
            "values": len(values),
            "shown": sum(map(wanted.includes, values)),
            "doubtful": doubtful,
            "unverified": unverified,
            "corrected": sum(value.is_moderated for value in values),
        },
        "next": _next(answer, len(values), doubtful, unverified),
        "unless_given": _unless_given(values, wanted),
    }
    structured = {name: value for name, value in structured.items() if value not in (None, "", [])}
    structured["fields"] = [_field(value, wanted, len(document.pages) > 1) for value in fields]
    if tables:
        structured["reading"] = _reading(tables, wanted)
        structured["tables"] = cast("JsonValue", tables)
    return structured


def _order(value: DocumentValue, wanted: _Wanted) -> tuple[bool, float]:
    """Doubtful values first, of these the least confident; the others stay in the order of the document."""
    if not value.is_doubtful(wanted.min_confidence):
        return True, 0.0
    return False, value.confidence or 0.0


def _unless_given(values: Sequence[DocumentValue], wanted: _Wanted) -> JsonObject:
    said: JsonObject = {"status": wanted.usual_status}
    cells = [value for value in values if value.kind == "cell"]
    if any(cell.confidence is not None for cell in cells):
        said["cell_confidence"] = f"{wanted.min_confidence:g} or more"
    elif cells:
        said["cell_confidence"] = "not known"
    return said


def _next(answer: JsonObject, count: int, doubtful: int, unverified: int) -> str:
    if answer.get("status") == "pending":
        return "It is still being read: call review_wait."
    if not count:
        return "Nothing was read from it; a person has to look at the file."
    if doubtful:
        return (
            "Look at the doubtful values with review_region, then correct or verify them with review_apply."
        )
    said = "No value is doubtful." if unverified else "Every value is verified."
    if decision := decision_on(answer):
        return f"{said} The file is {decision} already."
    verifying = "review_apply verifies values, " if unverified else ""
    return f"{said} {verifying}review_files approves the file."


def decision_on(answer: JsonObject) -> str:
    """`approved` or `rejected`; empty for a document that still waits for a decision."""
    stage = str(answer.get("verification_stage", "")).strip().casefold()
    return stage if stage in _DECIDED else ""


def _reading(tables: Sequence[JsonObject], wanted: _Wanted) -> str:
    said = [_READING]
    if not wanted.is_everything:
        said.append(_FILTERED_READING)
    if any("cells" in table for table in tables):
        said.append(_LISTED_READING)
    return " ".join(said)


def _remarks(value: DocumentValue, wanted: _Wanted) -> JsonObject:
    """What is to be said of a value beside its text and id."""
    remarks: JsonObject = {}
    if value.confidence is not None and (value.kind == "field" or value.confidence < wanted.min_confidence):
        remarks["confidence"] = round(value.confidence, 3)
    if value.status != wanted.usual_status:
        remarks["status"] = value.status
    if value.message:
        remarks["message"] = value.message
    if value.is_moderated:
        remarks["corrected"] = True
    return remarks


def _field(value: DocumentValue, wanted: _Wanted, several_pages: bool) -> JsonObject:
    shown: JsonObject = {"name": value.name, "value": value.text, "field_data_id": value.id}
    if several_pages:
        shown["page_number"] = value.page_number
    return {**shown, **_remarks(value, wanted)}


def _tables(document: DocumentValues, wanted: _Wanted) -> list[JsonObject]:
    """The tables with a chosen cell, or all if everything is wanted; those with doubtful cells first."""
    told: list[tuple[tuple[bool, float], JsonObject]] = []
    for table in document.tables:
        picked = [cell for cell in table.cells if wanted.includes(cell)]
        if picked or wanted.is_everything:
            first = min((_order(cell, wanted) for cell in picked), default=(True, 0.0))
            told.append((first, _table(table, picked, wanted)))
    return [table for _, table in sorted(told, key=lambda each: each[0])]


def _table(table: DocumentTable, picked: Sequence[DocumentValue], wanted: _Wanted) -> JsonObject:
    shown: JsonObject = {"table_id": table.id, "page_number": table.page_number}
    if table.status not in (UNVERIFIED, wanted.usual_status):
        shown["status"] = table.status
    if table.message:
        shown["message"] = table.message
    if _is_grid(table):
        shown["columns"] = ["row", *(name for _, name in table.columns)]
        shown["rows"] = cast("JsonValue", _rows(table, picked, wanted))
    else:
        ordered = sorted(picked, key=lambda cell: _order(cell, wanted))
        shown["cells"] = [_cell(cell, wanted) for cell in ordered]
    return shown


def _is_grid(table: DocumentTable) -> bool:
    """Whether each place holds one cell at most, columns have one name each, and few places are empty."""
    names, cells = dict(table.columns), table.cells
    places = {(cell.row, cell.column) for cell in cells}
    rows = {cell.row for cell in cells}
    return (
        len(places) == len(cells)
        and len(rows) * len(names) * _MOST_EMPTY_SHARE <= len(cells)
        and all(cell.name in ("", names.get(cell.column or 0)) for cell in cells)
        and list(names) == list(range(len(names)))
    )


def _rows(table: DocumentTable, picked: Sequence[DocumentValue], wanted: _Wanted) -> list[list[JsonValue]]:
    """The rows with a picked cell: number, then the cells by column; a cell not picked is its text alone."""
    grid: dict[int, dict[int, DocumentValue]] = {}
    for cell in table.cells:
        grid.setdefault(cell.row or 0, {})[cell.column or 0] = cell
    first: dict[int, tuple[bool, float]] = {}
    for cell in picked:
        order = _order(cell, wanted)
        first[cell.row or 0] = min(first.get(cell.row or 0, order), order)
    ids = {id(cell) for cell in picked}
    rows: list[list[JsonValue]] = []
    for row in sorted(first, key=lambda number: (first[number], number)):
        shown: list[JsonValue] = [row]
        for column, _ in table.columns:
            cell = grid[row].get(column)
            shown.append(cell and (_compact_cell(cell, wanted) if id(cell) in ids else cell.text))
        rows.append(shown)
    return rows


def _compact_cell(cell: DocumentValue, wanted: _Wanted) -> list[JsonValue]:
    remarks = _remarks(cell, wanted)
    return [cell.text, cell.id, remarks] if remarks else [cell.text, cell.id]


def _cell(cell: DocumentValue, wanted: _Wanted) -> JsonObject:
    shown: JsonObject = {
        "row": cell.row,
        "col": cell.column,
        "header": cell.name,
        "text": cell.text,
        "cell_id": cell.id,
    }
    return {**shown, **_remarks(cell, wanted)}
