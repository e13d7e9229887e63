"""A document as the panel needs it: its values, what is found in it, and what stands against approval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..checks.finding import Finding
from ..documents.readings import UNVERIFIED, is_fine_status, text_of
from ..documents.stages import decision_on, why_not_approvable
from ..documents.values import DocumentPage, DocumentValue, DocumentValues, objects_in
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..operation_call import preview, read
from ..requests.validation import invalid
from .judged import judged

__all__ = ["PanelDocument", "read_document"]

_APPROVING = "review_files"
_WRITING = "review_apply"


@dataclass(frozen=True)
class PanelDocument:
    """A document that was read for the panel, with the findings of the checks.

    `against` says in sentences what stands against its approval; `is_read_only`: nothing can be changed.
    """

    workflow_id: str
    document_id: str
    answer: JsonObject
    values: DocumentValues
    findings: Sequence[Finding]
    against: Sequence[str]
    is_read_only: bool

    @cached_property
    def pages(self) -> dict[int, DocumentPage]:
        """The pages by number: the service's own, or their place where it gives a number twice."""
        is_clear = self.values.are_numbers_unique
        return {page.number if is_clear else page.place + 1: page for page in self.values.pages}

    @cached_property
    def doubtful(self) -> list[tuple[int, DocumentValue]]:
        """The doubtful values with the numbers of their pages, in the order of the pages."""
        numbers = {page.place: number for number, page in self.pages.items()}
        found = [(numbers[value.page.place], value) for value in self.values.values if value.is_doubtful()]
        return sorted(found, key=lambda each: each[0])

    def image_url(self, page: DocumentPage) -> str:
        """The address of a page's picture, empty where the service names none."""
        return text_of(objects_in(self.answer.get("pages"))[page.place].get("image_url"))

    @property
    def first_page(self) -> int:
        """The number of the first page with a doubtful value, or of the first one; 1 where there is none."""
        return next((number for number, _ in self.doubtful), next(iter(self.pages), 1))

    def why(self, value: DocumentValue) -> str:
        """Why somebody should look at a value; empty if nothing speaks for it."""
        if value.is_verified:
            return ""
        if value.message and not value.is_moderated:
            return value.message
        if not is_fine_status(value.status):
            return f"its status is {value.status}"
        for finding in self.findings:
            if finding.suspect == value.id and value.id:
                wanted = f"; it would have to be {finding.expected}" if finding.expected else ""
                return f"{finding.message}{wanted}"
        if value.confidence is not None and not value.is_moderated and value.is_doubtful():
            return f"confidence {int(value.confidence * 100)} %"
        return ""

    def as_object(self) -> JsonObject:
        """What the panel gets about the document as a whole."""
        by_page = Counter(number for number, _ in self.doubtful)
        reviewers = self.answer.get("assigned_reviewers")
        return {
            "workflow_id": self.workflow_id,
            "document_id": self.document_id,
            "name": text_of(self.answer.get("original_document_name")),
            "stage": text_of(self.answer.get("verification_stage")),
            "approved": decision_on(self.answer) == "approved",
            "assigned_to": [text_of(each) for each in reviewers] if isinstance(reviewers, list) else [],
            "page_numbers": [*self.pages],
            "doubtful_by_page": {str(number): count for number, count in by_page.items()},
            "approve": {"allowed": not self.against, "reasons": list[JsonValue](self.against)},
            "read_only": self.is_read_only,
        }

    def counts(self) -> JsonObject:
        """How many values there are, and of which kinds."""
        values = self.values.values
        return {
            "values": len(values),
            "doubtful": len(self.doubtful),
            "verified": sum(value.is_verified for value in values),
            "unverified": sum(value.status == UNVERIFIED for value in values),
            "corrected": sum(value.is_moderated for value in values),
        }


async def read_document(operation: Operation, values: JsonObject, context: CallContext) -> PanelDocument:
    """The document that these arguments name.

    Raises:
        ToolFailure: it cannot be read, or has no page of the number that is asked for.
    """
    workflow_id, document_id = str(values["workflow_id"]), str(values["document_id"])
    answer = await read(context, "getDocument", {"workflow_id": workflow_id, "document_id": document_id})
    found = await judged(answer, workflow_id, document_id, context)
    offered = {tool.name for tool in context.tools}
    document = PanelDocument(
        workflow_id,
        document_id,
        answer,
        found.values,
        found.findings,
        await _against(answer, workflow_id, document_id, offered, context),
        _WRITING not in offered or decision_on(answer) == "rejected",
    )
    if "page_number" in values and values["page_number"] not in document.pages:
        there = ", ".join(map(str, document.pages)) or "none"
        raise invalid(operation, [f"page_number: got {values['page_number']}, but the document has {there}"])
    return document


async def _against(
    answer: JsonObject, workflow_id: str, document_id: str, offered: set[str], context: CallContext
) -> list[str]:
    """What stands against approval, each in a sentence; the guards of the approval have the last word."""
    if decision_on(answer) == "approved":
        return ["It is already approved."]
    if reason := why_not_approvable(answer):
        return [reason]
    if _APPROVING not in offered:
        return ["This server does not offer to approve files here."]
    approval = load_operations()["verifyFile"]
    policy = context.policy
    if reason := policy.tool_refusal(approval.tool, approval.toolset, inside=True):
        return [f"{reason}."]
    if not policy.is_set:
        return []
    file: JsonObject = {"model_id": workflow_id, "request_file_id": document_id}
    try:
        _, assessment = await preview(context, approval, file)
    except ToolFailure as failure:
        return [failure.message]
    return [] if assessment.refusal is None else [assessment.refusal.message]
