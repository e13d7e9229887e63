"""The state of the values of a document or file, as the approval rule of a policy judges it.

An answer that is not understood never looks better than it is: what cannot be read counts as a value without
confidence that nobody verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...schemas import JsonObject, JsonValue
from ..untrusted import one_line
from .file_values import is_table_box, text_of_box, value_of_box
from .readings import confidence_of, is_fine_status, lowest, text_of
from .values import (
    MIN_CONFIDENCE,
    DocumentPage,
    DocumentValue,
    count_unreadable,
    objects_in,
    values_of_document,
)

__all__ = [
    "FieldState",
    "fields_in",
    "fields_of_document",
    "fields_of_file",
    "fields_shown",
    "state_of_value",
]

_MAX_NAME = 40
_READ = ("success", "successful", "processed", "completed")
"""The words for a document that was read."""

_ANY_PAGE = DocumentPage("", 0, 0)
"""A state does not say on which page its value stands."""


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field or a cell of a document: how sure the service is of it, and what was done to it since.

    `confidence` is from 0 to 1, None where the service gives none. `changed`: the value is not the one that
    the service read, so its confidence no longer applies. `failed`: the value failed a check of the service,
    or has a status that is not known. `id` is the `field_data_id`, the `cell_id` or the id of a v2 box, empty
    where there is none; `table_id` that of the table in which a cell stands. `place` is where the value
    belongs: its whole name, and for a cell its row and column.
    """

    name: str
    confidence: float | None
    verified: bool
    changed: bool = False
    failed: bool = False
    id: str = ""
    table_id: str = ""
    text: str = ""
    place: tuple[str, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody settled the value and it failed a check or the service is not sure of it."""
        is_unsure = self.confidence is not None and self.confidence < MIN_CONFIDENCE
        return not self.verified and (self.failed or (is_unsure and not self.changed))

    @property
    def bound(self) -> JsonValue:
        """What an agreement about the value is bound to: all that a person may have been shown of it."""
        marks: list[JsonValue] = [self.verified, self.changed, self.failed]
        return [self.id, self.name, self.text, self.confidence, *self.place, *marks]


def fields_of_document(answer: JsonObject, only: str = "") -> list[FieldState]:
    """The fields and cells of a v4 document, from the answer of `getDocument`; `only` is the id of one."""
    document = values_of_document(answer, only)
    states = [*map(state_of_value, document.values), *map(_unreadable, document.unreadable)]
    parts = [answer, *objects_in(answer.get("pages"))]
    return [*states, *(state for part in parts for state in _not_read(part))]


def fields_of_file(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v2 file, from the answer of `getPredictionFileByFileId`."""
    pages = [
        each for name in ("moderated_images", "unmoderated_images") for each in _entries(answer.get(name))
    ]
    return [*(state for page in pages for state in _of_file_page(page)), *_not_read(answer)]


def fields_in(item: JsonValue, only: str = "") -> list[FieldState]:
    """The fields and cells in a file, a document, a page, a table, a field or a cell, whichever it is.

    What is none of these has none. With `only`, a v4 item is read for the values with this id alone, and for
    what is unreadable: that may be one of them.
    """
    if not isinstance(item, dict):
        return []
    if "moderated_images" in item or "unmoderated_images" in item:
        return fields_of_file(item)
    if "moderated_boxes" in item or "predicted_boxes" in item:
        return fields_of_file({"moderated_images": [item]})
    if "pages" in item:
        return fields_of_document(item, only)
    if "field_data_id" in item:
        return fields_of_document({"pages": [{"data": {"fields": [item]}}]}, only)
    if "cell_id" in item:
        return fields_of_document({"pages": [{"data": {"tables": [{"cells": [item]}]}}]}, only)
    if "table_id" in item:
        return fields_of_document({"pages": [{"data": {"tables": [item]}}]}, only)
    return fields_of_document({"pages": [item]}, only) if isinstance(item.get("data"), dict) else []


def fields_shown(answer: JsonObject) -> list[FieldState]:
    """The fields and cells that an answer of any reading operation shows, for what has an id at least."""
    if isinstance(answer.get("result"), list):
        return fields_of_file({"moderated_images": answer["result"]})
    if "pages" not in answer and ("fields" in answer or "tables" in answer):
        return fields_of_document({"pages": [{"data": answer}]})
    return fields_in(answer)


def state_of_value(value: DocumentValue) -> FieldState:
    """The state of a value of a v4 document."""
    name = value.name if value.kind == "field" else f"{value.name} in row {value.row}"
    return FieldState(
        _short(name),
        value.confidence,
        value.is_verified,
        value.is_moderated,
        _has_failed(value),
        value.id,
        value.table_id,
        value.text,
        (value.name, text_of(value.row), text_of(value.column)),
    )


def _of_file_page(page: JsonObject | None) -> Iterator[FieldState]:
    if page is None:
        yield _unreadable("a page")
        return
    predicted = _entries(page.get("predicted_boxes"))
    moderated = _entries(page.get("moderated_boxes"))
    boxes = moderated or predicted
    if not boxes:
        yield _unreadable("a page without values")
    yield from _not_read(page)
    reading = _Reading(predicted if moderated else ())
    for box in boxes:
        yield from [_unreadable("a box")] if box is None else _of_box(box, reading)
    yield from _removed(predicted, moderated)


class _Reading:
    """What the service read first on a page. Without any, every box is as it was read."""

    def __init__(self, predicted: Sequence[JsonObject | None]) -> None:
        parts = [each for box in predicted if box for each in _with_cells(box)]
        self._is_empty = not parts
        self._by_id = {identity: each for each in parts if (identity := text_of(each.get("id")))}
        self._by_text = {(_name_of(each), text_of_box(each)): each for each in parts}

    def of(self, box: JsonObject, table: JsonObject | None) -> JsonObject | None:
        """What was read where now this box, or cell of the table, is; None for one that was added."""
        read_table = self._by_id.get(text_of(table.get("id"))) if table else None
        # The service leaves the cells out where they are still as they were read.
        if self._is_empty or (read_table and not read_table.get("cells")):
            return box
        known = self._by_id.get(text_of(box.get("id")))
        return known or self._by_text.get((_name_of(box), text_of_box(box)))


def _is_same(read: JsonObject, box: JsonObject) -> bool:
    """Whether a box shows what was read; rows count anew when one is removed."""
    is_there = _label_of(read) == _label_of(box) and text_of(read.get("col")) == text_of(box.get("col"))
    return is_there and text_of_box(read) == text_of_box(box)


def _label_of(box: JsonObject) -> str:
    """The name of a box, or the column of a cell."""
    return text_of(("row" in box and box.get("header")) or box.get("label"))


def _name_of(box: JsonObject) -> str:
    """The name of a box, or the column of a cell with its row."""
    return f"{_label_of(box)} in row {text_of(box['row'])}" if "row" in box else _label_of(box)


def _removed(
    predicted: Sequence[JsonObject | None], moderated: Sequence[JsonObject | None]
) -> Iterator[FieldState]:
    """What was read and is not there any more: one that nobody had reason to doubt counts as settled.

    A box or cell of the same name stands for one that was removed, if it was not read itself.
    """
    if not moderated:
        return
    read = [*_parts(predicted)]
    ids = {text_of(part.get("id")) for part, _ in read} - {""}
    kept = {text_of(part.get("id")) for part, _ in _parts(moderated)} - {""}
    new = Counter(_name_of(part) for part, _ in _parts(moderated) if text_of(part.get("id")) not in ids)
    tables = {text_of(box.get("id")) for box in moderated if box}
    for box in predicted:
        if box and box.get("cells") is None and is_table_box(box) and text_of(box.get("id")) not in tables:
            yield _unreadable("the cells of a table, removed")
    for part, table in read:
        if text_of(part.get("id")) in kept:
            continue
        name = _name_of(part)
        if new[name]:
            new[name] -= 1
            continue
        state = _state_of_box(name, part, _Reading(()), table)
        is_sure = state.confidence is not None and state.confidence >= MIN_CONFIDENCE
        settled = state.verified or (is_sure and not state.failed)
        yield replace(state, name=f"{state.name}, removed", verified=settled)


def _parts(boxes: Sequence[JsonObject | None]) -> Iterator[tuple[JsonObject, JsonObject | None]]:
    """The boxes that are no tables, and the cells of those that are, each with its table."""
    for box in boxes:
        if box and is_table_box(box):
            yield from ((cell, box) for cell in objects_in(box.get("cells")))
        elif box:
            yield box, None


def _with_cells(box: JsonObject) -> Iterator[JsonObject]:
    yield box
    yield from objects_in(box.get("cells"))


def _of_box(box: JsonObject, reading: _Reading) -> Iterator[FieldState]:
    """The states of a box, or of its cells."""
    if not is_table_box(box):
        if any(box.get(name) for name in ("boxes", "fields")):
            yield _unreadable("boxes inside a box")
        yield _state_of_box(_name_of(box), box, reading)
        return
    if box.get("cells") is None or (not box["cells"] and box.get("rows")):
        yield _unreadable("the cells of a table")
    for cell in _entries(box.get("cells")):
        if cell is None:
            yield _unreadable("a cell")
        else:
            yield _state_of_box(_name_of({"row": None, **cell}), cell, reading, box)


def _state_of_box(
    name: str, box: JsonObject, reading: _Reading, table: JsonObject | None = None
) -> FieldState:
    value = value_of_box(box, _ANY_PAGE, table)
    own_status = text_of(box.get("status"))
    read = reading.of(box, table)
    is_another = read is None or not _is_same(read, box)
    contradicts = own_status != "" and not is_fine_status(own_status)
    return FieldState(
        _short(name),
        # Whoever writes a page also writes its scores.
        value.confidence if read is None else lowest([value.confidence, confidence_of(read)]),
        value.is_verified and not contradicts,
        is_another or value.is_moderated,
        _has_failed(value) or contradicts,
        value.id,
        value.table_id,
        value.text,
        (_label_of(box), text_of(box.get("row")), text_of(box.get("col"))),
    )


def _has_failed(value: DocumentValue) -> bool:
    """Whether a status is not fine, or the value was not changed since a rule of the service found fault."""
    return not is_fine_status(value.status) or (value.message != "" and not value.is_moderated)


def _not_read(answer: JsonObject) -> Iterator[FieldState]:
    """What stands for a document or page that the service has not read, or could not."""
    status = text_of(answer.get("status")).strip()
    if status and status.casefold() not in _READ:
        yield _unreadable(f"its content, which is {status}")


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
