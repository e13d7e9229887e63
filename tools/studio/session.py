"""A labeling or correction session as it is: its texts with segments and tags, and the reviews of a HITL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from ...schemas import JsonObject, JsonValue
from ..documents.readings import confidence_of, text_of, whole_number_of
from ..documents.values import objects_in
from ..guards.context import CallContext
from ..operation_call import read

__all__ = [
    "Kind",
    "Meaning",
    "Segment",
    "Session",
    "Tag",
    "Text",
    "names_of",
    "read_hitl_reviews",
    "read_session",
]

Kind = Literal["labeling_session", "correction", "hitl_review"]

Meaning = tuple[str, str]
"""Class and label of a tag; one of them is empty where the project's type has none."""

_PAGE = 100
_MAX_TEXTS = 5_000


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a segment. `is_open`: a model set it, and nobody has confirmed it."""

    id: int
    meaning: Meaning
    text: str = ""
    confidence: float | None = None
    is_open: bool = False
    item: JsonValue = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text. `is_done`: somebody marked it."""

    id: int
    document_id: int
    text: str
    tags: tuple[Tag, ...]
    is_done: bool

    @property
    def is_doubtful(self) -> bool:
        """Whether a model's tag waits for a person."""
        return not self.is_done and any(tag.is_open for tag in self.tags)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a session with its segments."""

    id: int
    text: str
    segments: tuple[Segment, ...]

    @property
    def is_done(self) -> bool:
        """Whether every segment is marked."""
        return bool(self.segments) and all(segment.is_done for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Session:
    """A session: `classes` and `labels` are those that its tags may have, `type` what a tag consists of.

    `is_cut`: it has further texts, which were not read.
    """

    kind: Kind
    project_id: int
    id: int
    name: str
    status: str
    type: str
    progress: JsonValue
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    texts: tuple[Text, ...]
    answer: JsonObject
    is_cut: bool = False

    @property
    def place(self) -> JsonObject:
        """The ids of the session as operations take them."""
        name = "correction_id" if self.kind == "correction" else "annotation_id"
        return {"project_id": self.project_id, name: self.id}

    @property
    def is_closed(self) -> bool:
        """Whether its tags can no longer be changed."""
        return self.status in ("FINISHED", "FAILED", "DELETING")

    def text(self, document_id: int) -> Text | None:
        """The text with this id."""
        return next((each for each in self.texts if each.id == document_id), None)

    def segment(self, segment_id: int) -> Segment | None:
        """The segment with this id, in whichever text it is."""
        every = (segment for text in self.texts for segment in text.segments)
        return next((each for each in every if each.id == segment_id), None)


async def read_session(kind: Kind, project_id: int, session_id: int, context: CallContext) -> Session:
    """A session with all of its texts.

    Raises:
        ToolFailure: it cannot be read.
    """
    operation = "listCorrectionDocuments" if kind == "correction" else "listLabelingDocuments"
    name = "correction_id" if kind == "correction" else "annotation_id"
    arguments: JsonObject = {
        "project_id": project_id,
        name: session_id,
        "details": ["segments", "tags"],
        "limit": _PAGE,
    }
    documents: list[JsonObject] = []
    answer: JsonObject = {}
    is_cut = True
    while len(documents) < _MAX_TEXTS:
        answer = await read(context, operation, {**arguments, "offset": len(documents)})
        page = objects_in(answer.get("documents"))
        documents += page
        # The service may give fewer than it was asked for, and its count may be missing.
        count = whole_number_of(answer.get("document_count")) or 0
        if not page or len(documents) >= count > 0 or (len(page) < _PAGE and not count):
            is_cut = False
            break
    whole = cast("JsonValue", documents)
    return Session(
        kind,
        project_id,
        session_id,
        text_of(answer.get("name")),
        text_of(answer.get("status")).upper(),
        text_of(answer.get("type")).upper(),
        answer.get("progress"),
        names_of(answer.get("classes")),
        names_of(answer.get("labels")),
        tuple(_text(document) for document in documents),
        {**answer, "documents": whole},
        is_cut,
    )


async def read_hitl_reviews(project_id: int, hitl_id: int, context: CallContext) -> list[JsonObject]:
    """The reviews of a HITL with their values, those that wait first and the least sure of them first.

    Raises:
        ToolFailure: they cannot be read.
    """
    arguments: JsonObject = {"project_id": project_id, "hitl_id": hitl_id, "with_full_data": True}
    reviews = objects_in((await read(context, "listHitlReviews", arguments)).get("items"))
    return sorted(reviews, key=lambda each: (text_of(each.get("status")) != "PENDING", _surety(each)))


def _surety(review: JsonObject) -> float:
    data = review.get("data")
    found = data.get("confidence") if isinstance(data, dict) else None
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 101.0


def names_of(value: JsonValue) -> tuple[str, ...]:
    """The names of classes or labels, which are texts or objects with a name."""
    entries: Sequence[JsonValue] = value if isinstance(value, list) else []
    return tuple(text_of(each.get("name")) if isinstance(each, dict) else text_of(each) for each in entries)


def _text(document: JsonObject) -> Text:
    number = whole_number_of(document.get("id")) or 0
    segments = tuple(_segment(number, each) for each in objects_in(document.get("segments")))
    return Text(number, text_of(document.get("text")), segments)


def _segment(document_id: int, segment: JsonObject) -> Segment:
    return Segment(
        whole_number_of(segment.get("id")) or 0,
        document_id,
        text_of(segment.get("text")),
        tuple(_tag(each) for each in objects_in(segment.get("tags"))),
        segment.get("annotated") not in (None, "", False),
    )


def _tag(tag: JsonObject) -> Tag:
    status = text_of(tag.get("status")).upper()
    return Tag(
        whole_number_of(tag.get("id")) or 0,
        (text_of(tag.get("class")), text_of(tag.get("label"))),
        text_of(tag.get("text")),
        confidence_of(tag),
        status not in ("", "READY"),
        tag,
    )
