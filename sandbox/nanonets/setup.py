"""The calls that set workflows and models up, and a few that read a file without any model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..service import Call, UploadedFile, handles
from .bodies import flag_at, invalid, object_in, objects_at, text_at, texts_at
from .files import model_view
from .paper import PageReading
from .received_files import PRETRAINED, read_file
from .state import NamedPart, NanonetsState, Workflow, not_found
from .views import field_view, table_view, workflow_view

__all__: list[str] = []

MAX_WORKFLOWS = 20
MAX_FIELDS = 30
MAX_TABLE_HEADERS = 20
NAME = re.compile(r"[A-Za-z0-9_]+")

WORKFLOW_TYPES = (
    ("", "Instant learning", "Extracts the fields that you configure, from any kind of document"),
    ("invoice", "Invoice", "Extracts data from invoices"),
    ("receipt", "Receipt", "Extracts data from receipts"),
    ("purchase_order", "Purchase order", "Extracts data from purchase orders"),
)
CLASSES = ("invoice", "receipt", "purchase_order", "other")


@handles("listWorkflowTypes")
def list_workflow_types(state: NanonetsState, call: Call) -> dict[str, Any]:
    """The kinds of workflows there are."""
    return {
        "workflow_types": [
            {"id": identity, "name": name, "description": description}
            for identity, name, description in WORKFLOW_TYPES
        ]
    }


@handles("createWorkflow")
def create_workflow(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Create a workflow: empty, or with the fields of its type."""
    body = object_in(call.body)
    workflow_type = text_at(body, "workflow_type", "")
    if workflow_type not in {identity for identity, _, _ in WORKFLOW_TYPES}:
        raise invalid(f'Unknown workflow type "{workflow_type}"', parameter="workflow_type")
    workflow = new_workflow(state, text_at(body, "description"), workflow_type)
    if workflow_type:
        fields, headers, _ = PRETRAINED[workflow_type]
        workflow.fields = state.named_parts(fields)
        workflow.table_headers = state.named_parts(headers)
    return {**workflow_view(workflow), "workflow_type": workflow_type}


