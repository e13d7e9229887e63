"""`review_preview`: what a writing tool would do, without doing it."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.stages import stage_of, why_not_approvable
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..guards.current_state import state_after
from ..guards.guard import Assessment
from ..operation_call import preview, read
from ..redaction import REMOVED, secret_arguments
from ..requests.prepared_call import Prepared
from ..requests.request import FormBody, JsonBody, MultipartBody, Request, RequestBody
from ..results.reply import Reply

__all__ = ["run"]

_OUTSIDE = ("request.body", "present", "afterwards", "would_be_refused.message")
_INSTEAD = {
    "reviewApply": "Preview each change: nanonets_update_field, nanonets_verify_field, or those of cells.",
    "reviewFiles": "Preview each file: nanonets_approve_file, nanonets_unapprove_file or _assign_files.",
    "reviewUndo": "review_history with entry shows under undo what would be called.",
}


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The request, the state before and after, and what the guards would say. Sends no write."""
    wanted = context.find_tool(str(values["tool"]))
    if wanted.effect == "read" or wanted.service == "docreview":
        raise _no_preview(wanted)
    prepared, assessment = await preview(context, wanted, cast("JsonObject", values["arguments"]))
    structured: JsonObject = {
        "tool": wanted.tool,
        "effect": wanted.effect,
        "request": _request(prepared, context),
        **_states(prepared, assessment),
        "undoable": not assessment.not_undoable,
    }
    if assessment.not_undoable:
        structured["not_undoable"] = assessment.not_undoable
    elif wanted.undo_leaves:
        structured["undo_leaves"] = wanted.undo_leaves
    structured["needs_confirmation"] = assessment.question is not None
    if assessment.refusal is not None:
        structured["would_be_refused"] = assessment.refusal.as_object()["error"]
    structured |= await _stage(prepared, context, is_refused=assessment.refusal is not None)
    structured["sent"] = "Nothing was sent that changes anything."
    return Reply(structured, outside=_OUTSIDE)


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
    told: JsonObject = {"stage": stage_of(answer)} if stage_of(answer) else {}
    if (reason := why_not_approvable(answer)) and not is_refused:
        refusal = ToolFailure(
            "conflict", f"The service would refuse it. {reason}", next_step=reason, happened=NOTHING_SENT
        )
        told["would_be_refused"] = refusal.as_object()["error"]
    return told


def _no_preview(wanted: Operation) -> ToolFailure:
    """The failure for a tool that sends no write of its own."""
    if wanted.effect == "read":
        said, next_step = "changes nothing, so there is nothing to preview", "Call it directly."
    else:
        said = "is made of other calls, which are previewed one by one"
        next_step = _INSTEAD.get(wanted.id, "Preview the tool that it runs.")
    return ToolFailure(
        "invalid_arguments",
        f"tool: {wanted.tool} {said}; expected a tool that writes to a service.",
        happened=NOTHING_SENT,
        next_step=next_step,
    )


def _request(prepared: Prepared, context: CallContext) -> JsonObject:
    request: Request = prepared.requests[0]
    query = f"?{urlencode(request.query)}" if request.query else ""
    shown: JsonObject = {
        "method": request.method,
        "url": f"{context.upstream.address(prepared.operation)}{request.path}{query}",
    }
    body = _body(request.body)
    if body is not None:
        shown["body"] = _without(body, secret_arguments(prepared.operation))
    if len(prepared.requests) > 1:
        shown["if_that_address_is_unknown"] = [
            f"{other.method} {other.path}" for other in prepared.requests[1:]
        ]
    return shown


def _body(body: RequestBody) -> JsonValue:
    match body:
        case JsonBody(value):
            return value
        case FormBody(fields):
            return dict(fields)
        case MultipartBody(fields, file_field, file):
            sent: JsonObject = dict(fields)
            if file is not None:
                sent[file_field] = f"[the file {file.path or file.file_name}]"
            return sent
        case None:
            return None


def _without(body: JsonValue, secret: frozenset[str]) -> JsonValue:
    if isinstance(body, dict):
        return {name: REMOVED if name in secret else _without(value, secret) for name, value in body.items()}
    return [_without(entry, secret) for entry in body] if isinstance(body, list) else body


def _states(prepared: Prepared, assessment: Assessment) -> JsonObject:
    """The state now and, where the arguments alone tell it, the one afterwards."""
    before = assessment.before
    if not before.known:
        return {"present": None, "present_unknown": before.problem}
    if not before.is_there:
        return {"present": None, "present_unknown": before.problem or "it does not exist yet"}
    after = state_after(prepared.operation, prepared.sent, {}, before)
    if after is None or not after.known:
        return {"present": before.value}
    return {"present": before.value, "afterwards": after.value if after.is_there else "gone"}
