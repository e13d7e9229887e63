"""`review_texts` and `review_tag`: a Studio session read compactly, tagged and closed in few calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.tools.studio import session as session_module
from mcp import Client
from review_desk import interrupted
from review_desk import sent as all_sent

JOURNAL: dict[str, Any] = {"journal": "sqlite://"}
SESSION = {"kind": "labeling_session", "project_id": 1, "id": 102}
UNTOUCHED = {"kind": "labeling_session", "project_id": 1, "id": 103}
CORRECTION = {"kind": "correction", "project_id": 1, "id": 111}
HITL = {"kind": "hitl_review", "project_id": 5, "id": 1}


def sent(sandbox: Sandbox) -> list[str]:
    """The writes that the sandbox received, but for signing in."""
    return [each for each in all_sent(sandbox) if each != "login"]


async def texts(client: Client, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("review_texts", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content


async def tagged(client: Client, place: dict[str, Any], *changes: dict[str, Any], **further: Any) -> Any:
    result = await client.call_tool("review_tag", {**place, "changes": list(changes), **further})
    assert not result.is_error, result.structured_content
    return result.structured_content


def session_of(sandbox: Sandbox, number: int) -> Any:
    return sandbox.studio.sessions[number]


def meanings(sandbox: Sandbox, number: int, segment: int) -> set[tuple[str, str]]:
    return {(tag.class_name, tag.label) for tag in session_of(sandbox, number).tags.get(segment, [])}


async def test_open_texts_come_first_with_segments_tags_and_ids(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        told = await texts(client, **SESSION)
        assert told["status"] == "ANNOTATING"
        assert "done" not in told["texts"][0]
        assert {"Room", "Staff"} <= set(told["classes"])
        assert told["counts"]["open"] < told["counts"]["texts"]
        segment = told["texts"][0]["segments"][0]
        assert segment.keys() >= {"segment_id", "text"}
        assert "texts[].segments[]: predicted, tags, text" in told["docreview"]["outside"]
        done = await texts(client, **SESSION, show="done", limit=1)
        assert done["next_offset"] == 1
        assert all(each["done"] for each in done["texts"])
        found = await texts(client, **SESSION, **{"class": "Price", "label": "POS"})
        for text in found["texts"]:
            assert {"class": "Price", "label": "POS"} in [
                t for s in text["segments"] for t in s.get("tags", ())
            ]


async def test_a_whole_session_is_tagged_and_closed_in_few_calls(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        told = await texts(client, **UNTOUCHED, limit=200)
        assert "next_offset" not in told
        changes: list[dict[str, Any]] = []
        for text in told["texts"]:
            tag = {"class": "Room", "label": "POS"}
            changes.append({"segment_id": text["segments"][0]["segment_id"], "tags": [tag]})
            changes.append({"document_id": text["document_id"], "done": True})
        result = await tagged(client, UNTOUCHED, *changes)
        assert result["counts"] == {"done": len(changes)}
        assert result["docreview"]["entries"]
        assert (await texts(client, **UNTOUCHED))["status"] == "FINISHED"
        assert sent(sandbox).count("addLabelingTag") == len(told["texts"])
        writes = len(sent(sandbox))
        again = await tagged(client, UNTOUCHED, *changes)
        assert again["counts"] == {"already": len(changes)}
        assert len(sent(sandbox)) == writes


async def first_tagged(client: Client, place: dict[str, Any]) -> dict[str, Any]:
    told = await texts(client, **place, limit=200)
    return next(s for text in told["texts"] for s in text["segments"] if len(s.get("tags", ())) == 1)


async def test_tags_are_changed_added_and_taken_off_and_one_undo_puts_all_back(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        segment = await first_tagged(client, SESSION)
        number = segment["segment_id"]
        before = meanings(sandbox, 102, number)
        other = {"class": "Facilities", "label": "NEU"}
        more = {"class": "Comfort", "label": "NEG"}
        await tagged(client, SESSION, {"segment_id": number, "tags": [other, more]})
        assert meanings(sandbox, 102, number) == {("Facilities", "NEU"), ("Comfort", "NEG")}
        assert sent(sandbox) == ["updateLabelingTag", "addLabelingTag"]
        await tagged(client, SESSION, {"segment_id": number, "tags": [], "expected_tags": [more, other]})
        assert not meanings(sandbox, 102, number)
        undone = await client.call_tool("review_undo", {"since": "2020-01-01", "about": ["102"]})
        assert not undone.is_error, undone.structured_content
        assert meanings(sandbox, 102, number) == before


async def test_tags_that_are_taken_off_are_confirmed_by_a_person(era: Era) -> None:
    async with reviewing(era=era, confirm="destructive", **JOURNAL) as (client, sandbox):
        segment = await first_tagged(client, SESSION)
        call = {**SESSION, "changes": [{"segment_id": segment["segment_id"], "tags": []}]}
        asked = error_of(await client.call_tool("review_tag", call))
        assert asked["code"] == "needs_confirmation"
        assert segment["tags"][0]["class"] in asked["message"]
        assert not sent(sandbox)
        code = (await client.call_tool("review_tag", call)).structured_content["docreview"]["confirm"]
        await tagged(client, SESSION, *call["changes"], confirm=code)
        assert not meanings(sandbox, 102, segment["segment_id"])


async def test_predictions_are_shown_and_confirmed_or_corrected(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        told = await texts(client, **CORRECTION, show="doubtful", limit=200)
        segments = [s for text in told["texts"] for s in text["segments"] if "predicted" in s]
        assert segments
        first, second = segments[:2]
        tag = {name: first["predicted"][0][name] for name in ("class", "label")}
        await tagged(
            client,
            CORRECTION,
            {"segment_id": first["segment_id"], "tags": [tag], "done": True},
            {"segment_id": second["segment_id"], "tags": [{"class": "Staff", "label": "NEU"}], "done": True},
        )
        left = await texts(client, **CORRECTION, show="doubtful", limit=200)
        open_ids = {s["segment_id"] for text in left["texts"] for s in text["segments"] if "predicted" in s}
        assert not open_ids & {first["segment_id"], second["segment_id"]}
        assert meanings(sandbox, 111, second["segment_id"]) == {("Staff", "NEU")}


async def test_a_human_review_is_corrected_and_done_in_two_calls(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, _):
        told = await texts(client, **HITL)
        review = next(each for each in told["reviews"] if each["label"] == "IBAN")
        assert review["confidence"] < review["needed"]
        segment, text, *_ = review["segments"][0]
        assert "IBAN" in text
        right = text.removeprefix("IBAN: ")
        place = {"document_id": review["document_id"], "page": review["page"]}
        changes = (
            {"segment_id": segment, "tags": [{"label": "IBAN", "text": right}]},
            {**place, "done": True},
        )
        result = await tagged(client, HITL, *changes)
        assert result["counts"] == {"done": 2}
        left = await texts(client, **HITL)
        assert (review["document_id"], "IBAN") not in {
            (each["document_id"], each["label"]) for each in left["reviews"]
        }
        assert (await tagged(client, HITL, *changes))["counts"] == {"already": 2}
        assert len(json.dumps(told)) / 4 < 1_500


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "expected segment_id or document_id"),
        ({"segment_id": 1, "tags": []}, "is not in the session"),
        ({"document_id": 1, "done": True}, "is not in the session"),
        ({"segment_id": "{open}"}, "nothing to change"),
        ({"segment_id": "{open}", "tags": [{"class": "Nonsense", "label": "POS"}]}, "expected one of"),
        ({"segment_id": "{open}", "tags": [{"class": "Room"}]}, "needs label"),
        ({"segment_id": "{open}", "tags": [{"class": "Room", "label": "POS"}] * 2}, "given twice"),
        ({"segment_id": "{open}", "page": 1, "done": True}, "page"),
        ({"segment_id": "{good}", "done": True}, "has the same target"),
        (
            {"segment_id": "{open}", "tags": [], "expected_tags": [{"class": "Room", "label": "POS"}]},
            "",
        ),
    ],
)
async def test_a_fault_stops_all_changes(change: dict[str, Any], said: str, era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        told = await texts(client, **UNTOUCHED)
        first, second = (each["segments"][0]["segment_id"] for each in told["texts"][:2])
        ids = {"{open}": second, "{good}": first}
        known = {k: ids.get(v, v) if isinstance(v, str) else v for k, v in change.items()}
        good = {"segment_id": first, "tags": [{"class": "Room", "label": "POS"}]}
        result = await client.call_tool("review_tag", {**UNTOUCHED, "changes": [good, known]})
        if said:
            error = error_of(result)
            assert said in error["message"]
            assert error["code"] == "invalid_arguments"
            assert not sent(sandbox)
        else:
            # What is left to do is nothing, so what was expected does not matter.
            assert result.structured_content["already"] == [str(second)]


async def test_what_is_not_as_expected_or_closed_is_a_conflict(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        segment = await first_tagged(client, SESSION)
        change = {"segment_id": segment["segment_id"], "tags": [], "expected_tags": []}
        error = error_of(await client.call_tool("review_tag", {**SESSION, "changes": [change]}))
        assert error["code"] == "conflict"
        session_of(sandbox, 102).status = "FINISHED"
        change = {"segment_id": segment["segment_id"], "tags": []}
        error = error_of(await client.call_tool("review_tag", {**SESSION, "changes": [change]}))
        assert error["code"] == "conflict"
        assert "FINISHED" in error["message"]
        assert not sent(sandbox)


async def test_what_fails_stops_the_rest_and_the_mark_of_its_text(era: Era) -> None:
    sandbox = Sandbox()
    async with interrupted(era, sandbox, **JOURNAL) as client:
        told = await texts(client, **UNTOUCHED)
        text = told["texts"][0]
        tag = {"class": "Room", "label": "POS"}
        number = text["segments"][0]["segment_id"]
        changes = [
            {"segment_id": number, "tags": [{**tag, "span": [9_998, 9_999]}]},
            {"document_id": text["document_id"], "done": True},
        ]
        result = (await client.call_tool("review_tag", {**UNTOUCHED, "changes": changes})).structured_content
        assert result["counts"] == {"failed": 1, "not_tried": 1}
        changes[0]["tags"] = [tag]
        assert (await tagged(client, UNTOUCHED, *changes))["counts"] == {"done": 2}


async def test_a_session_with_more_texts_than_are_read_says_so(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reviewing(era=era) as (client, _):
        told = await texts(client, **SESSION)
        assert "not_read" not in told
        assert "for good" not in told["next"]
        assert "accepts its remaining predictions" in (await texts(client, **CORRECTION))["next"]
        monkeypatch.setattr(session_module, "_MAX_TEXTS", 10)
        monkeypatch.setattr(session_module, "_PAGE", 10)
        told = await texts(client, **SESSION)
        assert told["counts"]["texts"] == 10
        assert "first 10 texts" in told["not_read"]
        assert "studio_list_labeling_documents" in told["not_read"]
