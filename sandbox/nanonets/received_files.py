"""What the sandbox reads from files that are sent to it, and how it keeps them.

It cannot really read: a file of its own it recognises, for any other it invents data that follow from the
bytes, so that the same file always gives the same answer.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from ..page_images import page_png, pages_pdf, references_in
from ..service import Download, UploadedFile
from .bodies import invalid
from .data import VALIDATION_PASSED
from .forms import (
    INVOICE_FIELDS,
    INVOICE_HEADERS,
    ORDER_FIELDS,
    ORDER_HEADERS,
    RECEIPT_FIELDS,
    RECEIPT_HEADERS,
    form,
    invoice,
    purchase_order,
    receipt,
)
from .paper import Mistake, PageReading, with_mistake
from .state import Document, NanonetsState, Page, Workflow

__all__ = ["PRETRAINED", "original_file", "read_file", "receive_file", "receive_url"]

PRETRAINED = {
    "invoice": (INVOICE_FIELDS, INVOICE_HEADERS, invoice),
    "receipt": (RECEIPT_FIELDS, RECEIPT_HEADERS, receipt),
    "purchase_order": (ORDER_FIELDS, ORDER_HEADERS, purchase_order),
}
"""Workflow type → the fields and table headers it comes with, and how such a paper is written."""

OWN_URL = re.compile(r"/files/documents/([^/?#]+)")


def receive_file(
    state: NanonetsState,
    workflow: Workflow,
    upload: UploadedFile,
    *,
    metadata: Any = None,
    in_background: bool,
) -> Document:
    """Take in a file; its data are there at once, or after a while if the work is done in the background."""
    if not upload.content:
        raise invalid("The file is empty", file=upload.file_name)
    readings = read_file(state, workflow, upload.content)
    document = new_document(state, workflow, upload.file_name, readings, metadata, in_background)
    document.content = upload.content
    document.content_type = upload.content_type or "application/octet-stream"
    return document


def receive_url(
    state: NanonetsState, workflow: Workflow, url: str, *, metadata: Any = None, in_background: bool
) -> Document:
    """Take in a file by its address. Nothing is fetched: the data follow from the address."""
    if not url.startswith(("http://", "https://")):
        raise invalid("The address of a document must begin with http:// or https://", url=url)
    own = OWN_URL.search(url)
    source = state.documents.get(own.group(1)) if own else None
    if source and source.pages:
        readings = tuple(state.known_pages[page.sheet.reference] for page in source.pages)
    else:
        readings = invent(workflow, hashlib.sha256(url.encode()).hexdigest())
    return new_document(state, workflow, name_in(url), readings, metadata, in_background)


def name_in(url: str) -> str:
    """The name of the file that stands under an address: the last part of its path."""
    try:
        path = urlsplit(url).path
    except ValueError as error:
        raise invalid("The address of a document is not an address", url=url) from error
    return unquote(path).rstrip("/").rpartition("/")[2] or "document"


def new_document(
    state: NanonetsState,
    workflow: Workflow,
    name: str,
    readings: Sequence[PageReading],
    metadata: Any,
    in_background: bool,
) -> Document:
    """A document of a workflow with what was read from it."""
    if not workflow.table_capture:
        readings = [reading._replace(tables=()) for reading in readings]
    state.known_pages.update({reading.sheet.reference: reading for reading in readings})
    document = Document(
        state.new_id(),
        workflow.id,
        name,
        "application/pdf",
        state.now(),
        state.pages_from(readings),
        VALIDATION_PASSED,
        metadata=metadata,
        source="api",
        ready_at=state.clock() + state.work_seconds if in_background else 0.0,
    )
    state.add_document(document)
    return document


def read_file(state: NanonetsState, workflow: Workflow | None, content: bytes) -> tuple[PageReading, ...]:
    """What stands in a file: what is known of a file of the sandbox, something invented for any other."""
    known = [state.known_pages.get(reference) for reference in references_in(content)]
    readings = tuple(reading for reading in known if reading)
    if readings and len(readings) == len(known):
        sheets = tuple(reading.sheet for reading in readings)
        if content == pages_pdf(sheets) or (len(sheets) == 1 and content == page_png(sheets[0])):
            return readings
    return invent(workflow, hashlib.sha256(content).hexdigest())


def invent(workflow: Workflow | None, digest: str) -> tuple[PageReading, ...]:
    """A plausible document of the workflow's kind; about half of them hold a value that was misread."""
    rng = random.Random(digest)
    identity = f"upload/{digest}"
    day = date(2026, 10, 1) + timedelta(days=rng.randrange(40))
    if workflow is None:
        return invoice(identity, day)
    fields = [part.name for part in workflow.fields]
    headers = [part.name for part in workflow.table_headers]
    kind = PRETRAINED.get(workflow.workflow_type)
    if kind is None or not set(fields) <= set(kind[0]) or not set(headers) <= set(kind[1]):
        return form(identity, fields, headers)
    pages = kind[2](identity, day)
    if rng.random() < 0.5:
        confidence = rng.randint(310, 590) / 1000
        pages = with_mistake(pages, Mistake("total_amount", "digit", confidence))
    return tuple(only_configured(page, fields, headers) for page in pages)


def only_configured(page: PageReading, fields: Sequence[str], headers: Sequence[str]) -> PageReading:
    """A reading without what the workflow is not configured to extract."""
    tables = tuple(
        table._replace(
            headers=tuple(header for header in table.headers if header in headers),
            cells=tuple(cell for cell in table.cells if cell.header in headers),
        )
        for table in page.tables
    )
    return page._replace(
        fields=tuple(value for value in page.fields if value.name in fields),
        tables=tuple(table for table in tables if table.cells),
    )


def original_file(document: Document) -> Download:
    """The file that was uploaded; for the documents that the sandbox starts with, one drawn now."""
    content = document.content
    if content is None:
        content = drawn_file(document.pages, document.content_type)
    return Download(content, document.content_type, document.name or "document")


def drawn_file(pages: Sequence[Page], content_type: str) -> bytes:
    """The file of these pages."""
    if content_type == "image/png":
        return page_png(pages[0].sheet)
    return pages_pdf(tuple(page.sheet for page in pages))
