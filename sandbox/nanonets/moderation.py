"""The v4 moderation calls: change, add, delete and verify values of a document.

A rejected document never changes; a changed value is marked as moderated.
"""

from __future__ import annotations

from typing import Any

from ..service import Call, handles
from .bodies import (
    box_at,
    invalid,
    number_at,
    object_in,
    objects_at,
    text_at,
    texts_at,
    verification_at,
)
from .state import (
    Cell,
    Document,
    Field,
    NanonetsState,
    Page,
    Table,
    not_found,
    refuse_if_final,
)
from .views import moderated_cell, moderated_field, moderated_table

__all__: list[str] = []


def changeable_document(state: NanonetsState, call: Call) -> Document:
    """The document of a call, if it may be changed."""
    document = state.document(call.path["workflow_id"], call.path["document_id"])
    refuse_if_final(state, document)
    return document


def changeable_page(state: NanonetsState, call: Call) -> Page:
    """The page of a call, if its document may be changed."""
    return state.page(changeable_document(state, call), call.path["page_id"])


def field_on(page: Page, call: Call) -> Field:
    """The value that a call names."""
    wanted = call.path["field_data_id"]
    for value in page.fields:
        if value.id == wanted:
            return value
    raise not_found("Field", wanted)


def table_on(page: Page, call: Call) -> Table:
    """The table that a call names."""
    wanted = call.path["table_id"]
    for table in page.tables:
        if table.id == wanted:
            return table
    raise not_found("Table", wanted)


def cell_in(table: Table, call: Call) -> Cell:
    """The cell that a call names."""
    wanted = call.path["cell_id"]
    for cell in table.cells:
        if cell.id == wanted:
            return cell
    raise not_found("Table cell", wanted)


@handles("updateFieldValue")
def update_field_value(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Correct a value."""
    page = changeable_page(state, call)
    value = field_on(page, call)
    text = text_at(object_in(call.body), "value")
    page.keep_first_reading()
    value.value = text
    value.is_moderated = True
    return moderated_field(value)


@handles("addFieldValue")
def add_field_value(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Add a value that was not read."""
    page = changeable_page(state, call)
    body = object_in(call.body)
    value = Field(
        state.new_id(),
        text_at(body, "field_name"),
        text_at(body, "value"),
        box_at(body),
        confidence_in(body),
        verification_at(body, required=False),
        text_at(body, "verification_message", ""),
        is_moderated=True,
    )
    page.keep_first_reading()
    page.fields.append(value)
    return moderated_field(value)


@handles("deleteFieldValue")
def delete_field_value(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a value."""
    page = changeable_page(state, call)
    value = field_on(page, call)
    page.keep_first_reading()
    page.fields.remove(value)
    return deleted("Field value")


@handles("addTable")
def add_table(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Add a table, with cells or without."""
    page = changeable_page(state, call)
    body = object_in(call.body)
    table = Table(
        state.new_id(),
        box_at(body),
        texts_at(body, "headers"),
        [new_cell(state, cell) for cell in objects_at(body, "cells")],
        verification_at(body, required=False),
        text_at(body, "verification_message", ""),
        is_moderated=True,
    )
    page.keep_first_reading()
    page.tables.append(table)
    return moderated_table(table)


@handles("deleteTable")
def delete_table(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a table with its cells."""
    page = changeable_page(state, call)
    table = table_on(page, call)
    page.keep_first_reading()
    page.tables.remove(table)
    return deleted("Table")


@handles("updateTableCellValue")
def update_table_cell_value(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Correct a cell."""
    page = changeable_page(state, call)
    cell = cell_in(table_on(page, call), call)
    text = text_at(object_in(call.body), "value")
    page.keep_first_reading()
    cell.text = text
    cell.is_moderated = True
    return moderated_cell(cell)


@handles("addTableCell")
def add_table_cell(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Add a cell to a table."""
    page = changeable_page(state, call)
    table = table_on(page, call)
    cell = new_cell(state, object_in(call.body))
    page.keep_first_reading()
    table.cells.append(cell)
    return moderated_cell(cell)


@handles("deleteTableCell")
def delete_table_cell(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a cell."""
    page = changeable_page(state, call)
    table = table_on(page, call)
    cell = cell_in(table, call)
    page.keep_first_reading()
    table.cells.remove(cell)
    return deleted("Table cell")


@handles("verifyField")
def verify_field(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Mark a value as verified, or take the mark back."""
    value = field_on(changeable_page(state, call), call)
    mark(value, object_in(call.body))
    return moderated_field(value)


@handles("verifyTableCell")
def verify_table_cell(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Mark a cell as verified, or take the mark back."""
    cell = cell_in(table_on(changeable_page(state, call), call), call)
    mark(cell, object_in(call.body))
    return moderated_cell(cell)


@handles("verifyTable")
def verify_table(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Mark a table and all of its cells."""
    table = table_on(changeable_page(state, call), call)
    mark(table, object_in(call.body))
    for cell in table.cells:
        cell.verification_status, cell.verification_message = table.verification_status, ""
    return moderated_table(table)


@handles("verifyDocument")
def verify_document(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Mark a document and all of its values; the answer lists the fields, it does not map them."""
    document = changeable_document(state, call)
    mark(document, object_in(call.body))
    pages = state.visible_pages(document)
    for page in pages:
        for part in [*page.fields, *page.tables, *(cell for table in page.tables for cell in table.cells)]:
            part.verification_status, part.verification_message = document.verification_status, ""
    return {
        "document_id": document.id,
        "status": document.verification_status,
        "verification_status": document.verification_status,
        "verification_message": document.verification_message,
        "pages": [
            {
                "page_id": page.id,
                "page_number": page.number,
                "fields": [moderated_field(value) for value in page.fields],
                "tables": [moderated_table(table) for table in page.tables],
            }
            for page in pages
        ],
    }


def mark(part: Field | Cell | Table | Document, body: dict[str, Any]) -> None:
    """Set the verification of one part to what a body says."""
    status = verification_at(body, required=True)
    part.verification_status = status
    part.verification_message = text_at(body, "verification_message", "")


def new_cell(state: NanonetsState, body: dict[str, Any]) -> Cell:
    """A cell that somebody adds."""
    row, column = number_at(body, "row"), number_at(body, "col")
    if row < 0 or column < 0 or row != int(row) or column != int(column):
        raise invalid("row and col are whole numbers from 0")
    return Cell(
        state.new_id(),
        int(row),
        int(column),
        text_at(body, "header"),
        text_at(body, "text"),
        box_at(body),
        1.0,
        verification_at(body, required=False),
        text_at(body, "verification_message", ""),
        is_moderated=True,
    )


def confidence_in(body: dict[str, Any]) -> float:
    """The confidence of a value that somebody adds: certain unless the request says otherwise."""
    confidence = number_at(body, "confidence", 1.0)
    if not 0 <= confidence <= 1:
        raise invalid("confidence must be between 0 and 1", parameter="confidence")
    return confidence


def deleted(thing: str) -> dict[str, Any]:
    """The answer to a deletion."""
    return {"success": True, "message": f"{thing} deleted successfully"}
