"""Changes of documents, each with the value that it is about, after all of them were checked together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from ...schemas import JsonObject, Operation
from ..documents.comparison import same_as_read
from ..documents.readings import UNVERIFIED
from ..documents.values import DocumentValue, DocumentValues, values_of_document
from ..requests.validation import invalid
from ..untrusted import quoted_inside, without_hidden
from .faults import MAX_QUOTED_CHARACTERS, Fault, failure_of, quoted_text
from .structure import Gone, PlannedStructure, faults_of_form, is_structural, plan_structure

__all__ = ["Plan", "PlannedChange", "documents_of", "plan_changes"]

_KINDS: dict[str, Literal["field", "cell"]] = {"field_data_id": "field", "cell_id": "cell"}
_MAX_DOCUMENTS = 50

_Found = dict[tuple[str, str], list[DocumentValue]]
"""The values of a document by kind and id; more than one where an id stands twice."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What to make of one value, None for what is left as it is. `index` is the place in the list."""

    index: int
    document_id: str
    target: DocumentValue
    value: str | None = None
    status: str | None = None
    message: str | None = None

    @property
    def corrects(self) -> bool:
        """Whether the text has to be written: not if it is what a read tool shows of the present one."""
        return self.value is not None and self.value not in (self.target.text, _as_shown(self.target.text))

    @property
    def marks(self) -> bool:
        """Whether the status has to be set, as things stand before anything is sent."""
        return self.marks_after(self.target.status)

    @property
    def is_there(self) -> bool:
        """Whether nothing is left to do."""
        return not self.corrects and not self.marks

    def marks_after(self, status: str) -> bool:
        """Whether the status has to be set where it is now this one."""
        if self.status is None:
            return False
        return status != self.status or self.message not in (None, self.target.message)

    @property
    def in_words(self) -> str:
        """For the person who is asked."""
        old, new = (
            quoted_inside(text, MAX_QUOTED_CHARACTERS) for text in (self.target.text, self.value or "")
        )
        message = f" ({quoted_inside(self.message)})" if self.message else ""
        mark = f"mark as {self.status}{message}" if self.marks else ""
        if not self.corrects:
            return f"{old}: {mark}" if mark else ""
        return f"{old} → {new}, {mark}" if mark else f"{old} → {new}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do of each change: of one value, or with values, rows and tables as a whole.

    `documents` are the documents as they were read, by their id.
    """

    values: tuple[PlannedChange, ...]
    structures: tuple[PlannedStructure, ...]
    documents: Mapping[str, DocumentValues]


def documents_of(operation: Operation, values: JsonObject) -> list[str]:
    """The document of each change of a call: its own, or the one that is named for the whole call.

    Raises:
        ToolFailure: a change has none, none is about the one for the whole call, or they are too many.
    """
    given = cast("list[dict[str, str]]", values["changes"])
    whole = str(values.get("document_id", ""))
    named = [change.get("document_id") or whole for change in given]
    faults: list[Fault] = []
    for index, document_id in enumerate(named):
        if not document_id:
            text = f"changes.{index}: names no document, expected document_id in the change or in the call"
            faults.append(Fault(index, text))
            if not is_structural(cast("JsonObject", given[index])):
                faults += _faults_alone(index, given[index], bool(values.get("verify_document")))
    if faults:
        raise failure_of(operation, faults)
    if whole and whole not in named:
        raise invalid(
            operation,
            [("document_id: every change names a different document, expected a change for this one")],
        )
    if (count := len(set(named))) > _MAX_DOCUMENTS:
        raise invalid(operation, [f"changes: got {count} documents, expected at most {_MAX_DOCUMENTS}"])
    return named


def plan_changes(
    operation: Operation,
    values: JsonObject,
    documents: Sequence[str],
    answers: Mapping[str, JsonObject],
    seen: Callable[[str], str | None],
    gone: Gone,
) -> Plan:
    """The changes of a call, with what they are about.

    `documents` is the document of each change, `answers` are those of `getDocument` by the document. `seen`
    gives the text of a value as the caller last saw it, by its id; `expected_value` counts for more. `gone`
    names what this server has deleted already.

    Raises:
        ToolFailure: any of them is at fault, so none is sent; every one at fault is named by its index.
    """
    given = cast("list[dict[str, str]]", values["changes"])
    contents = {document_id: values_of_document(answer) for document_id, answer in answers.items()}
    found = {document_id: _found(content) for document_id, content in contents.items()}
    faults: list[Fault] = []
    planned: list[PlannedChange] = []
    structures: list[PlannedStructure] = []
    given_in: dict[tuple[str, str, str], int] = {}
    for index, (change, document_id) in enumerate(zip(given, documents, strict=True)):
        if is_structural(cast("JsonObject", change)):
            earlier = [each for each in structures if each.document_id == document_id]
            own = list(faults_of_form(index, cast("JsonObject", change)))
            if not own:
                content = contents[document_id]
                what = plan_structure(
                    index, document_id, cast("JsonObject", change), content, earlier, gone, seen
                )
                if isinstance(what, Fault):
                    own.append(what)
                else:
                    structures.append(what)
            faults += own
            continue
        own = list(_faults_alone(index, change, bool(values.get("verify_document"))))
        names = [name for name in _KINDS if name in change]
        if len(names) == 1:
            kind, identity = _KINDS[names[0]], change[names[0]]
            key = (document_id, kind, identity)
            if key in given_in:
                twice = f"changes.{index}.{names[0]}: already given in changes.{given_in[key]}, expected once"
                own.append(Fault(index, twice))
            given_in.setdefault(key, index)
            matching = found[document_id].get((kind, identity), [])
            own += _faults_of_place(index, change, document_id, found, answers[document_id])
            if matching and not own:
                change_of = PlannedChange(
                    index,
                    document_id,
                    matching[0],
                    change.get("value"),
                    change.get("verification_status"),
                    change.get("verification_message"),
                )
                own += _faults_of_expectation(change_of, change, seen(identity))
                planned.append(change_of)
        faults += own
    faults += _faults_together(planned, structures)
    if faults:
        raise failure_of(operation, faults)
    return Plan(tuple(planned), tuple(structures), contents)


def _faults_together(
    planned: Sequence[PlannedChange], structures: Sequence[PlannedStructure]
) -> Iterator[Fault]:
    """Changes of what another change of the same call deletes, and what is added or deleted twice."""
    deleted: dict[tuple[str, str], int] = {}
    tables: dict[tuple[str, str], int] = {}
    for each in structures:
        if each.kind != "delete":
            continue
        if each.table_id and each.id == each.table_id:
            tables[each.document_id, each.table_id] = each.index
        for value in each.values:
            ids = (each.document_id, value.id)
            if ids in deleted:
                text = f"changes.{each.index}: changes.{deleted[ids]} already deletes it"
                yield Fault(each.index, text)
                break
            deleted[ids] = each.index
    for change in planned:
        ids = (change.document_id, change.target.id)
        if ids in deleted:
            text = f"changes.{change.index}: changes.{deleted[ids]} deletes it"
            yield Fault(change.index, text)
    for each in structures:
        by = tables.get((each.document_id, each.table_id), each.index) if each.table_id else each.index
        if by != each.index and each.kind != "delete":
            yield Fault(each.index, f"changes.{each.index}: changes.{by} deletes the table")


def _found(document: DocumentValues) -> _Found:
    found: _Found = {}
    for each in document.values:
        found.setdefault((each.kind, each.id), []).append(each)
    return found


def _faults_alone(index: int, change: dict[str, str], verifies_all: bool) -> Iterator[Fault]:
    """What is wrong with a change whatever the document holds."""
    where = f"changes.{index}"
    given = [name for name in _KINDS if name in change]
    if len(given) != 1:
        actual = " and ".join(given) or "neither"
        yield Fault(index, f"{where}: got {actual}, expected exactly one of field_data_id and cell_id")
    if "value" not in change and "verification_status" not in change:
        yield Fault(index, f"{where}: got nothing to change, expected value or verification_status")
    if "verification_message" in change and "verification_status" not in change:
        yield Fault(index, f"{where}.verification_message: given without verification_status")
    if verifies_all and change.get("verification_status") == UNVERIFIED:
        yield Fault(
            index, f"{where}.verification_status: got unverified, but verify_document verifies everything"
        )


def _faults_of_place(
    index: int,
    change: dict[str, str],
    document_id: str,
    found: Mapping[str, _Found],
    answer: JsonObject,
) -> Iterator[Fault]:
    """What is wrong with the value that a change names, by one id, in its document."""
    name = next(name for name in _KINDS if name in change)
    where, identity = f"changes.{index}.{name}", change[name]
    here = found[document_id]
    matching = here.get((_KINDS[name], identity), [])
    document = f"document {quoted_text(document_id)}" if len(found) > 1 else "document"
    if not matching:
        other = next(other for other in _KINDS if other != name)
        hint = f"; it is a {other}" if (_KINDS[other], identity) in here else ""
        homes = [home for home, values in found.items() if (_KINDS[name], identity) in values]
        hint = f"; it is in {quoted_text(homes[0])}" if homes and not hint else hint
        pending = f" (the document is {quoted_text(str(answer.get('status')))})" if not here else ""
        yield Fault(index, f"{where}: {quoted_text(identity)} is not in the {document}{pending}{hint}")
    elif len(matching) > 1:
        yield Fault(index, f"{where}: {quoted_text(identity)} occurs {len(matching)} times in the {document}")
    elif not matching[0].page_id or (name == "cell_id" and not matching[0].table_id):
        yield Fault(index, f"{where}: the service does not say which page or table it belongs to")


def _faults_of_expectation(change: PlannedChange, given: dict[str, str], seen: str | None) -> Iterator[Fault]:
    """A value that is neither the expected nor the new one: somebody else changed it."""
    expected, present = given.get("expected_value", seen), change.target.text
    if expected is None or present == change.value:
        return
    if not same_as_read(present, expected):
        whose = "expected" if "expected_value" in given else "you last read"
        now, was = quoted_text(present), quoted_text(expected)
        text = f"changes.{change.index}: the current value is {now}, {whose} {was}"
        yield Fault(change.index, text, is_conflict=True)


def _as_shown(text: str) -> str:
    return without_hidden(text)[0]
