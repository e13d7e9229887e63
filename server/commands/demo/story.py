"""The story of the demo: a review from the queue to the approval and back, then work on texts."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from .transcript import Answer, DemoProblem, Transcript, expect

__all__ = ["POLICY", "tell"]

POLICY = "[approval]\nmin_confidence = 0.9\n"
"""The policy file of the user in the story."""

_RULE = "approval.min_confidence"
_TOTAL, _CHECK = "total_amount", "total"
_NOTE = "Subtotal plus tax"
_OUTDATED = "4,400.00"
_ENTRIES_SHOWN = 3
_PNG_SIZE = slice(16, 24)
_CHANGED = {
    "nanonets_update_field": "value",
    "nanonets_verify_field": "verification_status",
    "nanonets_approve_file": "approval_status",
}
"""What of the state that a tool changes is worth a line."""

_REVIEWS = (
    "The room was spotless and quiet. Breakfast was cold and the waiter was rude.",
    "Great location next to the station, but the Wi-Fi never worked.",
)

_DESCRIBED: Answer = {
    "name": "Guest feedback",
    "type": "CLASS",
    "classes": [{"name": "Praise"}, {"name": "Complaint"}],
    "texts": ["The room was spotless and quiet.", "Breakfast was cold."],
}


async def tell(transcript: Transcript) -> None:
    """Tell it, step by step; raises `DemoProblem` if one of them does not do what it says."""
    waiting = await _see_what_waits(transcript)
    doubt = await _find_doubt(transcript, waiting)
    await _look_at_the_paper(transcript, doubt)
    await _preview_the_correction(transcript, doubt)
    await _approve_too_early(transcript, doubt)
    entries = await _correct(transcript, doubt)
    entries += await _approve(transcript, doubt)
    await _see_who_changed_what(transcript, doubt, entries)
    await _undo(transcript, doubt, entries)
    await _destroy_without_consent(transcript, doubt)
    await _analyse_reviews(transcript)
    await _tag_texts(transcript)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A doubtful value that cannot be right, and the one that would be.

    `document` and `file` are the arguments that name its document in both interfaces of the service, and
    `field` those that name the field.
    """

    document: Answer
    file: Answer
    field: Answer
    field_id: str
    value: str
    right_value: str


async def _see_what_waits(transcript: Transcript) -> list[Answer]:
    transcript.step("1. Which documents wait for a person? Least confident first")
    queue = await transcript.call(
        "review_queue", kinds=["document"], reasons=["doubtful"], order="least_confident"
    )
    waiting = cast("list[Answer]", queue["entries"])
    confidences = [entry["lowest_confidence"] for entry in waiting]
    expect(bool(waiting) and confidences == sorted(confidences), "the queue is not in order")
    transcript.found(f"{queue['total']} documents have doubtful values:")
    for entry in waiting[:_ENTRIES_SHOWN]:
        transcript.found(
            f"  {entry['name']}: {entry['doubtful']} of {entry['unverified']} unverified values, lowest"
            f" confidence {entry['lowest_confidence']}"
        )
    if len(waiting) > _ENTRIES_SHOWN:
        transcript.found("  …")
    return waiting


