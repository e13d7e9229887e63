"""A v4 document as typed values: every field and cell with where it stands, whatever form the answer has.

The service's documents contradict each other about that form, so anything may be missing, fields are a map by
name or a list, and a cell calls its text `text` or `value`. Nothing is left out that could be corrected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...schemas import JsonObject, JsonValue

__all__ = [
    "FAILED",
    "MIN_CONFIDENCE",
    "UNVERIFIED",
    "VERIFIED",
    "Box",
    "DocumentPage",
    "DocumentTable",
    "DocumentValue",
    "DocumentValues",
    "confidence_of",
    "count_unreadable",
    "objects_in",
    "status_of",
    "values_of_document",
]

Box = tuple[float, float, float, float]
"""[x1, y1, x2, y2] from the upper left corner of the page, in pixels of its picture."""

MIN_CONFIDENCE = 0.8
"""Values below this confidence are doubtful unless the caller says another number."""

VERIFIED, UNVERIFIED, FAILED = "verified", "unverified", "failed"


@dataclass(frozen=True, slots=True)
class DocumentValue:
    """One value of a field or a cell.

    `id` is the `field_data_id` or the `cell_id`; `name` that of the field or the header of the column; `row`
    and `column` count from 0 and are None for a field. `confidence` is from 0 to 1, None where the service
    gives none. `status` is as the service has it, `unverified` where it has none. `box` is None for a value
    without a place on the page. Texts may be empty and come from outside.
    """

    kind: Literal["field", "cell"]
    id: str
    name: str
    text: str
    page_id: str
    page_number: int
    table_id: str = ""
    row: int | None = None
    column: int | None = None
    confidence: float | None = None
    status: str = UNVERIFIED
    message: str = ""
    is_moderated: bool = False
    box: Box | None = None

    @property
    def is_verified(self) -> bool:
        """Whether somebody said that the value is right."""
        return self.status == VERIFIED

    def is_doubtful(self, min_confidence: float = MIN_CONFIDENCE) -> bool:
        """Whether nobody has settled the value and it failed a check or its confidence is below the least."""
        if self.is_verified:
            return False
        if self.status == FAILED:
            return True
        is_unsure = self.confidence is not None and self.confidence < min_confidence
        return not self.is_moderated and (is_unsure or self.message != "")


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A table; `columns` are the names of its columns by their number, in order."""

    id: str
    page_id: str
    page_number: int
    columns: tuple[tuple[int, str], ...] = ()
    status: str = UNVERIFIED
    message: str = ""
    box: Box | None = None
    cells: tuple[DocumentValue, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page; `image_url` is empty where the service names no picture."""

    id: str
    number: int
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class DocumentValues:
    """The content of a document, in its own order.

    `unreadable` names what stands where a page, field, table or cell belongs and is none.
    """

    pages: tuple[DocumentPage, ...]
    fields: tuple[DocumentValue, ...]
    tables: tuple[DocumentTable, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[DocumentValue, ...]:
        """The fields, then the cells of all tables."""
        return (*self.fields, *(cell for table in self.tables for cell in table.cells))

    def value(self, kind: Literal["field", "cell"], identity: str) -> DocumentValue | None:
        """The field with this `field_data_id` or the cell with this `cell_id`."""
        return next((each for each in self.values if each.kind == kind and each.id == identity), None)

    def table(self, table_id: str) -> DocumentTable | None:
        """The table with this id."""
        return next((each for each in self.tables if each.id == table_id), None)

    def page(self, number: int) -> DocumentPage | None:
        """The page with this number, from 1."""
        return next((each for each in self.pages if each.number == number), None)


def values_of_document(answer: JsonObject) -> DocumentValues:
    """The values of a v4 document, from the answer of `getDocument`."""
    pages: list[DocumentPage] = []
    fields: list[DocumentValue] = []
    tables: list[DocumentTable] = []
    unreadable = ["a page"] * count_unreadable(answer.get("pages"))
    for index, entry in enumerate(objects_in(answer.get("pages"))):
        number = _whole_number(entry.get("page_number"))
        page = DocumentPage(_text(entry.get("page_id")), number or index + 1, _text(entry.get("image_url")))
        pages.append(page)
        data = entry.get("data")
        if data is not None and not isinstance(data, dict):
            unreadable.append("a page")
        data = data if isinstance(data, dict) else entry
        fields.extend(_fields(data.get("fields"), page))
        tables.extend(_table(table, page) for table in objects_in(data.get("tables")))
        unreadable.extend(_unreadable(data))
    return DocumentValues(tuple(pages), tuple(fields), tuple(tables), tuple(unreadable))


def status_of(entry: JsonObject, table: JsonObject | None = None) -> str:
    """The status of a field, cell or box; a cell without one of its own has that of its table."""
    for holder in (entry, table or {}):
        for key in ("verification_status", "validation_status"):
            if status := _text(holder.get(key)):
                return status
    return UNVERIFIED


def objects_in(value: JsonValue) -> list[JsonObject]:
    """The objects of a list, or the one object that is there instead of a list."""
    if isinstance(value, dict):
        return [value]
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def count_unreadable(value: JsonValue) -> int:
    """How many entries are no objects, where a list of objects belongs."""
    if value is None or isinstance(value, dict):
        return 0
    return sum(not isinstance(entry, dict) for entry in value) if isinstance(value, list) else 1


def _unreadable(data: JsonObject) -> Iterator[str]:
    """What in the fields and tables of a page is no object, by its name where it has one."""
    fields = data.get("fields")
    named = fields.items() if isinstance(fields, dict) else [("a field", fields)]
    for name, found in named:
        yield from [name] * count_unreadable(found)
    yield from ["a table"] * count_unreadable(data.get("tables"))
    for table in objects_in(data.get("tables")):
        yield from ["a cell"] * count_unreadable(table.get("cells"))


def _fields(fields: JsonValue, page: DocumentPage) -> Iterator[DocumentValue]:
    """The values of a page's fields, which are a map from name to values or a list that names each."""
    if isinstance(fields, dict):
        named = ((name, entry) for name, found in fields.items() for entry in objects_in(found))
    else:
        named = ((_text(entry.get("field_name", entry.get("name"))), entry) for entry in objects_in(fields))
    for name, entry in named:
        yield DocumentValue(
            "field",
            _text(entry.get("field_data_id")),
            name,
            _text(entry.get("value", entry.get("text"))),
            page.id,
            page.number,
            confidence=confidence_of(entry),
            status=status_of(entry),
            message=_text(entry.get("verification_message")),
            is_moderated=entry.get("is_moderated") is True,
            box=_box(entry.get("bbox")),
        )


def _cells(table: JsonObject, page: DocumentPage) -> Iterator[DocumentValue]:
    for entry in objects_in(table.get("cells")):
        yield DocumentValue(
            "cell",
            _text(entry.get("cell_id")),
            _text(entry.get("header")) or _text(entry.get("label")),
            _text(entry.get("text", entry.get("value"))),
            page.id,
            page.number,
            _text(table.get("table_id")),
            _whole_number(entry.get("row")) or 0,
            _whole_number(entry.get("col")) or 0,
            confidence=confidence_of(entry),
            status=status_of(entry, table),
            message=_text(entry.get("verification_message")),
            is_moderated=entry.get("is_moderated") is True,
            box=_box(entry.get("bbox")),
        )


def _table(table: JsonObject, page: DocumentPage) -> DocumentTable:
    cells = tuple(_cells(table, page))
    named = table.get("headers")
    columns = dict(enumerate(map(_text, named))) if isinstance(named, list) else {}
    for cell in cells:
        columns[cell.column or 0] = columns.get(cell.column or 0) or cell.name
    return DocumentTable(
        _text(table.get("table_id")),
        page.id,
        page.number,
        tuple(sorted(columns.items())),
        status_of(table),
        _text(table.get("verification_message")),
        _box(table.get("bbox")),
        cells,
    )


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole_number(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _number(value: JsonValue) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # pyright: ignore[reportArgumentType] - a number here


def confidence_of(entry: JsonObject) -> float | None:
    """A share of 1; anything else, such as a percentage, counts as unknown."""
    number = _number(entry["confidence"] if "confidence" in entry else entry.get("score"))
    return number if number is not None and 0 <= number <= 1 else None


def _box(value: JsonValue) -> Box | None:
    """A box whose corners may stand in either order; one without any extent is no place."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [number for number in map(_number, value) if number is not None]
    if len(numbers) != 4:
        return None
    x1, y1, x2, y2 = numbers
    left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    return (left, top, right, bottom) if right > left and bottom > top else None
