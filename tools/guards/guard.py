"""Between a valid write and the service: is it allowed, expected, confirmed, not doubled - and on the record.

`assess` decides all that can be decided before anything is sent; a preview shows the same. `carry_out` does
the write: journal entry first, then the request, then the entry is closed with what really happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import anyio
import anyio.lowlevel

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.field_state import fields_of_document, fields_of_file
from ..failure import NOTHING_SENT, ToolFailure
from ..json_text import compact
from ..redaction import masked, without_secret_properties
from ..requests.arguments import CONFIRM, expected_argument
from ..requests.prepared_call import Prepared
from ..results.answer import parse, wrapped
from ..results.response import Response
from ..surface.tool import is_confirmed_by_person
from ..untrusted import quoted, without_hidden
from .approval import approved_document
from .confirmation import confirm_or_fail
from .context import CallContext, Guards, Written
from .current_state import NOT_READ, Read, State, read_state, state_after
from .journal import Closing
from .journal_recording import close_entry, close_interrupted, closing_of, entry_notes, open_entry
from .policy import AFTER_APPROVAL_RULE, AFTER_RULE
from .single_flight import not_doubled
from .undo_plan import may_be_undone, undo_plan

__all__ = ["Assessment", "assess", "carry_out", "needs_confirmation", "not_allowed"]

_READ_SECONDS = 8.0
"""The longest that reading the state before a write may take."""

_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a write before it is sent: the state that it changes, and why it is refused, if so."""

    before: State
    refusal: ToolFailure | None
    needs_confirmation: bool
    not_undoable: str


async def assess(prepared: Prepared, context: CallContext, read: Read) -> Assessment:
    """Everything that is decided before a write is sent. Sends reads only, and no write."""
    operation = prepared.operation
    guards = context.guards
    read = _each_once(read)
    before = NOT_READ
    confirm = needs_confirmation(operation, context)
    if guards.journal is not None or confirm or expected_argument(operation) in prepared.values:
        before = await _present_state(prepared, read, min(_READ_SECONDS, context.upstream.timeout / 4))
    refusal = _unexpected(prepared, before) or _too_many(prepared, guards)
    refusal = refusal or await _disapproved(prepared, context, read)
    reason = "No journal is kept." if guards.journal is None else may_be_undone(operation, before)
    return Assessment(before, refusal, confirm, reason)


def _each_once(read: Read) -> Read:
    """Reads nothing twice: what is approved and what is expected are judged by the same answer."""
    answers: dict[str, JsonObject] = {}

    async def once(operation_id: str, arguments: JsonObject) -> JsonObject:
        call = compact([operation_id, dict(sorted(arguments.items()))])
        if call not in answers:
            answers[call] = await read(operation_id, arguments)
        return answers[call]

    return once


def needs_confirmation(operation: Operation, context: CallContext) -> bool:
    """Whether a person has to agree to a call of this operation before it is sent."""
    return not context.is_confirmed and is_confirmed_by_person(operation.effect, context.guards.confirm)


async def carry_out(
    prepared: Prepared, context: CallContext, read: Read, undoes: int | None = None
) -> Written:
    """Do a write that has been prepared, once.

    Raises:
        ToolFailure: it was refused before it was sent, or failed; the failure says which.
    """
    if prepared.operation.idempotent:
        return await _guarded(prepared, context, read, undoes)
    return await not_doubled(prepared, context, lambda: _guarded(prepared, context, read, undoes))


async def _guarded(prepared: Prepared, context: CallContext, read: Read, undoes: int | None) -> Written:
    guards = context.guards
    assessment = await assess(prepared, context, read)
    if assessment.refusal is not None:
        raise assessment.refusal
    if assessment.needs_confirmation:
        await confirm_or_fail(
            prepared.operation,
            prepared.sent,
            assessment.before.value,
            str(prepared.values.get(CONFIRM, "")) or context.code,
            context,
            name=assessment.before.key,
        )
    before = assessment.before
    document = _reserved(prepared, guards)
    try:
        entry = await open_entry(prepared, before, context, undoes)
    except BaseException:
        guards.counts.give_back(document)
        raise
    try:
        await anyio.lowlevel.checkpoint_if_cancelled()
    except BaseException:
        guards.counts.give_back(document)
        await close_interrupted(
            entry, Closing("not done", message="Interrupted before it was sent."), context
        )
        raise
    if flight := guards.under_way.get(prepared.identity):
        flight.is_sent = True
    try:
        response = await context.upstream.send(prepared.operation, prepared.requests, context.report)
    except ToolFailure as failure:
        if failure.done == "no":
            guards.counts.give_back(document)
        fault = await close_entry(entry, closing_of(failure), context)
        raise failure.with_(notes={**failure.notes, **entry_notes(entry, fault, context)}) from failure
    except BaseException:
        await close_interrupted(entry, Closing("unknown", message="The call was interrupted."), context)
        raise
    return await _settle(prepared, before, response, entry, context, read)


