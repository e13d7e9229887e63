"""The v2 file calls: read, approve, unapprove, assign, change, delete and export files, and send new ones."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from ..service import Call, Refusal, UploadedFile, handles
from .bodies import flag_at, invalid, object_in, objects_at, text_at, texts_at
from .boxes import (
    page_object,
    predicted_boxes,
    replace_boxes,
    signed_urls,
    stored_name,
    without_cells,
)
from .data import APPROVED
from .received_files import receive_file, receive_url
from .state import (
    Document,
    NanonetsState,
    Page,
    Workflow,
    can_be_approved,
    not_found,
    refuse_if_final,
)

__all__ = ["model_view"]

TRAINED = 5
NOT_TRAINED = 0
TRAINING = 4


@handles("verifyFile")
def approve_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Approve a file; one that is approved already stays so."""
    workflow = state.workflow(call.path["model_id"])
    document = state.document(workflow.id, call.path["request_file_id"])
    refuse_if_final(state, document)
    if not can_be_approved(state, workflow, document):
        stage = state.stage(document) or state.status(document)
        raise Refusal(
            409,
            "conflict",
            f'The file is in the stage "{stage}"; it can be approved from "validation passed" '
            "or from a stage of approval",
            stage=stage,
        )
    if document.decision != APPROVED:
        document.decision = APPROVED
        document.decided_at = state.now()
        document.decided_by = document.reviewers[0] if document.reviewers else "api"
        document.export_status = "success"
    return {"message": "File approved."}


@handles("unverifyFile")
def unapprove_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Take the approval of a file back; it returns to the stage it was in."""
    document = state.document(call.path["model_id"], call.path["request_file_id"])
    refuse_if_final(state, document)
    if document.decision != APPROVED:
        stage = state.stage(document) or state.status(document)
        raise Refusal(
            409,
            "conflict",
            f'The file is in the stage "{stage}"; only an approved file can be unapproved',
            stage=stage,
        )
    document.decision, document.decided_at, document.decided_by = "", None, ""
    return {"message": "File unapproved."}


@handles("assignFiles")
def assign_files(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Make one member of the team the reviewer of files; all of them or, if one is refused, none."""
    body = object_in(call.body)
    member = text_at(body, "member")
    if "@" not in member:
        raise invalid("member must be an e-mail address", parameter="member")
    for document in named_files(state, call.path["model_id"], texts_at(body, "file_ids")):
        document.reviewers = [member]
    return {"message": "Files assigned."}


