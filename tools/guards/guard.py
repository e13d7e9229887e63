"""Between a valid write and the service: is it allowed, expected, confirmed, not a duplicate - and on record.

`assess` decides all that can be decided before anything is sent; a preview shows the same. `carry_out` does
the write: journal entry first, then the request, then the entry is closed with what really happened.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

import anyio
from anyio import to_thread

from ...schemas import JsonObject, JsonValue, Operation, references_of
from ..beside_loop import beside_loop
from ..documents.field_state import FieldState, fields_in
from ..documents.readings import text_of
from ..failure import ToolFailure
from ..journal.entries import Closing, JournalFault, LookFirst, TakingBack
from ..json_text import compact
from ..policy.approving_calls import approved_document
from ..policy.policy import AFTER_APPROVAL_RULE, Counts
from ..policy.refusal import not_allowed
from ..redaction import masked, without_secret_properties
from ..requests.arguments import CONFIRM, REASON
from ..requests.prepared_call import Prepared
from ..requests.request import MultipartBody
from ..results.answer import parse, wrapped
from ..results.response import Response
from ..surface.tool import is_confirmed_by_person
from .agreement import do_agreed
from .confirmation import Question
from .context import CallContext, Written
from .current_state import NOT_READ, Read, State, each_once, read_state, state_after
from .document_locks import ON_UNNAMED_DOCUMENTS, claims_of
from .expectation import (
    OF_WHOLE_DOCUMENTS,
    id_of_value,
    misplaced,
    needs_present_values,
    reviewed_otherwise,
    touched_fields,
    unexpected,
)
from .journal_recording import IDS_OF_DOCUMENTS, RecordedWrite, closing_of, journal_failure, recorded
from .look_first import look_for
from .own_changes import left_unverified, with_own_changes
from .second_look import after_second_look
from .single_flight import single_flight
from .summary import changes_in_words, values_in_words
from .undo_plan import may_be_undone, undo_plan

__all__ = ["Assessment", "assess", "browser_rule", "carry_out", "needs_confirmation"]

_READ_SECONDS = 8.0
"""The longest that reading the state before a write may take."""

_AFTER_UNPLACED = (
    "Send the page object as it was read, including its id. If it cannot be read right now, call again."
)
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
_READ_VALUES = {"verifyFile": ("getPredictionFileByFileId", ("model_id", "request_file_id"))}
"""How the values are read that a call approves, where it is no v4 document."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a write before it is sent: the state that it changes, and why it is refused, if so.

    `question` is what a person has to agree to first, None if nobody has to.
    """

    before: State
    refusal: ToolFailure | None
    question: Question | None
    not_undoable: str


async def assess(
    prepared: Prepared, context: CallContext, read: Read, undoes: TakingBack | None = None
) -> Assessment:
    """Everything that is decided before a write is sent. Sends reads only, and no write."""
    operation, guards = prepared.operation, context.guards
    read = each_once(read)
    before = NOT_READ
    is_asked = needs_confirmation(operation, context)
    if guards.journal is not None or is_asked or needs_present_values(prepared, context):
        before = await _present_state(prepared, read, min(_READ_SECONDS, context.upstream.timeout / 4))
    refusal = (
        unexpected(prepared, before, context, undoes)
        or reviewed_otherwise(prepared, before)
        or await misplaced(prepared, read)
        or _too_many(prepared, context)
        or _unplaced(prepared, before, context)
        or await _disapproved(prepared, context, read)
    )
    question = await _question(prepared, before, context) if is_asked else None
    reason = "No journal is kept." if guards.journal is None else may_be_undone(operation, before)
    return Assessment(before, refusal, question, reason)


def needs_confirmation(operation: Operation, context: CallContext) -> bool:
    """Whether a person has to agree to a call of this operation before it is sent.

    Where the policy wants them to agree in a browser, having agreed elsewhere does not count.
    """
    if browser_rule([operation], context):
        return context.agreed != "browser"
    return not context.is_confirmed and is_confirmed_by_person(operation, context.guards.confirm)


def browser_rule(operations: Iterable[Operation], context: CallContext) -> str:
    """The policy's rule that a person agrees to one of these operations in a browser; empty for none."""
    policy, confirm = context.policy, context.guards.confirm
    return next(filter(None, (policy.browser_rule(each, confirm) for each in operations)), "")


async def carry_out(
    prepared: Prepared, context: CallContext, read: Read, undoes: TakingBack | None = None
) -> Written:
    """Do a write that has been prepared, once.

    Raises:
        ToolFailure: it was refused before it was sent, or failed; the failure says which.
    """
    if prepared.operation.idempotent:
        return await _guarded(prepared, context, read, undoes, None)
    return await single_flight(
        prepared, context, lambda look: _guarded(prepared, context, read, undoes, look)
    )


