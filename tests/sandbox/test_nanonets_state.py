"""The sandbox's Nanonets: its review rules, its two views of one state, and its pages."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from docreview_mcp.sandbox.nanonets import files as _files  # noqa: F401 - registers its handlers
from docreview_mcp.sandbox.nanonets import moderation as _moderation  # noqa: F401 - registers its handlers
from docreview_mcp.sandbox.nanonets import setup as _setup  # noqa: F401 - registers its handlers
from docreview_mcp.sandbox.nanonets.documents import stored_file
from docreview_mcp.sandbox.nanonets.state import Document, NanonetsState
from docreview_mcp.sandbox.page_images import page_png, pages_pdf
from docreview_mcp.sandbox.service import HANDLERS, Call, Download, Refusal, UploadedFile
from PIL import Image


@dataclass
class Bench:
    """A state with a clock that stands still unless moved, and a short way to call its operations."""

    seconds: float = 0.0
    state: NanonetsState = field(init=False)

    def __post_init__(self) -> None:
        self.state = NanonetsState(0, lambda: self.seconds, 2.0)

    def call(
        self,
        operation_id: str,
        path: dict[str, str] | None = None,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        file: UploadedFile | None = None,
    ) -> Any:
        files = {"file": file} if file else {}
        return HANDLERS[operation_id](
            self.state, Call(path or {}, query or {}, body, files, "http://sandbox/nanonets")
        )

    def named(self, name: str) -> Document:
        return next(document for document in self.state.documents.values() if document.name == name)

    def file(self, name: str) -> dict[str, str]:
        document = self.named(name)
        return {"model_id": document.workflow_id, "request_file_id": document.id}

    def document(self, name: str) -> dict[str, str]:
        document = self.named(name)
        return {"workflow_id": document.workflow_id, "document_id": document.id}

    def read(self, name: str) -> dict[str, Any]:
        return self.call("getDocument", self.document(name))

    def value(self, name: str, field_name: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The path of a field's value and what it is now."""
        page = self.read(name)["pages"][0]
        found = page["data"]["fields"][field_name][0]
        path = {**self.document(name), "page_id": page["page_id"], "field_data_id": found["field_data_id"]}
        return path, found

    def file_page(self, name: str) -> dict[str, Any]:
        pages = self.call("getPredictionFileByFileId", self.file(name))
        return (pages["moderated_images"] + pages["unmoderated_images"])[0]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refused(bench: Bench, operation_id: str, path: dict[str, str], body: Any = None, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        bench.call(operation_id, path, body, **more)
    return caught.value


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("invoice-003.pdf", "validation passed"),
        ("invoice-009.pdf", "manager approval"),
        ("invoice-015.pdf", "finance approval"),
    ],
)
def test_a_file_is_approved_where_it_may_be_and_returns_there(bench: Bench, name: str, stage: str) -> None:
    assert bench.read(name)["verification_stage"] == stage
    bench.call("verifyFile", bench.file(name))
    bench.call("verifyFile", bench.file(name))
    assert bench.file_page(name)["approval_status"] == "approved"
    assert bench.read(name)["verification_stage"] == "approved"
    bench.call("unverifyFile", bench.file(name))
    assert bench.read(name)["verification_stage"] == stage
    assert refused(bench, "unverifyFile", bench.file(name)).status == 409


def test_a_file_in_another_stage_is_not_approved(bench: Bench) -> None:
    refusal = refused(bench, "verifyFile", bench.file("invoice-007.pdf"))
    assert (refusal.status, refusal.code) == (409, "conflict")
    assert '"validation failed"' in refusal.message
    assert '"duplicate check"' in refused(bench, "verifyFile", bench.file("invoice-012.pdf")).message


def test_a_rejected_file_never_changes(bench: Bench) -> None:
    name = "invoice-006.pdf"
    path, before = bench.value(name, "total_amount")
    model, page = {"model_id": path["workflow_id"]}, bench.file_page(name)
    verified = {"verification_status": "verified"}
    for operation_id, where, body in (
        ("verifyFile", bench.file(name), None),
        ("unverifyFile", bench.file(name), None),
        ("updateFieldValue", path, {"value": "0.01"}),
        ("deleteFieldValue", path, None),
        ("verifyField", path, verified),
        ("verifyDocument", path, verified),
        ("updateFileFields", model, page | {"moderated_boxes": []}),
        ("assignFiles", model, {"member": "a@b.example", "file_ids": [path["document_id"]]}),
    ):
        assert refused(bench, operation_id, where, body).status == 409, operation_id
    assert bench.value(name, "total_amount")[1] == before
    assert bench.file_page(name) == page


