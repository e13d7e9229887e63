"""Ids and files of the sandbox's sample data, by the names that `calls.toml` uses for them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.sandbox.studio.records import LabelingSession
from docreview_mcp.sandbox.studio.state import StudioState

__all__ = ["sample_values"]

_LABELING, _CORRECTION, _PAPERS = 102, 111, 110
_FILES = {
    "file": "%PDF-1.4 sample",
    "table": "text\nGreat coffee.\n",
    "classes": "name,example\nSpa,Nice\n",
    "labels": "name\nVIP\n",
    "labeled": "text,aspect,label\nThe bed was bad,Room,NEG\n",
}


def sample_values(sandbox: Sandbox) -> dict[str, Any]:
    """What `<name>` stands for: the first invoice's ids, documents in some state, texts of two sessions."""
    state = sandbox.nanonets
    workflow = next(each for each in state.workflows.values() if each.workflow_type == "invoice")
    documents = sorted(state.documents_of(workflow), key=lambda document: document.name)
    document = next(each for each in documents if each.name == "invoice-003.pdf")
    page = document.pages[0]
    total = next(value for value in page.fields if value.name == "total_amount")
    table = page.tables[0]
    return {
        **_studio_ids(sandbox.studio),
        "workflow_id": workflow.id,
        "header_id": workflow.table_headers[1].id,
        "document_id": document.id,
        "page_id": page.id,
        "field_data_id": total.id,
        "value": total.value,
        "table_id": table.id,
        "cell_id": table.cells[0].id,
        "ready_document_id": next(each.id for each in documents if _is_ready(each)),
        "failed_export_id": next(each.id for each in documents if each.export_status == "failed"),
        "approved_document_id": next(each.id for each in documents if each.decision == "approved"),
        **{name: b64encode(text.encode()).decode() for name, text in _FILES.items()},
    }


def _studio_ids(state: StudioState) -> dict[str, Any]:
    labeling, correction = state.sessions[_LABELING], state.sessions[_CORRECTION]
    text, segment, tag = _first_tag(state, labeling)
    corrected_text, corrected_segment, corrected_tag = _first_tag(state, correction)
    return {
        "text_id": text,
        "segment_id": segment,
        "tag_id": tag,
        "correction_text_id": corrected_text,
        "correction_segment_id": corrected_segment,
        "correction_tag_id": corrected_tag,
        "workspace_name": state.workspaces[1].name,
        "invitation_token": state.invitations[1].token,
        "mail_token": next(reversed(state.mail), ""),
        "task_id": max((task.id for task in state.tasks.values() if task.project_id == 1), default=0),
        "paper_id": state.sessions[_PAPERS].document_ids[0],
    }


def _first_tag(state: StudioState, session: LabelingSession) -> tuple[int, int, int]:
    """The ids of the first segment with a tag that nobody confirmed: of its text, of itself, of the tag."""
    for document_id in session.document_ids:
        for segment in state.texts[document_id].segments:
            tags = session.tags.get(segment.id)
            if tags and tags[0].status != "READY":
                return document_id, segment.id, tags[0].id
    raise LookupError(f"session {session.id} has no such segment")


def _is_ready(document: Document) -> bool:
    is_waiting = document.stage in ("validation passed", "manager approval", "finance approval")
    return is_waiting and not document.decision and not document.failed
