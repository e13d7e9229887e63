"""How `review_document` shows values: fields one by one, cells in the rows of their tables.

Doubtful ones come first. What is as expected is returned once for all, under `unless_given`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from ...schemas import JsonObject, JsonValue
from ..documents.comparison import comparable
from ..documents.readings import UNVERIFIED
from ..documents.values import DocumentTable, DocumentValue, DocumentValues

__all__ = ["ViewRequest", "field_entry", "order_of", "reading_of", "rows_left_out", "table_entries"]

_MAX_EMPTY_SHARE = 0.5
"""A table with a larger share of empty cells is returned cell by cell."""

_READING = (
    "A row starts with its number, followed by one cell per column. A cell is [text, cell_id]; a third part"
    " contains whatever differs from unless_given."
)
_FILTERED_READING = (
    "A plain string is a cell that does not match the request; it only shows what the row is about."
)
_LISTED_READING = "Some tables are not a regular grid; their cells are listed one by one."
_NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """Which values the caller asked for, and what is left unsaid of each.

    `search` is as `comparable` gives it. With `first_row`, rows come in the order of their numbers from this
    one on. `rates_cells`: the confidence of cells is known, so that one without any is marked.
    """

    show: str
    search: str
    page_number: int | None
    page_id: str
    table_id: str
    first_row: int | None
    min_confidence: float
    usual_status: str = UNVERIFIED
    rates_cells: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether no value is left out."""
        return self.show == "all" and not self.search and self.page_number is None and not self._is_part

    def includes(self, value: DocumentValue) -> bool:
        """Whether the caller asked for this value."""
        if self.page_number is not None and value.page.number != self.page_number:
            return False
        if self.page_id and value.page_id != self.page_id:
            return False
        if self.table_id and value.table_id != self.table_id:
            return False
        if self.first_row is not None and (value.row is None or value.row < self.first_row):
            return False
        if self.search and self.search not in comparable(f"{value.name}\n{value.text}"):
            return False
        return self._is_shown(value)

    @property
    def _is_part(self) -> bool:
        return bool(self.page_id or self.table_id) or self.first_row is not None

    def _is_shown(self, value: DocumentValue) -> bool:
        match self.show:
            case "doubtful":
                return value.is_doubtful(self.min_confidence)
            case "unverified":
                return not value.is_verified
            case "corrected":
                return value.is_moderated
            case _:
                return True


def order_of(value: DocumentValue, wanted: ViewRequest) -> tuple[bool, float]:
    """Doubtful values first, of these the least confident; the others stay in the order of the document."""
    if wanted.first_row is not None or not value.is_doubtful(wanted.min_confidence):
        return True, 0.0
    return False, value.confidence or 0.0


def field_entry(value: DocumentValue, wanted: ViewRequest, document: DocumentValues) -> JsonObject:
    """A field with its id, its page where there are several, and what is to be said of it."""
    shown: JsonObject = {"name": value.name, "value": value.text, "field_data_id": value.id}
    if len(document.pages) > 1:
        shown["page_number"] = value.page.number
        if not document.are_numbers_unique:
            shown["page_id"] = value.page_id
    return {**shown, **_remarks(value, wanted)}


def table_entries(document: DocumentValues, wanted: ViewRequest) -> list[JsonObject]:
    """The tables with a chosen cell, or all if everything is wanted; those with doubtful cells first."""
    rated: list[tuple[tuple[bool, float], JsonObject]] = []
    for table in document.tables:
        picked = [cell for cell in table.cells if wanted.includes(cell)]
        if picked or wanted.is_everything:
            first = min((order_of(cell, wanted) for cell in picked), default=(True, 0.0))
            shown = _table(table, picked, wanted)
            if not document.are_numbers_unique:
                shown["page_id"] = table.page.id
            rated.append((first, shown))
    return [table for _, table in sorted(rated, key=lambda each: each[0])]


def reading_of(tables: Sequence[JsonObject], wanted: ViewRequest) -> str:
    """How the tables are to be read."""
    sentences = [_READING]
    if not wanted.is_everything:
        sentences.append(_FILTERED_READING)
    if any("cells" in table for table in tables):
        sentences.append(_LISTED_READING)
    return " ".join(sentences)