@handles("retryAllExports")
def retry_all_exports(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Send the data of files to where they are exported to, once more."""
    for document in named_files(state, call.path["model_id"], texts_at(object_in(call.body), "file_ids")):
        document.export_status = "success"
    return {"message": "Export retried."}


@handles("updateFileFields")
def update_file_fields(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Make the sent boxes all that stands on a page."""
    workflow = state.workflow(call.path["model_id"])
    body = object_in(call.body)
    if not isinstance(body.get("moderated_boxes"), list):
        raise invalid("moderated_boxes is required", parameter="moderated_boxes")
    boxes = objects_at(body, "moderated_boxes")
    document, page = page_meant(state, workflow, body, boxes)
    refuse_if_final(state, document)
    replace_boxes(state, page, boxes)
    return {"message": "Field update applied."}


@handles("deleteFile")
def delete_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a file for good."""
    state.remove_document(state.document(call.path["model_id"], call.path["file_id"]))
    return {"message": "File deleted."}


@handles("getPredictionFileByFileId")
def get_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """All pages of a file."""
    document = state.document(call.path["model_id"], call.path["request_file_id"])
    return sorted_pages(state, [document], call.base_url)


@handles("getPredictionFileByPageId")
def get_file_page(state: NanonetsState, call: Call) -> dict[str, Any]:
    """One page of a file; the cells of its tables stand in its predicted boxes only."""
    workflow = state.workflow(call.path["model_id"])
    document, page = state.page_anywhere(call.path["page_id"])
    if document.workflow_id != workflow.id:
        raise not_found("Page", page.id)
    read = prediction(state, document, page)
    result = {
        **read,
        "prediction": [without_cells(box) for box in read["prediction"]],
        **page_object(state, document, page, call.base_url),
    }
    return {
        "message": "Success",
        "result": [result],
        "signed_urls": signed_urls([document], call.base_url),
    }


@handles("listPredictionFiles")
def list_file_pages(state: NanonetsState, call: Call) -> dict[str, Any]:
    """The pages of all files that came in on the days asked for, both days included.

    Days are counted from 1970-01-01.
    """
    workflow = state.workflow(call.path["model_id"])
    first, last = day_in(call.query, "start_day_interval"), day_in(call.query, "current_batch_day")
    documents = [
        document
        for document in state.documents_of(workflow)
        if first <= int(document.uploaded_at.timestamp()) // 86400 <= last
    ]
    return sorted_pages(state, documents, call.base_url)


@handles("predictFile")
def extract_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Read a file that is sent along."""
    workflow = state.workflow(call.path["model_id"])
    body = object_in(call.body)
    upload = call.files.get("file") or file_in(body)
    if upload is None:
        raise invalid("file is required", parameter="file")
    document = receive_file(
        state,
        workflow,
        upload,
        metadata=body.get("request_metadata"),
        in_background=flag_at(dict(call.query), "async"),
    )
    return predictions(state, [document], call.base_url)


@handles("predictUrls")
def extract_urls(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Read files by their addresses."""
    workflow = state.workflow(call.path["model_id"])
    body = object_in(call.body)
    in_background, metadata = flag_at(dict(call.query), "async"), body.get("request_metadata")
    upload = file_in(body)
    if upload:
        documents = [receive_file(state, workflow, upload, metadata=metadata, in_background=in_background)]
    else:
        urls = texts_at(body, "urls")
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise invalid("An address must begin with http:// or https://", url=url)
        documents = [
            receive_url(state, workflow, url, metadata=metadata, in_background=in_background) for url in urls
        ]
    return predictions(state, documents, call.base_url)


@handles("getOcrModel")
def get_model(state: NanonetsState, call: Call) -> dict[str, Any]:
    """A model: what v4 calls a workflow."""
    return model_view(state, state.workflow(call.path["model_id"]))


def model_view(state: NanonetsState, workflow: Workflow) -> dict[str, Any]:
    """A model with its labels and the state of its training."""
    training = state.clock() < workflow.trained_at
    trained = bool(workflow.workflow_type or workflow.trained_at)
    condition = TRAINING if training else TRAINED if trained else NOT_TRAINED
    names = [part.name for part in [*workflow.fields, *workflow.table_headers]]
    return {
        "model_id": workflow.id,
        "model_type": "ocr",
        "state": condition,
        "status": {TRAINING: "training", TRAINED: "trained", NOT_TRAINED: "not trained"}[condition],
        "categories": [{"name": name, "count": len(workflow.training_files)} for name in names],
    }


def named_files(state: NanonetsState, model_id: str, file_ids: Sequence[str]) -> list[Document]:
    """The files with these ids, if every one is there and may be changed."""
    documents = [state.document(model_id, file_id) for file_id in file_ids]
    for document in documents:
        refuse_if_final(state, document)
    return documents


def page_meant(
    state: NanonetsState, workflow: Workflow, body: Mapping[str, Any], boxes: Sequence[dict[str, Any]]
) -> tuple[Document, Page]:
    """The page that a change is about: by its id, by its file and number, or by the boxes on it."""
    page_id, file_id = body.get("id"), body.get("request_file_id")
    if isinstance(page_id, str):
        document, page = state.page_anywhere(page_id)
        if document.workflow_id == workflow.id:
            return document, page
        raise not_found("Page", page_id)
    if isinstance(file_id, str):
        document = state.document(workflow.id, file_id)
        number = body.get("page", 0)
        for page in document.pages:
            if page.number - 1 == number:
                return document, page
        raise not_found("Page", str(number))
    known = {box["id"] for box in boxes if isinstance(box.get("id"), str)}
    for document in state.documents_of(workflow):
        for page in document.pages:
            if known & {part.id for part in [*page.fields, *page.tables]}:
                return document, page
    message = (
        "It is not known which page is meant: send `page`, the page object as reading the file "
        "(nanonets_get_file) answers it among its images; its id says which page it is"
    )
    raise invalid(message, parameter="page")


def day_in(query: Mapping[str, Any], key: str) -> int:
    """A day's number in a query."""
    day = query.get(key)
    if not isinstance(day, int):
        raise invalid(f"{key} must be the number of a day since 1970-01-01", parameter=key)
    return day


def file_in(body: Mapping[str, Any]) -> UploadedFile | None:
    """The file that a body holds as base64, if it does."""
    data = body.get("base64_data")
    if not isinstance(data, str) or not data:
        return None
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise invalid("base64_data is not base64", parameter="base64_data") from error
    return UploadedFile("document", "application/octet-stream", content)


def sorted_pages(state: NanonetsState, documents: Sequence[Document], base_url: str) -> dict[str, Any]:
    """The pages of files: those of approved files, and all others."""
    approved, others = (
        [
            page_object(state, document, page, base_url)
            for document in documents
            for page in document.pages
            if (document.decision == APPROVED) is wanted
        ]
        for wanted in (True, False)
    )
    return {
        "moderated_images_count": len(approved),
        "unmoderated_images_count": len(others),
        "moderated_images": approved,
        "unmoderated_images": others,
        "signed_urls": signed_urls(documents, base_url),
    }


def predictions(state: NanonetsState, documents: Sequence[Document], base_url: str) -> dict[str, Any]:
    """The answer to files that were sent: what was read, or nothing yet."""
    return {
        "message": "Success",
        "result": [prediction(state, document, page) for document in documents for page in document.pages],
        "signed_urls": signed_urls(documents, base_url),
    }


def prediction(state: NanonetsState, document: Document, page: Page) -> dict[str, Any]:
    """What was read from one page."""
    workflow = state.workflows[document.workflow_id]
    read = state.status(document) == "success"
    return {
        "message": "Success",
        "input": document.name,
        "prediction": predicted_boxes(workflow, page) if read else [],
        "page": page.number - 1,
        "request_file_id": document.id,
        "filepath": stored_name(document, page),
        "id": page.id,
        "rotation": 0,
        "file_url": stored_name(document),
        "request_metadata": document.metadata or "",
        "processing_type": "sync" if read else "async",
        "size": {"width": page.sheet.width, "height": page.sheet.height},
    }
