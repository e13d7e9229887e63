"""A v4 document as typed values: every field and cell with where it stands, whatever form the answer has.

The service's documents contradict each other about that form, so anything may be missing, fields are a map by
name or a list, and a cell calls its text `text` or `value`. Nothing is left out that could be corrected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...schemas import JsonObject, JsonValue
from .boxes import Box, box_of
from .readings import (
    UNVERIFIED,
    VERIFIED,
    confidence_of,
    is_fine_status,
    is_true,
    message_of,
    status_of,
    text_of,
    whole_number_of,
)

__all__ = [
    "MIN_CONFIDENCE",
    "DocumentPage",
    "DocumentTable",
    "DocumentValue",
    "DocumentValues",
    "count_unreadable",
    "objects_in",
    "values_of_document",
]

_PARTS = ("fields", "tables", "pages")
"""Under what values stand in an answer."""

_GROUPS = (*_PARTS, "cells", "values")

MIN_CONFIDENCE = 0.8
"""Values below this confidence are doubtful unless the caller says another number."""


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page. `number` is as the service gives it, and need neither begin with 1 nor be there only once.

    `place` counts from 0 in the answer, and `image_url` is empty where the service names no picture.
    """

    id: str
    number: int
    place: int
    image_url: str = ""


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
    page: DocumentPage
    table_id: str = ""
    row: int | None = None
    column: int | None = None
    confidence: float | None = None
    status: str = UNVERIFIED
    message: str = ""
    is_moderated: bool = False
    box: Box | None = None

    @property
    def page_id(self) -> str:
        """The id of the page that it stands on; empty where the service gives none."""
        return self.page.id

    @property
    def is_verified(self) -> bool:
        """Whether somebody said that the value is right."""
        return self.status == VERIFIED

    def is_doubtful(self, min_confidence: float = MIN_CONFIDENCE) -> bool:
        """Whether nobody has settled the value and it failed a check or its confidence is below the least.

        A status that is not known counts as a failed check. A value without confidence is not doubtful but
        `is_unrated`.
        """
        if self.is_verified:
            return False
        if not is_fine_status(self.status):
            return True
        is_unsure = self.confidence is not None and self.confidence < min_confidence
        return not self.is_moderated and (is_unsure or self.message != "")

    @property
    def is_unrated(self) -> bool:
        """Whether nobody has settled the value and the service does not say readably how sure it is of it."""
        return self.confidence is None and not self.is_verified and not self.is_moderated


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A table; `columns` are the names of its columns by their number, in order."""

    id: str
    page: DocumentPage
    columns: tuple[tuple[int, str], ...] = ()
    status: str = UNVERIFIED
    message: str = ""
    box: Box | None = None
    cells: tuple[DocumentValue, ...] = ()


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

    def pages_numbered(self, number: int) -> list[DocumentPage]:
        """The pages with this number: one, unless the service gives a number twice or not at all."""
        return [each for each in self.pages if each.number == number]

    @property
    def are_numbers_unique(self) -> bool:
        """Whether a number stands for one page."""
        return len({page.number for page in self.pages}) == len(self.pages)


def values_of_document(answer: JsonObject, only: str = "") -> DocumentValues:
    """The values of a v4 document, from the answer of `getDocument`.

    With `only`, of all fields and cells those with this id, and of the columns those that headers name.
    """
    pages: list[DocumentPage] = []
    fields: list[DocumentValue] = []
    tables: list[DocumentTable] = []
    unreadable = ["a page"] * count_unreadable(answer.get("pages"))
    for index, entry in enumerate(objects_in(answer.get("pages"))):
        number = whole_number_of(entry.get("page_number"))
        page = DocumentPage(
            text_of(entry.get("page_id")),
            index + 1 if number is None else number,
            index,
            text_of(entry.get("image_url")),
        )
        pages.append(page)
        data = entry.get("data")
        data = data if isinstance(data, dict) else entry
        if (data is entry and entry.get("data") is not None) or not {"fields", "tables"} & data.keys():
            unreadable.append("a page")
        if data is not entry and any(entry.get(name) for name in _PARTS):
            unreadable.append("a part of a page outside its data")
        fields.extend(_fields(data.get("fields"), page, only))
        tables.extend(_table(table, page, only) for table in objects_in(data.get("tables")))
        unreadable.extend(_unreadable(data))
    return DocumentValues(tuple(pages), tuple(fields), tuple(tables), tuple(unreadable))


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
        yield from (name for entry in objects_in(found) if _holds_values(entry))
    yield from ["a table"] * count_unreadable(data.get("tables"))
    for table in objects_in(data.get("tables")):
        yield from ["a cell"] * count_unreadable(table.get("cells"))
        cells = table.get("cells")
        if cells is None or (not cells and table.get("rows")):
            yield "the cells of a table"
        if isinstance(cells, dict) and "cell_id" not in cells:
            yield "the cells of a table"


def _holds_values(entry: JsonObject) -> bool:
    """Whether what stands for a field is a group of others, which nobody reads."""
    if any(isinstance(entry.get(name), (dict, list)) and entry[name] for name in _GROUPS):
        return True
    is_field = "value" in entry or "text" in entry
    inner = () if is_field else (each for each in entry.values() if isinstance(each, list))
    return any(isinstance(one, dict) for each in inner for one in each)


def _fields(fields: JsonValue, page: DocumentPage, only: str) -> Iterator[DocumentValue]:
    """The values of a page's fields, which are a map from name to values or a list that names each."""
    if isinstance(fields, dict):
        named = ((name, entry) for name, found in fields.items() for entry in objects_in(found))
    else:
        named = ((text_of(entry.get("field_name", entry.get("name"))), entry) for entry in objects_in(fields))
    for name, entry in named:
        identity = text_of(entry.get("field_data_id"))
        if only and identity != only:
            continue
        yield DocumentValue(
            "field",
            identity,
            name,
            text_of(entry.get("value", entry.get("text"))),
            page,
            confidence=confidence_of(entry),
            status=status_of(entry),
            message=message_of(entry),
            is_moderated=is_true(entry.get("is_moderated")),
            box=box_of(entry),
        )


def _cells(table: JsonObject, page: DocumentPage, only: str) -> Iterator[DocumentValue]:
    for entry in objects_in(table.get("cells")):
        identity = text_of(entry.get("cell_id"))
        if only and identity != only:
            continue
        yield DocumentValue(
            "cell",
            identity,
            text_of(entry.get("header")) or text_of(entry.get("label")),
            text_of(entry.get("text", entry.get("value"))),
            page,
            text_of(table.get("table_id")),
            whole_number_of(entry.get("row")) or 0,
            whole_number_of(entry.get("col")) or 0,
            confidence=confidence_of(entry),
            status=status_of(entry, table),
            message=message_of(entry),
            is_moderated=is_true(entry.get("is_moderated")),
            box=box_of(entry),
        )


def _table(table: JsonObject, page: DocumentPage, only: str) -> DocumentTable:
    cells = tuple(_cells(table, page, only))
    named = table.get("headers")
    columns = dict(enumerate(map(text_of, named))) if isinstance(named, list) else {}
    for cell in cells:
        columns[cell.column or 0] = columns.get(cell.column or 0) or cell.name
    return DocumentTable(
        text_of(table.get("table_id")),
        page,
        tuple(sorted(columns.items())),
        status_of(table),
        text_of(table.get("verification_message")),
        box_of(table),
        cells,
    )
