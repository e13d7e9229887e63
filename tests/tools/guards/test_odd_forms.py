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
OPEN = {key: value for key, value in GOOD.items() if key != "verification_status"}
MARK = {"verification_status": "verified", "confidence": 0.99}
TABLE_BOX = {"id": "t", "type": "table", "validation_status": "verified"}
CELL_BOX = {"id": "c", "text": "x", "row": 1, "header": "net", "score": 0.99}
OPEN_CELL_BOX = {**CELL_BOX, "id": "z", "row": 2, "verification_status": "unverified"}


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
    "a rule of the service that found fault": [page({"x": [{**OPEN, "verification_message": "Too much."}]})],
    "no pages": [],
    "a page that is none": [PAGE, "page"],
    "fields beside the data": [{**PAGE, "fields": {"x": [OPEN]}}],
    "tables beside the data": [{**PAGE, "tables": [{"table_id": "t", "cells": [CELL]}]}],
    "pages in a page": [{**PAGE, "pages": [page({"x": [OPEN]})]}],
    "a page that failed": [{**PAGE, "status": "failure"}],
    "a page that waits": [PAGE, {**PAGE, "status": "pending"}],
    "cells as a map": [
        PAGE,
        page(tables=[{"table_id": "t", "verification_status": "verified", "cells": {"a": CELL}}]),
    ],
    "rows beside no cells": [PAGE, page(tables=[{"table_id": "t", "cells": [], "rows": [["a"]]}])],
    "a group of fields": [page({"x": [GOOD], "address": {**MARK, "street": [OPEN]}})],
    "fields in a field": [page({"x": [{**GOOD, "fields": {"y": [OPEN]}}]})],
    "values in a field": [page({"x": {**GOOD, "values": [OPEN]}})],
    "another confidence": [page({"x": [{**OPEN, "score": 0.1}]})],
    "another confidence in one": [page({"x": [{**OPEN, "confidence": {"value": 0.99, "score": 0.1}}]})],
    "a changed value, in a word": [page({"x": [{**OPEN, "is_moderated": "y"}]})],
    "a rule of the service, by its other name": [page({"x": [{**OPEN, "failed_validation": "Sum."}]})],
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
                {**TABLE_BOX, "cells": [{**CELL_BOX, "is_moderated": True}]},
            ]
        }
    ],
    "a cell that is another one than was read": [
        {
            "moderated_boxes": [{"id": "t", "type": "table", "cells": [{**CELL_BOX, "text": "y"}]}],
            "predicted_boxes": [{"id": "t", "type": "table", "cells": [CELL_BOX]}],
        }
    ],
    "filled since it was read": [
        {"moderated_boxes": [OPEN_BOX], "predicted_boxes": [{**OPEN_BOX, "ocr_text": ""}]}
    ],
    "a text where none was read": [
        {
            "moderated_boxes": [OPEN_BOX],
            "predicted_boxes": [{name: value for name, value in OPEN_BOX.items() if name != "ocr_text"}],
        }
    ],
    "a rule of the service that found fault": [
        {"moderated_boxes": [{**OPEN_BOX, "verification_message": "Too much."}]}
    ],
    "a failed box that was removed": [
        {
            "moderated_boxes": [BOX],
            "predicted_boxes": [BOX, {**OPEN_BOX, "id": "z", "label": "tax", "status": "failed"}],
        }
    ],
    "a box that is none": [{"moderated_boxes": [BOX, 5]}],
    "a cell that is none": [{"moderated_boxes": [{**TABLE_BOX, "cells": [CELL_BOX, None]}]}],
    "a page that is none": [{"moderated_boxes": [BOX]}, "page"],
    "no pages": [],
    "a doubtful cell that was removed": [
        {
            "moderated_boxes": [{**TABLE_BOX, "cells": [CELL_BOX]}],
            "predicted_boxes": [{**TABLE_BOX, "cells": [CELL_BOX, {**OPEN_CELL_BOX, "score": 0.1}]}],
        }
    ],
    "a doubtful table that was emptied": [
        {
            "moderated_boxes": [BOX, {**TABLE_BOX, "cells": []}],
            "predicted_boxes": [BOX, {**TABLE_BOX, "cells": [{**OPEN_CELL_BOX, "score": 0.1}]}],
        }
    ],
    "a table that nobody could read and that was removed": [
        {
            "moderated_boxes": [BOX],
            "predicted_boxes": [BOX, {"id": "t", "type": "table", "validation_status": "verified"}],
        }
    ],
    "a doubtful box that was removed beside one of its name": [
        {"moderated_boxes": [BOX], "predicted_boxes": [BOX, {**OPEN_BOX, "id": "z", "score": 0.1}]}
    ],
    "a doubtful box without id that was removed": [
        {
            "moderated_boxes": [{**BOX, "id": ""}],
            "predicted_boxes": [{**BOX, "id": ""}, {"label": "tax", "ocr_text": "2", "score": 0.1}],
        }
    ],
    "a box that was added": [
        {"moderated_boxes": [BOX, {**OPEN_BOX, "id": "n", "label": "tax"}], "predicted_boxes": [BOX]}
    ],
    "a box without id that was added": [
        {"moderated_boxes": [BOX, {**OPEN_BOX, "id": "", "label": "tax"}], "predicted_boxes": [BOX]}
    ],
    "a cell that was added": [
        {
            "moderated_boxes": [{**TABLE_BOX, "cells": [CELL_BOX, OPEN_CELL_BOX]}],
            "predicted_boxes": [{**TABLE_BOX, "cells": [CELL_BOX]}],
        }
    ],
    "a score that was raised": [
        {"moderated_boxes": [OPEN_BOX], "predicted_boxes": [{**OPEN_BOX, "score": 0.1}]}
    ],
    "another name for a text that was read": [
        {"moderated_boxes": [{**OPEN_BOX, "label": "tax"}], "predicted_boxes": [OPEN_BOX]}
    ],
    "a cell in another column": [
        {
            "moderated_boxes": [{"id": "t", "type": "table", "cells": [{**CELL_BOX, "header": "gross"}]}],
            "predicted_boxes": [{"id": "t", "type": "table", "cells": [CELL_BOX]}],
        }
    ],
    "a rule of the service, by its other name": [
        {"moderated_boxes": [{**OPEN_BOX, "failed_validation": "Too much."}]}
    ],
    "a cell on which a rule found fault": [
        {
            "moderated_boxes": [
                {"id": "t", "type": "table", "cells": [{**CELL_BOX, "failed_validation": "Sum."}]}
            ]
        }
    ],
    "a table in capitals": [
        {"moderated_boxes": [BOX, {"id": "t", "type": "Table", "validation_status": "verified", "score": 1}]}
    ],
    "rows beside no cells": [{"moderated_boxes": [BOX, {**TABLE_BOX, "cells": [], "rows": [["x"]]}]}],
    "boxes in a box": [{"moderated_boxes": [{**BOX, "boxes": [OPEN_BOX]}]}],
}

