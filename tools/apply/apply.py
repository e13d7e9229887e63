"""`review_apply`: many corrections and verifications on documents, checked together before any is sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..beside_loop import beside_loop
from ..documents.field_state import state_of_value
from ..documents.readings import VERIFIED
from ..documents.stages import decision_on, why_not_approvable
from ..documents.values import DocumentValue
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.agreement import do_agreed
from ..guards.confirmation import Question
from ..guards.context import CallContext
from ..guards.document_locks import Claim
from ..guards.guard import browser_rule, needs_confirmation
from ..guards.summary import values_in_words
from ..operation_call import read
from ..requests.arguments import CONFIRM, REASON, expected_argument
from ..results.reply import Reply
from ..review.batch import ItemResult, Job, Stop, Word, run_batch
from ..review.batch_report import BatchReport
from ..review.document_batch import read_each
from ..review.document_snapshot import BeforeAdding, DocumentSnapshot, Snapshot
from ..untrusted import quoted
from .deleted import deleted_before
from .parts import WHOLE, Part, parts_of
from .plan import PlannedChange, documents_of, plan_changes
from .structure import PlannedStructure

__all__ = ["run"]

_UPDATE = {"field": "updateFieldValue", "cell": "updateTableCellValue"}
_VERIFY = {"field": "verifyField", "cell": "verifyTableCell"}
_TEXT = {"field": "value", "cell": "text"}
_APPROVE = "review_files approves it (model_id = workflow_id, file_ids = [document_id])."
_APPROVE_ALL = "review_files approves them (model_id = workflow_id, file_ids = the ids of the documents)."
_NEW_IDS = ("field_data_id", "cell_id", "table_id")
_MAX_NAMED = 5


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """Check all changes against their documents, then send what is left of them."""
    call = _Call(operation, values, context)
    document_ids = list(dict.fromkeys(documents_of(operation, values)))
    code = context.code or str(values.get(CONFIRM, ""))
    return await do_agreed(
        context, call.claims(document_ids), code, partial(call.plan, document_ids), call.question, call.make
    )


class _Call:
    """One call on documents of one workflow."""

    def __init__(self, operation: Operation, values: JsonObject, context: CallContext) -> None:
        self._operation = operation
        self._values = values
        self._context = context
        self._reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}
        self._base_url = context.upstream.base_url(load_operations()["getDocument"])
        self._began = anyio.current_time()
        self._new: JsonObject = {}

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
            message = f"{len(missing)} of {len(document_ids)} documents could not be read: {_few(missing)}."
            advice = "Call again without them, or with fewer documents in one call."
            raise documents.failure(self._operation, message, advice)
        return {each: documents.found[each] for each in document_ids}

    def claims(self, document_ids: Sequence[str]) -> frozenset[Claim]:
        """The documents that nobody else may write meanwhile."""
        workflow = str(self._values["workflow_id"])
        return frozenset(Claim.of(self._base_url, workflow, each) for each in document_ids)

    async def plan(self, document_ids: Sequence[str]) -> list[Part]:
        """What is to be made of each document, as it is now.

        Raises:
            ToolFailure: a document cannot be read, or a change is at fault; nothing is sent for any of them.
        """
        self._began = anyio.current_time()
        answers = await self.read(document_ids, self._began)
        named = documents_of(self._operation, self._values)
        seen = self._context.guards.seen
        gone = await deleted_before(self._values, self._base_url, self._context)

        def planned() -> list[Part]:
            plan = plan_changes(
                self._operation,
                self._values,
                named,
                answers,
                lambda identity: seen.text(self._context.caller, identity),
                gone,
            )
            return parts_of(plan, answers, bool(self._values.get(WHOLE)))

        return await beside_loop(answers, planned)

    def question(self, parts: Sequence[Part]) -> Question | None:
        """What a person has to agree to, all that is left to do as a whole; None if nobody has to."""
        changes = sorted((each for part in parts for each in part.changes), key=lambda change: change.index)
        left = [change for change in changes if not change.is_there]
        operations = {_UPDATE[change.target.kind] for change in left if change.corrects}
        operations |= {_VERIFY[change.target.kind] for change in left if change.marks}
        structures = [each for part in parts for each in part.structures if not each.is_there]
        operations |= {operation_id for each in structures for operation_id, _ in each.calls}
        touched = {change.document_id for change in (*left, *structures)}
        verified = [
            part
            for part in parts
            if part.whole and not (part.is_verified and part.document_id not in touched)
        ]
        if verified:
            operations.add("verifyDocument")
        called = [load_operations()[each] for each in operations]
        if not any(needs_confirmation(each, self._context) for each in called):
            return None
        names = {part.document_id: str(part.answer.get("original_document_name")) for part in parts}
        is_one = len(parts) == 1
        subject: JsonObject = {"document": parts[0].answer.get("original_document_name")} if is_one else {}
        subject |= {} if is_one else {"documents": len(parts), "names": list[JsonValue](names.values())}
        subject["changes" if structures else "values"] = len(left) + len(structures)
        for change in left:
            place = change.target.name if is_one else f"{change.target.name} of {names[change.document_id]}"
            subject[f"{change.index + 1}. {place}"] = change.in_words
        for each in structures:
            place = each.title if is_one else f"{each.title} of {names[each.document_id]}"
            subject[f"{each.index + 1}. {place}"] = each.in_words
        for number, part in enumerate(verified, 1):
            in_words = values_in_words([state_of_value(each) for each in part.values])
            subject[f"verified as a whole {number}:"] = names[part.document_id]
            subject |= {f"of {number}, {key}": value for key, value in in_words.items()}
        named = (WHOLE, "changes", "workflow_id", "document_id")
        call = {name: self._values[name] for name in named if name in self._values}
        further = {name: self._values[name] for name in ("stop_after", REASON) if name in self._values}
        subject |= {**call, **further}
        state = [list[JsonValue](_state_of(change.target)) for change in left]
        state += [list[JsonValue](_state_of(value)) for each in structures for value in each.values]
        state += [list[JsonValue](_state_of(each)) for part in verified for each in part.values]
        rule = browser_rule(called, self._context)
        return Question(self._operation, subject, list[JsonValue](state), None, browser_rule=rule, call=call)

    async def make(self, parts: Sequence[Part], context: CallContext) -> Reply:
        """Send what is left to do."""
        self._context = context
        jobs: list[Job] = []
        for part in parts:
            pairs = zip(part.verdicts, part.changes, strict=True)
            jobs += [(verdict, partial(self.carry_out, part, change)) for verdict, change in pairs]
            further = zip(part.structure_verdicts, part.structures, strict=True)
            jobs += [(verdict, partial(self.make_structure, part, each)) for verdict, each in further]
            if part.whole is not None:
                jobs.append((part.whole, partial(self.verify, part)))
        stop_after = cast("int", self._values.get("stop_after", 1))
        stop: Stop = await run_batch(jobs, context, stop_after=stop_after, began=self._began, unit="changes")
        verdicts = [verdict for verdict, _ in jobs]
        next_step = _next_step(verdicts, parts)
        new: JsonObject = {"new": self._new} if self._new else {}
        report = BatchReport(self._operation, self._values, "changes", "made", next_step, new)
        return report.reply(verdicts, stop, context.upstream.answer_limit)

    async def carry_out(self, part: Part, change: PlannedChange, verdict: ItemResult) -> Word:
        """Correct the value, then set its status, as far as either is left to do."""
        try:
            return await self._make(part, change, verdict)
        finally:
            part.open_changes -= 1
            if not part.open_changes:
                part.ended.set()

    async def make_structure(self, part: Part, planned: PlannedStructure, verdict: ItemResult) -> Word:
        """Add, delete or mark what is left to do; a table is marked once its values are as wanted."""
        try:
            if planned.kind == "mark":
                await part.ended.wait()
                pairs = zip(part.structure_verdicts, part.structures, strict=True)
                others = [*part.verdicts, *(each for each, other in pairs if other.kind != "mark")]
                if not all(each.is_settled for each in others):
                    return "not_tried"
                # What was corrected meanwhile is not in the snapshot as a whole.
                part.snapshot = None
            if planned.is_there:
                return "already"
            await self._send(part, planned, verdict)
            return "done"
        finally:
            if planned.kind == "mark":
                part.open_marks -= 1
            else:
                part.open_changes -= 1
            if not part.open_changes:
                part.ended.set()
            if not part.open_marks:
                part.marked.set()

    async def _send(self, part: Part, planned: PlannedStructure, verdict: ItemResult) -> None:
        made: list[JsonValue] = []
        for operation_id, arguments in planned.calls:
            ids = {**self._ids(part.document_id), **arguments, **self._reason}
            snapshot: Snapshot | None = None
            if planned.kind != "add":
                snapshot = await self._refreshed(part)
            elif arguments.get("header"):
                # The header is compared with the column's before a cell is added.
                snapshot = BeforeAdding(await self._refreshed(part))
            try:
                written = await verdict.write(self._context, operation_id, ids, snapshot)
            except ToolFailure as failure:
                if not verdict.writes:
                    raise
                message = f"{verdict.writes} of {len(planned.calls)} calls were made. {failure.message}"
                raise failure.with_(message=message) from failure
            new = next((written.answer[name] for name in _NEW_IDS if name in written.answer), None)
            made += [new] if planned.kind == "add" and isinstance(new, str) else []
        if made:
            self._new[planned.id] = made[0] if len(made) == 1 else made

    async def verify(self, part: Part, verdict: ItemResult) -> Word:
        """Mark a whole document as verified, once all of its changes are made."""
        # Jobs begin in order, so that the changes of the document are done or under way by now.
        await part.ended.wait()
        await part.marked.wait()
        verdicts = [*part.verdicts, *part.structure_verdicts]
        if not all(each.is_settled for each in verdicts):
            return "not_tried"
        if part.is_verified and not any(each.writes for each in verdicts):
            return "already"
        arguments: JsonObject = {"verification_status": VERIFIED, **self._reason}
        await verdict.write(self._context, "verifyDocument", {**self._ids(part.document_id), **arguments})
        return "done"

    async def _read_one(self, document_id: str) -> JsonObject:
        return await read(self._context, "getDocument", self._ids(document_id))

    def _ids(self, document_id: str) -> JsonObject:
        return {"workflow_id": self._values["workflow_id"], "document_id": document_id}

    async def _refreshed(self, part: Part) -> DocumentSnapshot:
        """The document as it is just before it is written: other documents may have taken their time."""
        async with part.reading:
            if part.snapshot is None:
                answer = await self._read_one(part.document_id)
                part.snapshot = await beside_loop(answer, partial(DocumentSnapshot, answer))
        return part.snapshot

    async def _make(self, part: Part, change: PlannedChange, verdict: ItemResult) -> Word:
        if change.is_there:
            return "already"
        target, snapshot = change.target, await self._refreshed(part)
        if not change.corrects and (now := snapshot.text(target.id)) not in (None, target.text):
            raise ToolFailure(
                "conflict",
                f"The value is now {quoted(now)}, not {quoted(target.text)}: it was changed in the meantime.",
                happened=NOTHING_SENT,
                next_step="Read the document again and reconsider.",
                quotes=True,
            )
        ids = self._ids(change.document_id)
        ids |= {"page_id": target.page_id, f"{target.kind}_id": target.id}
        if target.kind == "field":
            ids["field_data_id"] = ids.pop("field_id")
        else:
            ids["table_id"] = target.table_id
        text, status = target.text, target.status
        if change.corrects:
            operation_id = _UPDATE[target.kind]
            arguments: JsonObject = {**ids, "value": change.value, **self._reason}
            if name := expected_argument(load_operations()[operation_id]):
                arguments[name] = target.text
            written = await verdict.write(self._context, operation_id, arguments, snapshot)
            text = _text_of(written.answer, _TEXT[target.kind], change.value or "")
            status = _text_of(written.answer, "verification_status", status)
        if change.marks_after(status):
            try:
                await self._mark(snapshot, change, ids, text, verdict)
            except ToolFailure as failure:
                if change.corrects:
                    raise failure.with_(
                        message=f"The value was corrected, but its status was not set. {failure.message}"
                    ) from failure
                raise
        return "done" if verdict.writes else "already"

    async def _mark(
        self,
        snapshot: DocumentSnapshot,
        change: PlannedChange,
        ids: JsonObject,
        text: str,
        verdict: ItemResult,
    ) -> None:
        """Set the status of a value, and see in the answer that it is still the value that was meant."""
        arguments: JsonObject = {**ids, "verification_status": change.status, **self._reason}
        if change.message is not None:
            arguments["verification_message"] = change.message
        kind = change.target.kind
        written = await verdict.write(self._context, _VERIFY[kind], arguments, snapshot)
        now = _text_of(written.answer, _TEXT[kind], text)
        if now != text:
            raise ToolFailure(
                "conflict",
                f"Marked as {change.status}, but the value is now {quoted(now)}, not {quoted(text)}: it was"
                " changed in the meantime.",
                done="yes",
                next_step="Read the value again; if it is wrong, undo the mark with review_undo.",
                quotes=True,
            )


def _state_of(value: DocumentValue) -> tuple[str, ...]:
    """What an agreement about a value is bound to."""
    return (value.id, value.text, value.status, value.message)


def _text_of(answer: JsonObject, name: str, otherwise: str) -> str:
    """What an answer says of a value; answers are not documented well enough to count on it."""
    text = answer.get(name)
    return text if isinstance(text, str) else otherwise


def _few(document_ids: Sequence[str]) -> str:
    more = len(document_ids) - _MAX_NAMED
    return ", ".join(document_ids[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _next_step(verdicts: Sequence[ItemResult], parts: Sequence[Part]) -> str:
    if all(each.is_settled for each in verdicts):
        return _after_all([part for part in parts if not decision_on(part.answer)])
    if any(each.word in ("failed", "unknown") for each in verdicts):
        return (
            "Read the document with review_document, correct the changes that failed, and call again:"
            " finished changes are not repeated."
        )
    return "Call again with the same arguments: only the remaining changes are sent."


def _after_all(undecided: Sequence[Part]) -> str:
    """What to do with the documents that still wait for a decision, once all changes are made."""
    if not undecided:
        return ""
    doubtful = sum(part.doubtful_left for part in undecided if part.whole is None)
    if doubtful:
        return f"Doubtful fields remaining: {doubtful}. review_document with show=doubtful lists them."
    if unrated := sum(part.unrated_left for part in undecided if part.whole is None):
        return f"Fields remaining without a known confidence: {unrated}. review_document shows them."
    if reason := next(filter(None, (why_not_approvable(part.answer) for part in undecided)), ""):
        return f"Read the document again with review_document: {reason[0].lower()}{reason[1:]}"
    return _APPROVE if len(undecided) == 1 else _APPROVE_ALL
