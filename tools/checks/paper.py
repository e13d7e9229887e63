"""A document that is to be checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ...schemas import JsonObject
from ..documents.file_values import values_of_file
from ..documents.values import DocumentValues, values_of_document

__all__ = ["Paper"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that is to be checked, with what is known of it beside its values."""

    workflow_id: str
    document_id: str
    values: DocumentValues
    name: str = ""
    status: str = ""
    stage: str = ""
    uploaded_at: str = ""

    @classmethod
    def of(cls, workflow_id: str, document_id: str, answer: JsonObject, values: DocumentValues) -> Paper:
        """The document of an answer of `getDocument`."""
        named = ("original_document_name", "status", "verification_stage", "uploaded_at")
        names = [value if isinstance(value := answer.get(name), str) else "" for name in named]
        return cls(workflow_id, document_id, values, *names)

    @classmethod
    def read_by(cls, arguments: JsonObject, answer: JsonObject) -> Paper:
        """The document or v2 file of an answer to a call with these arguments."""
        is_file = "moderated_images" in answer or "unmoderated_images" in answer
        values = values_of_file(answer) if is_file else values_of_document(answer)
        workflow_id, document_id = (
            str(next((arguments[name] for name in names if name in arguments), ""))
            for names in (("workflow_id", "model_id"), ("document_id", "request_file_id"))
        )
        return cls.of(workflow_id, document_id, answer, values)

    @property
    def uploaded(self) -> date | None:
        """The day on which it came, None where the service does not say so."""
        try:
            return datetime.fromisoformat(self.uploaded_at).astimezone(UTC).date()
        except ValueError:
            return None