def test_assigning_is_all_or_nothing(bench: Bench) -> None:
    good, rejected = bench.named("invoice-003.pdf"), bench.named("invoice-006.pdf")
    body = {"member": "new@norwick.example", "file_ids": [good.id, rejected.id]}
    refused(bench, "assignFiles", {"model_id": good.workflow_id}, body)
    assert good.reviewers == []


def test_a_correction_shows_in_both_views_and_keeps_what_was_read(bench: Bench) -> None:
    name = "invoice-003.pdf"
    path, before = bench.value(name, "total_amount")
    assert bench.file_page(name)["moderated_boxes"] == []
    bench.call("updateFieldValue", path, {"value": "77.00"})
    after = bench.value(name, "total_amount")[1]
    assert (after["value"], after["is_moderated"]) == ("77.00", True)
    page = bench.file_page(name)
    texts = {
        key: {box["label"]: box["ocr_text"] for box in page[key]}
        for key in ("moderated_boxes", "predicted_boxes")
    }
    assert texts["moderated_boxes"]["total_amount"] == "77.00"
    assert texts["predicted_boxes"]["total_amount"] == before["value"]


def test_sent_boxes_replace_all_boxes_of_the_page(bench: Bench) -> None:
    name = "invoice-003.pdf"
    page = bench.file_page(name)
    first, second = page["predicted_boxes"][:2]
    table = next(box for box in page["predicted_boxes"] if box["type"] == "table")
    table["cells"] = table["cells"][1:]
    added = {
        "is_new": True,
        "label": "notes",
        "ocr_text": "by hand",
        "xmin": 50,
        "ymin": 900,
        "xmax": 90,
        "ymax": 920,
    }
    kept = [first | {"ocr_text": "Corrected"}, second, table, added]
    bench.call(
        "updateFileFields", {"model_id": page["model_id"]}, {"id": page["id"], "moderated_boxes": kept}
    )
    data = bench.read(name)["pages"][0]["data"]
    values = {name: (found["value"], found["is_moderated"]) for name, [found] in data["fields"].items()}
    assert values == {
        first["label"]: ("Corrected", True),
        second["label"]: (second["ocr_text"], False),
        "notes": ("by hand", True),
    }
    assert [cell["cell_id"] for cell in data["tables"][0]["cells"]] == [cell["id"] for cell in table["cells"]]


def test_boxes_that_are_not_understood_change_nothing(bench: Bench) -> None:
    before = bench.read("invoice-003.pdf")
    page = bench.file_page("invoice-003.pdf")
    boxes = [
        page["predicted_boxes"][0] | {"ocr_text": "x"},
        {"id": "unknown", "label": "notes", "ocr_text": "y"},
    ]
    body = page | {"moderated_boxes": boxes}
    assert refused(bench, "updateFileFields", {"model_id": page["model_id"]}, body).status == 400
    assert bench.read("invoice-003.pdf") == before


def test_a_page_that_is_not_named_is_asked_for(bench: Bench) -> None:
    page = bench.file_page("invoice-003.pdf")
    model = {"model_id": page["model_id"]}
    refusal = refused(bench, "updateFileFields", model, {"moderated_boxes": []})
    assert (refusal.status, refusal.details) == (400, {"parameter": "page"})
    assert "send `page`" in refusal.message
    assert "nanonets_get_file" in refusal.message
    bench.call("updateFileFields", model, page | {"moderated_boxes": []})
    data = bench.read("invoice-003.pdf")["pages"][0]["data"]
    assert data == {"fields": {}, "tables": []}


def test_what_is_added_without_a_place_has_none(bench: Bench) -> None:
    name = "invoice-003.pdf"
    page = {**bench.document(name), "page_id": bench.file_page(name)["id"]}
    cell = {"row": 0, "col": 0, "header": "a", "text": "x"}
    table = bench.call("addTable", page, {"headers": ["a"], "cells": [cell]})
    added = bench.call("addTableCell", {**page, "table_id": table["table_id"]}, cell | {"row": 1})
    value = bench.call("addFieldValue", page, {"field_name": "notes", "value": "by hand"})
    assert [part["bbox"] for part in (table, *table["cells"], added, value)] == [None] * 4
    before = bench.read(name)
    assert before["pages"][0]["data"]["tables"][-1]["bbox"] is None
    boxes = bench.file_page(name)["moderated_boxes"]
    body = {"id": page["page_id"], "moderated_boxes": boxes}
    bench.call("updateFileFields", {"model_id": page["workflow_id"]}, body)
    assert bench.read(name) == before


