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
from ..documents.readings import VERIFIED, text_of
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

_DELETES: dict[str, str] = {
    "deleteFieldValue": "field_data_id",
    "deleteTableCell": "cell_id",
    "deleteTable": "table_id",
}
"""Operations that delete a value, with the argument that names it."""

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
    `is_whole`: nothing older counts, as somebody else wrote the value in between and may have verified that.
    """

    name: str
    newest: str
    oldest: str | None
    left_unverified: bool = False
    is_whole: bool = False

    @property
    def is_another(self) -> bool:
        """Whether it is not, or not certainly, the text that was verified."""
        return self.oldest is None or not same_as_read(self.newest, self.oldest)

    def take_older(self, new: str, before: str | None) -> None:
        """Take in an older write, which left one text where there was another before."""
        if not self.is_whole and self.oldest is not None and same_as_read(new, self.oldest):
            self.oldest = before
        else:
            self.is_whole = True


@dataclass(slots=True)
class _History:
    """What the entries of a document tell, read from the newest to the oldest.

    `written` is what was written since it was last verified, `ever_written` also what was verified then;
    `added` holds the ids of values and tables that were added. `restored` says by the entry of a deletion
    under which id an undo added the same again, and `present_ids` by the earlier id. `marked` holds the ids
    of what was verified, `unmarked` of what lost its mark, and `marked_again` of what an undo gave its mark
    back, which no undo does for a whole document; the document's own id is empty.
    """

    written: dict[str, _Written] = field(default_factory=dict[str, _Written])
    ever_written: dict[str, _Written] = field(default_factory=dict[str, _Written])
    added: set[str] = field(default_factory=set[str])
    restored: dict[int, str] = field(default_factory=dict[int, str])
    present_ids: dict[str, str] = field(default_factory=dict[str, str])
    deleted: list[FieldState] = field(default_factory=list[FieldState])
    marked: set[str] = field(default_factory=set[str])
    unmarked: set[str] = field(default_factory=set[str])
    marked_again: set[str] = field(default_factory=set[str])
    unreadable: list[int] = field(default_factory=list[int])

    @property
    def is_marked_whole(self) -> bool:
        """Whether the whole document was verified later."""
        return "" in self.marked

    def present_id(self, identity: str) -> str:
        """The id that something has now: it may have been deleted and added again."""
        return self.present_ids.get(identity, identity)

    def is_marked(self, *ids: str) -> bool:
        """Whether a value with one of these ids, its own and its table's, was verified later."""
        return not self.marked.isdisjoint({*map(self.present_id, ids), ""})

    def note(self, identity: str, table_id: str, write: _Written) -> None:
        """Take in a write of a value that is older than all that are known."""
        identity, table_id = self.present_id(identity), self.present_id(table_id)
        ids = {identity, table_id, ""}
        is_open = write.left_unverified and self.marked_again.isdisjoint(ids)
        write = replace(write, left_unverified=is_open or not self.unmarked.isdisjoint(ids))
        is_marked = self.is_marked(identity, table_id)
        for known in (self.ever_written,) if is_marked else (self.ever_written, self.written):
            if identity in known:
                known[identity].take_older(write.newest, write.oldest)
            else:
                known[identity] = replace(write)

    def is_another(self, value: FieldState) -> bool:
        """Whether the value is not the one that the service read, so that its confidence says nothing."""
        if not self.added.isdisjoint({value.id, value.table_id} - {""}):
            return True
        return value.id in self.ever_written and self.ever_written[value.id].is_another

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
    judged = [
        replace(
            each,
            verified=each.verified and each.id not in own,
            changed=each.changed or each.id in own or history.is_another(each),
        )
        for each in fields
    ]
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
        _take_deletion(history, operation, entry)
    elif operation.id in _ADDS:
        _take_addition(history, operation, entry)
    elif operation.id == _WHOLE_PAGE:
        _take_page(history, entry)


def _take_mark(history: _History, operation: Operation, entry: Entry) -> None:
    """Whatever was written before this mark was seen by who set it.

    To take a mark away says nothing of the value, nor does an undo, which puts back a mark that was there.
    """
    if entry.outcome != "done":
        return
    argument, given = _MARKS[operation.id], entry.opening.arguments
    identity = history.present_id(str(given.get(argument))) if argument else ""
    if given.get("verification_status") != VERIFIED:
        if identity not in history.marked_again:
            history.unmarked.add(identity)
    elif entry.opening.undoes is not None:
        history.marked_again.add(identity)
    else:
        history.marked.add(identity)


def _take_text(history: _History, identity: str, operation: Operation, entry: Entry) -> None:
    table_id = str(entry.opening.arguments.get("table_id", ""))
    before = entry.opening.before
    text = before.get(operation.present.value) if isinstance(before, dict) and operation.present else None
    earlier = text_of(text) if entry.opening.before_known else None
    new = text_of(entry.opening.arguments.get("value"))
    is_open = entry.closing is not None and entry.closing.left_unverified
    history.note(identity, table_id, _Written(f"value {identity[:12]}", new, earlier, is_open))


def _take_addition(history: _History, operation: Operation, entry: Entry) -> None:
    """What was added may be deleted again, unless the addition was itself the undo of a deletion."""
    new = (entry.closing.answer or {}).get(_ADDS[operation.id]) if entry.closing else None
    if not isinstance(new, str) or not new:
        return
    new = history.present_id(new)
    history.added.add(new)
    if entry.opening.undoes is not None:
        history.restored[entry.opening.undoes] = new
        return
    history.deleted = [each for each in history.deleted if new not in (each.id, each.table_id)]


def _take_deletion(history: _History, operation: Operation, entry: Entry) -> None:
    arguments = entry.opening.arguments
    if (again := history.restored.get(entry.number)) is not None:
        history.present_ids[str(arguments.get(_DELETES[operation.id]))] = again
    if history.is_marked_whole or entry.undone_by is not None:
        return
    if not entry.opening.before_known:
        history.unreadable.append(entry.number)
        return
    for each in fields_in(entry.opening.before):
        table_id = each.table_id or str(arguments.get("table_id", ""))
        history.deleted.append(replace(each, name=each.name or "a field", table_id=table_id))


def _take_page(history: _History, entry: Entry) -> None:
    """A whole page that was written by v2: every box whose text is another one, or that is not there now."""
    boxes = entry.opening.arguments.get("moderated_boxes")
    if not entry.opening.before_known or not isinstance(boxes, list):
        if not history.is_marked_whole:
            history.unreadable.append(entry.number)
        return
    now = {each.id or each.name: each for each in _of_page({"moderated_boxes": boxes})}
    for each in _of_page(cast("JsonObject", entry.opening.before)):
        identity = each.id or each.name
        new = now.get(identity)
        if new is None:
            history.deleted += [] if history.is_marked(each.id, each.table_id) else [each]
        elif (new.place, new.table_id) != (each.place, each.table_id):
            # The same text as another field, or in another row, column or table, is another value.
            history.note(identity, each.table_id, _Written(each.name, new.text, None))
        elif history.present_id(identity) in history.ever_written or new.text != each.text:
            history.note(identity, each.table_id, _Written(each.name, new.text, each.text))


def _of_page(page: JsonObject) -> Iterator[FieldState]:
    yield from fields_of_file({"moderated_images": [page]})
