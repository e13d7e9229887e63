"""Changes of documents, each with the value that it is about, after all of them were checked together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from ...schemas import JsonObject, Operation
from ..documents.comparison import same_as_read
from ..documents.readings import UNVERIFIED
from ..documents.values import DocumentValue, values_of_document
from ..failure import ToolFailure
from ..requests.validation import invalid
from ..untrusted import quoted, quoted_inside, without_hidden
from .batch_report import in_ranges

__all__ = ["PlannedChange", "documents_of", "plan_changes"]

_KINDS: dict[str, Literal["field", "cell"]] = {"field_data_id": "field", "cell_id": "cell"}
_MOST_FAULTS = 7
_MOST_TOLD_ALONE = 4
"""With more faults than this, the message names all of them first: its end may be cut."""
_MOST_SHOWN = 120
_MOST_DOCUMENTS = 50

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
        old, new = (quoted_inside(text, _MOST_SHOWN) for text in (self.target.text, self.value or ""))
        correction = f"{old} → {new}" if self.corrects else ""
        message = f" ({quoted_inside(self.message)})" if self.message else ""
        mark = f"mark as {self.status}{message}" if self.marks else ""
        return ", ".join(part for part in (correction, mark) if part)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with one change; `is_conflict` if only the present value is another one."""

    index: int
    text: str
    is_conflict: bool = False


def documents_of(operation: Operation, values: JsonObject) -> list[str]:
    """The document of each change of a call: its own, or the one that is named for the whole call.

    Raises:
        ToolFailure: a change has none, none is about the one for the whole call, or they are too many.
    """
    given = cast("list[dict[str, str]]", values["changes"])
    whole = str(values.get("document_id", ""))
    named = [change.get("document_id") or whole for change in given]
    faults: list[_Fault] = []
    for index, document_id in enumerate(named):
        if not document_id:
            text = f"changes.{index}: names no document, expected document_id here or for the whole call"
            faults.append(_Fault(index, text))
            faults += _faults_alone(index, given[index], bool(values.get("verify_document")))
    if faults:
        raise _failure(operation, faults)
    if whole and whole not in named:
        raise invalid(
            operation, ["document_id: every change names another document, expected a change for it"]
        )
    if (count := len(set(named))) > _MOST_DOCUMENTS:
        raise invalid(operation, [f"changes: name {count} documents, expected at most {_MOST_DOCUMENTS}"])
    return named


def plan_changes(
    operation: Operation,
    values: JsonObject,
    documents: Sequence[str],
    answers: Mapping[str, JsonObject],
    seen: Callable[[str], str | None],
) -> list[PlannedChange]:
    """The changes of a call, with what they are about.

    `documents` is the document of each change, `answers` are those of `getDocument` by the document. `seen`
    gives the text of a value as the caller last saw it, by its id; `expected_value` counts for more.

    Raises:
        ToolFailure: any of them is at fault, so none is sent; every one at fault is named by its index.
    """
    given = cast("list[dict[str, str]]", values["changes"])
    found = {document_id: _found(answer) for document_id, answer in answers.items()}
    faults: list[_Fault] = []
    planned: list[PlannedChange] = []
    given_in: dict[tuple[str, str, str], int] = {}
    for index, (change, document_id) in enumerate(zip(given, documents, strict=True)):
        own = list(_faults_alone(index, change, bool(values.get("verify_document"))))
        names = [name for name in _KINDS if name in change]
        if len(names) == 1:
            kind, identity = _KINDS[names[0]], change[names[0]]
            key = (document_id, kind, identity)
            if key in given_in:
                twice = f"changes.{index}.{names[0]}: given in changes.{given_in[key]} already, once expected"
                own.append(_Fault(index, twice))
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
    if faults:
        raise _failure(operation, faults)
    return planned


def _found(answer: JsonObject) -> _Found:
    found: _Found = {}
    for each in values_of_document(answer).values:
        found.setdefault((each.kind, each.id), []).append(each)
    return found


def _faults_alone(index: int, change: dict[str, str], verifies_all: bool) -> Iterator[_Fault]:
    """What is wrong with a change whatever the document holds."""
    where = f"changes.{index}"
    given = [name for name in _KINDS if name in change]
    if len(given) != 1:
        came = " and ".join(given) or "neither"
        yield _Fault(index, f"{where}: got {came}, expected exactly one of field_data_id and cell_id")
    if "value" not in change and "verification_status" not in change:
        yield _Fault(index, f"{where}: nothing to do, expected value or verification_status")
    if "verification_message" in change and "verification_status" not in change:
        yield _Fault(index, f"{where}.verification_message: given without verification_status")
    if verifies_all and change.get("verification_status") == UNVERIFIED:
        yield _Fault(index, f"{where}.verification_status: unverified, but verify_document verifies all")


def _faults_of_place(
    index: int,
    change: dict[str, str],
    document_id: str,
    found: Mapping[str, _Found],
    answer: JsonObject,
) -> Iterator[_Fault]:
    """What is wrong with the value that a change names, by one id, in its document."""
    name = next(name for name in _KINDS if name in change)
    where, identity = f"changes.{index}.{name}", change[name]
    here = found[document_id]
    matching = here.get((_KINDS[name], identity), [])
    document = f"document {_shown(document_id)}" if len(found) > 1 else "document"
    if not matching:
        other = next(other for other in _KINDS if other != name)
        hint = f"; it is a {other}" if (_KINDS[other], identity) in here else ""
        homes = [home for home, values in found.items() if (_KINDS[name], identity) in values]
        hint = f"; it is in {_shown(homes[0])}" if homes and not hint else hint
        pending = f" (the document is {_shown(str(answer.get('status')))})" if not here else ""
        yield _Fault(index, f"{where}: {_shown(identity)} is not in the {document}{pending}{hint}")
    elif len(matching) > 1:
        yield _Fault(index, f"{where}: {_shown(identity)} stands {len(matching)} times in the {document}")
    elif not matching[0].page_id or (name == "cell_id" and not matching[0].table_id):
        yield _Fault(index, f"{where}: the service does not say on which page or in which table it stands")


def _faults_of_expectation(
    change: PlannedChange, given: dict[str, str], seen: str | None
) -> Iterator[_Fault]:
    """A value that is neither the expected nor the new one: somebody else changed it."""
    expected, present = given.get("expected_value", seen), change.target.text
    if expected is None or present == change.value:
        return
    if not same_as_read(present, expected):
        whose = "expected" if "expected_value" in given else "you last read"
        text = f"changes.{change.index}: the present value is {_shown(present)}, {whose} {_shown(expected)}"
        yield _Fault(change.index, text, is_conflict=True)


def _failure(operation: Operation, faults: list[_Fault]) -> ToolFailure:
    texts = [fault.text for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_TOLD_ALONE:
        texts = [f"changes {in_ranges([fault.index for fault in faults])} are at fault", *texts]
    failure = invalid(operation, texts)
    if all(fault.is_conflict for fault in faults):
        failure = failure.with_(
            code="conflict",
            next_step="Somebody changed it meanwhile. Read the document again and decide anew.",
        )
    # Present values, names of documents and their states are text of others.
    return failure.with_(notes={"outside": ["error.message"]})


def _as_shown(text: str) -> str:
    return without_hidden(text)[0]


def _shown(text: str) -> str:
    return quoted(text, _MOST_SHOWN)
