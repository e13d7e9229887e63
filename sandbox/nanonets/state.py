"""What the sandbox's Nanonets knows: workflows, documents, pages, and the values read from them.

There is one state. The v4 interface calls its parts workflow and document, the v2 interface model and
file; the ids are the same in both.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from ..beginning import STARTED_AT
from ..page_layout import Box, Sheet
from ..service import Refusal
from .data import APPROVED, REJECTED, VALIDATION_PASSED, DocumentPlan, WorkflowPlan, workflow_plans
from .paper import PageReading
from .parties import REVIEWERS

__all__ = [
    "ODD_WORKFLOW",
    "Cell",
    "Document",
    "Field",
    "NamedPart",
    "NanonetsState",
    "Page",
    "Table",
    "Workflow",
    "can_be_approved",
    "not_found",
    "refuse_if_final",
]

ODD_WORKFLOW = "0dd0c0de-0000-4000-a000-000000000001"
"""The id of the workflow of documents that are hard to show, which is there once somebody asks for it."""

_FIRST_ODD_ID = 1_000_000


@dataclass
class NamedPart:
    """A field or a table header that a workflow is configured to extract."""

    id: str
    name: str


@dataclass
class Field:
    """A value on a page."""

    id: str
    name: str
    value: str
    box: Box | None
    confidence: float
    verification_status: str = "unverified"
    verification_message: str = ""
    is_moderated: bool = False


@dataclass
class Cell:
    """A cell of a table; row and column count from 0."""

    id: str
    row: int
    column: int
    header: str
    text: str
    box: Box | None
    confidence: float
    verification_status: str = "unverified"
    verification_message: str = ""
    is_moderated: bool = False


@dataclass
class Table:
    """A table on a page."""

    id: str
    box: Box | None
    headers: list[str]
    cells: list[Cell]
    verification_status: str = "unverified"
    verification_message: str = ""
    is_moderated: bool = False


@dataclass
class Page:
    """A page: the paper, what stands as its data now, and what was read first if somebody changed it."""

    id: str
    number: int
    sheet: Sheet
    fields: list[Field]
    tables: list[Table]
    first_fields: list[Field] | None = None
    first_tables: list[Table] | None = None

    @property
    def moderated(self) -> bool:
        """Whether anybody changed the data of this page."""
        return self.first_fields is not None

    def keep_first_reading(self) -> None:
        """Remember the data as they were read; to be called before each change."""
        if self.first_fields is None:
            self.first_fields = [replace(read) for read in self.fields]
            self.first_tables = [
                replace(table, headers=list(table.headers), cells=[replace(cell) for cell in table.cells])
                for table in self.tables
            ]


@dataclass
class Document:
    """An uploaded file and its progress through review.

    `stage` is where validation put it and never changes; `decision` is "", "approved" or "rejected".
    """

    id: str
    workflow_id: str
    name: str
    content_type: str
    uploaded_at: datetime
    pages: list[Page]
    stage: str
    decision: str = ""
    verification_status: str = "success"
    verification_message: str = ""
    reviewers: list[str] = field(default_factory=list[str])
    metadata: Any = None
    decided_at: datetime | None = None
    decided_by: str = ""
    export_status: str = ""
    source: str = "email"
    content: bytes | None = None
    ready_at: float = 0.0
    failed: bool = False


@dataclass
class Workflow:
    """What to extract from which documents, and the stages in which people approve them."""

    id: str
    description: str
    workflow_type: str
    created_at: datetime
    fields: list[NamedPart] = field(default_factory=list[NamedPart])
    table_headers: list[NamedPart] = field(default_factory=list[NamedPart])
    table_capture: bool = True
    approval_stages: tuple[str, ...] = ()
    training_files: list[str] = field(default_factory=list[str])
    trained_at: float = 0.0


class NanonetsState:
    """All that the stand-in knows. The same seed gives the same state, ids included."""

    def __init__(
        self, seed: int = 0, clock: Callable[[], float] = time.monotonic, work_seconds: float = 2.0
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.work_seconds = work_seconds
        self.workflows: dict[str, Workflow] = {}
        self.documents: dict[str, Document] = {}
        self.known_pages: dict[str, PageReading] = {}
        self._document_of_page: dict[str, str] = {}
        self._ids = 0
        self._started = clock()
        for plan in workflow_plans(seed):
            self._start_workflow(plan)

    def new_id(self) -> str:
        """The next id, shaped like a UUID."""
        self._ids += 1
        return _identity(self.seed, self._ids)

    def now(self) -> datetime:
        """The time on the sandbox's calendar."""
        return STARTED_AT + timedelta(seconds=self.clock() - self._started)

    def status(self, document: Document) -> str:
        """The state of the work on a document: "pending", "success" or "failure"."""
        if self.clock() < document.ready_at:
            return "pending"
        return "failure" if document.failed else "success"

    def stage(self, document: Document) -> str:
        """The review status of a document: "" before it has been read, then a stage or the decision."""
        if self.status(document) != "success":
            return ""
        return document.decision or document.stage

    def visible_pages(self, document: Document) -> list[Page]:
        """The pages of a document that has been read; none before."""
        return document.pages if self.status(document) == "success" else []

    def workflow(self, workflow_id: str) -> Workflow:
        """A workflow by its id."""
        if workflow_id == ODD_WORKFLOW and workflow_id not in self.workflows:
            self._start_odd_workflow()
        if workflow_id not in self.workflows:
            raise not_found("Workflow", workflow_id)
        return self.workflows[workflow_id]

    def document(self, workflow_id: str, document_id: str) -> Document:
        """A document of a workflow by its id."""
        self.workflow(workflow_id)
        document = self.documents.get(document_id)
        if document is None or document.workflow_id != workflow_id:
            raise not_found("Document", document_id)
        return document

    def page(self, document: Document, page_id: str) -> Page:
        """A page of a document by its id."""
        for page in self.visible_pages(document):
            if page.id == page_id:
                return page
        raise not_found("Page", page_id)

    def page_anywhere(self, page_id: str) -> tuple[Document, Page]:
        """A page by its id alone, with its document."""
        document_id = self._document_of_page.get(page_id)
        if document_id is None:
            raise not_found("Page", page_id)
        document = self.documents[document_id]
        return document, next(page for page in document.pages if page.id == page_id)

    def documents_of(self, workflow: Workflow) -> list[Document]:
        """The documents of a workflow, newest first."""
        own = (document for document in self.documents.values() if document.workflow_id == workflow.id)
        return sorted(own, key=lambda document: document.uploaded_at, reverse=True)

    def add_document(self, document: Document) -> None:
        """Put a document into the state."""
        self.documents[document.id] = document
        self._document_of_page.update({page.id: document.id for page in document.pages})

    def remove_document(self, document: Document) -> None:
        """Delete a document for good."""
        del self.documents[document.id]
        for page in document.pages:
            del self._document_of_page[page.id]

    def pages_from(self, readings: Sequence[PageReading]) -> list[Page]:
        """New pages with these readings, with ids of their own."""
        return [self._page_from(number, reading) for number, reading in enumerate(readings, start=1)]

    def named_parts(self, names: Sequence[str]) -> list[NamedPart]:
        """New fields or table headers with these names."""
        return [NamedPart(self.new_id(), name) for name in names]

    def _page_from(self, number: int, reading: PageReading) -> Page:
        fields = [
            Field(self.new_id(), read.name, read.value, read.box, read.confidence, read.status, read.message)
            for read in reading.fields
        ]
        tables = [
            Table(
                self.new_id(),
                table.box,
                list(table.headers),
                [
                    Cell(
                        self.new_id(),
                        read.row,
                        read.column,
                        read.header,
                        read.text,
                        read.box,
                        read.confidence,
                        read.status,
                        read.message,
                    )
                    for read in table.cells
                ],
            )
            for table in reading.tables
        ]
        return Page(self.new_id(), number, reading.sheet, fields, tables)

    def _start_odd_workflow(self) -> None:
        """Make the workflow of documents that are hard to show; its ids do not depend on when it is made."""
        from .odd_documents import odd_workflow_plan

        before, self._ids = self._ids, _FIRST_ODD_ID
        self._start_workflow(odd_workflow_plan(self.seed), ODD_WORKFLOW)
        self._ids = before

    def _start_workflow(self, plan: WorkflowPlan, workflow_id: str = "") -> None:
        workflow = Workflow(
            workflow_id or self.new_id(),
            plan.description,
            plan.workflow_type,
            datetime(2026, 9, 14, 8, 30, tzinfo=UTC) + timedelta(days=len(self.workflows)),
            self.named_parts(plan.fields),
            self.named_parts(plan.table_headers),
            approval_stages=plan.approval_stages,
            training_files=[f"sample-{number:02d}.pdf" for number in range(1, 11)],
        )
        self.workflows[workflow.id] = workflow
        for document in plan.documents:
            self._start_document(workflow, document)

    def _start_document(self, workflow: Workflow, plan: DocumentPlan) -> None:
        course = plan.course
        self.known_pages.update({reading.sheet.reference: reading for reading in plan.pages})
        document = Document(
            self.new_id(),
            workflow.id,
            plan.file_name,
            "image/png" if plan.file_name.endswith(".png") else "application/pdf",
            plan.uploaded_at,
            [] if course.failed else self.pages_from(plan.pages),
            course.stage,
            course.decision,
            "failed" if course.message else "success",
            course.message,
            list(course.reviewers),
            dict(course.metadata) or None,
            export_status=course.export_status,
            failed=course.failed,
        )
        if course.failed:
            document.content = b"%PDF-1.7\n%damaged\n"
        if course.decision:
            document.decided_at = plan.uploaded_at + timedelta(hours=5)
            document.decided_by = course.reviewers[0] if course.reviewers else REVIEWERS[0]
        if course.corrected:
            for page, paper in zip(document.pages, plan.paper, strict=True):
                correct(page, paper)
        self.add_document(document)


