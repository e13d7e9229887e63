"""How workflows, documents and values look in answers of the v4 interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ..page_layout import Box
from .bodies import invalid
from .state import Cell, Document, Field, NanonetsState, Page, Table, Workflow

__all__ = [
    "document_url",
    "document_view",
    "field_view",
    "fields_view",
    "moderated_cell",
    "moderated_field",
    "moderated_table",
    "page_url",
    "page_view",
    "requested_page",
    "summary_view",
    "table_view",
    "timestamp",
    "totals",
    "workflow_view",
]

Item = TypeVar("Item")

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100


def timestamp(moment: datetime) -> str:
    """A moment as ISO 8601."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def page_url(base_url: str, page: Page) -> str:
    """Where the picture of a page is to be had."""
    return f"{base_url}/files/pages/{page.id}.png"


def document_url(base_url: str, document: Document) -> str:
    """Where the original file of a document is to be had."""
    return f"{base_url}/files/documents/{document.id}"


def bbox(box: Box | None) -> list[float] | None:
    """Where something stands on its page; None for what was added without a place."""
    return None if box is None else list(box)


def workflow_view(workflow: Workflow) -> dict[str, Any]:
    """A workflow with its configuration."""
    return {
        "id": workflow.id,
        "description": workflow.description,
        "fields": [{"id": part.id, "name": part.name} for part in workflow.fields],
        "table_headers": [{"id": part.id, "name": part.name} for part in workflow.table_headers],
        "settings": {"table_capture": workflow.table_capture},
        "created_at": timestamp(workflow.created_at),
    }


def summary_view(state: NanonetsState, document: Document, base_url: str) -> dict[str, Any]:
    """A document without its pages, as lists show it."""
    read = state.status(document) != "pending"
    return {
        "document_id": document.id,
        "status": state.status(document),
        "uploaded_at": timestamp(document.uploaded_at),
        "metadata": document.metadata,
        "original_document_name": document.name,
        "raw_document_url": document_url(base_url, document),
        "verification_status": document.verification_status if read else "",
        "verification_stage": state.stage(document),
        "verification_message": document.verification_message if read else "",
        "assigned_reviewers": list(document.reviewers),
    }


def document_view(state: NanonetsState, document: Document, base_url: str) -> dict[str, Any]:
    """A document with everything that stands on its pages."""
    pages = [page_view(page, base_url) for page in state.visible_pages(document)]
    return {**summary_view(state, document, base_url), "pages": pages}


def page_view(page: Page, base_url: str) -> dict[str, Any]:
    """A page with its fields, a map by name, and its tables."""
    return {
        "page_id": page.id,
        "page_number": page.number,
        "image_url": page_url(base_url, page),
        "data": {
            "fields": fields_view(page.fields),
            "tables": [table_view(table) for table in page.tables],
        },
    }


def fields_view(fields: Sequence[Field]) -> dict[str, list[dict[str, Any]]]:
    """Fields as a map: the name to all values found for it."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for value in fields:
        by_name.setdefault(value.name, []).append(field_view(value))
    return by_name


def field_view(value: Field) -> dict[str, Any]:
    """A value as it stands in a document."""
    return {
        "field_data_id": value.id,
        "value": value.value,
        "confidence": value.confidence,
        "bbox": bbox(value.box),
        "verification_status": value.verification_status,
        "verification_message": value.verification_message,
        "is_moderated": value.is_moderated,
    }


def table_view(table: Table) -> dict[str, Any]:
    """A table as it stands in a document."""
    cells = [{**moderated_cell(cell), "is_moderated": cell.is_moderated} for cell in table.cells]
    return {"table_id": table.id, "bbox": bbox(table.box), "cells": cells}


def moderated_field(value: Field) -> dict[str, Any]:
    """A value as the moderation calls answer it."""
    return {
        "field_data_id": value.id,
        "field_name": value.name,
        "value": value.value,
        "bbox": bbox(value.box),
        "confidence": value.confidence,
        "verification_status": value.verification_status,
        "verification_message": value.verification_message,
    }


def moderated_cell(cell: Cell) -> dict[str, Any]:
    """A cell as the moderation calls answer it."""
    return {
        "cell_id": cell.id,
        "row": cell.row,
        "col": cell.column,
        "header": cell.header,
        "text": cell.text,
        "bbox": bbox(cell.box),
        "verification_status": cell.verification_status,
        "verification_message": cell.verification_message,
    }


def moderated_table(table: Table) -> dict[str, Any]:
    """A table as the moderation calls answer it."""
    return {
        "table_id": table.id,
        "bbox": bbox(table.box),
        "headers": list(table.headers),
        "verification_status": table.verification_status,
        "verification_message": table.verification_message,
        "cells": [moderated_cell(cell) for cell in table.cells],
    }


def requested_page(items: Sequence[Item], query: Mapping[str, Any]) -> Sequence[Item]:
    """The part of a list that a request asks for with page (from 1) and limit (1 to 100)."""
    number, limit = paging(query)
    return items[(number - 1) * limit : number * limit]


def totals(items: Sequence[object], query: Mapping[str, Any]) -> dict[str, int]:
    """What stands beside a part of a list: which part it is and how many there are in all."""
    number, limit = paging(query)
    return {"page_no": number, "page_size": limit, "total_count": len(items)}


def paging(query: Mapping[str, Any]) -> tuple[int, int]:
    """The page and the limit of a request."""
    number: Any = query.get("page", 1)
    limit: Any = query.get("limit", DEFAULT_LIMIT)
    if not isinstance(number, int) or number < 1:
        raise invalid("page must be a number from 1", parameter="page")
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_LIMIT:
        raise invalid(f"limit must be between 1 and {LARGEST_LIMIT}", parameter="limit")
    return number, limit