async def _settle(
    prepared: Prepared, before: State, response: Response, entry: int | None, context: CallContext, read: Read
) -> Written:
    """Close the entry of a write that was carried out, and say what the result tells of it."""
    operation = prepared.operation
    try:
        answer = wrapped(parse(operation, response), response.status)
    except ToolFailure:
        answer = {}
    if context.guards.journal is None:
        return Written(response, answer, None, {})
    after = state_after(operation, prepared.sent, answer, before)
    if after is None:
        try:
            after = await _present_state(prepared, read, _READ_SECONDS, answer)
        except BaseException:
            said = "Carried out; the call was interrupted while the new state was read."
            await close_interrupted(entry, Closing("done", response.status, not_undoable=said), context)
            raise
    calls, reason = undo_plan(operation, prepared.sent, before, after, answer)
    plan: JsonValue = list(calls)
    if masked(plan, compact(plan), context.upstream.secrets) != plan:
        calls, reason = (), "What was there holds a secret, which the journal does not keep."
    closing = Closing(
        "done",
        response.status,
        next((response.headers[name] for name in _REQUEST_IDS if name in response.headers), ""),
        after.value,
        after.known,
        _needed(operation, answer),
        calls,
        reason,
    )
    fault = ""
    with anyio.CancelScope(shield=True):
        fault = await close_entry(entry, closing, context)
    notes: JsonObject = {"undoable": entry is not None and not fault and bool(calls)}
    if reason:
        notes["undo_leaves" if calls else "not_undoable"] = reason
    return Written(response, answer, entry, {**entry_notes(entry, fault, context), **notes})


async def _present_state(
    prepared: Prepared, read: Read, seconds: float, answer: JsonObject | None = None
) -> State:
    context: JsonObject = dict(prepared.sent) if answer is None else {**prepared.sent, "answer": answer}
    with anyio.move_on_after(seconds):
        return await read_state(prepared.operation, context, read)
    return State(False, problem=f"no answer within {seconds:g} seconds")


def _unexpected(prepared: Prepared, before: State) -> ToolFailure | None:
    """The refusal of a call whose expected value is not the present one."""
    operation, name = prepared.operation, expected_argument(prepared.operation)
    if name not in prepared.values or operation.present is None:
        return None
    if not before.known or not before.is_there:
        return ToolFailure(
            "conflict" if before.known else "upstream_error",
            f"{operation.tool}: {name} cannot be compared: {before.problem}.",
            happened=NOTHING_SENT,
            next_step="Read the item; it may be gone, or the ids may be wrong.",
        )
    present = before.value.get(operation.present.value) if isinstance(before.value, dict) else before.value
    if present_text(present) == present_text(prepared.values[name]):
        return None
    return ToolFailure(
        "conflict",
        f"{operation.tool}: the present value is {_shown(present)},"
        f" {name} was {_shown(prepared.values[name])}.",
        happened=NOTHING_SENT,
        next_step="Somebody changed it meanwhile. Read the item again and decide anew.",
        quotes=True,
    )


async def _disapproved(prepared: Prepared, context: CallContext, read: Read) -> ToolFailure | None:
    """The refusal of an approval that the policy does not allow as long as the document is as it is."""
    policy = context.guards.policy
    document = approved_document(prepared.operation, prepared.sent)
    if not document:
        return None
    if policy.judges_approvals:
        answer = await read(*_document_of(prepared))
        fields = fields_of_file(answer) if "moderated_images" in answer else fields_of_document(answer)
        if reason := policy.approval_refusal(fields):
            return not_allowed(prepared.operation, reason, AFTER_APPROVAL_RULE, quotes=True)
    return None


def _document_of(prepared: Prepared) -> tuple[str, JsonObject]:
    """The call that reads the values that an approval would approve."""
    sent = prepared.sent
    if prepared.operation.id == "verifyFile":
        return "getPredictionFileByFileId", {name: sent[name] for name in ("model_id", "request_file_id")}
    return "getDocument", {name: sent[name] for name in ("workflow_id", "document_id")}


def _reserved(prepared: Prepared, guards: Guards) -> str:
    """Count a write that is about to be sent, and give the document that it approves, if it does."""
    if refusal := _too_many(prepared, guards):
        raise refusal
    document = approved_document(prepared.operation, prepared.sent)
    guards.counts.reserve(document)
    return document


def _too_many(prepared: Prepared, guards: Guards) -> ToolFailure | None:
    document = approved_document(prepared.operation, prepared.sent)
    reason = guards.policy.count_refusal(guards.counts, document)
    return not_allowed(prepared.operation, reason) if reason else None


def not_allowed(
    operation: Operation, reason: str, next_step: str = AFTER_RULE, *, quotes: bool = False
) -> ToolFailure:
    """The refusal of a call by a rule of the policy."""
    said = f"{operation.tool}: {reason}."
    return ToolFailure("not_allowed", said, happened=NOTHING_SENT, next_step=next_step, quotes=quotes)


def present_text(value: JsonValue) -> str:
    """A value as it is compared: a list by its length, a text without what nobody sees."""
    if isinstance(value, list):
        return str(len(value))
    return "" if value is None else without_hidden(str(value))[0]


def _shown(value: JsonValue) -> str:
    return quoted(value)


def _needed(operation: Operation, answer: JsonObject) -> JsonObject:
    """What undoing may need of an answer: its texts and numbers, such as the id of something new."""
    texts = str(operation.present) + str(operation.undo)
    needed: JsonObject = {name: value for name, value in answer.items() if f"answer.{name}" in texts}
    return cast("JsonObject", without_secret_properties(operation.service, needed))
