"""A v2 file as the same typed values as a v4 document."""

from __future__ import annotations

from collections.abc import Iterator

from ...schemas import JsonObject
from .boxes import box_of
from .readings import MODERATED, confidence_of, is_true, message_of, status_of, text_of, whole_number_of
from .values import DocumentPage, DocumentTable, DocumentValue, DocumentValues, count_unreadable, objects_in

__all__ = ["is_table_box", "text_of_box", "value_of_box", "values_of_file"]


def values_of_file(answer: JsonObject) -> DocumentValues:
    """The values of a v2 file, from the answer of `getPredictionFileByFileId`."""
    pages: list[DocumentPage] = []
    fields: list[DocumentValue] = []
    tables: list[DocumentTable] = []
    unreadable: list[str] = []
    for name in ("moderated_images", "unmoderated_images"):
        unreadable += ["a page"] * count_unreadable(answer.get(name))
        for entry in objects_in(answer.get(name)):
            number = whole_number_of(entry.get("page"))
            index = len(pages)
            page = DocumentPage(text_of(entry.get("id")), index if number is None else number, index)
            pages.append(page)
            boxes = entry.get("moderated_boxes") or entry.get("predicted_boxes")
            unreadable += ["a box"] * count_unreadable(boxes)
            for box in objects_in(boxes):
                if is_table_box(box):
                    tables.append(_table(box, page))
                else:
                    fields.append(value_of_box(box, page))
    return DocumentValues(tuple(pages), tuple(fields), tuple(tables), tuple(unreadable))


def _table(table: JsonObject, page: DocumentPage) -> DocumentTable:
    cells = tuple(_cells(table, page))
    columns = {cell.column or 0: cell.name for cell in reversed(cells)}
    return DocumentTable(text_of(table.get("id")), page, tuple(sorted(columns.items())), cells=cells)


def _cells(table: JsonObject, page: DocumentPage) -> Iterator[DocumentValue]:
    for cell in objects_in(table.get("cells")):
        yield value_of_box(cell, page, table)


def is_table_box(box: JsonObject) -> bool:
    """Whether a box is that of a table, whose values are its cells."""
    return text_of(box.get("type")).strip().casefold() == "table" or bool(box.get("cells"))


def text_of_box(box: JsonObject) -> str:
    """What stands in a box, or in a cell of one."""
    return text_of(box.get("ocr_text", box.get("text")))


def value_of_box(box: JsonObject, page: DocumentPage, table: JsonObject | None = None) -> DocumentValue:
    """The value of a box that is no table, or of a cell of the `table`."""
    status = status_of(box, table)
    is_moderated = MODERATED in (status, text_of(box.get("status")).casefold())
    return DocumentValue(
        "field" if table is None else "cell",
        text_of(box.get("id")),
        text_of((table is not None and box.get("header")) or box.get("label")),
        text_of_box(box),
        page,
        text_of((table or {}).get("id")),
        None if table is None else whole_number_of(box.get("row")) or 0,
        None if table is None else whole_number_of(box.get("col")) or 0,
        confidence=confidence_of(box),
        status=status,
        message=message_of(box),
        is_moderated=is_true(box.get("is_moderated")) or is_moderated,
        box=box_of(box),
    )
