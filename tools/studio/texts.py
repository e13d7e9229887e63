"""`review_texts`: the texts of a labeling or correction session, or the reviews of a HITL, compactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.readings import text_of, whole_number_of
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..json_text import compact
from ..results.reply import Reply
from .session import Kind, Segment, Session, Tag, Text, read_hitl_reviews, read_session

__all__ = ["run"]

_DEFAULT_LIMIT = 20
_ROOM = 600
"""Characters of an answer around its texts."""
_UNTRUSTED = (
    "classes",
    "labels",
    "name",
    "texts[].segments[]: predicted, tags, text",
    "reviews[]: label, name, segments, value",
)
_LIST: dict[Kind, str] = {
    "labeling_session": "studio_list_labeling_documents with offset",
    "correction": "studio_list_correction_documents with offset",
}
_DONE = "Nothing is open in this session."
_TAG = "review_tag sets tags and marks texts as done, with the same kind, project_id and id."
_FOR_GOOD = (
    "Marking a text as done permanently accepts its remaining predictions; a person has to confirm that."
)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """What is in the session or the HITL, open and doubtful texts first."""
    kind = cast("Kind", values["kind"])
    project_id, identity = cast("int", values["project_id"]), cast("int", values["id"])
    if kind == "hitl_review":
        structured = await _reviews(values, project_id, identity, context)
    else:
        structured = _session(values, await read_session(kind, project_id, identity, context), context)
    return Reply(structured, untrusted=tuple(each for each in _UNTRUSTED if each.split("[")[0] in structured))


def _session(values: JsonObject, session: Session, context: CallContext) -> JsonObject:
    texts = sorted(session.texts, key=lambda each: (each.is_done, not _doubtful(each)))
    wanted_texts = [each for each in texts if _is_wanted(each, values)]
    structured: JsonObject = {
        "name": session.name,
        "status": session.status,
        "type": session.type,
        "progress": session.progress,
        "classes": [*session.classes],
        "labels": [*session.labels],
        "counts": {
            "texts": len(texts),
            "fit": len(wanted_texts),
            "open": sum(not each.is_done for each in texts),
            "doubtful": sum(_doubtful(each) for each in texts),
        },
    }
    if session.is_cut:
        structured["not_read"] = (
            f"Only the first {len(texts):,} texts were read. For the others, use {_LIST[session.kind]}."
        )
    offset = cast("int", values.get("offset", 0))
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    rows = [_text(each, values) for each in wanted_texts[offset : offset + limit]]
    structured = _cut(structured, "texts", rows, offset, len(wanted_texts), context)
    is_for_good = session.kind == "correction" and not session.is_closed and rows
    return {**structured, "next": f"{structured['next']} {_FOR_GOOD}"} if is_for_good else structured


def _cut(
    structured: JsonObject, name: str, rows: list[JsonObject], offset: int, total: int, context: CallContext
) -> JsonObject:
    """The answer with as many rows as fit, at least one, and where the next one begins."""
    room = context.upstream.answer_limit - len(compact(structured)) - _ROOM
    kept: list[JsonValue] = []
    for row in rows:
        room -= len(compact(row)) + 1
        if room < 0 and kept:
            break
        kept.append(row)
    structured = {**structured, name: kept}
    if offset + len(kept) < total:
        structured["next_offset"] = offset + len(kept)
    return {**structured, "next": _TAG if kept else _DONE}


def _doubtful(text: Text) -> bool:
    return any(segment.is_doubtful for segment in text.segments)


def _is_wanted(text: Text, values: JsonObject) -> bool:
    show, search = str(values.get("show", "all")), str(values.get("search", "")).casefold()
    fits = {
        "all": True,
        "open": not text.is_done,
        "doubtful": _doubtful(text),
        "untagged": not any(segment.tags for segment in text.segments),
        "done": text.is_done,
    }[show]
    return fits and search in text.text.casefold() and _has_tag(text, values)


def _has_tag(text: Text, values: JsonObject) -> bool:
    wanted = [(index, str(values[name])) for index, name in enumerate(("class", "label")) if name in values]
    tags = (tag for segment in text.segments for tag in segment.tags)
    return not wanted or any(all(tag.meaning[index] == name for index, name in wanted) for tag in tags)


def _text(text: Text, values: JsonObject) -> JsonObject:
    entry: JsonObject = {"document_id": text.id, "segments": [_segment(each) for each in text.segments]}
    return {**entry, "done": True} if text.is_done else entry


def _segment(segment: Segment) -> JsonObject:
    entry: JsonObject = {"segment_id": segment.id, "text": segment.text}
    for name, is_open in (("tags", False), ("predicted", True)):
        if tags := [_tag(each) for each in segment.tags if each.is_open == is_open]:
            entry[name] = [*tags]
    return {**entry, "done": True} if segment.is_done else entry


def _tag(tag: Tag) -> JsonObject:
    class_name, label = tag.meaning
    entry: JsonObject = {"class": class_name, "label": label, "text": tag.text}
    entry = {name: value for name, value in entry.items() if value}
    return entry if tag.confidence is None else {**entry, "confidence": tag.confidence}


async def _reviews(values: JsonObject, project_id: int, hitl_id: int, context: CallContext) -> JsonObject:
    """The reviews of a HITL, each with its value and the segments of its page that hold label or value."""
    if "class" in values:
        raise ToolFailure(
            "invalid_arguments",
            "review_texts: class: not allowed, as HITL reviews have labels only.",
            happened=NOTHING_SENT,
            next_step="Call again with label, or without class.",
        )
    reviews = await read_hitl_reviews(project_id, hitl_id, context)
    label, search = values.get("label"), str(values.get("search", "")).casefold()
    show = str(values.get("show", "open"))
    fits = [
        each
        for each in reviews
        if label in (None, each.get("label"))
        and (show == "all" or (text_of(each.get("status")) == "PENDING") == (show != "done"))
        and search in compact(each).casefold()
    ]
    sessions: dict[int, Session] = {}
    offset = cast("int", values.get("offset", 0))
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    rows: list[JsonObject] = []
    for each in fits[offset : offset + limit]:
        session_id = whole_number_of(each.get("ls_annotation_id")) or 0
        if session_id and session_id not in sessions:
            sessions[session_id] = await read_session("labeling_session", project_id, session_id, context)
        rows.append(_review(each, sessions.get(session_id)))
    pending = sum(text_of(each.get("status")) == "PENDING" for each in reviews)
    structured: JsonObject = {"counts": {"reviews": len(reviews), "open": pending, "fit": len(fits)}}
    return _cut(structured, "reviews", rows, offset, len(fits), context)


def _review(review: JsonObject, session: Session | None) -> JsonObject:
    data = review.get("data")
    data = data if isinstance(data, dict) else {}
    entry: JsonObject = {
        "document_id": review.get("document_id"),
        "name": review.get("document_name"),
        "page": review.get("page_num"),
        "status": review.get("status"),
        "label": review.get("label"),
        "value": data.get("value"),
        "confidence": data.get("confidence"),
        "needed": review.get("confidence_threshold"),
    }
    text = session.text(whole_number_of(review.get("document_id")) or 0) if session else None
    page_text = text_of(data.get("page_text"))
    near = [*_near(text, page_text, text_of(review.get("label")), text_of(data.get("value")))] if text else []
    if near:
        entry["segments"] = [[each.id, each.text, *(_tag(tag) for tag in each.tags)] for each in near]
    return {name: value for name, value in entry.items() if value is not None}


def _near(text: Text, page_text: str, label: str, value: str) -> Iterator[Segment]:
    """The segments of the page that name the label or hold the value; all of the page if none does."""
    on_page = [each for each in text.segments if each.text in page_text]
    wanted = [
        each for each in on_page if label.casefold() in each.text.casefold() or (value and value in each.text)
    ]
    yield from wanted or on_page
