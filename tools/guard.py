"""Between a valid write and the service: is it allowed, expected, confirmed, not doubled - and on the record.

`assess` decides all that can be decided before anything is sent; a preview shows the same. `carry_out` does
the write: journal entry first, then the request, then the entry is closed with what really happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import anyio

from ..schemas import JsonObject, JsonValue, Operation
from .approval import approved_document, fields_of_document, fields_of_file
from .arguments import CONFIRM, REASON, arguments_of, expected_argument
from .asking import confirm_or_fail
from .door import Door, Flight, Guards, Written
from .failure import NOTHING_SENT, ToolFailure
from .journal import Closing, JournalFault, Opening
from .outside import without_hidden
from .policy import AFTER_APPROVAL_RULE, AFTER_RULE
from .present import NOT_READ, State, read_state, state_after
from .request import Request
from .response import Response
from .secrets import REMOVED, masked, secret_arguments, without_secret_properties
from .size import compact
from .undoing import may_be_undone, undo_plan

__all__ = ["Assessment", "Prepared", "assess", "carry_out", "needs_confirmation", "not_allowed"]

_READ_SECONDS = 8.0
"""The longest that reading the state before a write may take."""

_SLACK_SECONDS = 60
_MOST_TEXT = 2_000
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call whose arguments are valid: `values` hold all of them, `requests` one for each address."""

    operation: Operation
    values: JsonObject
    requests: tuple[Request, ...]
    hidden: tuple[str, ...] = ()

    @property
    def sent(self) -> JsonObject:
        """The arguments that are meant for the service."""
        guards = {each.name for each in arguments_of(self.operation) if each.location == "guard"}
        return {name: value for name, value in self.values.items() if name not in guards}

    @property
    def fingerprint(self) -> str:
        """The same for identical calls."""
        text = compact([self.operation.id, dict(sorted(self.sent.items()))])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a write before it is sent: the state that it changes, and why it is refused, if so."""

    before: State
    refusal: ToolFailure | None
    needs_confirmation: bool
    not_undoable: str


ReadOperation = Callable[[str, JsonObject], Awaitable[JsonObject]]


async def assess(prepared: Prepared, door: Door, read: ReadOperation) -> Assessment:
    """Everything that is decided before a write is sent. Sends reads only, and no write."""
    operation = prepared.operation
    guards = door.guards
    before = NOT_READ
    confirm = needs_confirmation(operation, door)
    if guards.journal is not None or confirm or expected_argument(operation) in prepared.values:
        before = await _present_state(prepared, read, min(_READ_SECONDS, door.upstream.timeout / 4))
    refusal = _unexpected(prepared, before) or await _disapproved(prepared, door, read)
    reason = "No journal is kept." if guards.journal is None else may_be_undone(operation, before)
    return Assessment(before, refusal, confirm, reason)


def needs_confirmation(operation: Operation, door: Door) -> bool:
    """Whether a person has to agree to a call of this operation before it is sent."""
    mode = door.guards.confirm
    if door.is_confirmed or operation.effect == "read" or mode == "never":
        return False
    return mode == "writes" or operation.effect == "destructive"


async def carry_out(
    prepared: Prepared, door: Door, read: ReadOperation, undoes: int | None = None
) -> Written:
    """Do a write that has been prepared, once.

    Raises:
        ToolFailure: it was refused before it was sent, or failed; the failure says which.
    """
    if prepared.operation.idempotent:
        return await _guarded(prepared, door, read, undoes)
    return await _not_doubled(prepared, door, lambda: _guarded(prepared, door, read, undoes))


async def _not_doubled(prepared: Prepared, door: Door, carry: Callable[[], Awaitable[Written]]) -> Written:
    """Identical calls share one request; after an unknown outcome the next one is stopped once."""
    guards, fingerprint = door.guards, prepared.fingerprint
    flight = guards.under_way.get(fingerprint)
    if flight is not None:
        await flight.ended.wait()
        if flight.failure is not None:
            raise flight.failure
        if flight.written is not None:
            return flight.written
    await _stop_once(prepared, door)
    if fingerprint in guards.under_way:
        return await _not_doubled(prepared, door, carry)
    flight = guards.under_way[fingerprint] = Flight()
    try:
        flight.written = await carry()
    except ToolFailure as failure:
        flight.failure = failure
        if failure.done == "unknown":
            guards.unclear[fingerprint] = failure.message
        raise
    except BaseException:
        flight.failure = _interrupted(prepared.operation)
        guards.unclear[fingerprint] = flight.failure.message
        raise
    finally:
        del guards.under_way[fingerprint]
        flight.ended.set()
    return flight.written


async def _stop_once(prepared: Prepared, door: Door) -> None:
    guards, fingerprint = door.guards, prepared.fingerprint
    what = guards.unclear.pop(fingerprint, "")
    if not what and guards.journal is not None and fingerprint not in guards.looked_up:
        guards.looked_up.add(fingerprint)
        try:
            earlier = await guards.journal.unclear(fingerprint)
        except JournalFault:
            earlier = None  # opening the entry meets the same fault and says so
        if earlier is not None:
            what = f"Journal entry {earlier.number} ({earlier.at}) is {earlier.outcome}."
    if what:
        guards.looked_up.add(fingerprint)
        raise ToolFailure(
            "conflict",
            f"{prepared.operation.tool}: an identical call got no clear answer and may have been carried out."
            f" {what}",
            happened=f"{NOTHING_SENT} This call was stopped once, so that nothing is done twice.",
            next_step="Look first whether it is there already (list or read it). If it is not, call again"
            " with the same arguments: the next call is sent.",
        )


async def _guarded(prepared: Prepared, door: Door, read: ReadOperation, undoes: int | None) -> Written:
    guards = door.guards
    assessment = await assess(prepared, door, read)
    if assessment.refusal is not None:
        raise assessment.refusal
    if assessment.needs_confirmation:
        await confirm_or_fail(
            prepared.operation,
            prepared.sent,
            assessment.before.value,
            str(prepared.values.get(CONFIRM, "")) or door.code,
            door,
        )
    before = assessment.before
    document = _reserved(prepared, guards)
    try:
        entry = await _open(prepared, before, door, undoes)
    except BaseException:
        guards.counts.give_back(document)
        raise
    try:
        response = await door.upstream.send(prepared.operation, prepared.requests, door.report)
    except ToolFailure as failure:
        if failure.done == "no":
            guards.counts.give_back(document)
        fault = await _close(entry, _closing_of(failure), door)
        failure.notes |= _entry_notes(entry, fault)
        raise
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _close(entry, Closing("unknown", message="The call was interrupted."), door)
        raise
    return await _settle(prepared, before, response, entry, door, read)


async def _settle(
    prepared: Prepared, before: State, response: Response, entry: int | None, door: Door, read: ReadOperation
) -> Written:
    """Close the entry of a write that was carried out, and say what the result tells of it."""
    from .answer import parse, wrapped

    operation = prepared.operation
    try:
        answer = wrapped(parse(operation, response), response.status)
    except ToolFailure:
        answer = {}
    if door.guards.journal is None:
        return Written(response, answer, None, {})
    after = state_after(operation, prepared.sent, answer, before)
    if after is None:
        after = await _present_state(prepared, read, _READ_SECONDS, answer)
    calls, reason = undo_plan(operation, prepared.sent, before, after, answer)
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
        fault = await _close(entry, closing, door)
    notes: JsonObject = {"undoable": entry is not None and not fault and bool(calls)}
    if reason:
        notes["undo_leaves" if calls else "not_undoable"] = reason
    return Written(response, answer, entry, {**_entry_notes(entry, fault), **notes})


async def _open(prepared: Prepared, before: State, door: Door, undoes: int | None) -> int | None:
    guards = door.guards
    if guards.journal is None:
        return None
    until = datetime.now(UTC) + timedelta(seconds=door.upstream.timeout + _SLACK_SECONDS)
    opening = Opening(
        prepared.operation.tool,
        _told(prepared, door),
        _ids_among(prepared),
        prepared.fingerprint,
        door.caller,
        before.value,
        before.known,
        str(prepared.values.get(REASON, "")),
        undoes,
        until.isoformat(timespec="seconds"),
    )
    try:
        return await guards.journal.open(opening)
    except JournalFault as fault:
        if not guards.journal_required:
            return None
        raise ToolFailure(
            "not_configured",
            f"{prepared.operation.tool}: the journal of writes cannot be written, so nothing is. {fault}",
            happened=NOTHING_SENT,
            next_step="The user has to put this right, or set DOCREVIEW_JOURNAL_REQUIRED=0 to go on without"
            " a journal. Reading works.",
        ) from fault


async def _close(entry: int | None, closing: Closing, door: Door) -> str:
    """Close an entry; gives what went wrong with that, empty if nothing did."""
    if entry is None or door.guards.journal is None:
        return ""
    try:
        await door.guards.journal.close(entry, closing)
    except JournalFault as fault:
        return f"The journal could not record how this call ended ({fault})."
    return ""


def _entry_notes(entry: int | None, fault: str) -> JsonObject:
    if entry is None:
        return {"journal": "The journal cannot be written; this call is not in it."}
    return {"entry": entry, "journal": fault} if fault else {"entry": entry}


def _closing_of(failure: ToolFailure) -> Closing:
    outcomes: dict[str, Literal["done", "not done", "unknown"]] = {"no": "not done", "yes": "done"}
    return Closing(
        outcomes.get(failure.done, "unknown"),
        failure.status,
        message=failure.message,
        not_undoable="It is not known what it did.",
    )


async def _present_state(
    prepared: Prepared, read: ReadOperation, seconds: float, answer: JsonObject | None = None
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
    )


async def _disapproved(prepared: Prepared, door: Door, read: ReadOperation) -> ToolFailure | None:
    """The refusal of an approval that the policy does not allow as long as the document is as it is."""
    policy = door.guards.policy
    document = approved_document(prepared.operation, prepared.sent)
    if not document:
        return None
    if policy.judges_approvals:
        answer = await read(*_document_of(prepared))
        fields = fields_of_file(answer) if "moderated_images" in answer else fields_of_document(answer)
        if reason := policy.approval_refusal(fields):
            return not_allowed(prepared.operation, reason, AFTER_APPROVAL_RULE)
    return None


def _document_of(prepared: Prepared) -> tuple[str, JsonObject]:
    """The call that reads the values that an approval would approve."""
    sent = prepared.sent
    if prepared.operation.id == "verifyFile":
        return "getPredictionFileByFileId", {name: sent[name] for name in ("model_id", "request_file_id")}
    return "getDocument", {name: sent[name] for name in ("workflow_id", "document_id")}


def _reserved(prepared: Prepared, guards: Guards) -> str:
    """Count a write that is about to be sent, and give the document that it approves, if it does."""
    document = approved_document(prepared.operation, prepared.sent)
    if reason := guards.policy.count_refusal(guards.counts, document):
        raise not_allowed(prepared.operation, reason, AFTER_RULE)
    guards.counts.reserve(document)
    return document


def not_allowed(operation: Operation, reason: str, next_step: str = AFTER_RULE) -> ToolFailure:
    """The refusal of a call by a rule of the policy."""
    return ToolFailure(
        "not_allowed", f"{operation.tool}: {reason}.", happened=NOTHING_SENT, next_step=next_step
    )


def present_text(value: JsonValue) -> str:
    """A value as it is compared: a list by its length, a text without hidden characters, which nobody sees."""
    if isinstance(value, list):
        return str(len(value))
    return "" if value is None else without_hidden(str(value))[0]


def _shown(value: JsonValue) -> str:
    text = compact(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _interrupted(operation: Operation) -> ToolFailure:
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the identical call that this one waited for was interrupted.",
        done="unknown",
        next_step="Look first whether it is there already; only then call again.",
    )


def _told(prepared: Prepared, door: Door) -> JsonObject:
    """The arguments as the journal keeps them: without secrets, long texts shortened."""
    secret = secret_arguments(prepared.operation)
    kept: JsonObject = {}
    for name, value in prepared.sent.items():
        text = compact(value)
        if name in secret:
            kept[name] = REMOVED
        elif name == "file_base64" or len(text) > _MOST_TEXT * 10:
            kept[name] = f"[{len(text)} characters]"
        else:
            kept[name] = masked(value, text, door.upstream.secrets)
    return kept


def _ids_among(prepared: Prepared) -> tuple[str, ...]:
    """Every id among the arguments, as text."""
    found: dict[str, None] = {}
    for name, value in prepared.sent.items():
        if name in ("id", "ids") or name.endswith(("_id", "_ids")):
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, (str, int)):
                    found[str(entry)] = None
    return tuple(found)


def _needed(operation: Operation, answer: JsonObject) -> JsonObject:
    """What undoing may need of an answer: its texts and numbers, such as the id of something new."""
    texts = str(operation.present) + str(operation.undo)
    needed: JsonObject = {name: value for name, value in answer.items() if f"answer.{name}" in texts}
    return cast("JsonObject", without_secret_properties(operation.service, needed))
