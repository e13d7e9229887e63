"""The state of the values of a document or file, as the approval rule of a policy judges it.

An answer that is not understood never looks better than it is: what cannot be read counts as a value without
confidence that nobody verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...schemas import JsonObject, JsonValue
from ..untrusted import one_line
from .readings import MODERATED, VERIFIED, confidence_of, is_fine_status, is_true, status_of, text_of
from .values import DocumentValue, count_unreadable, objects_in, values_of_document

__all__ = ["FieldState", "fields_in", "fields_of_document", "fields_of_file", "state_of_value"]

_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field or a cell of a document: how sure the service is of it, and what was done to it since.

    `confidence` is from 0 to 1, None where the service gives none. `changed`: the value is not the one that
    the service read, so its confidence no longer applies. `failed`: the value failed a check of the service,
    or has a status that is not known. `id` is the `field_data_id`, the `cell_id` or the id of a v2 box, empty
    where there is none; `table_id` that of the table in which a cell stands.
    """

    name: str
    confidence: float | None
    verified: bool
    changed: bool = False
    failed: bool = False
    id: str = ""
    table_id: str = ""
    text: str = ""


def fields_of_document(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v4 document, from the answer of `getDocument`."""
    document = values_of_document(answer)
    return [*map(state_of_value, document.values), *map(_unreadable, document.unreadable)]


def fields_of_file(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v2 file, from the answer of `getPredictionFileByFileId`."""
    return [
        state
        for name in ("moderated_images", "unmoderated_images")
        for page in _entries(answer.get(name))
        for state in _of_file_page(page)
    ]


def fields_in(item: JsonValue) -> list[FieldState]:
    """The fields and cells in a file, a document, a page, a table, a field or a cell, whichever it is.

    What is none of these has none.
    """
    if not isinstance(item, dict):
        return []
    if "moderated_images" in item or "unmoderated_images" in item:
        return fields_of_file(item)
    if "pages" in item:
        return fields_of_document(item)
    if "field_data_id" in item:
        return fields_of_document({"pages": [{"data": {"fields": [item]}}]})
    if "cell_id" in item:
        return fields_of_document({"pages": [{"data": {"tables": [{"cells": [item]}]}}]})
    if "table_id" in item:
        return fields_of_document({"pages": [{"data": {"tables": [item]}}]})
    return fields_of_document({"pages": [item]}) if isinstance(item.get("data"), dict) else []


def state_of_value(value: DocumentValue) -> FieldState:
    """The state of a value of a v4 document."""
    name = value.name if value.kind == "field" else f"{value.name} in row {value.row}"
    has_failed = not is_fine_status(value.status) or (value.message != "" and not value.is_moderated)
    return FieldState(
        _short(name),
        value.confidence,
        value.is_verified,
        value.is_moderated,
        has_failed,
        value.id,
        value.table_id,
        value.text,
    )


def _of_file_page(page: JsonObject | None) -> Iterator[FieldState]:
    if page is None:
        yield _unreadable("a page")
        return
    for box in _entries(page.get("moderated_boxes") or page.get("predicted_boxes")):
        if box is None:
            yield _unreadable("a box")
        elif box.get("type") == "table" or box.get("cells"):
            yield from _of_table(box)
        else:
            yield _state_of_box(str(box.get("label")), box)


def _of_table(table: JsonObject) -> Iterator[FieldState]:
    for cell in _entries(table.get("cells")):
        if cell is None:
            yield _unreadable("a cell")
        else:
            column = cell.get("header") or cell.get("label")
            yield _state_of_box(f"{column} in row {cell.get('row')}", cell, table)


def _state_of_box(name: str, box: JsonObject, table: JsonObject | None = None) -> FieldState:
    status = status_of(box, table)
    return FieldState(
        _short(name),
        confidence_of(box),
        status == VERIFIED,
        is_true(box.get("is_moderated")) or MODERATED in (status, text_of(box.get("status")).casefold()),
        not is_fine_status(status),
        text_of(box.get("id")),
        text_of((table or {}).get("id")),
        text_of(box.get("ocr_text", box.get("text"))),
    )


def _entries(value: JsonValue) -> list[JsonObject | None]:
    """The objects of a list, and None for each entry that is no object."""
    if isinstance(value, dict):
        return [None]
    return [*objects_in(value), *[None] * count_unreadable(value)]


def _unreadable(what: str) -> FieldState:
    return FieldState(_short(what), None, False)


def _short(name: str) -> str:
    """A name fit for a message: names are untrusted text."""
    plain = one_line(name)
    return plain if len(plain) <= _MAX_NAME else f"{plain[: _MAX_NAME - 1]}…"
