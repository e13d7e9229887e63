"""What this server wrote to the values of a document after they were last verified, by the journal.

The services keep the mark `verified` when a value is changed, and a value that was deleted has no mark at
all. So an approval rule that trusts marks alone could be met by changing a verified value, or by deleting a
doubtful one. A mark counts that was not there before a change nor in its answer: somebody set it since then,
in the service's own application for example.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from ...schemas import JsonObject, Operation, operations_by_tool
from ..documents.comparison import same_as_read
from ..documents.field_state import FieldState, fields_in, fields_of_file
from ..documents.readings import text_of
from ..journal.entries import Entry, Journal
from ..requests.id_spelling import one_spelling
from .current_state import State

__all__ = ["left_unverified", "with_own_changes"]

_PAGE = 200
_TEXTS: dict[str, str] = {"updateFieldValue": "field_data_id", "updateTableCellValue": "cell_id"}
"""Operations that change the text of one value, with the argument that names it."""

_MARKS: dict[str, str] = {
    "verifyField": "field_data_id",
    "verifyTableCell": "cell_id",
    "verifyTable": "table_id",
    "verifyDocument": "",
}
"""Operations that set the mark of a value, with the argument that names it; empty for the whole document."""

_DELETES = frozenset({"deleteFieldValue", "deleteTableCell", "deleteTable"})
_ADDS: dict[str, str] = {
    "addFieldValue": "field_data_id",
    "addTableCell": "cell_id",
    "addTable": "table_id",
}
"""Operations that add a value, with the property of the answer that names it."""

_WHOLE_PAGE = "updateFileFields"


@dataclass(slots=True)
class _Written:
    """A value that was written: the last text, and the one that stood there when it was verified.

    `oldest` is None where nobody could read it. `left_unverified`: the last write did not leave it verified.
    """

    name: str
    newest: str
    oldest: str | None
    left_unverified: bool = False

    @property
    def is_another(self) -> bool:
        """Whether it is not, or not certainly, the text that was verified."""
        return self.oldest is None or not same_as_read(self.newest, self.oldest)


@dataclass(slots=True)
class _History:
    """What the entries of a document tell, read from the newest to the oldest."""

    written: dict[str, _Written] = field(default_factory=dict[str, _Written])
    deleted: list[FieldState] = field(default_factory=list[FieldState])
    marked: set[str] = field(default_factory=set[str])
    is_marked_whole: bool = False
    unreadable: list[int] = field(default_factory=list[int])

    def is_left_unverified(self, identity: str) -> bool:
        """Whether the last write of a value is known not to have left it verified."""
        return identity in self.written and self.written[identity].left_unverified


def left_unverified(before: State, answer: JsonObject, after: Sequence[FieldState]) -> bool:
    """Whether a value was certainly not verified before a write, and is not as its answer shows it.

    `after` are the values in the answer.
    """
    if not answer.get("verification_status") or len(after) != 1 or after[0].verified or not after[0].id:
        return False
    # A cell may have its mark from its table.
    place = before.answer if "cell_id" in answer else before.item
    there = [each for each in fields_in(place, after[0].id) if each.id == after[0].id]
    return bool(there) and not any(each.verified for each in there)


async def with_own_changes(
    document_id: str, fields: Sequence[FieldState], journal: Journal
) -> list[FieldState]:
    """The values of a document as an approval rule has to see them.

    One that was changed after it was last verified counts as changed and not verified, and one that was
    deleted is still there as it was.

    Raises:
        JournalFault: the journal cannot be read.
    """
    history = _History()
    async for entry in _entries(document_id, journal):
        _take(history, entry)
    since = {each.id for each in fields if each.verified and history.is_left_unverified(each.id)}
    own = {
        identity: written
        for identity, written in history.written.items()
        if written.is_another and identity not in since
    }
    judged = [replace(each, verified=False, changed=True) if each.id in own else each for each in fields]
    there = {each.id for each in fields}
    judged += [
        FieldState(written.name, None, False, changed=True, id=identity)
        for identity, written in own.items()
        if identity not in there
    ]
    judged += [replace(each, name=f"{each.name}, deleted unverified") for each in history.deleted]
    judged += [FieldState(f"values of entry {number}", None, False) for number in history.unreadable]
    return judged


async def _entries(document_id: str, journal: Journal) -> AsyncGenerator[Entry]:
    """All entries about a document, the newest first."""
    before = 0
    about = (one_spelling(document_id),)
    while found := await journal.entries(about=about, before=before, limit=_PAGE):
        for entry in found:
            yield entry
        before = found[-1].number


def _take(history: _History, entry: Entry) -> None:
    operation = operations_by_tool().get(entry.opening.tool)
    if operation is None or entry.outcome == "not done":
        return
    if operation.id in _MARKS:
        _take_mark(history, operation, entry)
    elif operation.id in _TEXTS:
        identity = str(entry.opening.arguments.get(_TEXTS[operation.id]))
        _take_text(history, identity, operation, entry)
    elif operation.id in _DELETES:
        _take_deletion(history, entry)
    elif operation.id in _ADDS:
        new = (entry.closing.answer or {}).get(_ADDS[operation.id]) if entry.closing else None
        history.deleted = [each for each in history.deleted if new not in (each.id, each.table_id)]
    elif operation.id == _WHOLE_PAGE:
        _take_page(history, entry)


def _take_mark(history: _History, operation: Operation, entry: Entry) -> None:
    """Whatever was written before this mark was seen by who set it."""
    if entry.outcome != "done":
        return
    argument = _MARKS[operation.id]
    if not argument:
        history.is_marked_whole = True
    else:
        history.marked.add(str(entry.opening.arguments.get(argument)))


def _take_text(history: _History, identity: str, operation: Operation, entry: Entry) -> None:
    table_id = str(entry.opening.arguments.get("table_id", ""))
    if history.is_marked_whole or not history.marked.isdisjoint({identity, table_id} - {""}):
        return
    before = entry.opening.before
    text = before.get(operation.present.value) if isinstance(before, dict) and operation.present else None
    earlier = text_of(text) if entry.opening.before_known else None
    newer = history.written.get(identity)
    if newer is None:
        new = text_of(entry.opening.arguments.get("value"))
        is_open = entry.closing is not None and entry.closing.left_unverified
        history.written[identity] = _Written(f"value {identity[:12]}", new, earlier, is_open)
    else:
        newer.oldest = earlier


def _take_deletion(history: _History, entry: Entry) -> None:
    if history.is_marked_whole or entry.undone_by is not None:
        return
    if not entry.opening.before_known:
        history.unreadable.append(entry.number)
        return
    for each in fields_in(entry.opening.before):
        history.deleted.append(replace(each, name=each.name or "a field"))


def _take_page(history: _History, entry: Entry) -> None:
    """A whole page that was written by v2: every box whose text is another one, or that is not there now."""
    if history.is_marked_whole:
        return
    boxes = entry.opening.arguments.get("moderated_boxes")
    if not entry.opening.before_known or not isinstance(boxes, list):
        history.unreadable.append(entry.number)
        return
    now = {each.id or each.name: each for each in _of_page({"moderated_boxes": boxes})}
    for each in _of_page(cast("JsonObject", entry.opening.before)):
        if not history.marked.isdisjoint({each.id, each.table_id} - {""}):
            continue
        identity = each.id or each.name
        new = now.get(identity)
        if new is None:
            history.deleted.append(each)
        elif identity in history.written:
            history.written[identity].oldest = each.text
        elif new.text != each.text:
            history.written[identity] = _Written(each.name, new.text, each.text)


def _of_page(page: JsonObject) -> Iterator[FieldState]:
    yield from fields_of_file({"moderated_images": [page]})