async def _find_doubt(transcript: Transcript, waiting: Sequence[Answer]) -> _Doubt:
    transcript.step("2. Which of them do not add up? The server does the math and names the wrong value")
    by_workflow: dict[str, list[str]] = {}
    for entry in waiting:
        by_workflow.setdefault(entry["workflow_id"], []).append(entry["document_id"])
    for workflow_id, document_ids in by_workflow.items():
        answer = await transcript.call("review_check", workflow_id=workflow_id, document_ids=document_ids)
        wrong = [
            (entry, finding)
            for entry in answer["documents"]
            for finding in entry["findings"]
            if finding["check"] == _CHECK and finding["values"][0][0] == _TOTAL and "expected" in finding
        ]
        transcript.found(
            f"{answer['checked']} documents checked, {answer['checked'] - answer['passed']} with findings"
        )
        if not wrong:
            continue
        entry, finding = wrong[0]
        ids: Answer = {"workflow_id": workflow_id, "document_id": entry["document_id"]}
        expect(finding["suspect"] == finding["values"][0][2], "the suspect value is not told first")
        transcript.found(f"{entry['name']}: {finding['message']}")
        document = await transcript.call("review_document", **ids, show="doubtful")
        total = next((each for each in document["fields"] if each["name"] == _TOTAL), None)
        if total is None or total["field_data_id"] != finding["suspect"]:
            raise DemoProblem("the value that does not add up is not a doubtful one")
        transcript.found(
            f"{_TOTAL} reads {total['value']!r} ({total['confidence']}); expected {finding['expected']}"
        )
        return _doubt(document, ids, total, finding["expected"])
    raise DemoProblem("every total adds up, so there is nothing to correct")


async def _look_at_the_paper(transcript: Transcript, doubt: _Doubt) -> None:
    transcript.step("3. Look at the page itself: the field, cropped from its page image")
    region, picture = await transcript.picture(
        "review_region", **doubt.document, field_data_id=doubt.field_id
    )
    width, height = struct.unpack(">II", picture[_PNG_SIZE])
    expect([width, height] == region["picture_size"], "the picture is not as large as it says")
    expect(region["value"] == doubt.value, "the picture is of another value")
    left, top, right, bottom = region["box"]
    transcript.found(
        f"the model sees an image of {width} by {height} pixels, {len(picture) / 1000:.0f} kB: page"
        f" {region['page_number']} around {region['name']}"
    )
    transcript.found(
        f"a box marks the field from ({left}, {top}) to ({right}, {bottom}); it was read as {region['value']}"
    )


async def _preview_the_correction(transcript: Transcript, doubt: _Doubt) -> None:
    transcript.step("4. Preview the correction without sending it")
    preview = await transcript.call(
        "review_preview", tool="nanonets_update_field", arguments={**doubt.field, "value": doubt.right_value}
    )
    request = preview["request"]
    present, afterwards = preview["present"]["value"], preview["afterwards"]["value"]
    expect((present, afterwards) == (doubt.value, doubt.right_value), "the preview tells other values")
    expect(preview["undoable"], "the correction could not be undone")
    path = "/".join(str(request["url"]).split("/")[-4:])
    transcript.found(f"would send {request['method']} …/{path} with {request['body']}")
    transcript.found(f"{present} → {afterwards}; can be undone. {preview['sent']}")
    field = await _read_field(transcript, doubt)
    expect(field["value"] == doubt.value, "the preview changed the value")
    transcript.found(f"read back: still {field['value']}")


async def _approve_too_early(transcript: Transcript, doubt: _Doubt) -> None:
    transcript.step("5. Try to approve the file as it is: the policy refuses")
    refusal = await transcript.refused("review_files", "not_allowed", action="approve", **doubt.file)
    reason = refusal["failed"][0]["message"]
    expect(_RULE in reason, "the refusal does not name the rule")
    transcript.found(f"not_allowed: {reason}")
    expect(not await _is_approved(transcript, doubt), "the file was approved all the same")
    transcript.found("read back: not approved")


async def _correct(transcript: Transcript, doubt: _Doubt) -> list[int]:
    transcript.step("6. Correct and verify the value, unless someone else has changed it")
    change: Answer = {
        "field_data_id": doubt.field_id,
        "value": doubt.right_value,
        "verification_status": "verified",
        "verification_message": _NOTE,
    }
    refusal = await transcript.refused(
        "review_apply", "conflict", **doubt.document, changes=[{**change, "expected_value": _OUTDATED}]
    )
    transcript.found(f"conflict: {refusal['error']['message']}")
    applied = await transcript.call(
        "review_apply",
        **doubt.document,
        changes=[{**change, "expected_value": doubt.value}],
        reason="The total did not add up",
    )
    field = await _read_field(transcript, doubt)
    expect(field["value"] == doubt.right_value, "the corrected value is not there")
    expect(field["status"] == "verified" and field["message"] == _NOTE, "the value is not verified")
    transcript.found(f"read back: {field['value']}, {field['status']}, {field['message']!r}")
    return cast("list[int]", applied["done"][doubt.field_id])


