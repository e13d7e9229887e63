"""The documents of a Nanonets workflow as rows: one for each document, or for each line of their tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import anyio

from ...schemas import JsonObject, load_operations
from ..checks.dates import DayOrder, day_order
from ..checks.numbers import DecimalMark, decimal_mark
from ..checks.plain_name import plain_name
from ..checks.vocabulary import usual_vocabulary
from ..documents.comparison import comparable
from ..documents.field_state import state_of_value
from ..documents.stages import decision_on
from ..documents.values import DocumentValues, values_of_document
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..operation_call import read
from ..review.document_batch import ReadDocuments, read_each
from ..review.queue.search import listed, moment, text
from .row import Conventions, Row

__all__ = [
    "MAX_DOCUMENTS",
    "USUAL_FIELDS",
    "DocumentSelection",
    "Documents",
    "read_documents",
    "usual_fields",
]

MAX_DOCUMENTS = 200
"""So many documents a call reads."""

_PAGE, _MAX_PAGES = 100, 20
USUAL_FIELDS = ("supplier", "number", "date", "due_date", "currency", "total")
_MAX_USUAL = 6
_BEING_READ = frozenset({"pending", "processing", "queued"})
_FAILED = frozenset({"failure", "failed"})
_OF_DOCUMENT = {
    "document.name": "original_document_name",
    "document.stage": "verification_stage",
    "document.uploaded_at": "uploaded_at",
}
_STATUS = "document.status"
_QUANTITIES = ("quantity", "unit_price")


@dataclass(frozen=True, slots=True)
class DocumentSelection:
    """Which documents are to be read, and whether as lines of their tables, which have one of `columns`."""

    workflow_id: str
    document_ids: tuple[str, ...] = ()
    since: datetime | None = None
    statuses: frozenset[str] = frozenset()
    offset: int = 0
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Documents:
    """What was read: rows, names of fields and columns, and what was left out.

    `without_values` counts documents that have none, `sums` the lines that sum up others. `left` are those
    behind the last one that was read or tried; `is_more`: the workflow has further ones than were listed.
    """

    rows: list[Row] = field(default_factory=list[Row])
    fields: list[str] = field(default_factory=list[str])
    columns: list[str] = field(default_factory=list[str])
    read: int = 0
    tried: int = 0
    without_values: int = 0
    sums: int = 0
    left: int = 0
    is_more: bool = False
    failures: dict[str, ToolFailure] = field(default_factory=dict[str, ToolFailure])
    values: dict[str, DocumentValues] = field(default_factory=dict[str, DocumentValues])

    @property
    def names(self) -> list[str]:
        """The names that rows of documents may have."""
        return [*self.fields, *_OF_DOCUMENT, _STATUS]

    @property
    def names_with_columns(self) -> list[str]:
        """The names that rows of lines may have."""
        return [*self.fields, *self.columns, *_OF_DOCUMENT, _STATUS]

    def note_seen(self, context: CallContext, ids: frozenset[str], names: Sequence[str]) -> None:
        """Remember what the caller is shown, so that a write from this look overwrites nothing newer."""
        plain = {plain_name(name) for name in names}
        for document_id in ids & self.values.keys():
            shown = [value for value in self.values[document_id].values if plain_name(value.name) in plain]
            context.guards.seen.note(context.caller, map(state_of_value, shown))


async def read_documents(context: CallContext, wanted: DocumentSelection) -> Documents:
    """The documents that are wanted, the newest first, as far as the time for a call goes.

    Raises:
        ToolFailure: none of them could be read, or the list of them.
    """
    began = anyio.current_time()
    found = Documents()
    ids = list(dict.fromkeys(wanted.document_ids)) or await _listed(context, wanted, found)
    chosen = ids[wanted.offset : wanted.offset + MAX_DOCUMENTS]

    async def look(document_id: str) -> JsonObject:
        index: JsonObject = {"workflow_id": wanted.workflow_id, "document_id": document_id}
        return await read(context, "getDocument", index)

    answers: ReadDocuments[JsonObject] = await read_each(chosen, look, context, began)
    if chosen and not answers.found:
        raise answers.failure(
            load_operations()["getDocument"], "no document could be read.", "Or narrow the request."
        )
    tried = answers.found.keys() | answers.failures.keys()
    # Documents are begun in order, so those that were not tried are the last ones.
    found.tried = next((index for index, each in enumerate(chosen) if each not in tried), len(chosen))
    found.left = len(ids) - wanted.offset - found.tried
    found.failures = answers.failures
    for document_id in chosen[: found.tried]:
        answer = answers.found.get(document_id)
        if answer is not None and (not wanted.document_ids or _is_wanted(answer, wanted)):
            found.read += 1
            _add(found, document_id, answer, wanted)
    found.rows = _with_conventions_of_suppliers(found.rows)
    return found


def usual_fields(names: Sequence[str]) -> list[str]:
    """The fields that are shown if nobody chooses: the usual ones of bills, else the first ones."""
    known = usual_vocabulary().fields
    by_plain = {plain_name(name): name for name in reversed(names)}
    usual = [
        by_plain[first]
        for meaning in USUAL_FIELDS
        if (first := next((name for name in known.get(meaning, ()) if name in by_plain), "")) != ""
    ]
    return usual or list(names[:_MAX_USUAL])


async def _listed(context: CallContext, wanted: DocumentSelection, found: Documents) -> list[str]:
    """The ids of the documents that are wanted by what their list tells; those without values are counted."""
    ids: dict[str, None] = {}
    seen: set[str] = set()
    for page in range(1, _MAX_PAGES + 1):
        arguments: JsonObject = {"workflow_id": wanted.workflow_id, "page": page, "limit": _PAGE}
        rows = listed(await read(context, "listDocuments", arguments), "documents", "data")
        new = [row for row in rows if text(row.get("document_id")) not in seen]
        seen |= {text(row.get("document_id")) for row in new}
        for row in new:
            if not _is_wanted(row, wanted):
                continue
            if not wanted.statuses and _status(row) in ("failed", "processing"):
                found.without_values += 1
            else:
                ids[text(row.get("document_id"))] = None
        if len(rows) < _PAGE or not new:
            return list(ids)
    found.is_more = True
    return list(ids)


def _is_wanted(entry: JsonObject, wanted: DocumentSelection) -> bool:
    uploaded = moment(text(entry.get("uploaded_at")))
    is_new = wanted.since is None or uploaded is None or uploaded >= wanted.since
    return is_new and (not wanted.statuses or _status(entry) in wanted.statuses)


def _status(entry: JsonObject) -> str:
    status = text(entry.get("status")).strip().casefold()
    if status in _FAILED:
        return "failed"
    return "processing" if status in _BEING_READ else decision_on(entry) or "open"


def _add(found: Documents, document_id: str, answer: JsonObject, wanted: DocumentSelection) -> None:
    document = values_of_document(answer)
    found.values[document_id] = document
    found.fields = list(dict.fromkeys([*found.fields, *(value.name for value in document.fields)]))
    columns = [name for table in document.tables for _, name in table.columns if name]
    found.columns = list(dict.fromkeys([*found.columns, *columns]))
    texts: dict[str, str] = {}
    for value in document.fields:
        name, value_text = plain_name(value.name), value.text.strip()
        before = texts.get(name, "")
        texts[name] = (
            value_text
            if not before or value_text == before
            else f"{before}; {value_text}"
            if value_text
            else before
        )
    own = {name: text(answer.get(key)) for name, key in _OF_DOCUMENT.items()} | {_STATUS: _status(answer)}
    texts = {**{plain_name(name): value_text for name, value_text in own.items()}, **texts}
    conventions = _conventions(document, texts)
    if not wanted.columns:
        found.rows.append(Row(document_id, texts, conventions))
        return
    asked = {plain_name(name) for name in wanted.columns}
    for line in _lines(document, asked):
        if _sums_up(line):
            found.sums += 1
        else:
            found.rows.append(Row(document_id, {**texts, **line}, conventions))


def _conventions(document: DocumentValues, texts: dict[str, str]) -> Conventions:
    known = usual_vocabulary()
    every = [value.text for value in document.values]
    stated = next((texts[name] for name in known.fields.get("currency", ()) if texts.get(name)), "")
    currency = known.currency(stated) or stated.upper()[:10]
    return Conventions(decimal_mark(every), day_order(every), currency)


def _with_conventions_of_suppliers(rows: Sequence[Row]) -> list[Row]:
    """What a document does not prove of its marks and dates, all others of its supplier may prove alike."""
    named = usual_vocabulary().fields.get("supplier", ())
    marks: dict[str, set[DecimalMark]] = {}
    orders: dict[str, set[DayOrder]] = {}

    def supplier(row: Row) -> str:
        return comparable(next((value for name in named if (value := row.text(name))), ""))

    for row in rows:
        marks.setdefault(supplier(row), set()).add(row.conventions.mark)
        orders.setdefault(supplier(row), set()).add(row.conventions.order)
    for proven in (*marks.values(), *orders.values()):
        proven.discard("")
    completed: list[Row] = []
    for row in rows:
        name, own = supplier(row), row.conventions
        mark, order = own.mark, own.order
        if name and not mark and len(marks[name]) == 1:
            (mark,) = marks[name]
        if name and not order and len(orders[name]) == 1:
            (order,) = orders[name]
        completed.append(replace(row, conventions=Conventions(mark, order, own.currency)))
    return completed


def _lines(document: DocumentValues, asked: set[str]) -> Iterator[dict[str, str]]:
    """The lines of the tables that have one of the columns asked for, each cell by the name of its column."""
    for table in document.tables:
        names = {number: plain_name(name) for number, name in table.columns}
        if asked.isdisjoint(names.values()):
            continue
        rows: dict[int, dict[str, str]] = {}
        for cell in table.cells:
            name = names.get(cell.column or 0) or plain_name(cell.name)
            rows.setdefault(cell.row or 0, {}).setdefault(name, cell.text)
        yield from (rows[number] for number in sorted(rows))


def _sums_up(line: dict[str, str]) -> bool:
    """Whether a line sums up others, so that adding it to them would count twice."""
    known = usual_vocabulary()
    first = plain_name(next((value for value in line.values() if value.strip()), ""))
    named = any(first == word or first.startswith(f"{word}_") for word in known.sums)
    counted = (line.get(name, "") for meaning in _QUANTITIES for name in known.columns.get(meaning, ()))
    return named and not any(value.strip() for value in counted)