def rows_left_out(whole: JsonObject, kept: JsonObject) -> list[JsonValue]:
    """The arguments that get the rows that were cut off, by table, from the first missing one on."""
    left_out: list[JsonValue] = []
    tables, cut = _listed(whole.get("tables")), _listed(kept.get("tables"))
    for index, table in enumerate(tables):
        shown = len(_rows_of(cut[index])) if index < len(cut) else 0
        if missing := _rows_of(table)[shown:]:
            left_out.append({"table_id": table["table_id"], "first_row": min(map(_number_of, missing))})
    return left_out


def _listed(tables: JsonValue) -> list[JsonObject]:
    return cast("list[JsonObject]", tables) if isinstance(tables, list) else []


def _rows_of(table: JsonObject) -> list[JsonValue]:
    """The rows of a shown table, or its cells where these stand one by one."""
    rows = table.get("rows", table.get("cells"))
    return rows if isinstance(rows, list) else []


def _number_of(row: JsonValue) -> int:
    """The number of a shown row, or of the row of a shown cell; a cut one may have lost it."""
    first = row.get("row") if isinstance(row, dict) else row[0] if isinstance(row, list) and row else None
    return first if isinstance(first, int) else 0


def _remarks(value: DocumentValue, wanted: ViewRequest) -> JsonObject:
    """What is to be said of a value beside its text and id."""
    remarks: JsonObject = {}
    if value.confidence is not None and (value.kind == "field" or value.confidence < wanted.min_confidence):
        remarks["confidence"] = round(value.confidence, 3)
    elif value.is_unrated and (value.kind == "field" or wanted.rates_cells):
        remarks["confidence"] = _NOT_KNOWN
    if value.status != wanted.usual_status:
        remarks["status"] = value.status
    if value.message:
        remarks["message"] = value.message
    if value.is_moderated:
        remarks["corrected"] = True
    return remarks


def _table(table: DocumentTable, picked: Sequence[DocumentValue], wanted: ViewRequest) -> JsonObject:
    shown: JsonObject = {"table_id": table.id, "page_number": table.page.number}
    if table.status not in (UNVERIFIED, wanted.usual_status):
        shown["status"] = table.status
    if table.message:
        shown["message"] = table.message
    if _is_grid(table):
        shown["columns"] = [name for _, name in table.columns]
        shown["rows"] = cast("JsonValue", _rows(table, picked, wanted))
    else:
        shown["cells"] = [_cell(cell, wanted) for cell in _ordered(picked, wanted)]
    return shown


def _ordered(cells: Iterable[DocumentValue], wanted: ViewRequest) -> list[DocumentValue]:
    if wanted.first_row is not None:
        return sorted(cells, key=lambda cell: cell.row or 0)
    return sorted(cells, key=lambda cell: order_of(cell, wanted))


def _is_grid(table: DocumentTable) -> bool:
    """Whether each place holds one cell at most, columns have one name each, and few places are empty."""
    names, cells = dict(table.columns), table.cells
    positions = {(cell.row, cell.column) for cell in cells}
    rows = {cell.row for cell in cells}
    return (
        len(positions) == len(cells)
        and len(rows) * len(names) * _MAX_EMPTY_SHARE <= len(cells)
        and all(cell.name in ("", names.get(cell.column or 0)) for cell in cells)
        and list(names) == list(range(len(names)))
    )


def _rows(
    table: DocumentTable, picked: Sequence[DocumentValue], wanted: ViewRequest
) -> list[list[JsonValue]]:
    """The rows with a picked cell: number, then the cells by column; a cell not picked is its text alone."""
    grid: dict[int, dict[int, DocumentValue]] = {}
    for cell in table.cells:
        grid.setdefault(cell.row or 0, {})[cell.column or 0] = cell
    first: dict[int, tuple[bool, float]] = {}
    for cell in picked:
        order = order_of(cell, wanted)
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


def _compact_cell(cell: DocumentValue, wanted: ViewRequest) -> list[JsonValue]:
    remarks = _remarks(cell, wanted)
    return [cell.text, cell.id, remarks] if remarks else [cell.text, cell.id]


def _cell(cell: DocumentValue, wanted: ViewRequest) -> JsonObject:
    shown: JsonObject = {
        "row": cell.row,
        "col": cell.column,
        "header": cell.name,
        "text": cell.text,
        "cell_id": cell.id,
    }
    return {**shown, **_remarks(cell, wanted)}
