"""What a call of `review_apply` makes of each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio

from ...schemas import JsonObject
from ..documents.readings import VERIFIED, status_of
from ..documents.values import DocumentValue, DocumentValues
from ..review.batch import ItemResult
from ..review.document_snapshot import DocumentSnapshot
from .plan import Plan, PlannedChange
from .structure import PlannedStructure

__all__ = ["WHOLE", "Part", "parts_of"]

WHOLE = "verify_document"
"""The id of the verdict on a whole document among those on its values."""


@dataclass(slots=True, eq=False)
class Part:
    """What a call is to make of one document. `whole` is None if only its values are meant.

    `snapshot` is the document as it was just before the first write, once it was read. `open_changes` counts
    the changes that have not ended, but for the marks of tables; `ended` is set when none is left.
    `open_marks` counts those marks, and `marked` is set when none is left.
    """

    document_id: str
    answer: JsonObject
    document: DocumentValues
    changes: list[PlannedChange]
    verdicts: list[ItemResult]
    whole: ItemResult | None
    structures: list[PlannedStructure] = field(default_factory=list[PlannedStructure])
    structure_verdicts: list[ItemResult] = field(default_factory=list[ItemResult])
    snapshot: DocumentSnapshot | None = None
    reading: anyio.Lock = field(default_factory=anyio.Lock)
    open_changes: int = 0
    ended: anyio.Event = field(default_factory=anyio.Event)
    open_marks: int = 0
    marked: anyio.Event = field(default_factory=anyio.Event)

    @property
    def values(self) -> tuple[DocumentValue, ...]:
        """All values of the document before anything was sent."""
        return self.document.values

    @property
    def is_verified(self) -> bool:
        """Whether the document was verified with all of its values before anything was sent."""
        return status_of(self.answer) == VERIFIED and all(each.is_verified for each in self.values)

    @property
    def doubtful_left(self) -> int:
        """Doubtful fields without a change. How sure the service is of cells stands in another document."""
        return sum(each.is_doubtful() for each in self._fields_left)

    @property
    def unrated_left(self) -> int:
        """Fields without a change of which the service does not say how sure it is."""
        return sum(each.is_unrated and not each.is_doubtful() for each in self._fields_left)

    @property
    def _fields_left(self) -> list[DocumentValue]:
        settled = {each.target.id for each in self.changes if each.corrects or each.status == VERIFIED}
        settled |= {value.id for each in self.structures for value in each.values}
        return [each for each in self.document.fields if each.id not in settled]


def parts_of(plan: Plan, answers: Mapping[str, JsonObject], verifies: bool) -> list[Part]:
    """The changes by document, in the order in which the documents first came."""
    parts: list[Part] = []
    for document_id, answer in answers.items():
        own = [change for change in plan.values if change.document_id == document_id]
        structures = [each for each in plan.structures if each.document_id == document_id]
        home = document_id if len(answers) > 1 else ""
        whole = ItemResult(WHOLE if home else document_id, home) if verifies else None
        verdicts = [ItemResult(change.target.id, home) for change in own]
        part = Part(document_id, answer, plan.documents[document_id], own, verdicts, whole, structures)
        part.structure_verdicts = [ItemResult(each.id, home) for each in structures]
        part.open_changes = len(own) + sum(each.kind != "mark" for each in structures)
        part.open_marks = sum(each.kind == "mark" for each in structures)
        if not part.open_changes:
            part.ended.set()
        if not part.open_marks:
            part.marked.set()
        parts.append(part)
    return parts
