"""A document that is to be checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ...schemas import JsonObject
from ..documents.values import DocumentValues

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
        told = [value if isinstance(value := answer.get(name), str) else "" for name in named]
        return cls(workflow_id, document_id, values, *told)

    @property
    def uploaded(self) -> date | None:
        """The day on which it came, None where the service does not say so."""
        try:
            return datetime.fromisoformat(self.uploaded_at).astimezone(UTC).date()
        except ValueError:
            return None