async def _guarded(
    prepared: Prepared,
    context: CallContext,
    read: Read,
    undoes: TakingBack | None,
    look_at_journal: LookFirst | None,
) -> Written:
    async def look() -> Assessment:
        assessment = await assess(prepared, context, read, undoes)
        if assessment.refusal is not None:
            raise assessment.refusal
        return assessment

    async def go(assessment: Assessment, inner: CallContext) -> Written:
        return await _send(prepared, assessment.before, inner, read, undoes, look_at_journal)

    code = context.code or str(prepared.values.get(CONFIRM, ""))
    return await do_agreed(
        context, claims_of(prepared), code, look, lambda assessment: assessment.question, go
    )


async def _send(
    prepared: Prepared,
    before: State,
    context: CallContext,
    read: Read,
    undoes: TakingBack | None,
    look: LookFirst | None,
) -> Written:
    """Send a write that nothing stands against, with its entry in the journal."""
    guards, is_sent = context.guards, False
    document = _counted(prepared, context)
    look = look_for(prepared, context, undoes, look)
    try:
        async with recorded(prepared, before, context, undoes=undoes, look=look) as write:
            is_sent = write.is_sent = True
            flight = guards.under_way.get(prepared.identity)
            if flight is not None:
                flight.is_sent = True
            with _to_its_end(context):
                response = await _answered(prepared, before, write, read)
                if flight is not None:
                    flight.is_done = True
                answer, notes = await _settle(prepared, before, response, write, read)
    except ToolFailure as failure:
        if failure.done == "no":
            _give_back(document, context)
        raise
    except BaseException:
        if not is_sent:
            _give_back(document, context)
        raise
    if guards.journal is not None:
        notes["undoable"] = notes["undoable"] is True and write.entry is not None and not write.fault
    return Written(response, answer, write.entry, {**write.notes, **notes})


@contextmanager
def _to_its_end(context: CallContext) -> Generator[None]:
    """Let what was sent end and be recorded, whether or not somebody still waits for it."""
    with anyio.CancelScope(shield=context.finishes_writes):
        yield


async def _answered(prepared: Prepared, before: State, write: RecordedWrite, read: Read) -> Response:
    """Send the request. A success that says it failed is looked into before it counts as either.

    Raises:
        ToolFailure: the service refused, no answer came, or the answer contradicts itself.
    """
    context = write.context
    try:
        return await context.upstream.send(prepared.operation, prepared.requests, context.report)
    except ToolFailure as failure:
        write.closing = closing_of(failure)
        look = partial(_present_state, prepared, read, _READ_SECONDS)
        seen = await after_second_look(failure, prepared, before, look)
        write.closing = closing_of(seen)
        raise seen from failure


async def _settle(
    prepared: Prepared, before: State, response: Response, write: RecordedWrite, read: Read
) -> tuple[JsonObject, JsonObject]:
    """What a write that was carried out left: its answer, and what the result says of it.

    The closing of its entry is set before anything is waited for.
    """
    operation, context = prepared.operation, write.context
    try:
        answer = wrapped(parse(operation, response), response.status)
    except ToolFailure:
        answer = {}
    after = state_after(operation, prepared.service_arguments, answer, before)
    written = fields_in(answer)
    _note_seen(prepared, after, written, context)
    if context.guards.journal is None:
        return answer, {}
    if after is None:
        cut = "Carried out; the call was interrupted while the new state was being read."
        write.closing = Closing("done", response.status, not_undoable=cut)
        after = await _present_state(prepared, read, _READ_SECONDS, answer)
    calls, reason = undo_plan(operation, prepared.service_arguments, before, after, answer)
    plan: JsonValue = list(calls)
    if masked(plan, compact(plan), context.upstream.secrets) != plan:
        calls, reason = (), "The previous value contains a secret, which the journal does not keep."
    write.closing = Closing(
        "done",
        response.status,
        next((response.headers[name] for name in _REQUEST_IDS if name in response.headers), ""),
        after.value,
        after.known,
        _needed(operation, answer),
        calls,
        reason,
        left_unverified=left_unverified(before, answer, written),
    )
    notes: JsonObject = {"undoable": bool(calls)}
    if reason:
        notes["undo_leaves" if calls else "not_undoable"] = reason
    return answer, notes


def _note_seen(
    prepared: Prepared, after: State | None, written: Sequence[FieldState], context: CallContext
) -> None:
    """Remember what the caller wrote, by the values in the answer if it shows any, as what it last saw."""
    arguments = prepared.service_arguments
    fields = [each for each in written if each.text] or fields_in(after.value if after else None)
    identity = id_of_value(arguments)
    if not fields and identity and "value" in arguments:
        fields = [FieldState("", None, False, id=identity, text=text_of(arguments["value"]))]
    context.guards.seen.note(context.caller, fields)


async def _present_state(
    prepared: Prepared, read: Read, seconds: float, answer: JsonObject | None = None
) -> State:
    context: JsonObject = (
        dict(prepared.service_arguments)
        if answer is None
        else {**prepared.service_arguments, "answer": answer}
    )
    with anyio.move_on_after(seconds):
        return await read_state(prepared.operation, context, read)
    return State(False, problem=f"no answer within {seconds:g} seconds")


