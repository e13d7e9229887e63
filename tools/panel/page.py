"""`review_panel_page`: one page for the panel, its picture and every value with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import cast

from anyio import to_thread

from ...schemas import JsonObject, JsonValue, Operation
from ..beside_loop import beside_loop
from ..documents.values import DocumentPage, DocumentTable, DocumentValue
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..journal.entries import Entry, JournalFault
from ..json_text import compact, shortened
from ..results.reply import Reply
from ..results.untrusted_paths import untrusted_paths
from ..untrusted import without_hidden
from .document import PanelDocument, read_document
from .picture import MAX_CHARACTERS, MIN_CHARACTERS, PagePicture, page_picture

__all__ = ["run"]

_LIMIT = 118_000
"""Room is left for the note on untrusted text, so that the whole has at most 120,000 characters."""

_MAX_BESIDE_PICTURE = _LIMIT - MIN_CHARACTERS - 200
_LONG_TEXT, _LONG_NAME = 300, 80
_MAX_ENTRIES = 300
_MAX_CHECKS, _MAX_CHECK_VALUES = 50, 40
_NOT_WHOLE = "The page's image file is incomplete; the readable part is shown."


@dataclass(frozen=True)
class _Page:
    """A page of a document, with the last journal entry about each of its values."""

    document: PanelDocument
    number: int
    page: DocumentPage
    entries: Mapping[str, Entry]

    @cached_property
    def values(self) -> list[DocumentValue]:
        """The values on this page."""
        return [each for each in self.document.values.values if each.page.place == self.page.place]

    @property
    def has_boxes_in_shares(self) -> bool:
        """Whether a box is given in shares of the page, so that its size has to be known."""
        return any(each.box is not None and max(each.box) <= 1 for each in self.values)

    @property
    def tables(self) -> list[DocumentTable]:
        """The tables on this page."""
        return [each for each in self.document.values.tables if each.page.place == self.page.place]


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The page that was asked for."""
    document = await read_document(operation, values, context)
    number = cast("int", values["page_number"])
    entries = await _entries_about(document, context)
    page = _Page(document, number, document.pages[number], entries)
    structured = await beside_loop(document.answer, partial(_structured, page))
    if values.get("picture", True) or page.has_boxes_in_shares:
        room = min(MAX_CHARACTERS, _LIMIT - len(compact(structured)))
        picture, note = await _picture(page, room, context)
        _add_picture(structured, page, picture)
        structured["picture_note"] = note
        if picture is not None and values.get("picture", True):
            structured["picture"] = picture.as_object()
    return Reply(structured, untrusted=tuple(untrusted_paths(operation, structured)))


async def _picture(page: _Page, room: int, context: CallContext) -> tuple[PagePicture | None, str | None]:
    """The picture of a page, and what is to be said of it."""
    url = page.document.image_url(page.page)
    if not url:
        return None, "The service has no image of this page."
    try:
        content = await context.upstream.picture(url)
        picture = await to_thread.run_sync(partial(page_picture, content, room))
    except ToolFailure as failure:
        return None, failure.message
    except ValueError as error:
        return None, f"The page image cannot be shown: {error}."
    return picture, None if picture.is_whole else _NOT_WHOLE


async def _entries_about(document: PanelDocument, context: CallContext) -> dict[str, Entry]:
    """The newest journal entry about each field and cell, by its id; none if the journal cannot be read."""
    journal = context.guards.journal
    if journal is None:
        return {}
    try:
        entries = await journal.entries(about=(document.document_id,), limit=_MAX_ENTRIES)
    except JournalFault:
        return {}
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.outcome != "not done":
            for identity in entry.opening.about:
                newest.setdefault(identity, entry)
    return newest


def _structured(page: _Page) -> JsonObject:
    """All but the picture and what follows from its size; texts are cut where a page would be too large."""
    document = page.document
    structured: JsonObject = {
        "document": document.as_object(),
        "page": {"page_number": page.number, "page_id": page.page.id, "width": 0, "height": 0},
        "picture": None,
        "picture_note": None,
        "values": [_entry_of(page, value) for value in page.values],
        "tables": [_table(table) for table in page.tables],
        "checks": _checks(document),
    }
    if len(compact(structured)) > _MAX_BESIDE_PICTURE:
        _cut(structured)
    values = cast("list[JsonValue]", structured["values"])
    size, left_out = len(compact(structured)), 0
    while size > _MAX_BESIDE_PICTURE and values:
        size -= len(compact(values.pop())) + 1
        left_out += 1
    if left_out:
        structured["left_out"] = {"values": left_out}
    return structured


