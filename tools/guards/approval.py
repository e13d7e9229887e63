"""What an approval is, and the state of the values that it would approve, read off a service's answer.

An answer that is not understood never looks better than it is: what cannot be read is a value without
confidence that nobody verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation

__all__ = ["FieldState", "approved_document", "fields_of_document", "fields_of_file"]

_VERIFIED = "verified"
_CHANGED = "moderated"
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field or a cell of a document: how sure the service is of it, and what was done to it since.

    `confidence` is from 0 to 1, None where the service gives none. `changed`: the value is not the one that
    the service read, so that its confidence says nothing of it.
    """

    name: str
    confidence: float | None
    verified: bool
    changed: bool = False


def approved_document(operation: Operation, values: JsonObject) -> str:
    """The id of the document or file that a call would approve; empty for a call that approves none.

    Verifying a whole v4 document counts as approving it: it marks every value as verified, reviewed or not.
    """
    if operation.id == "verifyFile":
        return str(values.get("request_file_id", ""))
    if operation.id == "verifyDocument" and values.get("verification_status") != "unverified":
        return str(values.get("document_id", ""))
    return ""


def fields_of_document(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v4 document, from the answer of `getDocument`."""
    return [state for page in _entries(answer.get("pages")) for state in _of_page(page)]


def fields_of_file(answer: JsonObject) -> list[FieldState]:
    """The fields and cells of a v2 file, from the answer of `getPredictionFileByFileId`."""
    pages = [
        *_entries(answer.get("moderated_images")),
        *_entries(answer.get("unmoderated_images")),
    ]
    return [state for page in pages for state in _of_file_page(page)]


def _of_page(page: JsonObject | None) -> Iterator[FieldState]:
    """The values of a page; its fields are a map by name, or a list as some calls answer it."""
    data = {} if page is None else page.get("data") or {}
    if page is None or not isinstance(data, dict):
        yield _unreadable("a page")
        return
    fields = data.get("fields")
    by_name = fields if isinstance(fields, dict) else {"": fields}
    for name, found in by_name.items():
        for entry in _entries(found):
            if entry is None:
                yield _unreadable(name or "a field")
            else:
                yield _state(name or str(entry.get("field_name")), entry)
    for table in _entries(data.get("tables")):
        yield from _of_table(table)


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
            yield _state(str(box.get("label")), box)


def _of_table(table: JsonObject | None) -> Iterator[FieldState]:
    """The cells of a table; a cell without a status of its own has that of its table."""
    if table is None:
        yield _unreadable("a table")
        return
    inherited = {key: table[key] for key in ("verification_status", "validation_status") if key in table}
    for cell in _entries(table.get("cells")):
        if cell is None:
            yield _unreadable("a cell")
            continue
        column = cell.get("header") or cell.get("label")
        own = cell if "verification_status" in cell else {**inherited, **cell}
        yield _state(f"{column} in row {cell.get('row')}", own)


def _state(name: str, entry: JsonObject) -> FieldState:
    """The state of a field, box or cell, whose keys differ between the two interfaces."""
    statuses = [entry.get(key) for key in ("verification_status", "validation_status", "status")]
    return FieldState(
        name=_short(name),
        confidence=_confidence(entry["confidence"] if "confidence" in entry else entry.get("score")),
        verified=_VERIFIED in statuses[:2],
        changed=entry.get("is_moderated") is True or _CHANGED in statuses,
    )


def _confidence(value: JsonValue) -> float | None:
    """A share of 1; what is no such number, a percentage for example, is not known."""
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(cast("float", value)) if is_share else None


def _entries(value: JsonValue) -> Sequence[JsonObject | None]:
    """The objects of a list, None in place of everything else; nothing there is an empty list."""
    if value is None:
        return []
    if not isinstance(value, list):
        return [None]
    return [entry if isinstance(entry, dict) else None for entry in value]


def _unreadable(what: str) -> FieldState:
    return FieldState(_short(what), None, False)


def _short(name: str) -> str:
    """A name fit for a message: names come from outside."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"
