"""`review_apply`: many corrections and verifications on documents, checked together before any is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..documents.values import VERIFIED, values_of_document
from ..failure import ToolFailure
from ..guards.confirmation import confirm_or_fail
from ..guards.context import CallContext
from ..guards.guard import needs_confirmation
from ..operation_call import read
from ..requests.arguments import CONFIRM, REASON, expected_argument
from ..results.reply import Reply
from ..untrusted import quoted
from .apply_plan import PlannedChange, documents_of, plan_changes
from .batch import Job, Stop, Verdict, Word, run_batch
from .batch_report import Telling
from .document import decision_on
from .document_batch import read_each

__all__ = ["run"]

_UPDATE = {"field": "updateFieldValue", "cell": "updateTableCellValue"}
_VERIFY = {"field": "verifyField", "cell": "verifyTableCell"}
_TEXT = {"field": "value", "cell": "text"}
_APPROVE = "review_files approves it (model_id = workflow_id, file_ids = [document_id])."
_APPROVE_ALL = "review_files approves them (model_id = workflow_id, file_ids = the ids of the documents)."
_MOST_NAMED = 5
_WHOLE = "verify_document"
"""The id of the verdict on a whole document among those on its values."""


@dataclass(slots=True, eq=False)
class _Part:
    """What a call is to make of one document. `whole` is None if only its values are meant.

    `open_changes` counts those that have not ended; `ended` is set when none is left.
    """

    document_id: str
    answer: JsonObject
    changes: list[PlannedChange]
    verdicts: list[Verdict]
    whole: Verdict | None
    open_changes: int = 0
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_verified(self) -> bool:
        """Whether the document was verified with all of its values before anything was sent."""
        values = values_of_document(self.answer).values
        return self.answer.get("verification_status") == VERIFIED and all(each.is_verified for each in values)

    @property
    def doubtful_left(self) -> int:
        """Doubtful fields without a change. How sure the service is of cells stands in another document."""
        settled = {each.target.id for each in self.changes if each.corrects or each.status == VERIFIED}
        fields = values_of_document(self.answer).fields
        return sum(each.is_doubtful() and each.id not in settled for each in fields)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """Check all changes against their documents, then send what is left of them."""
    began = anyio.current_time()
    call = _Call(operation, values, context)
    documents = documents_of(operation, values)
    answers = await call.read(list(dict.fromkeys(documents)), began)
    parts = _parts(plan_changes(operation, values, documents, answers), answers, bool(values.get(_WHOLE)))
    if await call.confirm(parts):
        began = anyio.current_time()
    jobs: list[Job] = []
    for part in parts:
        pairs = zip(part.verdicts, part.changes, strict=True)
        jobs += [(verdict, partial(call.carry_out, part, change)) for verdict, change in pairs]
        if part.whole is not None:
            jobs.append((part.whole, partial(call.verify, part)))
    stop_after = cast("int", values.get("stop_after", 1))
    stop: Stop = await run_batch(jobs, context, stop_after=stop_after, began=began, unit="changes")
    verdicts = [verdict for verdict, _ in jobs]
    telling = Telling(operation, values, "changes", "made", _next_step(verdicts, parts), {})
    return telling.reply(verdicts, stop, context.upstream.answer_limit)


def _parts(
    changes: Sequence[PlannedChange], answers: Mapping[str, JsonObject], verifies: bool
) -> list[_Part]:
    """The changes by document, in the order in which the documents first came."""
    parts: list[_Part] = []
    for document_id, answer in answers.items():
        own = [change for change in changes if change.document_id == document_id]
        home = document_id if len(answers) > 1 else ""
        whole = Verdict(_WHOLE if home else document_id, home) if verifies else None
        verdicts = [Verdict(change.target.id, home) for change in own]
        parts.append(_Part(document_id, answer, own, verdicts, whole, len(own)))
    return parts


class _Call:
    """One call on documents of one workflow."""

    def __init__(self, operation: Operation, values: JsonObject, context: CallContext) -> None:
        self._operation = operation
        self._values = values
        self._context = context
        self._reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}

    async def read(self, document_ids: Sequence[str], began: float) -> dict[str, JsonObject]:
        """The answers of `getDocument` by document, in this order.

        Raises:
            ToolFailure: one of them cannot be read, so nothing is sent for the others either.
        """
        if len(document_ids) == 1:
            return {document_ids[0]: await self._read_one(document_ids[0])}
        documents = await read_each(document_ids, self._read_one, self._context, began)
        missing = [each for each in document_ids if each not in documents.found]
        if missing:
            said = f"{len(missing)} of {len(document_ids)} documents could not be read: {_few(missing)}."
            advice = "Call again without them, or with fewer documents at once."
            raise documents.failure(self._operation, said, advice)
        return {each: documents.found[each] for each in document_ids}

    async def confirm(self, parts: Sequence[_Part]) -> bool:
        """Let a person agree to all that is left to do, where one has to; gives whether one had to.

        Raises:
            ToolFailure: nobody has agreed.
        """
        changes = sorted((each for part in parts for each in part.changes), key=lambda change: change.index)
        left = [change for change in changes if not change.is_there]
        operations = {_UPDATE[change.target.kind] for change in left if change.corrects}
        operations |= {_VERIFY[change.target.kind] for change in left if change.marks}
        touched = {change.document_id for change in left}
        if any(part.whole and not (part.is_verified and part.document_id not in touched) for part in parts):
            operations.add("verifyDocument")
        known = load_operations()
        if not any(needs_confirmation(known[each], self._context) for each in operations):
            return False
        names = {part.document_id: str(part.answer.get("original_document_name")) for part in parts}
        is_one = len(parts) == 1
        shown: JsonObject = {"document": parts[0].answer.get("original_document_name")} if is_one else {}
        shown |= {} if is_one else {"documents": len(parts), "names": list[JsonValue](names.values())}
        shown["values"] = len(left)
        for change in left:
            place = change.target.name if is_one else f"{change.target.name} of {names[change.document_id]}"
            shown[f"{change.index + 1}. {place}"] = change.in_words
        bound = (_WHOLE, "changes", "workflow_id", "document_id")
        shown |= {name: self._values[name] for name in bound if name in self._values}
        state: list[JsonValue] = [
            [change.target.text, change.target.status, change.target.message] for change in left
        ]
        code = str(self._values.get(CONFIRM, "")) or self._context.code
        await confirm_or_fail(self._operation, shown, state, code, self._context)
        return True

    async def carry_out(self, part: _Part, change: PlannedChange, verdict: Verdict) -> Word:
        """Correct the value, then set its status, as far as either is left to do."""
        try:
            return await self._make(change, verdict)
        finally:
            part.open_changes -= 1
            if not part.open_changes:
                part.ended.set()

    async def verify(self, part: _Part, verdict: Verdict) -> Word:
        """Mark a whole document as verified, once all of its changes are made."""
        # Jobs begin in order, so that the changes of the document are done or under way by now.
        await part.ended.wait()
        if not all(each.is_settled for each in part.verdicts):
            return "not_tried"
        if part.is_verified and not any(each.writes for each in part.verdicts):
            return "already"
        arguments: JsonObject = {"verification_status": VERIFIED, **self._reason}
        await verdict.write(self._context, "verifyDocument", {**self._place(part.document_id), **arguments})
        return "done"

    async def _read_one(self, document_id: str) -> JsonObject:
        return await read(self._context, "getDocument", self._place(document_id))

    def _place(self, document_id: str) -> JsonObject:
        return {"workflow_id": self._values["workflow_id"], "document_id": document_id}

    async def _make(self, change: PlannedChange, verdict: Verdict) -> Word:
        target = change.target
        place = self._place(change.document_id)
        place |= {"page_id": target.page_id, f"{target.kind}_id": target.id}
        if target.kind == "field":
            place["field_data_id"] = place.pop("field_id")
        else:
            place["table_id"] = target.table_id
        text, status = target.text, target.status
        if change.corrects:
            operation_id = _UPDATE[target.kind]
            arguments: JsonObject = {**place, "value": change.value, **self._reason}
            if name := expected_argument(load_operations()[operation_id]):
                arguments[name] = target.text
            written = await verdict.write(self._context, operation_id, arguments)
            text = _told(written.answer, _TEXT[target.kind], change.value or "")
            status = _told(written.answer, "verification_status", status)
        if change.marks_after(status):
            try:
                await self._mark(change, place, text, verdict)
            except ToolFailure as failure:
                if change.corrects:
                    raise failure.with_(
                        message=f"The value was corrected; its status was not set. {failure.message}"
                    ) from failure
                raise
        return "done" if verdict.writes else "already"

    async def _mark(self, change: PlannedChange, place: JsonObject, text: str, verdict: Verdict) -> None:
        """Set the status of a value, and see in the answer that it is still the value that was meant."""
        arguments: JsonObject = {**place, "verification_status": change.status, **self._reason}
        if change.message is not None:
            arguments["verification_message"] = change.message
        kind = change.target.kind
        written = await verdict.write(self._context, _VERIFY[kind], arguments)
        now = _told(written.answer, _TEXT[kind], text)
        if now != text:
            raise ToolFailure(
                "conflict",
                f"Marked as {change.status}, but the value is now {quoted(now)} and not {quoted(text)}:"
                " somebody changed it meanwhile.",
                done="yes",
                next_step="Look at the value; put its mark back with review_undo if it is wrong.",
                quotes=True,
            )


def _told(answer: JsonObject, name: str, otherwise: str) -> str:
    """What an answer says of a value; answers are not documented well enough to count on it."""
    told = answer.get(name)
    return told if isinstance(told, str) else otherwise


def _few(document_ids: Sequence[str]) -> str:
    more = len(document_ids) - _MOST_NAMED
    return ", ".join(document_ids[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _next_step(verdicts: Sequence[Verdict], parts: Sequence[_Part]) -> str:
    if all(each.is_settled for each in verdicts):
        return _after_all([part for part in parts if not decision_on(part.answer)])
    if any(each.word in ("failed", "unknown") for each in verdicts):
        return (
            "Look with review_document, change what failed, and call again: what was done is not done twice."
        )
    return "Call again with the same arguments: only what is left is sent."


def _after_all(undecided: Sequence[_Part]) -> str:
    """What to do with the documents that still wait for a decision, once all changes are made."""
    if not undecided:
        return ""
    doubtful = sum(part.doubtful_left for part in undecided if part.whole is None)
    if doubtful:
        return f"Doubtful fields left: {doubtful}. review_document with show=doubtful lists them."
    return _APPROVE if len(undecided) == 1 else _APPROVE_ALL
