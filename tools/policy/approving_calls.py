"""Which calls approve a document."""

from __future__ import annotations

from ...schemas import JsonObject, Operation
from ..requests.id_spelling import one_spelling

__all__ = ["approved_document"]


def approved_document(operation: Operation, values: JsonObject) -> str:
    """The id of the document or file that a call would approve; empty for a call that approves none.

    Verifying a whole v4 document counts as approving it: it marks every value as verified, reviewed or not.
    """
    if operation.id == "verifyFile":
        return one_spelling(str(values.get("request_file_id", "")))
    if operation.id == "verifyDocument" and values.get("verification_status") != "unverified":
        return one_spelling(str(values.get("document_id", "")))
    return ""
