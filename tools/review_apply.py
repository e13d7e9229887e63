"""`review_apply`: many corrections and verifications on one document, checked together before any is sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import anyio

from ..schemas import JsonObject, JsonValue, Operation, load_operations
from .arguments import CONFIRM, REASON, expected_argument
from .asking import confirm_or_fail
from .batch import Job, Stop, Verdict, Word, run_batch
from .call import read
from .document_values import VERIFIED, values_of_document
from .door import Door
from .failure import ToolFailure
from .guard import needs_confirmation
from .own_tools import Reply
from .planned_changes import PlannedChange, plan_changes
from .review_document import decision_on
from .verdicts import Telling

__all__ = ["run"]

_UPDATE = {"field": "updateFieldValue", "cell": "updateTableCellValue"}
_VERIFY = {"field": "verifyField", "cell": "verifyTableCell"}
_TEXT = {"field": "value", "cell": "text"}
_APPROVE = "review_files approves it (model_id = workflow_id, file_ids = [document_id])."


async def run(operation: Operation, values: JsonObject, door: Door) -> Reply:
    """Check all changes against the document, then send what is left of them."""
    began = anyio.current_time()
    call = _Call(operation, values, door)
    answer = await read(door, "getDocument", call.document)
    changes = plan_changes(operation, values, answer)
    if await call.confirm(answer, changes):
        began = anyio.current_time()
    jobs: list[Job] = [(Verdict(each.target.id), partial(call.carry_out, each)) for each in changes]
    verdicts = [verdict for verdict, _ in jobs]
    stop_after = cast("int", values.get("stop_after", 1))
    stop: Stop = await run_batch(jobs, door, stop_after=stop_after, began=began, unit="values")
    if values.get("verify_document"):
        whole = Verdict(str(call.document["document_id"]))
        if all(each.is_settled for each in verdicts):
            is_verified = _is_verified(answer) and not any(each.writes for each in verdicts)
            stop = await run_batch(
                [(whole, call.leave_document if is_verified else call.verify_document)],
                door,
                stop_after=1,
                began=began,
                unit="documents",
            )
        verdicts.append(whole)
    next_step = _next_step(verdicts, "" if decision_on(answer) else _after_all(values, answer, changes))
    telling = Telling(operation, values, "changes", "made", next_step, {})
    return telling.reply(verdicts, stop, door.upstream.answer_limit)


class _Call:
    """One call on one document."""

    def __init__(self, operation: Operation, values: JsonObject, door: Door) -> None:
        self._operation = operation
        self._values = values
        self._door = door
        self._reason: JsonObject = {REASON: values[REASON]} if REASON in values else {}
        self.document: JsonObject = {name: values[name] for name in ("workflow_id", "document_id")}

    async def confirm(self, answer: JsonObject, changes: Sequence[PlannedChange]) -> bool:
        """Let a person agree to all that is left to do, where one has to; gives whether one had to.

        Raises:
            ToolFailure: nobody has agreed.
        """
        left = [change for change in changes if not change.is_there]
        operations = {_UPDATE[change.target.kind] for change in left if change.corrects}
        operations |= {_VERIFY[change.target.kind] for change in left if change.marks}
        if self._values.get("verify_document"):
            operations.add("verifyDocument")
        known = load_operations()
        if not any(needs_confirmation(known[each], self._door) for each in operations):
            return False
        shown: JsonObject = {"document": answer.get("original_document_name"), "values": len(left)}
        shown |= {f"{change.index + 1}. {change.target.name}": change.in_words for change in left}
        shown |= {name: self._values[name] for name in ("verify_document", "changes") if name in self._values}
        state: list[JsonValue] = [
            [change.target.text, change.target.status, change.target.message] for change in left
        ]
        code = str(self._values.get(CONFIRM, "")) or self._door.code
        await confirm_or_fail(self._operation, {**shown, **self.document}, state, code, self._door)
        return True

    async def carry_out(self, change: PlannedChange, verdict: Verdict) -> Word:
        """Correct the value, then set its status, as far as either is left to do."""
        target = change.target
        place: JsonObject = {**self.document, "page_id": target.page_id, f"{target.kind}_id": target.id}
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
            written = await verdict.write(self._door, operation_id, arguments)
            text = _told(written.answer, _TEXT[target.kind], change.value or "")
            status = _told(written.answer, "verification_status", status)
        if change.marks_after(status):
            try:
                await self._mark(change, place, text, verdict)
            except ToolFailure as failure:
                if change.corrects:
                    failure.message = f"The value was corrected; its status was not set. {failure.message}"
                raise
        return "done" if verdict.writes else "already"

    async def verify_document(self, verdict: Verdict) -> Word:
        """Mark the whole document as verified."""
        arguments: JsonObject = {**self.document, "verification_status": VERIFIED, **self._reason}
        await verdict.write(self._door, "verifyDocument", arguments)
        return "done"

    async def leave_document(self, verdict: Verdict) -> Word:
        """The document is verified already."""
        return "already"

    async def _mark(self, change: PlannedChange, place: JsonObject, text: str, verdict: Verdict) -> None:
        """Set the status of a value, and see in the answer that it is still the value that was meant."""
        arguments: JsonObject = {**place, "verification_status": change.status, **self._reason}
        if change.message is not None:
            arguments["verification_message"] = change.message
        kind = change.target.kind
        written = await verdict.write(self._door, _VERIFY[kind], arguments)
        now = _told(written.answer, _TEXT[kind], text)
        if now != text:
            raise ToolFailure(
                "conflict",
                f"Marked as {change.status}, but the value is now {now[:200]!r} and not {text[:200]!r}:"
                " somebody changed it meanwhile.",
                done="yes",
                next_step="Look at the value; put its mark back with review_undo if it is wrong.",
            )


def _told(answer: JsonObject, name: str, otherwise: str) -> str:
    """What an answer says of a value; answers are not documented well enough to count on it."""
    told = answer.get(name)
    return told if isinstance(told, str) else otherwise


def _is_verified(answer: JsonObject) -> bool:
    """Whether a document is marked as verified with all of its values."""
    values = values_of_document(answer).values
    return answer.get("verification_status") == VERIFIED and all(each.is_verified for each in values)


def _after_all(values: JsonObject, answer: JsonObject, changes: Sequence[PlannedChange]) -> str:
    """What to do once all of it is done. How sure the service is of cells stands in another document."""
    settled = {each.target.id for each in changes if each.corrects or each.status == VERIFIED}
    fields = values_of_document(answer).fields
    doubtful = sum(each.is_doubtful() and each.id not in settled for each in fields)
    if doubtful and not values.get("verify_document"):
        return f"Doubtful fields left: {doubtful}. review_document with show=doubtful lists them."
    return _APPROVE


def _next_step(verdicts: Sequence[Verdict], after_all: str) -> str:
    if all(each.is_settled for each in verdicts):
        return after_all
    if any(each.word in ("failed", "unknown") for each in verdicts):
        return (
            "Look with review_document, change what failed, and call again: what was done is not done twice."
        )
    return "Call again with the same arguments: only what is left is sent."
