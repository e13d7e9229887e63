"""How pages and values look in the v2 interface, and how its boxes are written back.

A page of a file carries `predicted_boxes`, what was read first, and `moderated_boxes`, what stands now.
As with the service, the latter are empty until somebody changed or approved the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..page_layout import Box
from .bodies import invalid, number_at, objects_at, text_at, texts_at
from .data import APPROVED
from .state import Cell, Document, Field, NanonetsState, Page, Table, Workflow
from .views import document_url, page_url, timestamp

__all__ = [
    "page_object",
    "predicted_boxes",
    "replace_boxes",
    "signed_urls",
    "stored_name",
    "without_cells",
]

NO_STAGE = "ffffffff-ffff-ffff-ffff-ffffffffffff"
NOWHERE: Box = (0, 0, 0, 0)
SIDES = ("xmin", "ymin", "xmax", "ymax")
MAX_RAW_OCR = 2000
SHORT_BOX = ("id", "label", "score", "ocr_text", "type", "page")
CHECKABLE = ("verified", "unverified")


def page_object(state: NanonetsState, document: Document, page: Page, base_url: str) -> dict[str, Any]:
    """One page of a file with all that v2 says about it."""
    workflow = state.workflows[document.workflow_id]
    read = state.status(document) == "success"
    approved = document.decision == APPROVED
    current = boxes(workflow, page.fields, page.tables, page)
    decided_at = timestamp(document.decided_at) if document.decided_at else ""
    predicted = predicted_boxes(workflow, page)
    moderated = current if read and (approved or page.moderated) else []
    return {
        "model_id": document.workflow_id,
        "day_since_epoch": int(document.uploaded_at.timestamp()) // 86400,
        "is_moderated": approved,
        "hour_of_day": document.uploaded_at.hour,
        "id": page.id,
        "url": stored_name(document, page),
        "predicted_boxes": shortened(predicted, moderated) if read else [],
        "moderated_boxes": moderated,
        "size": {"width": page.sheet.width, "height": page.sheet.height},
        "page": page.number - 1,
        "request_file_id": document.id,
        "original_file_name": document.name,
        "custom_response": None,
        "assigned_member": document.reviewers[0] if document.reviewers else "",
        "is_deleted": False,
        "source": document.source,
        "no_of_fields": len(workflow.fields),
        "cost": 0,
        "payable_cost": 0,
        "status": state.status(document),
        "export_status": document.export_status,
        "retries": 0,
        "rotation": 0,
        "updated_at": decided_at or timestamp(document.uploaded_at),
        "verified_at": decided_at if approved else "",
        "verified_by": document.decided_by if approved else "",
        "current_stage_id": state.stage(document) or NO_STAGE,
        "uploaded_by": "accounts@norwick.example",
        "upload_channel": document.source,
        "file_url": stored_name(document),
        "request_metadata": metadata_text(document.metadata),
        "raw_ocr": raw_ocr(predicted) if read else [],
        "delay_post_prediction_tasks": False,
        "approval_status": document.decision if read else "",
        "file_metadata": {"duplicate": False},
    }


def shortened(
    predicted: Sequence[dict[str, Any]], moderated: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What was read first; a box unchanged since then is returned in full in `moderated` only."""
    standing = {box["id"]: said_in(box) for box in moderated}
    return [
        {key: box[key] for key in SHORT_BOX} if standing.get(box["id"]) == said_in(box) else box
        for box in predicted
    ]


def said_in(box: dict[str, Any]) -> list[Any]:
    """What a box and its cells say and where, whether or not anybody verified it since."""
    cells = [
        [cell[key] for key in ("id", "row", "col", "label", "text", *SIDES)] for cell in box.get("cells", [])
    ]
    return [*(box[key] for key in ("label", "ocr_text", *SIDES)), cells]


def without_cells(box: dict[str, Any]) -> dict[str, Any]:
    """A box without the cells, if it is that of a table."""
    return {key: value for key, value in box.items() if key != "cells"}