@handles("setWorkflowFields")
def set_workflow_fields(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Make these the fields and table headers of a workflow, in place of all it had."""
    workflow = state.workflow(call.path["workflow_id"])
    body = object_in(call.body)
    fields = names_in(body, "fields", MAX_FIELDS)
    headers = names_in(body, "table_headers", MAX_TABLE_HEADERS)
    known = {part.name: part for part in [*workflow.fields, *workflow.table_headers]}
    workflow.fields = [known.get(name) or NamedPart(state.new_id(), name) for name in fields]
    workflow.table_headers = [known.get(name) or NamedPart(state.new_id(), name) for name in headers]
    return workflow_view(workflow)


@handles("updateWorkflowField")
def update_workflow_field(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Rename a field or a table header."""
    workflow = state.workflow(call.path["workflow_id"])
    group, part = configured(workflow, call.path["field_id"])
    name = checked_name(text_at(object_in(call.body), "name"))
    if any(other.name == name for other in group if other is not part):
        raise invalid(f'The name "{name}" is taken', parameter="name")
    part.name = name
    return {"id": part.id, "name": part.name}


@handles("deleteWorkflowField")
def delete_workflow_field(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Delete a field or a table header."""
    group, part = configured(state.workflow(call.path["workflow_id"]), call.path["field_id"])
    group.remove(part)
    return {"success": True, "message": "Field deleted successfully"}


@handles("updateWorkflowMetadata")
def update_workflow_metadata(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Change the description of a workflow."""
    workflow = state.workflow(call.path["workflow_id"])
    workflow.description = text_at(object_in(call.body), "description")
    return workflow_view(workflow)


@handles("updateWorkflowSettings")
def update_workflow_settings(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Switch the capture of tables on or off, for documents to come."""
    workflow = state.workflow(call.path["workflow_id"])
    body = object_in(call.body)
    if "table_capture" not in body:
        raise invalid("table_capture is required", parameter="table_capture")
    workflow.table_capture = flag_at(body, "table_capture")
    return workflow_view(workflow)


@handles("getDocumentFields")
def get_document_fields(state: NanonetsState, call: Call) -> dict[str, Any]:
    """All values of a document, by field name, each with its page."""
    document = state.document(call.path["workflow_id"], call.path["document_id"])
    fields: dict[str, list[dict[str, Any]]] = {}
    for page in state.visible_pages(document):
        for value in page.fields:
            fields.setdefault(value.name, []).append({**field_view(value), "page_id": page.id})
    return {"document_id": document.id, "fields": fields}


@handles("getDocumentTables")
def get_document_tables(state: NanonetsState, call: Call) -> dict[str, Any]:
    """All tables of a document, each with its page."""
    document = state.document(call.path["workflow_id"], call.path["document_id"])
    tables = [
        {**table_view(table), "page_id": page.id}
        for page in state.visible_pages(document)
        for table in page.tables
    ]
    return {"document_id": document.id, "tables": tables}


@handles("fullText")
def full_text(state: NanonetsState, call: Call) -> dict[str, Any]:
    """All text of files, page by page, without any model."""
    return {
        "message": "Success",
        "results": [
            {
                "filename": name,
                "page_data": [page_text(number, page) for number, page in enumerate(pages)],
            }
            for name, pages in (
                (name, read_file(state, None, content)) for name, content in uploaded_files(call)
            )
        ],
    }


@handles("createOcrModel")
def create_ocr_model(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Create a model with these labels; it reads as soon as it is trained."""
    body = object_in(call.body)
    categories = [checked_name(name) for name in texts_at(body, "categories")]
    refuse_too_many(categories, "categories", MAX_FIELDS)
    workflow = new_workflow(state, "Extraction model", "")
    workflow.fields = state.named_parts(categories)
    return model_view(state, workflow)


@handles("uploadTrainingFile")
def upload_training_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Give a model a file to learn from."""
    workflow = state.workflow(call.path["model_id"])
    upload = required_file(call)
    return training_added(state, workflow, [upload.file_name])


@handles("uploadTrainingUrls")
def upload_training_urls(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Give a model files to learn from, by their addresses."""
    workflow = state.workflow(call.path["model_id"])
    return training_added(state, workflow, texts_at(object_in(call.body), "urls"))


@handles("trainOcrModel")
def train_ocr_model(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Train a model; its state says when that is done."""
    workflow = state.workflow(call.path["model_id"])
    if not workflow.training_files:
        raise invalid("The model has no training files yet")
    workflow.trained_at = state.clock() + state.work_seconds
    return model_view(state, workflow)


@handles("classifyFile")
def classify_file(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Say what kind of document a file is."""
    state.workflow(text_at(object_in(call.body), "modelId"))
    upload = required_file(call)
    return classified([(upload.file_name, upload.content)])


@handles("classifyUrls")
def classify_urls(state: NanonetsState, call: Call) -> dict[str, Any]:
    """Say what kinds of documents the files at some addresses are."""
    body = object_in(call.body)
    state.workflow(text_at(body, "modelId"))
    return classified([(url, url.encode()) for url in texts_at(body, "urls")])


def new_workflow(state: NanonetsState, description: str, workflow_type: str) -> Workflow:
    """A workflow more, if the account may have one more."""
    if len(state.workflows) >= MAX_WORKFLOWS:
        raise invalid(f"An account can have at most {MAX_WORKFLOWS} workflows", limit=MAX_WORKFLOWS)
    workflow = Workflow(state.new_id(), description, workflow_type, state.now())
    state.workflows[workflow.id] = workflow
    return workflow


def names_in(body: dict[str, Any], key: str, max_names: int) -> list[str]:
    """The names in a list of objects, each allowed and none twice."""
    names = [checked_name(text_at(item, "name")) for item in objects_at(body, key)]
    refuse_too_many(names, key, max_names)
    if len(set(names)) < len(names):
        raise invalid(f"A name appears twice in {key}", parameter=key)
    return names


def checked_name(name: str) -> str:
    """A name, if it holds nothing but letters, digits and underscores."""
    if not NAME.fullmatch(name):
        raise invalid(f'"{name}": names hold letters, digits and underscores only', parameter="name")
    return name


def refuse_too_many(names: Sequence[str], key: str, max_names: int) -> None:
    """Refuse more names than a workflow can have."""
    if len(names) > max_names:
        raise invalid(f"A workflow can have at most {max_names} {key}", parameter=key, limit=max_names)


def configured(workflow: Workflow, field_id: str) -> tuple[list[NamedPart], NamedPart]:
    """A field or table header of a workflow, with the list it stands in."""
    for group in (workflow.fields, workflow.table_headers):
        for part in group:
            if part.id == field_id:
                return group, part
    raise not_found("Field", field_id)


def training_added(state: NanonetsState, workflow: Workflow, names: Sequence[str]) -> dict[str, Any]:
    """Keep files to learn from; the answer has the model, and what was added, in names of its own."""
    workflow.training_files.extend(names)
    model = model_view(state, workflow)
    return {
        "Meta": {
            "ModelID": workflow.id,
            "ModelType": model["model_type"],
            "State": model["state"],
            "Categories": model["categories"],
            "Accuracy": 0,
            "Status": model["status"],
        },
        "Data": [{"filename": name, "object": [], "id": state.new_id()} for name in names],
    }


def required_file(call: Call) -> UploadedFile:
    """The file that was sent along; it must not be empty."""
    upload = call.files.get("file")
    if upload is None:
        raise invalid("file is required", parameter="file")
    if not upload.content:
        raise invalid("The file is empty", file=upload.file_name)
    return upload


def uploaded_files(call: Call) -> list[tuple[str, bytes]]:
    """The names and contents of all files of a call; an address stands for its content."""
    body: Mapping[str, Any] = object_in(call.body)
    if "file" in call.files:
        upload = required_file(call)
        return [(upload.file_name, upload.content)]
    return [(url, url.encode()) for url in texts_at(dict(body), "urls")]


def page_text(number: int, page: PageReading) -> dict[str, Any]:
    """The text of one page, whole and in pieces with their places."""
    sides = ("xmin", "ymin", "xmax", "ymax")
    prints = sorted(page.sheet.prints, key=lambda printed: (printed.box[1], printed.box[0]))
    return {
        "page": number,
        "size": {"width": page.sheet.width, "height": page.sheet.height},
        "raw_text": "\n".join(printed.text for printed in prints),
        "words": [{**dict(zip(sides, printed.box, strict=True)), "text": printed.text} for printed in prints],
    }


def classified(files: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    """The classes of files, most probable first; they follow from the bytes."""
    result: list[dict[str, Any]] = []
    for name, content in files:
        digest = hashlib.sha256(content).digest()
        weights = [byte**4 + 1 for byte in digest[: len(CLASSES)]]
        ranked = sorted(zip(CLASSES, weights, strict=True), key=lambda pair: pair[1], reverse=True)
        result.append(
            {
                "message": "Success",
                "file": name,
                "prediction": [
                    {"label": label, "probability": round(weight / sum(weights), 4)}
                    for label, weight in ranked
                ],
            }
        )
    return {"message": "Success", "result": result}
