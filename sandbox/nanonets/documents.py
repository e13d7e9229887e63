"""Reading workflows and documents, uploading, downloading and deleting them (v4)."""

from __future__ import annotations

from typing import Any

from ..page_images import page_file
from ..service import Call, Download, Refusal, handles
from .bodies import flag_at, invalid, object_in, text_at
from .received_files import original_file, receive_file, receive_url
from .state import NanonetsState
from .views import document_view, page_view, requested_page, summary_view, totals, workflow_view

__all__ = ["stored_file"]


@handles("listWorkflows")
def list_workflows(state: NanonetsState, call: Call) -> dict[str, Any]:
    """The workflows of the account."""
    workflows = list(state.workflows.values())
    views = [workflow_view(workflow) for workflow in requested_page(workflows, call.query)]
    return {"workflows": views, **totals(workflows, call.query)}


@handles("getWorkflow")
def get_workflow(state: NanonetsState, call: Call) -> dict[str, Any]:
    """One workflow with its configuration."""
    return workflow_view(state.workflow(call.path["workflow_id"]))


@handles("listDocuments")
def list_documents(state: NanonetsState, call: Call) -> dict[str, Any]:
    """The documents of a workflow, newest first, without their pages."""
    documents = state.documents_of(state.workflow(call.path["workflow_id"]))
    views = [
        summary_view(state, document, call.base_url) for document in requested_page(documents, call.query)
    ]
    return {"documents": views, **totals(documents, call.query)}


@handles("getDocument")
def get_document(state: NanonetsState, call: Call) -> dict[str, Any]:
    """A document with its data, or its status while it is being read."""
    document = state.document(call.path["workflow_id"], call.path["document_id"])
    return document_view(state, document, call.base_url)


@handles("getPageData")
def get_page_data(state: NanonetsState, call: Call) -> dict[str, Any]:
    """One page of a document."""
    document = state.document(call.path["workflow_id"], call.path["document_id"])
    return page_view(state.page(document, call.path["page_id"]), call.base_url)


@handles("uploadDocument")
def upload_document(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Take in a file, sent along or named by an address."""
    workflow = state.workflow(call.path["workflow_id"])
    body = object_in(call.body)
    metadata, in_background = body.get("metadata"), flag_at(body, "async")
    upload = call.files.get("file")
    if (upload is None) == ("document_url" not in body):
        raise invalid("Send either file or document_url")
    if upload:
        document = receive_file(state, workflow, upload, metadata=metadata, in_background=in_background)
    else:
        url = text_at(body, "document_url")
        document = receive_url(state, workflow, url, metadata=metadata, in_background=in_background)
    return document_view(state, document, call.base_url)


@handles("deleteDocument")
def delete_document(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a document for good."""
    state.remove_document(state.document(call.path["workflow_id"], call.path["document_id"]))
    return {"success": True, "message": "Document deleted successfully"}


@handles("getDocumentOriginalFile")
def get_document_original_file(state: NanonetsState, call: Call) -> Download:
    """The file as it was uploaded."""
    return original_file(state.document(call.path["workflow_id"], call.path["document_id"]))


def stored_file(state: NanonetsState, path: str) -> Download | None:
    """A file by the path that answers give out: pages/<page_id>.png or documents/<document_id>."""
    folder, _, name = path.partition("/")
    if folder == "documents" and name in state.documents:
        return original_file(state.documents[name])
    if folder == "pages" and name.endswith(".png"):
        try:
            _, page = state.page_anywhere(name.removesuffix(".png"))
        except Refusal:
            return None
        content, content_type = page_file(page.sheet)
        return Download(content, content_type, name)
    return None