def _entry_of(page: _Page, value: DocumentValue) -> JsonObject:
    is_cell = value.kind == "cell"
    return {
        "id": value.id,
        "kind": value.kind,
        "name": value.name,
        "value": value.text,
        "confidence": value.confidence,
        "box": None if value.box is None else list[JsonValue](map(_plain, value.box)),
        "status": value.status,
        "doubtful": value.is_doubtful(),
        "why": page.document.why(value) or None,
        "message": value.message or None,
        "corrected": value.is_moderated,
        "table_id": value.table_id if is_cell else None,
        "row": value.row,
        "column": value.column,
        "last_entry": _entry(page.entries.get(value.id)) if value.id else None,
    }


def _entry(entry: Entry | None) -> JsonObject | None:
    if entry is None:
        return None
    is_undoable = entry.undone_by is None and entry.closing is not None and bool(entry.closing.undo)
    return {
        "entry": entry.number,
        "tool": entry.opening.tool,
        "who": entry.opening.caller.user,
        "when": entry.at[:19] + "Z",
        "undoable": is_undoable,
    }


def _table(table: DocumentTable) -> JsonObject:
    """The columns stand at their numbers; one that has no name is empty."""
    names = dict(table.columns)
    columns: list[JsonValue] = [names.get(each, "") for each in range(max(names, default=-1) + 1)]
    return {"id": table.id, "name": "", "columns": columns}


def _checks(document: PanelDocument) -> list[JsonValue]:
    return [
        {
            "check": finding.check,
            "message": finding.message,
            "value_ids": [value.id for value in finding.values[:_MAX_CHECK_VALUES]],
        }
        for finding in document.findings[:_MAX_CHECKS]
    ]


def _cut(structured: JsonObject) -> None:
    """Shorten long texts. A value that is cut says so, as it cannot be changed from what is shown of it."""
    for value in cast("list[JsonObject]", structured["values"]):
        text = str(value["value"])
        if len(text) > _LONG_TEXT:
            value |= {"value": shortened(text, _LONG_TEXT), "cut": len(without_hidden(text)[0])}
        for name, limit in (("name", _LONG_NAME), ("message", _LONG_TEXT), ("why", _LONG_TEXT)):
            if isinstance(value[name], str):
                value[name] = shortened(str(value[name]), limit)
    for table in cast("list[JsonObject]", structured["tables"]):
        columns = cast("list[str]", table["columns"])
        table["columns"] = [shortened(each, _LONG_NAME) for each in columns]
    document = cast("JsonObject", structured["document"])
    document |= {name: shortened(str(document[name]), _LONG_TEXT) for name in ("name", "stage")}


def _add_picture(structured: JsonObject, page: _Page, picture: PagePicture | None) -> None:
    """Say how large the page is, and give boxes in its pixels.

    Without a picture it is as large as its boxes.
    """
    boxes = [value.box for value in page.values if value.box is not None]
    if picture is not None:
        width, height = picture.page_size
    else:
        width, height = (max((round(box[side]) for box in boxes), default=0) for side in (2, 3))
        width, height = max(width, 1), max(height, 1)
    structured["page"] = {**cast("JsonObject", structured["page"]), "width": width, "height": height}
    for value in cast("list[JsonObject]", structured["values"]):
        box = cast("list[float] | None", value["box"])
        # A box whose sides are all from 0 to 1 is one in shares of the page.
        if box is not None and max(box) <= 1:
            value["box"] = [_plain(side * (height if index % 2 else width)) for index, side in enumerate(box)]


def _plain(side: float) -> float:
    """A side of a box to a tenth of a pixel, but exactly where it is a share of the page."""
    if side <= 1:
        return side
    return int(side) if side == int(side) else round(side, 1)
