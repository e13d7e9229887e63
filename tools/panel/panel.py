"""`review_panel`: opens the panel on a document, with an answer that is of use without any panel."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.field_state import state_of_value
from ..documents.values import DocumentValue
from ..guards.context import CallContext
from ..guards.panel_key import PANEL_KEY, browser_link, new_panel_key
from ..json_text import compact, shortened
from ..results.reply import Reply
from ..results.untrusted_paths import untrusted_paths
from .document import PanelDocument, read_document

__all__ = ["run"]

_MAX_CHARACTERS = 3_400
"""Room is left for the note on untrusted text, so that the whole has at most 4,000."""

_MAX_NAME, _MAX_VALUE, _MAX_REASON = 60, 100, 300
_MAX_LISTED = 100
_NEXT = (
    "If the host shows panels, a person now sees the document and edits it: read it again before you"
    " continue. Otherwise give them the browser address, or use review_document and review_region."
)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """What a person should know before they open the document, and the key for their panel."""
    document = await read_document(operation, values, context)
    browser = browser_link(context.browser_url, document.workflow_id, document.document_id)
    structured: JsonObject = {
        "document": _in_short(document),
        "page_number": cast("int", values.get("page_number", document.first_page)),
        "counts": document.counts(),
        "doubtful": [],
        "against_approval": [shortened(each, _MAX_REASON) for each in document.against[:3]],
        "browser": browser or None,
        "next": _NEXT,
    }
    room = _MAX_CHARACTERS - len(compact(structured))
    documents: list[JsonValue] = []
    seen: list[DocumentValue] = []
    for number, value in document.doubtful:
        shown = _doubt(document, number, value)
        room -= len(compact(shown)) + 1
        if room < 0:
            break
        documents.append(shown)
        # A value that is returned in part only was not seen as it is.
        seen += [value] if shown["value"] == value.text else []
    structured["doubtful"] = documents
    context.guards.seen.note(context.caller, map(state_of_value, seen))
    key = new_panel_key(context.guards.codes, context.caller.user, document.document_id)
    meta: JsonObject = {PANEL_KEY: key} if key else {}
    return Reply(structured, untrusted=tuple(untrusted_paths(operation, structured)), meta=meta)


def _in_short(document: PanelDocument) -> JsonObject:
    """The document as a whole, with names and lists that may be of any length cut."""
    summary = document.as_object()
    summary |= {name: shortened(str(summary[name]), _MAX_NAME) for name in ("name", "stage")}
    summary |= {name: shortened(str(summary[name]), _MAX_VALUE) for name in ("workflow_id", "document_id")}
    reviewers = cast("list[str]", summary["assigned_to"])
    summary["assigned_to"] = [shortened(each, _MAX_NAME) for each in reviewers[:5]]
    summary["page_numbers"] = cast("list[JsonValue]", summary["page_numbers"])[:_MAX_LISTED]
    by_page = cast("JsonObject", summary["doubtful_by_page"])
    summary["doubtful_by_page"] = dict([*by_page.items()][:_MAX_LISTED])
    summary["approve"] = {"allowed": not document.against, "reasons": []}
    return summary


def _doubt(document: PanelDocument, number: int, value: DocumentValue) -> JsonObject:
    return {
        "id": value.id,
        "name": shortened(value.name, _MAX_NAME),
        "value": shortened(value.text, _MAX_VALUE),
        "confidence": value.confidence,
        "page_number": number,
        "why": shortened(document.why(value), _MAX_VALUE),
    }
