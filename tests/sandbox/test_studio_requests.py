"""What the sandbox's Studio says to odd or incomplete requests, and to training without anything to learn."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.service import Refusal
from studio_desk import Studio

HOTELS, INVOICES = 1, 5


@pytest.fixture
def studio() -> Studio:
    return Studio()


def annotated_without_tags(studio: Studio) -> int:
    """The id of a session whose segments are all marked as done and carry no tag."""
    where: dict[str, Any] = {"project_id": HOTELS, "annotation_id": 103}
    for document in studio("listLabelingDocuments", **where)["documents"]:
        studio("markDocumentAnnotated", {"name": "ANNOTATED"}, **where, document_id=document["id"])
    return 103


@pytest.mark.parametrize(
    ("sessions", "use"),
    [
        ({"annotation_ids": [103]}, "train on"),
        ({"trainset_annotation_ids": [101], "testset_annotation_ids": [103]}, "test with"),
    ],
)
def test_training_without_tags_fails_and_says_why(studio: Studio, sessions: dict[str, Any], use: str) -> None:
    annotated_without_tags(studio)
    model = studio("trainModel", {"display_name": "Empty", **sessions}, project_id=HOTELS)
    studio.clock.now += 2
    shown = studio("getProjectModel", project_id=HOTELS, model_id=model["id"])
    assert (shown["status"], "score" in shown) == ("FAILED", False)
    told = studio("listNotifications")[0]
    assert (told["type"], told["title"]) == ("WARNING", "Training failed")
    assert f"the labeling sessions to {use} (103) hold no tags" in told["text"]


def test_both_services_live_by_one_calendar() -> None:
    sandbox = Sandbox()
    now = sandbox.studio.moment()
    assert sandbox.nanonets.now().strftime("%Y-%m-%dT%H:%M") == now[:16] == "2026-11-16T09:00"
    latest = max(text.created for text in sandbox.studio.texts.values())
    assert date(2026, 11, 16) - date.fromisoformat(latest[:10]) < timedelta(days=30)


def test_the_invoices_and_their_reviews_tell_the_same_date(studio: Studio) -> None:
    review = studio("listHitlReviews", project_id=INVOICES, hitl_id=1, with_full_data=True)[0]
    assert review["label"] == "Invoice date"
    assert review["data"]["value"] in review["data"]["page_text"]


def test_a_group_source_gives_no_classes_or_labels(studio: Studio) -> None:
    body = {"credential_id": 1, "source": "guest-forms"}
    plain = studio("connectGroupSource", body, project_id=HOTELS)
    assert plain["preview"][0] == ["text", "source", "updated"]
    group = studio("createGroup", body, project_id=HOTELS)
    first = studio("listGroupDocuments", project_id=HOTELS, group_id=group["id"], details=["meta"])[0]
    assert set(first["meta"]) == {"source", "updated"}
    assert first["meta"]["updated"].startswith("2026-10-29")
    training = studio("connectLabelingSource", body, project_id=HOTELS)
    assert training["preview"][0] == ["text", "source", "updated", "class", "label"]


@pytest.mark.parametrize("operation", ["connectGroupSource", "connectLabelingSource", "createGroup"])
def test_a_source_needs_a_known_credential(studio: Studio, operation: str) -> None:
    body = {"source": "guest-forms"}
    assert studio.refused(operation, {**body, "credential_id": 3}, project_id=HOTELS) == 404
    assert studio.refused(operation, body, project_id=HOTELS) == 400


def test_an_adhoc_analysis_needs_a_model(studio: Studio) -> None:
    with pytest.raises(Refusal, match="model_id is missing") as refusal:
        studio("runAdHocAnalysis", {"documents": [{"text": "Great coffee."}]})
    assert refusal.value.status == 400


def test_a_batch_analysis_says_which_model_it_took(studio: Studio) -> None:
    documents = [{"text": "Great coffee."}]
    named = studio("createBatchAnalysis", {"documents": documents, "model_id": 10})
    assert (named["model_id"], named["description"]) == (10, "")
    taken = studio("createBatchAnalysis", {"documents": documents})
    assert taken["description"] == "no model_id was given, so model 11 was used"
    assert taken["model_id"] == 11
    assert studio.refused("createBatchAnalysis", {"documents": documents, "model_id": "10"}) == 400


@pytest.mark.parametrize("read", ["yes", "2026-11-16", "16.11.2026 09:00"])
def test_a_notification_is_read_at_a_moment(studio: Studio, read: str) -> None:
    where = {"notification_id": studio("listNotifications")[0]["id"]}
    before = studio("getNotification", **where)
    assert studio.refused("updateNotification", {"title": "New", "read": read}, **where) == 400
    assert studio("getNotification", **where) == before
    marked = studio("updateNotification", {"read": "2026-11-16T09:00:00Z"}, **where)
    assert marked["read"] == "2026-11-16T09:00:00Z"
    assert "read" not in studio("updateNotification", {"read": None}, **where)