def raw_ocr(predicted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The values as they were read, with their places, and no more of them than keep an answer short."""
    read: list[dict[str, Any]] = []
    left = MAX_RAW_OCR
    for box in [box for box in predicted if box["type"] == "field"]:
        short = {key: box[key] for key in ("ocr_text", *SIDES)}
        left -= len(json.dumps(short)) + 2
        if left >= 2:
            read.append(short)
    return read


def metadata_text(metadata: Any) -> str:
    """Metadata as the text that v2 keeps them as."""
    if isinstance(metadata, str):
        return metadata
    return json.dumps(metadata) if metadata else ""


def stored_name(document: Document, page: Page | None = None) -> str:
    """The name under which v2 speaks of a page's picture, or of the file itself."""
    if page:
        return f"uploadedfiles/{document.workflow_id}/PredictionImages/{page.id}.png"
    return f"uploadedfiles/{document.workflow_id}/RawPredictions/{document.id}"


def signed_urls(documents: Sequence[Document], base_url: str) -> dict[str, dict[str, str]]:
    """Stored name → addresses under which anybody who has them gets the picture or the file."""
    urls: dict[str, dict[str, str]] = {}
    for document in documents:
        for page in document.pages:
            plain = page_url(base_url, page)
            urls[stored_name(document, page)] = {
                "original": signed(plain, "4h"),
                "original_compressed": signed(plain, "4h-compressed"),
                "thumbnail": signed(plain, "4h-thumbnail"),
                "acw_rotate_90": "",
                "acw_rotate_180": "",
                "acw_rotate_270": "",
                "original_with_long_expiry": signed(plain, "180d"),
            }
        urls[stored_name(document)] = {
            "original": signed(document_url(base_url, document), "7d"),
            "original_compressed": "",
            "thumbnail": "",
            "acw_rotate_90": "",
            "acw_rotate_180": "",
            "acw_rotate_270": "",
            "original_with_long_expiry": "",
        }
    return urls


def signed(url: str, expires: str) -> str:
    """An address with a signature."""
    signature = hashlib.sha256(f"{url}/{expires}".encode()).hexdigest()[:32]
    return f"{url}?expires={expires}&s={signature}"


def predicted_boxes(workflow: Workflow, page: Page) -> list[dict[str, Any]]:
    """What was read from a page at first."""
    fields = page.fields if page.first_fields is None else page.first_fields
    tables = page.tables if page.first_tables is None else page.first_tables
    return boxes(workflow, fields, tables, page)


def boxes(
    workflow: Workflow, fields: Sequence[Field], tables: Sequence[Table], page: Page
) -> list[dict[str, Any]]:
    """Values and tables as boxes."""
    label_ids = {part.name: part.id for part in workflow.fields}
    number = page.number - 1
    return [
        *(field_box(value, label_ids.get(value.name, ""), number) for value in fields),
        *(table_box(table, number) for table in tables),
    ]


def field_box(value: Field, label_id: str, page_number: int) -> dict[str, Any]:
    """A value as a box."""
    return {
        "id": value.id,
        "label": value.name,
        **sides(value.box),
        "score": value.confidence,
        "ocr_text": value.value,
        "status": "moderated" if value.is_moderated else "correctly_predicted",
        "type": "field",
        "validation_status": validation(value.verification_status),
        "page": page_number,
        "label_id": label_id,
        "lookup_edited": False,
        "lookup_parent_box_ids": None,
    }


def table_box(table: Table, page_number: int) -> dict[str, Any]:
    """A table as a box with cells; rows and columns count from 1 here, each cell covers one of both.

    A cell has a `status` if it was moderated and `failed_validation` if it failed, to keep pages short.
    """
    return {
        "id": table.id,
        "label": "table",
        **sides(table.box),
        "score": 1,
        "ocr_text": "table",
        "status": "moderated" if table.is_moderated else "correctly_predicted",
        "type": "table",
        "validation_status": validation(table.verification_status),
        "page": page_number,
        "label_id": "",
        "lookup_edited": False,
        "lookup_parent_box_ids": None,
        "cells": [
            {
                "id": cell.id,
                "row": cell.row + 1,
                "col": cell.column + 1,
                "label": cell.header,
                **sides(cell.box),
                "score": cell.confidence,
                "text": cell.text,
                "verification_status": cell.verification_status,
                **({"status": "moderated"} if cell.is_moderated else {}),
                **({"failed_validation": cell.verification_message} if cell.verification_message else {}),
            }
            for cell in table.cells
        ],
    }


def validation(status: str) -> str:
    """A verification status in the words of v2: what nobody checked yet and no rule failed is a success."""
    return "success" if status == "unverified" else status


def sides(box: Box | None) -> dict[str, float]:
    """A box by its four sides, which are all 0 if it has no place."""
    return dict(zip(SIDES, box or NOWHERE, strict=True))


def replace_boxes(state: NanonetsState, page: Page, bodies: Sequence[dict[str, Any]]) -> None:
    """Make these boxes all that stands on a page.

    What is left out is deleted. A box that is not on the page yet says so with `is_new`; nothing is changed
    unless every box is understood.
    """
    fields = {value.id: value for value in page.fields}
    tables = {table.id: table for table in page.tables}
    new_fields: list[Field] = []
    new_tables: list[Table] = []
    taken: set[str] = set()
    for box in bodies:
        identity = text_at(box, "id", "")
        if identity and identity in taken:
            raise invalid("A box appears twice", box=identity)
        taken.add(identity)
        is_new = box.get("is_new") is True
        if not is_new and identity not in fields and identity not in tables:
            raise invalid("A box is not on this page; a box to be added needs is_new", box=identity)
        if identity in tables or (is_new and box.get("type") == "table"):
            new_tables.append(table_from(state, None if is_new else tables[identity], box))
        else:
            new_fields.append(field_from(state, None if is_new else fields[identity], box))
    page.keep_first_reading()
    page.fields[:] = new_fields
    page.tables[:] = new_tables


def field_from(state: NanonetsState, known: Field | None, box: dict[str, Any]) -> Field:
    """A value as a box says it is now."""
    if known is None:
        score = number_at(box, "score", 1.0)
        value = Field(state.new_id(), text_at(box, "label"), text_at(box, "ocr_text"), box_from(box), score)
        value.is_moderated = True
    else:
        value = replace(
            known,
            name=text_at(box, "label", known.name),
            value=text_at(box, "ocr_text", known.value),
            box=box_from(box, known.box),
        )
        value.is_moderated = known.is_moderated or value != known
    value.verification_status = checked(box, "validation_status", value.verification_status)
    return value


def table_from(state: NanonetsState, known: Table | None, box: dict[str, Any]) -> Table:
    """A table as a box says it is now; without `cells` a known table keeps its cells."""
    if known is None:
        cells = [cell_from(state, None, cell) for cell in objects_at(box, "cells")]
        headers = list(dict.fromkeys(cell.header for cell in cells)) or texts_at(box, "label")
        return Table(state.new_id(), box_from(box), headers, cells, is_moderated=True)
    table = replace(known, box=box_from(box, known.box))
    if "cells" in box:
        by_id = {cell.id: cell for cell in known.cells}
        table.cells = [
            cell_from(state, by_id.get(text_at(cell, "id", "")), cell) for cell in objects_at(box, "cells")
        ]
    table.is_moderated = known.is_moderated or table != known
    table.verification_status = checked(box, "validation_status", table.verification_status)
    return table


def cell_from(state: NanonetsState, known: Cell | None, body: dict[str, Any]) -> Cell:
    """A cell as a table's box says it is now."""
    if known is None:
        row, column = int(number_at(body, "row")) - 1, int(number_at(body, "col")) - 1
        if row < 0 or column < 0:
            raise invalid("row and col of a cell count from 1")
        cell = Cell(
            state.new_id(), row, column, text_at(body, "label"), text_at(body, "text"), box_from(body), 1.0
        )
        cell.is_moderated = True
        return cell
    cell = replace(
        known,
        row=int(number_at(body, "row", known.row + 1)) - 1,
        column=int(number_at(body, "col", known.column + 1)) - 1,
        header=text_at(body, "label", known.header),
        text=text_at(body, "text", known.text),
        box=box_from(body, known.box),
    )
    cell.is_moderated = known.is_moderated or cell != known
    cell.verification_status = checked(body, "verification_status", cell.verification_status)
    return cell


def box_from(body: dict[str, Any], known: Box | None = None) -> Box | None:
    """The four sides of a sent box; a side that it does not name stays as it was."""
    left, top, right, bottom = (
        number_at(body, side, before) for side, before in zip(SIDES, known or NOWHERE, strict=True)
    )
    box = (left, top, right, bottom)
    return None if known is None and box == NOWHERE else box


def checked(body: dict[str, Any], key: str, known: str) -> str:
    """The verification that a box asks for; what the sandbox itself writes there leaves it as it was."""
    status = body.get(key)
    return status if isinstance(status, str) and status in CHECKABLE else known