async def _question(prepared: Prepared, before: State, context: CallContext) -> Question:
    """What a person has to agree to: bound to everything that the write touches, as it was read."""
    operation, fields = prepared.operation, touched_fields(prepared.operation, before)
    reason = {name: value for name, value in prepared.values.items() if name == REASON}
    state: JsonValue = [before.value, [each.bound for each in fields]]
    shown = before.shown
    if fields and operation.present is not None and operation.present.read in OF_WHOLE_DOCUMENTS:
        shown = {**(before.value if isinstance(before.value, dict) else {}), **values_in_words(fields)}
    rule = browser_rule([operation], context)
    call = prepared.service_arguments
    arguments = {**await _with_file_in_words(prepared, context), **reason}
    if "moderated_boxes" in call and isinstance(before.item, dict):
        shown = changes_in_words(before.item, arguments.pop("moderated_boxes"))
    return Question(operation, arguments, state, shown, before.key, rule, call)


async def _with_file_in_words(prepared: Prepared, context: CallContext) -> JsonObject:
    """The arguments, with what tells the content of a file: its path may soon lead to another one."""
    arguments, body = prepared.service_arguments, prepared.requests[0].body
    if not isinstance(body, MultipartBody) or body.file is None:
        return arguments
    content = await to_thread.run_sync(context.upstream.content_of, body.file)
    # Nobody can judge Base64.
    readable = {name: value for name, value in arguments.items() if name != "file_base64"}
    return {**readable, "file_content": content}


async def _disapproved(prepared: Prepared, context: CallContext, read: Read) -> ToolFailure | None:
    """The refusal of an approval that the policy does not allow as long as the document is as it is."""
    policy, journal = context.policy, context.guards.journal
    document = approved_document(prepared.operation, prepared.service_arguments)
    if not document or not policy.judges_approvals:
        return None
    read_by, names = _READ_VALUES.get(prepared.operation.id, ("getDocument", ("workflow_id", "document_id")))
    answer = await read(read_by, {name: prepared.service_arguments[name] for name in names})
    fields = await beside_loop(answer, partial(fields_in, answer))
    if journal is not None:
        try:
            fields = await with_own_changes(document, fields, journal)
        except JournalFault as fault:
            return journal_failure(prepared.operation, fault, context, "the rule on approval needs")
    reason = policy.approval_refusal(fields)
    for part in policy.parts:
        if not reason and part.checks is not None:
            failed = await context.guards.checks.unmet(part.checks, prepared.service_arguments, answer)
            reason = part.check_refusal(failed)
    if not reason:
        return None
    return not_allowed(prepared.operation, reason, AFTER_APPROVAL_RULE, quotes=True)


def _unplaced(prepared: Prepared, before: State, context: CallContext) -> ToolFailure | None:
    """The refusal of a change to a document of which the journal could not say later that it is this one.

    An approval rule goes by the journal, so it would never hear of the change.
    """
    item = before.item if isinstance(before.item, dict) else {}
    is_placed = any(isinstance(found := item.get(name), str) and found for name in IDS_OF_DOCUMENTS)
    if is_placed or prepared.operation.id not in ON_UNNAMED_DOCUMENTS:
        return None
    policy = context.policy
    if context.guards.journal is None or not (policy.judges_approvals or policy.judges_others):
        return None
    message = (
        "the policy has a rule on approval, so the document has to be read first, but it could not be:"
        f" {before.problem}"
    )
    return not_allowed(prepared.operation, message, _AFTER_UNPLACED)


def _counted(prepared: Prepared, context: CallContext) -> str:
    """Count a write that is about to be sent, and give the document that it approves, if it does."""
    if refusal := _too_many(prepared, context):
        raise refusal
    document = approved_document(prepared.operation, prepared.service_arguments)
    context.guards.counts[context.caller.user].reserve(document)
    return document


def _give_back(document: str, context: CallContext) -> None:
    """Take back what was counted for a write that was certainly not carried out."""
    counts, user = context.guards.counts, context.caller.user
    counts[user].give_back(document)
    if counts[user] == Counts():
        del counts[user]


def _too_many(prepared: Prepared, context: CallContext) -> ToolFailure | None:
    document = approved_document(prepared.operation, prepared.service_arguments)
    counts = context.guards.counts.get(context.caller.user, Counts())
    reason = context.policy.count_refusal(counts, document)
    return not_allowed(prepared.operation, reason) if reason else None


def _needed(operation: Operation, answer: JsonObject) -> JsonObject:
    """What undoing may need of an answer: its texts and numbers, such as the id of something new."""
    parts = [*([operation.present] if operation.present else []), *operation.undo]
    names = {
        each.steps[0]
        for part in parts
        for each in references_of(part)
        if each.root == "answer" and each.steps
    }
    needed: JsonObject = {name: value for name, value in answer.items() if name in names}
    return cast("JsonObject", without_secret_properties(operation.service, needed))