def test_one_page_of_a_reviewed_file_is_short_and_told_once(bench: Bench) -> None:
    name = "invoice-003.pdf"
    path, before = bench.value(name, "total_amount")
    bench.call("updateFieldValue", path, {"value": "4,898.29"})
    cells = [{"row": 0, "col": 0, "header": "a", "text": "x"}]
    bench.call("addTable", path, {"headers": ["a"], "cells": cells})
    bench.call("verifyDocument", path, {"verification_status": "verified"})
    bench.call("verifyFile", bench.file(name))
    answer = bench.call("getPredictionFileByFileId", bench.file(name))
    assert len(json.dumps(answer["moderated_images"], separators=(",", ":"))) < 15_000
    page = answer["moderated_images"][0]
    assert len(json.dumps(page["raw_ocr"])) <= 2000
    whole = {box["label"]: box for box in page["moderated_boxes"]}
    first = {box["label"]: box for box in page["predicted_boxes"]}
    assert (first["total_amount"]["ocr_text"], "xmin" in first["total_amount"]) == (before["value"], True)
    assert first["iban"]["ocr_text"] == whole["iban"]["ocr_text"]
    assert ("xmin" in whole["iban"], "xmin" in first["iban"]) == (True, False)
    assert "cells" not in first["table"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://files.example/in/2026/bill%20of%20May.pdf?x=1", "bill of May.pdf"),
        ("https://files.example", "document"),
    ],
)
def test_an_upload_by_address_is_named_after_its_file(bench: Bench, address: str, name: str) -> None:
    path = {"workflow_id": bench.named("invoice-001.pdf").workflow_id}
    document = bench.call("uploadDocument", path, {"document_url": address})
    assert document["original_document_name"] == name
    assert refused(bench, "uploadDocument", path, {"document_url": "http://["}).status == 400


def test_verifying_a_document_verifies_everything_on_it(bench: Bench) -> None:
    name = "invoice-005.pdf"
    answer = bench.call(
        "verifyDocument",
        bench.document(name),
        {"verification_status": "verified", "verification_message": "ok"},
    )
    assert (answer["status"], answer["verification_message"], len(answer["pages"])) == ("verified", "ok", 3)
    assert isinstance(answer["pages"][0]["fields"], list)
    parts = [
        part
        for page in bench.read(name)["pages"]
        for part in itertools.chain(
            *page["data"]["fields"].values(), *(t["cells"] for t in page["data"]["tables"])
        )
    ]
    assert len(parts) > 200
    assert {part["verification_status"] for part in parts} == {"verified"}


def test_an_unknown_verification_status_is_a_conflict(bench: Bench) -> None:
    refusal = refused(
        bench, "verifyDocument", bench.document("invoice-005.pdf"), {"verification_status": "fine"}
    )
    assert (refusal.status, refusal.code) == (409, "conflict")


def test_lists_come_in_parts(bench: Bench) -> None:
    path = {"workflow_id": bench.named("invoice-001.pdf").workflow_id}
    parts = [bench.call("listDocuments", path, query={"page": number}) for number in (1, 2, 3, 4)]
    assert [len(part["documents"]) for part in parts] == [10, 10, 2, 0]
    assert {part["total_count"] for part in parts} == {22}
    assert refused(bench, "listDocuments", path, query={"limit": 101}).status == 400
    assert refused(bench, "listDocuments", {"workflow_id": "unknown"}).status == 404


def test_work_in_the_background_takes_its_time(bench: Bench) -> None:
    path = {"workflow_id": bench.named("invoice-001.pdf").workflow_id}
    file = UploadedFile("scan.pdf", "application/pdf", b"anything")
    pending = bench.call("uploadDocument", path, {"async": "true"}, file=file)
    assert (pending["status"], pending["pages"]) == ("pending", [])
    where = path | {"document_id": pending["document_id"]}
    files = {"model_id": path["workflow_id"], "request_file_id": pending["document_id"]}
    assert refused(bench, "verifyFile", files).status == 409
    bench.seconds = 2.0
    done = bench.call("getDocument", where)
    assert (done["status"], done["verification_stage"]) == ("success", "validation passed")
    at_once = bench.call("uploadDocument", path, {"async": False}, file=file)
    assert values_of(at_once) == values_of(done)
    empty = UploadedFile("empty.pdf", "application/pdf", b"")
    assert refused(bench, "uploadDocument", path, {}, file=empty).status == 400


