"""Changes of tags and marks in a Studio session, checked together, with the calls that are left to make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import ToolFailure
from ..requests.validation import invalid
from ..untrusted import quoted, quoted_inside
from .session import Meaning, Segment, Session, Tag

__all__ = ["PlannedTagging", "plan_taggings"]

_MAX_FAULTS = 7
_MAX_SHOWN = 80
_DONE = "ANNOTATED"
_OF_TYPE: Mapping[str, tuple[bool, bool]] = {
    "ABSA": (True, True),
    "CLASSLABEL": (True, True),
    "CLASS": (True, False),
    "LABEL": (False, True),
}
"""By the type of a project: whether a tag has a class, and whether it has a label."""


@dataclass(frozen=True, slots=True)
class PlannedTagging:
    """What to make of a segment, or which mark to set, by calls with all arguments but those of the session.

    `waits`: it marks a text or a page as done, so the changes of the segments of its text come first.
    """

    index: int
    id: str
    document_id: int
    session: Session
    in_words: str
    calls: tuple[tuple[str, JsonObject], ...]
    tags: tuple[Tag, ...] = ()
    waits: bool = False

    @property
    def is_there(self) -> bool:
        """Whether nothing is left to do."""
        return not self.calls


def plan_taggings(
    operation: Operation,
    values: JsonObject,
    sessions: Mapping[int, Session],
    pages_done: frozenset[tuple[int, int]],
) -> list[PlannedTagging]:
    """The changes of a call on these sessions, of which there are several only for a HITL.

    `pages_done` names the text and page of reviews that are completed.

    Raises:
        ToolFailure: any of them is at fault, so none is sent.
    """
    planned: list[PlannedTagging] = []
    faults: list[tuple[str, bool]] = []
    given_in: dict[JsonValue, int] = {}
    for index, change in enumerate(cast("list[JsonObject]", values["changes"])):
        planner = _Planner(index, change, sessions, pages_done)
        own = list(planner.faults())
        if not own:
            what = planner.plan()
            own = list(planner.conflicts(what))
            if what.id in given_in:
                own.append(
                    (
                        f"changes.{index}: changes.{given_in[what.id]} has the same target, expected once",
                        False,
                    )
                )
            given_in.setdefault(what.id, index)
            planned.append(what)
        faults += own
    if faults:
        raise _failure(operation, faults)
    return planned


def _failure(operation: Operation, faults: Sequence[tuple[str, bool]]) -> ToolFailure:
    failure = invalid(operation, [text for text, _ in faults[:_MAX_FAULTS]])
    if all(is_conflict for _, is_conflict in faults):
        next_step = "It was changed in the meantime. Read it again with review_texts and reconsider."
        failure = failure.with_(code="conflict", next_step=next_step)
    return failure.with_(notes={"outside": ["error.message"]})


class _Planner:
    def __init__(
        self,
        index: int,
        change: JsonObject,
        sessions: Mapping[int, Session],
        pages_done: frozenset[tuple[int, int]],
    ) -> None:
        self._change = change
        self._where = f"changes.{index}"
        self._index = index
        self._pages_done = pages_done
        self._segment: Segment | None = None
        self._session: Session | None = None
        for session in sessions.values():
            if "segment_id" in change:
                self._segment = session.segment(cast("int", change["segment_id"]))
            is_here = self._segment or session.text(cast("int", change.get("document_id", 0)))
            if is_here:
                self._session = session
                break

    def faults(self) -> Iterator[tuple[str, bool]]:
        """What is wrong with the change, each with whether only the present state is another one."""
        change, where = self._change, self._where
        if "segment_id" not in change and "document_id" not in change:
            yield f"{where}: names no target, expected segment_id or document_id", False
            return
        if self._session is None:
            name = "segment_id" if "segment_id" in change else "document_id"
            yield f"{where}.{name}: {change[name]} is not in the session", False
            return
        named = change.get("document_id", self._segment.document_id if self._segment else None)
        if self._segment is not None and named != self._segment.document_id:
            yield (
                f"{where}.document_id: got {named}, but the segment is in {self._segment.document_id}",
                False,
            )
        if "tags" not in change and not change.get("done"):
            yield f"{where}: got nothing to change, expected tags or done", False
        if "tags" in change and self._segment is None:
            yield f"{where}.tags: allowed only with segment_id", False
        if "expected_tags" in change and "tags" not in change:
            yield f"{where}.expected_tags: allowed only with tags", False
        if "page" in change and (self._segment is not None or self._session.kind == "correction"):
            yield f"{where}.page: allowed only with document_id, and not in a correction session", False
        yield from self._faults_of_tags(self._session)

    def plan(self) -> PlannedTagging:
        """What is left to do of a change without faults."""
        session, segment = cast("Session", self._session), self._segment
        if segment is not None:
            return self._of_segment(session, segment)
        document_id = cast("int", self._change["document_id"])
        page = self._change.get("page")
        identity = f"{document_id}" if page is None else f"{document_id} page {page}"
        words = f"mark text {identity} as done"
        calls = tuple(self._marks_of_text(session, document_id))
        tags: tuple[Tag, ...] = ()
        if session.kind == "correction" and (text := session.text(document_id)) is not None:
            # A mark accepts the tags of its segment for good, so that an agreement is bound to them.
            tags = tuple(tag for segment in text.segments if not segment.is_done for tag in segment.tags)
            words += f" with {_named([tag.meaning for tag in tags], quoted_inside)}"
        return PlannedTagging(self._index, identity, document_id, session, words, calls, tags, waits=True)

    def conflicts(self, planned: PlannedTagging) -> Iterator[tuple[str, bool]]:
        """Why what is left to do cannot be done as things stand."""
        if planned.calls and planned.session.is_closed:
            yield (
                f"{self._where}: the session is {planned.session.status}, so it cannot be changed",
                True,
            )
        if "expected_tags" in self._change and self._segment is not None and planned.calls:
            expected = sorted(map(_meaning, _tags_in(self._change["expected_tags"])))
            present = sorted(tag.meaning for tag in self._segment.tags)
            if expected != present:
                now, wanted = _named(present, _shown), _named(expected, _shown)
                yield f"{self._where}: the tags are {now}, expected {wanted}", True

    def _faults_of_tags(self, session: Session) -> Iterator[tuple[str, bool]]:
        has_class, has_label = _OF_TYPE.get(session.type, (None, None))
        seen: set[Meaning] = set()
        for index, tag in enumerate(_tags_in(self._change.get("tags"))):
            where = f"{self._where}.tags.{index}"
            for name, wanted, known in (
                ("class", has_class, session.classes),
                ("label", has_label, session.labels),
            ):
                value = str(tag.get(name, ""))
                if wanted is not None and bool(value) != wanted:
                    kind = f"a tag in a session of type {session.type}"
                    yield f"{where}: {kind} {'needs' if wanted else 'has no'} {name}", False
                elif value and known and value not in known:
                    names = ", ".join(map(_shown, known[:12]))
                    yield f"{where}.{name}: got {_shown(value)}, expected one of {names}", False
            if _meaning(tag) in seen:
                yield f"{where}: this tag is given twice for the segment", False
            seen.add(_meaning(tag))

    def _of_segment(self, session: Session, segment: Segment) -> PlannedTagging:
        calls: list[tuple[str, JsonObject]] = []
        words: list[str] = []
        ids: JsonObject = {"document_id": segment.document_id, "segment_id": segment.id}
        if "tags" in self._change:
            calls += _tag_calls(session, segment, _tags_in(self._change["tags"]), ids)
        if calls:
            wanted = [_meaning(tag) for tag in _tags_in(self._change["tags"])]
            present = [tag.meaning for tag in segment.tags]
            words.append(f"{_named(present, quoted_inside)} → {_named(wanted, quoted_inside)}")
        if self._change.get("done") and not (segment.is_done and not segment.is_doubtful):
            name = "markSegmentCorrected" if session.kind == "correction" else "markSegmentAnnotated"
            calls.append((name, {**ids, "name": _DONE}))
            accepted = [tag.meaning for tag in segment.tags] if "tags" not in self._change else []
            words.append(f"mark as done{f' with {_named(accepted, quoted_inside)}' if accepted else ''}")
        text = f"{quoted_inside(segment.text, _MAX_SHOWN)}: {', '.join(words)}"
        return PlannedTagging(
            self._index, str(segment.id), segment.document_id, session, text, tuple(calls), segment.tags
        )

    def _marks_of_text(self, session: Session, document_id: int) -> Iterator[tuple[str, JsonObject]]:
        text = session.text(document_id)
        page = self._change.get("page")
        ids: JsonObject = {"document_id": document_id, "name": _DONE}
        if text is None:
            return
        if page is not None:
            if not text.is_done and (document_id, page) not in self._pages_done:
                yield "markPageAnnotated", {**ids, "page": page}
        elif session.kind == "correction":
            for segment in text.segments:
                if not segment.is_done:
                    yield "markSegmentCorrected", {**ids, "segment_id": segment.id}
        elif not text.is_done:
            yield "markDocumentAnnotated", ids


def _tag_calls(
    session: Session, segment: Segment, wanted: Sequence[JsonObject], ids: JsonObject
) -> Iterator[tuple[str, JsonObject]]:
    """The calls that leave exactly the wanted tags: tags that differ are changed, others deleted or added."""
    what = "CorrectionTag" if session.kind == "correction" else "LabelingTag"
    present = {tag.meaning: tag for tag in segment.tags}
    missing = [tag for tag in wanted if _meaning(tag) not in present]
    kept = {_meaning(tag) for tag in wanted}
    odd = [tag for tag in segment.tags if tag.meaning not in kept]
    for tag in wanted:
        there = present.get(_meaning(tag))
        if there is not None and "text" in tag and tag["text"] != there.text:
            yield f"update{what}", {**ids, "tag_id": there.id, **_tag_arguments(tag)}
        elif there is not None and there.is_open:
            yield "confirmCorrectionTag", {**ids, "tag_id": there.id, "status": "READY"}
    for tag, instead in zip(odd, missing, strict=False):
        yield f"update{what}", {**ids, "tag_id": tag.id, **_tag_arguments(instead)}
    for tag in odd[len(missing) :]:
        yield f"delete{what}", {**ids, "tag_id": tag.id}
    for tag in missing[len(odd) :]:
        yield f"add{what}", {**ids, **_tag_arguments(tag)}


def _tag_arguments(tag: JsonObject) -> JsonObject:
    return {name: value for name, value in tag.items() if name in ("class", "label", "text", "span")}


def _tags_in(value: JsonValue) -> list[JsonObject]:
    return cast("list[JsonObject]", value or [])


def _meaning(tag: JsonObject) -> Meaning:
    return str(tag.get("class", "")), str(tag.get("label", ""))


def _named(meanings: Sequence[Meaning], shown: Callable[[str], str]) -> str:
    return ", ".join(shown(" ".join(filter(None, each))) for each in meanings) or "no tag"


def _shown(text: str) -> str:
    return quoted(text, _MAX_SHOWN)