async def _approve(transcript: Transcript, doubt: _Doubt) -> list[int]:
    transcript.step("7. Approve it now that every value is confident or verified")
    approved = await transcript.call("review_files", action="approve", **doubt.file)
    expect(await _is_approved(transcript, doubt), "the file is not approved")
    transcript.found("read back: approved")
    return list(approved["done"].values())


async def _see_who_changed_what(transcript: Transcript, doubt: _Doubt, entries: Sequence[int]) -> None:
    transcript.step("8. Who changed what? Ask the journal")
    entries_in_words = await _history(transcript, doubt)
    expect(
        [entry["entry"] for entry in entries_in_words] == sorted(entries, reverse=True),
        "the history is another one",
    )
    for entry in entries_in_words:
        what = _CHANGED[entry["tool"]]
        before, after = (entry[when][what] or "none" for when in ("before", "after"))
        why = f", because: {entry['reason']}" if "reason" in entry else ""
        expect(entry["outcome"] == "done" and entry["undoable"], f"entry {entry['entry']} is not undoable")
        transcript.found(f"entry {entry['entry']}: {entry['tool']}, {what} {before} → {after}{why}")
    transcript.found(
        f"done at {entries_in_words[0]['at']} by {entries_in_words[0]['by']}; each can be undone"
    )


async def _undo(transcript: Transcript, doubt: _Doubt, entries: Sequence[int]) -> None:
    transcript.step("9. Undo everything in one call, newest change first")
    undone = await transcript.call("review_undo", entries=sorted(entries), reason="Shown in a demo")
    for call in undone["calls"]:
        transcript.found(f"entry {call['undoes']} undone by {call['tool']} (entry {call['entry']})")
    for left in undone.get("not_put_back", {}):
        transcript.found(left)
    field = await _read_field(transcript, doubt)
    expect(field["value"] == doubt.value and field["status"] == "unverified", "the value is not put back")
    expect(not await _is_approved(transcript, doubt), "the file is still approved")
    transcript.found(f"read back: {field['value']}, {field['status']}, not approved")
    entries_in_words = await _history(transcript, doubt)
    expect(
        all(entry["undone_by"] for entry in entries_in_words if entry["entry"] in entries),
        "an entry is not undone",
    )
    transcript.found(
        f"the journal keeps everything: {len(entries_in_words)} entries, {len(entries)} of them undone"
    )


async def _destroy_without_consent(transcript: Transcript, doubt: _Doubt) -> None:
    transcript.step("10. Try to delete the field: a person has to confirm first")
    asked = (await transcript.refused("nanonets_delete_field", "needs_confirmation", **doubt.field))[
        "docreview"
    ]
    expect(bool(asked["confirm"]), "there is no code for the second call")
    transcript.found(f"for the person: {asked['summary']}")
    minutes = asked["expires_in_seconds"] // 60
    transcript.found(
        f"to proceed, a second call needs the returned code within {minutes} minutes; here nobody confirms"
    )
    field = await _read_field(transcript, doubt)
    transcript.found(f"read back: the field is still there, {field['value']}")