def values_of(document: dict[str, Any]) -> list[Any]:
    return [
        (name, found["value"], found["bbox"])
        for page in document["pages"]
        for name, values in page["data"]["fields"].items()
        for found in values
    ]


@pytest.mark.parametrize("name", ["invoice-005.pdf", "receipt-003.png"])
def test_an_original_that_is_uploaded_again_holds_the_same(bench: Bench, name: str) -> None:
    original = bench.call("getDocumentOriginalFile", bench.document(name))
    assert isinstance(original, Download)
    file = UploadedFile("again.bin", original.content_type, original.content)
    again = bench.call("uploadDocument", {"workflow_id": bench.named(name).workflow_id}, {}, file=file)
    assert values_of(again) == values_of(bench.read(name))
    stored = stored_file(bench.state, f"documents/{again['document_id']}")
    assert stored is not None
    assert stored.content == original.content


def test_workflows_keep_their_limits(bench: Bench) -> None:
    made = [bench.call("createWorkflow", {}, {"description": "d", "workflow_type": ""}) for _ in range(17)]
    assert refused(bench, "createWorkflow", {}, {"description": "d", "workflow_type": ""}).status == 400
    path = {"workflow_id": made[0]["id"]}
    names = [{"name": f"field_{number}"} for number in range(31)]
    assert refused(bench, "setWorkflowFields", path, {"fields": names}).status == 400
    assert (
        refused(bench, "setWorkflowFields", path, {"fields": [], "table_headers": names[:21]}).status == 400
    )
    assert len(bench.call("setWorkflowFields", path, {"fields": names[:30]})["fields"]) == 30


def test_amounts_on_paper_add_up_and_misread_ones_are_unsure(bench: Bench) -> None:
    def cents(text: str) -> int:
        return int(text.replace(",", "").replace(".", ""))

    unsure: set[str] = set()
    for document in bench.state.documents.values():
        if not document.name.startswith("invoice") or not document.pages:
            continue
        fields = {found.name: found for page in document.pages for found in page.fields}
        cells = [cell for page in document.pages for table in page.tables for cell in table.cells]
        if min(part.confidence for part in [*fields.values(), *cells]) < 0.6:
            unsure.add(document.name)
            continue
        amounts = [cents(cell.text) for cell in cells if cell.header == "amount"]
        assert sum(amounts) == cents(fields["subtotal"].value), document.name
        tax = cents(fields["tax_amount"].value)
        assert sum(amounts) + tax == cents(fields["total_amount"].value), document.name
    assert "invoice-003.pdf" in unsure
    assert len(unsure) < 12


def test_texts_stand_where_their_boxes_say(bench: Bench) -> None:
    for name in ("invoice-004.pdf", "invoice-018.pdf", "receipt-003.png", "purchase-order-005.pdf"):
        for page in bench.named(name).pages:
            picture = Image.open(io.BytesIO(page_png(page.sheet)))
            cells = [cell.box for table in page.tables for cell in table.cells]
            for box in [*(found.box for found in page.fields), *cells]:
                assert box is not None
                left, top, right, bottom = box
                assert darkest(picture, (left, top, right, bottom)) < 60
                assert darkest(picture, (left - 2, top - 1, right + 2, top)) == 255
                assert darkest(picture, (left - 2, bottom, right + 2, bottom + 1)) == 255
                assert darkest(picture, (left - 2, top, left, bottom)) == 255
                assert darkest(picture, (right, top, right + 2, bottom)) == 255


def darkest(picture: Image.Image, box: tuple[float, float, float, float]) -> float:
    extrema = picture.crop((int(box[0]), int(box[1]), int(box[2]), int(box[3]))).getextrema()
    assert not isinstance(extrema[0], tuple)
    return extrema[0]


def test_the_same_seed_gives_the_same_state_and_the_same_bytes(bench: Bench) -> None:
    other, different = Bench(), NanonetsState(1)
    assert other.read("invoice-004.pdf") == bench.read("invoice-004.pdf")
    original = bench.call("getDocumentOriginalFile", bench.document("invoice-008.pdf"))
    page_png.cache_clear()
    pages_pdf.cache_clear()
    assert original == other.call("getDocumentOriginalFile", other.document("invoice-008.pdf"))
    assert not set(different.documents) & set(bench.state.documents)
