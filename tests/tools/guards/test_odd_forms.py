"""What cannot be read, or says two things, never passes an approval rule, in whatever form it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of

GOOD = {"field_data_id": "f", "value": "1", "confidence": 0.99, "verification_status": "verified"}
PAGE = {"page_id": "p", "data": {"fields": {"total": [GOOD]}, "tables": []}}
CELL = {"cell_id": "c", "text": "x", "row": 0, "col": 0, "confidence": 0.99}
BOX = {
    "id": "b",
    "label": "total",
    "ocr_text": "1",
    "score": 0.99,
    "type": "field",
    "validation_status": "verified",
}
OPEN_BOX = {key: value for key, value in BOX.items() if key != "validation_status"}


def page(fields: Any = None, tables: Any = None) -> dict[str, Any]:
    """A page with these in its data."""
    return {"page_id": "q", "data": {"fields": fields or {}, "tables": tables or []}}


DOCUMENTS: dict[str, list[Any]] = {
    "data null": [PAGE, {"page_id": "q", "data": None}],
    "data a list": [PAGE, {"page_id": "q", "data": []}],
    "data missing": [PAGE, {"page_id": "q"}],
    "data empty": [PAGE, {"page_id": "q", "data": {}}],
    "fields on the page": [
        PAGE,
        {"page_id": "q", "fields": {"x": [{**GOOD, "verification_status": ""} | {"confidence": 0.1}]}},
    ],
    "a table with rows only": [PAGE, page(tables=[{"table_id": "t", "rows": [["a", "b"]]}])],
    "failed beside verified": [page({"x": [{**GOOD, "validation_status": "failed"}]})],
    "verified beside failed": [
        page({"x": [{**GOOD, "verification_status": "failed", "validation_status": "verified"}]})
    ],
    "a changed cell of a verified table": [
        PAGE,
        page(
            tables=[
                {
                    "table_id": "t",
                    "verification_status": "verified",
                    "cells": [{**CELL, "is_moderated": True}],
                }
            ]
        ),
    ],
    "a changed value": [page({"x": [{**GOOD, "verification_status": "", "is_moderated": 1}]})],
    "a changed value, as text": [page({"x": [{**GOOD, "verification_status": "", "is_moderated": "true"}]})],
    "no pages": [],
    "a page that is none": [PAGE, "page"],
}

FILES: dict[str, list[Any]] = {
    "a page without boxes": [{"moderated_boxes": [BOX]}, {"moderated_boxes": [], "predicted_boxes": []}],
    "a doubtful box that was removed": [
        {
            "moderated_boxes": [BOX],
            "predicted_boxes": [BOX, {**OPEN_BOX, "id": "z", "label": "tax", "score": 0.1}],
        }
    ],
    "changed, as a number": [{"moderated_boxes": [{**OPEN_BOX, "is_moderated": 1}]}],
    "changed, as text": [{"moderated_boxes": [{**OPEN_BOX, "is_moderated": "true"}]}],
    "changed, as a status": [{"moderated_boxes": [{**OPEN_BOX, "status": "Moderated"}]}],
    "changed, as the text shows": [
        {"moderated_boxes": [{**OPEN_BOX, "ocr_text": "9"}], "predicted_boxes": [OPEN_BOX]}
    ],
    "failed beside verified": [{"moderated_boxes": [{**BOX, "status": "failed"}]}],
    "a table with rows only": [
        {"moderated_boxes": [BOX, {"id": "t", "type": "table", "label": "lines", "rows": [["x"]]}]}
    ],
    "a changed cell of a verified table": [
        {
            "moderated_boxes": [
                {
                    "id": "t",
                    "type": "table",
                    "validation_status": "verified",
                    "cells": [{"id": "c", "text": "x", "row": 1, "score": 0.99, "is_moderated": True}],
                }
            ]
        }
    ],
    "no pages": [],
}


def upstream(answer: dict[str, Any]) -> Network:
    """A service that shows this to every read."""
    return Network(lambda request: httpx2.Response(200, json=answer if request.method == "GET" else {}))


async def approved(answer: dict[str, Any], tool: str, rule: str, folder: Path, era: Era) -> bool:
    """Whether a document of this form is approved under a rule."""
    policy = folder / "policy.toml"
    policy.write_text(f"[approval]\n{rule}\n")
    ids = (
        {"model_id": "w", "request_file_id": "d"}
        if tool == "nanonets_approve_file"
        else {
            "workflow_id": "w",
            "document_id": "d",
            "verification_status": "verified",
        }
    )
    network = upstream(answer)
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        result = await client.call_tool(tool, ids)
    writes = [request for request in network.requests if request.method != "GET"]
    if result.is_error:
        assert error_of(result)["code"] == "not_allowed", result.structured_content
        assert writes == []
    return bool(writes)


RULES = pytest.mark.parametrize("rule", ["all_verified = true", "min_confidence = 0.5"])


@RULES
@pytest.mark.parametrize("form", DOCUMENTS)
async def test_no_odd_form_of_a_document_is_approved(form: str, rule: str, era: Era, tmp_path: Path) -> None:
    answer = {"document_id": "d", "status": "success", "pages": DOCUMENTS[form]}
    assert not await approved(answer, "nanonets_verify_document", rule, tmp_path, era)


@RULES
@pytest.mark.parametrize("form", FILES)
async def test_no_odd_form_of_a_file_is_approved(form: str, rule: str, era: Era, tmp_path: Path) -> None:
    pages = [{"id": str(number), "status": "success", **each} for number, each in enumerate(FILES[form])]
    answer = {"moderated_images": [], "unmoderated_images": pages}
    assert not await approved(answer, "nanonets_approve_file", rule, tmp_path, era)


@RULES
@pytest.mark.parametrize("status", ["pending", "failure", "Processing"])
async def test_nothing_is_approved_that_is_not_read_yet(
    status: str, rule: str, era: Era, tmp_path: Path
) -> None:
    document = {"document_id": "d", "status": status, "pages": [PAGE]}
    assert not await approved(document, "nanonets_verify_document", rule, tmp_path, era)
    file = {"moderated_images": [], "unmoderated_images": [{"status": status, "moderated_boxes": [BOX]}]}
    assert not await approved(file, "nanonets_approve_file", rule, tmp_path, era)


@RULES
async def test_the_usual_forms_are_approved(rule: str, era: Era, tmp_path: Path) -> None:
    document = {"document_id": "d", "status": "success", "pages": [PAGE, page()]}
    assert await approved(document, "nanonets_verify_document", rule, tmp_path, era)
    file = {
        "moderated_images": [],
        "unmoderated_images": [{"moderated_boxes": [BOX], "predicted_boxes": [BOX]}],
    }
    assert await approved(file, "nanonets_approve_file", rule, tmp_path, era)
