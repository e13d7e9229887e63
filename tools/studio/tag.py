"""`review_tag`: many tags and marks of a Studio session, checked together before any is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..documents.readings import text_of, whole_number_of
from ..documents.values import objects_in
from ..guards.agreement import do_agreed
from ..guards.confirmation import Question
from ..guards.context import CallContext
from ..guards.guard import browser_rule, needs_confirmation
from ..requests.arguments import CONFIRM, REASON
from ..results.reply import Reply
from ..review.batch import ItemResult, Job, Word, run_batch
from ..review.batch_report import BatchReport
from .session import Kind, Session, read_hitl_reviews, read_session
from .tag_plan import PlannedTagging, plan_taggings

__all__ = ["run"]

_READ_ONCE = {"getLabelingTag": "annotation_id", "listCorrectionDocuments": "correction_id"}


class SessionSnapshot:
    """A session as it was read: writes find the state of a tag that they change here, without a request."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def answer(self, operation_id: str, arguments: JsonObject) -> JsonObject | None:
        """What this reading operation would answer; None where that is not known."""
        name = _READ_ONCE.get(operation_id)
        if name is None or arguments.get(name) != self._session.id:
            return None
        if operation_id == "listCorrectionDocuments":
            return self._session.answer
        segment = self._session.segment(cast("int", arguments["segment_id"]))
        tags = segment.tags if segment is not None else ()
        found = next((tag.item for tag in tags if tag.id == arguments["tag_id"]), None)
        return found if isinstance(found, dict) else None

    def take(self, arguments: JsonObject, answer: JsonObject) -> None:
        """No tag is written by it twice."""


@dataclass(slots=True, eq=False)
class _Text:
    """The changes of the segments of a text that have not ended; `ended` is set when none is left."""

    open_changes: int = 0
    ended: anyio.Event = field(default_factory=anyio.Event)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """Check all changes against the session, then send what is left of them."""
    call = _Call(operation, values)
    code = context.code or str(values.get(CONFIRM, ""))
    return await do_agreed(
        context, frozenset(), code, partial(call.plan, context), partial(call.question, context), call.make
    )


class _Call:
    """One call on one session, or on the sessions of one HITL."""

    def __init__(self, operation: Operation, values: JsonObject) -> None:
        self._operation = operation
        self._values = values
        self._reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}
        self._began = anyio.current_time()

    async def plan(self, context: CallContext) -> list[PlannedTagging]:
        """What is left to do of each change, as things are now.

        Raises:
            ToolFailure: the session cannot be read, or a change is at fault; nothing is sent for any of them.
        """
        self._began = anyio.current_time()
        kind = cast("Kind", self._values["kind"])
        project_id, identity = cast("int", self._values["project_id"]), cast("int", self._values["id"])
        if kind != "hitl_review":
            session = await read_session(kind, project_id, identity, context)
            return plan_taggings(self._operation, self._values, {identity: session}, frozenset())
        reviews = await read_hitl_reviews(project_id, identity, context)
        ids = dict.fromkeys(whole_number_of(each.get("ls_annotation_id")) or 0 for each in reviews)
        sessions = {
            each: await read_session("labeling_session", project_id, each, context) for each in ids if each
        }
        return plan_taggings(self._operation, self._values, sessions, _pages_done(reviews))

    def question(self, context: CallContext, planned: Sequence[PlannedTagging]) -> Question | None:
        """What a person has to agree to, all that is left as a whole; None if nobody has to."""
        left = [each for each in planned if not each.is_there]
        operations = {operation_id for each in left for operation_id, _ in each.calls}
        called = [load_operations()[each] for each in operations]
        if not any(needs_confirmation(each, context) for each in called):
            return None
        subject: JsonObject = {"session": planned[0].session.name, "changes": len(left)}
        subject |= {f"{each.index + 1}. segment or text {each.id}": each.in_words for each in left}
        bound = ("kind", "project_id", "id", "changes", "stop_after", REASON)
        subject |= {name: self._values[name] for name in bound if name in self._values and name != "changes"}
        state: list[JsonValue] = [
            [each.id, [[tag.id, *tag.meaning, tag.text] for tag in each.tags]] for each in left
        ]
        rule = browser_rule(called, context)
        named = ("kind", "project_id", "id", "changes")
        call = {name: self._values[name] for name in named if name in self._values}
        return Question(self._operation, subject, state, None, browser_rule=rule, call=call)

    async def make(self, planned: Sequence[PlannedTagging], context: CallContext) -> Reply:
        """Send what is left to do: segments first, then the marks of their texts."""
        texts: dict[int, _Text] = {}
        verdicts = {each.index: ItemResult(each.id) for each in planned}
        for each in planned:
            text = texts.setdefault(each.document_id, _Text())
            text.open_changes += not each.waits
        for text in texts.values():
            if not text.open_changes:
                text.ended.set()
        jobs: list[Job] = []
        for each in sorted(planned, key=lambda change: change.waits):
            before = [
                verdicts[other.index]
                for other in planned
                if each.waits and not other.waits and other.document_id == each.document_id
            ]
            do = partial(self._carry_out, each, texts[each.document_id], before, context)
            jobs.append((verdicts[each.index], do))
        stop_after = cast("int", self._values.get("stop_after", 1))
        stop = await run_batch(jobs, context, stop_after=stop_after, began=self._began, unit="changes")
        results = [verdicts[each.index] for each in planned]
        report = BatchReport(self._operation, self._values, "changes", "made", _next_step(results), {})
        return report.reply(results, stop, context.upstream.answer_limit)

    async def _carry_out(
        self,
        planned: PlannedTagging,
        text: _Text,
        before: Sequence[ItemResult],
        context: CallContext,
        verdict: ItemResult,
    ) -> Word:
        try:
            if planned.waits:
                await text.ended.wait()
                if not all(each.is_settled for each in before):
                    return "not_tried"
            return await self._send(planned, context, verdict)
        finally:
            if not planned.waits:
                text.open_changes -= 1
                if not text.open_changes:
                    text.ended.set()

    async def _send(self, planned: PlannedTagging, context: CallContext, verdict: ItemResult) -> Word:
        snapshot = SessionSnapshot(planned.session)
        for operation_id, arguments in planned.calls:
            known = None if operation_id.startswith("add") else snapshot
            whole = {**planned.session.place, **arguments, **self._reason}
            await verdict.write(context, operation_id, whole, known)
        return "done" if verdict.writes else "already"


def _pages_done(reviews: Sequence[JsonObject]) -> frozenset[tuple[int, int]]:
    """The text and page of completed reviews: none of the page waits any more."""
    waiting = Counter[tuple[int, int]]()
    for each in objects_in(cast("JsonValue", list(reviews))):
        place = (whole_number_of(each.get("document_id")) or 0, whole_number_of(each.get("page_num")) or 0)
        waiting[place] += text_of(each.get("status")) == "PENDING"
    return frozenset(place for place, count in waiting.items() if not count)


def _next_step(verdicts: Sequence[ItemResult]) -> str:
    if all(each.is_settled for each in verdicts):
        return ""
    if any(each.word in ("failed", "unknown") for each in verdicts):
        return (
            "Read the texts with review_texts, correct the changes that failed, and call again: finished"
            " changes are not repeated."
        )
    return "Call again with the same arguments: only the remaining changes are sent."