@lru_cache(maxsize=4_096)
def _identity(seed: int, number: int) -> str:
    digest = hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def correct(page: Page, paper: PageReading) -> None:
    """Set each value of a page to what stands on the paper, as a reviewer did before approving it."""
    for value, written in zip(page.fields, paper.fields, strict=True):
        if value.value != written.value:
            page.keep_first_reading()
            value.value = written.value
            value.is_moderated = True
            value.verification_status = "verified"


def not_found(thing: str, identity: str) -> Refusal:
    """The answer for an id that is not known."""
    return Refusal(404, "not_found", f"{thing} not found", id=identity)


def refuse_if_final(state: NanonetsState, document: Document) -> None:
    """Refuse to change a document that was rejected (it is immutable) or that is not yet read."""
    if document.decision == REJECTED:
        message = 'The file is in the stage "rejected"; a rejected file never changes'
        raise Refusal(409, "conflict", message, stage=REJECTED)
    if state.status(document) == "pending":
        raise Refusal(409, "conflict", "The file is still being processed", stage="pending")


def can_be_approved(state: NanonetsState, workflow: Workflow, document: Document) -> bool:
    """Whether a document is where it may be approved: validation passed, or one of the approval stages."""
    return state.stage(document) in {VALIDATION_PASSED, APPROVED, *workflow.approval_stages}
