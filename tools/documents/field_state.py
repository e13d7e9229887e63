"""The state of the values of a document or file, as the approval rule of a policy judges it.

An answer that is not understood never looks better than it is: what cannot be read counts as a value without
confidence that nobody verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...schemas import JsonObject, JsonValue
from ..untrusted import one_line
from .values import (
    FAILED,
    VERIFIED,
    DocumentValue,
    confidence_of,
    count_unreadable,
    objects_in,
    status_of,
    values_of_document,
)

__all__ = ["FieldState", "fields_of_document", "fields_of_file"]

_CHANGED = "moderated"
_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field or a cell of a document: how sure the service is of it, and what was done to it since.

    `confidence` is from 0 to 1, None where the service gives none. `changed`: the value is not the one that
    the service read, so its confidence no longer applies. `failed`: the value failed a check of the service.
    """

    name: str
    confidence: float | None
    verified: bool
    changed: bool = False
    failed: bool = False


def fields_of_document(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v4 document, from the answer of `getDocument`."""
    document = values_of_document(answer)
    return [*map(_state_of_value, document.values), *map(_unreadable, document.unreadable)]


def fields_of_file(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v2 file, from the answer of `getPredictionFileByFileId`."""
    return [
        state
        for name in ("moderated_images", "unmoderated_images")
        for page in _entries(answer.get(name))
        for state in _of_file_page(page)
    ]


def _state_of_value(value: DocumentValue) -> FieldState:
    name = value.name if value.kind == "field" else f"{value.name} in row {value.row}"
    has_failed = value.status == FAILED or (value.message != "" and not value.is_moderated)
    return FieldState(_short(name), value.confidence, value.is_verified, value.is_moderated, has_failed)


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
        box.get("is_moderated") is True or _CHANGED in (status, box.get("status")),
        status == FAILED,
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