GOOD_FILES: dict[str, dict[str, Any]] = {
    "a box": {"moderated_boxes": [BOX], "predicted_boxes": [BOX]},
    "a box as it was read": {"predicted_boxes": [BOX]},
    "a verified box on which a rule found fault": {
        "moderated_boxes": [{**BOX, "verification_message": "Too much."}]
    },
    "a cell of a verified table": {"moderated_boxes": [{**TABLE_BOX, "cells": [CELL_BOX]}]},
    "a sure box that was removed": {
        "moderated_boxes": [BOX],
        "predicted_boxes": [BOX, {**OPEN_BOX, "id": "z", "label": "tax", "score": 0.8}],
    },
    "a doubtful box that was verified and removed": {
        "moderated_boxes": [BOX],
        "predicted_boxes": [BOX, {**BOX, "id": "z", "label": "tax", "score": 0.1}],
    },
    "a row that moved up": {
        "moderated_boxes": [{"id": "t", "type": "table", "cells": [{**CELL_BOX, **MARK, "row": 1}]}],
        "predicted_boxes": [{"id": "t", "type": "table", "cells": [{**CELL_BOX, **MARK, "row": 2}]}],
    },
    "a box of another name": {
        "moderated_boxes": [{**BOX, "label": "sum"}],
        "predicted_boxes": [{**OPEN_BOX, "score": 0.1}],
    },
    "a box of another id": {
        "moderated_boxes": [{**BOX, "id": "new"}],
        "predicted_boxes": [{**OPEN_BOX, "score": 0.1}],
    },
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


@pytest.mark.slow
@RULES
@pytest.mark.parametrize("form", DOCUMENTS)
async def test_no_odd_form_of_a_document_is_approved(form: str, rule: str, era: Era, tmp_path: Path) -> None:
    answer = {"document_id": "d", "status": "success", "pages": DOCUMENTS[form]}
    assert not await approved(answer, "nanonets_verify_document", rule, tmp_path, era)


@pytest.mark.slow
@RULES
@pytest.mark.parametrize("form", FILES)
async def test_no_odd_form_of_a_file_is_approved(form: str, rule: str, era: Era, tmp_path: Path) -> None:
    pages = [
        {"id": str(number), "status": "success", **each} if isinstance(each, dict) else each
        for number, each in enumerate(FILES[form])
    ]
    answer = {"moderated_images": [], "unmoderated_images": pages}
    assert not await approved(answer, "nanonets_approve_file", rule, tmp_path, era)


@RULES
@pytest.mark.parametrize("status", ["pending", "failure", "Processing"])
async def test_nothing_is_approved_that_is_not_read_yet(
    status: str, rule: str, era: Era, tmp_path: Path
) -> None:
    document = {"document_id": "d", "status": status, "pages": [PAGE]}
    assert not await approved(document, "nanonets_verify_document", rule, tmp_path, era)
    pages = [{"moderated_boxes": [BOX]}]
    whole = {"status": status, "moderated_images": [], "unmoderated_images": pages}
    assert not await approved(whole, "nanonets_approve_file", rule, tmp_path, era)
    file = {"moderated_images": [], "unmoderated_images": [{"status": status, "moderated_boxes": [BOX]}]}
    assert not await approved(file, "nanonets_approve_file", rule, tmp_path, era)


@RULES
async def test_the_usual_forms_are_approved(rule: str, era: Era, tmp_path: Path) -> None:
    document = {"document_id": "d", "status": "success", "pages": [PAGE, page()]}
    assert await approved(document, "nanonets_verify_document", rule, tmp_path, era)


@RULES
@pytest.mark.parametrize("form", GOOD_FILES)
async def test_what_is_sure_and_verified_is_approved(form: str, rule: str, tmp_path: Path) -> None:
    """Wherever it stands: a file need not have both lists of pages."""
    for pages in ("moderated_images", "unmoderated_images"):
        file = {pages: [GOOD_FILES[form]]}
        assert await approved(file, "nanonets_approve_file", rule, tmp_path, "auto")


@pytest.mark.parametrize("pages", ["moderated_images", "unmoderated_images"])
async def test_a_doubtful_page_is_found_among_all_pages(pages: str, era: Era, tmp_path: Path) -> None:
    file = {name: [{"moderated_boxes": [BOX]}] for name in ("moderated_images", "unmoderated_images")}
    file[pages].append({"moderated_boxes": [{**OPEN_BOX, "score": 0.1}]})
    assert not await approved(file, "nanonets_approve_file", "min_confidence = 0.5", tmp_path, era)


NAMED: dict[str, tuple[dict[str, Any], str]] = {
    "a cell": (
        {"moderated_boxes": [{"type": "table", "cells": [{**CELL_BOX, "label": "unused", "score": 0.25}]}]},
        "1 of 1 fail: “net in row 1” (0.25).",
    ),
    "a cell without a header": (
        {
            "moderated_boxes": [
                {"type": "table", "cells": [{"label": "net", "text": "x", "row": 2, "score": 0.25}]}
            ]
        },
        "1 of 1 fail: “net in row 2” (0.25).",
    ),
    "a page": ({"moderated_boxes": []}, "1 of 1 fail: “a page without values” (no confidence)."),
    "a box": ({"moderated_boxes": [BOX, 5]}, "1 of 2 fail: “a box” (no confidence)."),
    "a table": (
        {"moderated_boxes": [{"type": "table"}]},
        "1 of 1 fail: “the cells of a table” (no confidence).",
    ),
    "an entry": (
        {"moderated_boxes": [{"type": "table", "cells": [5]}]},
        "1 of 1 fail: “a cell” (no confidence).",
    ),
    "what was removed": (
        {
            "moderated_boxes": [BOX],
            "predicted_boxes": [{**OPEN_BOX, "id": "z", "label": "tax", "score": 0.25}],
        },
        "1 of 2 fail: “tax, removed” (0.25).",
    ),
}


@pytest.mark.parametrize("form", NAMED)
async def test_the_refusal_names_what_fails(form: str, era: Era, tmp_path: Path) -> None:
    entry, said = NAMED[form]
    policy = tmp_path / "policy.toml"
    policy.write_text("[approval]\nmin_confidence = 0.5\n")
    network = upstream({"unmoderated_images": [entry]})
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        ids = {"model_id": "w", "request_file_id": "d"}
        error = error_of(await client.call_tool("nanonets_approve_file", ids))
    assert f"(approval.min_confidence); {said}" in error["message"]


async def test_a_page_that_is_none_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[approval]\nall_verified = true\n")
    network = upstream({"unmoderated_images": [{"moderated_boxes": [BOX]}, "page"]})
    async with connected(network, journal="sqlite://", policy=policy) as client:
        ids = {"model_id": "w", "request_file_id": "d"}
        error = error_of(await client.call_tool("nanonets_approve_file", ids))
    rule = "the policy allows approval only if every field and cell is verified (approval.all_verified)"
    assert f"{rule}; 1 of 2 fail: “a page” (no confidence)." in error["message"]
