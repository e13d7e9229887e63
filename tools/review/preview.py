"""`review_preview`: what a writing tool would do, without doing it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import urlencode

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.stages import stage_of, why_not_approvable
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..guards.current_state import State, state_after
from ..guards.expectation import id_of_value
from ..json_text import compact
from ..operation_call import preview, read
from ..redaction import REMOVED, secret_arguments
from ..requests.prepared_call import Prepared
from ..requests.request import FormBody, JsonBody, MultipartBody, Request, RequestBody
from ..requests.validation import validate_arguments
from ..results.reply import Delegation, Reply
from .batch_report import has_path

__all__ = ["run"]

_UNTRUSTED = ("request.body", "present", "afterwards", "stage", "would_be_refused.message")
_UNTRUSTED_OF_OWN = (
    "calls[].request.body",
    "calls[].present",
    "calls[].afterwards",
    "calls[].stage",
    "calls[].would_be_refused.message",
    "confirmation",
    "would_be_refused.message",
    "failed[].message",
    "documents.*.failed[].message",
)
_KEPT = (
    "already",
    "already_undone",
    "failed",
    "not_tried",
    "doubtful_values",
    "cannot_be_undone",
    "plan",
    "stands_against",
)
"""What the answer of a rehearsed call tells beside its calls."""
_NOTHING_SENT = "Nothing was changed: no write was sent."
_ROOM = 2_000
"""Characters of an answer around its calls."""

RunOwnTool = Callable[[Operation, JsonObject, CallContext], Awaitable[Reply | Delegation]]


async def run(
    operation: Operation, values: JsonObject, context: CallContext, *, run_own_tool: RunOwnTool
) -> Reply:
    """The requests, the states before and after, and what the guards would say. Sends no write."""
    wanted = context.find_tool(str(values["tool"]))
    arguments = cast("JsonObject", values["arguments"])
    if wanted.effect == "read" or wanted.toolset == "lean":
        raise _no_preview(wanted)
    if wanted.service == "docreview":
        return await _preview_of_own(wanted, arguments, context, run_own_tool)
    prepared, assessment = await preview(context, wanted, arguments)
    structured: JsonObject = {
        "tool": wanted.tool,
        "effect": wanted.effect,
        **await _call(prepared, assessment.before, assessment.refusal, context),
        "undoable": not assessment.not_undoable,
    }
    if assessment.not_undoable:
        structured["not_undoable"] = assessment.not_undoable
    elif wanted.undo_leaves:
        structured["undo_leaves"] = wanted.undo_leaves
    structured["needs_confirmation"] = assessment.question is not None
    structured["sent"] = _NOTHING_SENT
    return Reply(structured, untrusted=tuple(each for each in _UNTRUSTED if each.split(".")[0] in structured))


class _Noted:
    """A rehearsal that keeps what would be sent and asked."""

    def __init__(self, context: CallContext) -> None:
        self._context = context
        self.calls: list[JsonObject] = []
        self.question = ""

    async def take(
        self, prepared: Prepared, before: State, refusal: ToolFailure | None, not_undoable: str
    ) -> None:
        """One write more."""
        noted: JsonObject = {
            "tool": prepared.operation.tool,
            **await _call(prepared, before, refusal, self._context),
        }
        if not_undoable:
            noted["not_undoable"] = not_undoable
        self.calls.append(noted)
        # Nothing was sent, so a later look finds the old value although this call would have changed it.
        if identity := id_of_value(prepared.service_arguments):
            self._context.guards.seen.forget(self._context.caller, identity)

    def ask(self, summary: str) -> None:
        """What a person would be asked."""
        self.question = summary


async def _preview_of_own(
    wanted: Operation, arguments: JsonObject, context: CallContext, run_own_tool: RunOwnTool
) -> Reply:
    """One of our own tools as a whole: it is run up to each of its writes, and none of them is sent.

    Raises:
        ToolFailure: the arguments do not fit.
    """
    valid = validate_arguments(wanted, arguments)
    inner = replace(context, guards=replace(context.guards, seen=context.guards.seen.copy()))
    noted = _Noted(inner)
    result: JsonObject = {}
    refusal: JsonValue = None
    try:
        reply = await run_own_tool(wanted, valid, replace(inner, rehearsal=noted))
        result = reply.structured if isinstance(reply, Reply) else {}
    except ToolFailure as failure:
        if failure.code == "invalid_arguments":
            raise
        refusal = failure.as_object()["error"]
    refused = [each["would_be_refused"] for each in noted.calls if "would_be_refused" in each]
    refusal = refusal or result.get("error") or next(iter(refused), None) or _first_failure(result)
    structured: JsonObject = {
        "tool": wanted.tool,
        "effect": wanted.effect,
        "summary": _summary(len(noted.calls), len(refused), result.get("plan"), result.get("stands_against")),
        "undoable": not any("not_undoable" in each for each in noted.calls),
        "needs_confirmation": bool(noted.question),
    }
    if noted.question:
        structured["confirmation"] = noted.question
    if refusal:
        structured["would_be_refused"] = refusal
    structured |= {name: result[name] for name in _KEPT if name in result}
    if documents := _left_in(result.get("documents")):
        structured["documents"] = documents
    structured["sent"] = _NOTHING_SENT
    shown = _fitting(noted.calls, context.upstream.answer_limit - len(compact(structured)) - _ROOM)
    if noted.calls:
        structured["calls"] = [*shown]
    if len(shown) < len(noted.calls):
        structured["calls_left_out"] = len(noted.calls) - len(shown)
    return Reply(
        structured, untrusted=tuple(each for each in _UNTRUSTED_OF_OWN if has_path(structured, each))
    )


def _summary(calls: int, refused: int, plan: JsonValue, against: JsonValue) -> str:
    """How many calls would be sent; a plan names them where their arguments are not known yet."""
    calls += len(plan) if isinstance(plan, list) else 0
    refused += len(against) if isinstance(against, list) else 0
    message = f"{calls} {'call' if calls == 1 else 'calls'} would be sent"
    return f"{message}, {refused} of them would be refused." if refused else f"{message}."


def _first_failure(structured: JsonObject) -> JsonValue:
    """What stands against the first item for which no call would be sent."""
    documents = structured.get("documents")
    parts = documents.values() if isinstance(documents, dict) else [structured]
    failed = (part.get("failed") for part in parts if isinstance(part, dict))
    return next((each[0] for each in failed if isinstance(each, list) and each), None)


def _left_in(documents: JsonValue) -> JsonObject:
    """By document what would not be sent, and why."""
    given = documents if isinstance(documents, dict) else {}
    left: JsonObject = {}
    for identity, result in given.items():
        kept = (
            {name: value for name, value in result.items() if name in _KEPT}
            if isinstance(result, dict)
            else {}
        )
        if kept:
            left[identity] = kept
    return left


def _fitting(calls: Sequence[JsonObject], room: int) -> list[JsonObject]:
    """As many calls as there is room for."""
    shown: list[JsonObject] = []
    for each in calls:
        room -= len(compact(each)) + 1
        if room < 0:
            break
        shown.append(each)
    return shown


async def _call(
    prepared: Prepared, before: State, refusal: ToolFailure | None, context: CallContext
) -> JsonObject:
    """The request, the states, and what stands against it."""
    preview: JsonObject = {"request": _request(prepared, context), **_states(prepared, before)}
    if refusal is not None:
        preview["would_be_refused"] = refusal.as_object()["error"]
    return preview | await _stage(prepared, context, is_refused=refusal is not None)


async def _stage(prepared: Prepared, context: CallContext, *, is_refused: bool) -> JsonObject:
    """The stage of a file to approve, and that the service would refuse it from there, as far as is known."""
    if prepared.operation.id != "verifyFile":
        return {}
    ids: JsonObject = {
        "workflow_id": prepared.values["model_id"],
        "document_id": prepared.values["request_file_id"],
    }
    try:
        answer = await read(context, "getDocument", ids)
    except ToolFailure:
        return {}
    stages: JsonObject = {"stage": stage_of(answer)} if stage_of(answer) else {}
    if (reason := why_not_approvable(answer)) and not is_refused:
        refusal = ToolFailure(
            "conflict", f"The service would refuse this. {reason}", next_step=reason, happened=NOTHING_SENT
        )
        stages["would_be_refused"] = refusal.as_object()["error"]
    return stages


def _no_preview(wanted: Operation) -> ToolFailure:
    """The failure for a tool that sends no write of its own."""
    if wanted.effect == "read":
        reason, next_step = "changes nothing, so there is nothing to preview", "Call it directly."
    else:
        reason, next_step = "only runs another tool", "Preview the tool that it runs."
    return ToolFailure(
        "invalid_arguments",
        f"tool: {wanted.tool} {reason}; expected a write tool.",
        happened=NOTHING_SENT,
        next_step=next_step,
    )


def _request(prepared: Prepared, context: CallContext) -> JsonObject:
    request: Request = prepared.requests[0]
    query = f"?{urlencode(request.query)}" if request.query else ""
    # Administrators see where the services are; for others, the path says what would be called.
    base_url = context.upstream.base_url(prepared.operation) if context.is_admin else ""
    preview: JsonObject = {"method": request.method, "url": f"{base_url}{request.path}{query}"}
    body = _body(request.body)
    if body is not None:
        preview["body"] = _without(body, secret_arguments(prepared.operation))
    if len(prepared.requests) > 1:
        preview["if_that_address_is_unknown"] = [
            f"{other.method} {other.path}" for other in prepared.requests[1:]
        ]
    return preview


def _body(body: RequestBody) -> JsonValue:
    match body:
        case JsonBody(value):
            return value
        case FormBody(fields):
            return dict(fields)
        case MultipartBody(fields, file_field, file):
            parts: JsonObject = dict(fields)
            if file is not None:
                parts[file_field] = f"[the file {file.path or file.file_name}]"
            return parts
        case None:
            return None


def _without(body: JsonValue, secret: frozenset[str]) -> JsonValue:
    if isinstance(body, dict):
        return {name: REMOVED if name in secret else _without(value, secret) for name, value in body.items()}
    return [_without(entry, secret) for entry in body] if isinstance(body, list) else body


def _states(prepared: Prepared, before: State) -> JsonObject:
    """The state now and, where the arguments alone tell it, the one afterwards."""
    if not before.known:
        return {"present": None, "present_unknown": before.problem}
    if not before.is_there:
        return {"present": None, "present_unknown": before.problem or "it does not exist yet"}
    after = state_after(prepared.operation, prepared.service_arguments, {}, before)
    if after is None or not after.known:
        return {"present": before.value}
    return {"present": before.value, "afterwards": after.value if after.is_there else "gone"}