async def _analyse_reviews(transcript: Transcript) -> None:
    transcript.step("11. Studio: run an ad-hoc analysis of two hotel reviews")
    models = (await transcript.call("studio_list_models", type="ABSA", limit=10))["models"]
    ready = next(each for each in models if each["status"] in ("READY", "ACTIVE", "PUBLISHED"))
    transcript.found(f"model {ready['id']}: {ready['display_name']}")
    answer = await transcript.call(
        "studio_run_adhoc_analysis",
        model_id=ready["id"],
        documents=[{"text": text} for text in _REVIEWS],
        split=True,
    )
    tags = 0
    for text, document in zip(_REVIEWS, answer["documents"], strict=True):
        for segment in document["segments"]:
            start, end = segment["span"]
            expect(text[start:end] == segment["text"], "a segment does not stand where its span says")
            found = ", ".join(f"{tag['class']} {tag['label']}" for tag in segment["tags"]) or "-"
            tags += len(segment["tags"])
            transcript.found(f"{segment['text'].strip()} → {found}")
    expect(tags > 0, "the analysis found nothing")


def _doubt(document: Answer, ids: Answer, total: Answer, right_value: str) -> _Doubt:
    number = total.get("page_number", 1)
    page_id = next(page["page_id"] for page in document["pages"] if page["page_number"] == number)
    return _Doubt(
        document=ids,
        file={"model_id": ids["workflow_id"], "file_ids": [ids["document_id"]]},
        field={**ids, "page_id": page_id, "field_data_id": total["field_data_id"]},
        field_id=total["field_data_id"],
        value=total["value"],
        right_value=right_value,
    )


async def _read_field(transcript: Transcript, doubt: _Doubt) -> Answer:
    """The field as it is now, its status and message with it."""
    document = await transcript.call("review_document", **doubt.document, search=_TOTAL)
    found = (field for field in document["fields"] if field["field_data_id"] == doubt.field_id)
    field = next(found, None)
    if field is None:
        raise DemoProblem("the field is gone")
    return {"message": "", **document["unless_given"], **field}


async def _is_approved(transcript: Transcript, doubt: _Doubt) -> bool:
    file = await transcript.call(
        "nanonets_get_file", model_id=doubt.file["model_id"], request_file_id=doubt.file["file_ids"][0]
    )
    pages = [*file["moderated_images"], *file["unmoderated_images"]]
    expect(bool(pages), "the file has no pages")
    return all(page["is_moderated"] for page in pages)


async def _history(transcript: Transcript, doubt: _Doubt) -> list[Answer]:
    """What the journal knows of the document, the newest first."""
    history = await transcript.call("review_history", about=[doubt.document["document_id"]])
    return history["entries"]


async def _tag_texts(transcript: Transcript) -> None:
    transcript.step(
        "12. Studio: set up a project, tag its texts and mark them as done, one call for each step"
    )
    plan = await transcript.call("review_set_up", **_DESCRIBED)
    transcript.found(f"plan: {', '.join(step['tool'] for step in plan['plan'])}. {plan['sent']}")
    made = await transcript.call("review_set_up", **_DESCRIBED, send=True)
    ids: Answer = {
        "kind": "labeling_session",
        "project_id": made["project_id"],
        "id": made["annotation_id"],
    }
    texts = (await transcript.call("review_texts", **ids))["texts"]
    expect(len(texts) == len(_DESCRIBED["texts"]), "the texts are not in the session")
    changes: list[Answer] = []
    for text, tag in zip(texts, _DESCRIBED["classes"], strict=True):
        segment = text["segments"][0]
        changes.append({"segment_id": segment["segment_id"], "tags": [{"class": tag["name"]}]})
        changes.append({"document_id": text["document_id"], "done": True})
        transcript.found(f"{segment['text']} → {tag['name']}")
    await transcript.call("review_tag", **ids, changes=changes)
    read = await transcript.call("review_texts", **ids)
    expect(read["counts"]["open"] == 0, "a text is still open")
    tags = [tag["class"] for text in read["texts"] for part in text["segments"] for tag in part["tags"]]
    expect(tags == [each["name"] for each in _DESCRIBED["classes"]], "the tags are not there")
    transcript.found(f"read back: {', '.join(tags)}; the session is {read['status']}")
