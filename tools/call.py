"""The one way of every call: validate, guard, build, send, shape. Every failure becomes an answer here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from ..schemas import JsonObject, Operation
from .beside_loop import beside_loop
from .documents.field_state import fields_shown
from .failure import ToolFailure
from .guards.context import CallContext
from .guards.guard import carry_out
from .json_text import compact
from .observation import pass_on
from .operation_call import prepare, read, secret_values
from .own_tools import run_own
from .redaction import masked, without_secrets
from .requests.prepared_call import Prepared
from .requests.validation import validate_arguments
from .results.reply import Delegation
from .results.response import Response
from .results.result import ToolResult, shape
from .untrusted import shortened_sentence, untrusted_note, with_notes

__all__ = ["call_tool", "failure_result"]

_MAX_MESSAGE = 1_000
"""The most characters of a message; what is longer was a page of the service and no reason."""


async def call_tool(
    operation: Operation, arguments: Mapping[str, Any] | None, context: CallContext
) -> ToolResult:
    """Call one tool with an agent's arguments. A failure is a result too, never an exception."""
    secrets: tuple[str, ...] = ()
    notes: JsonObject = {}
    try:
        if operation.service == "docreview":
            result = await run_own(operation, validate_arguments(operation, arguments), context)
            if isinstance(result, Delegation):
                pass_on(result.operation.tool)
                return await call_tool(result.operation, result.arguments, context)
            if operation.effect == "read":
                context.guards.seen_ids.note(context.caller, operation, {}, result)
            return result
        secrets = secret_values(operation, arguments)
        prepared = prepare(operation, arguments, context)
        if operation.effect == "read":
            response = await context.upstream.send(operation, prepared.requests, context.report)
            notes = _left_out(prepared)
        else:
            written = await carry_out(prepared, context, partial(read, context))
            response, notes = written.response, written.notes
            if operation.after:
                notes = {**notes, "next": operation.after}
        result = await _shaped(prepared, response, notes, context)
        if operation.effect == "read" and operation.service == "nanonets":
            context.guards.seen.note(context.caller, fields_shown(result.structured))
        context.guards.seen_ids.note(context.caller, operation, prepared.values, result)
        return result
    except ToolFailure as failure:
        noted = failure.with_(notes={**notes, **failure.notes})
        if noted.code in ("not_found", "invalid_arguments"):
            noted = _with_wrong_kinds(noted, operation, arguments, context)
        return failure_result(noted, (*context.upstream.secrets, *secrets))


def failure_result(failure: ToolFailure, secrets: Sequence[str]) -> ToolResult:
    """The result for a failure, with no secret in it."""
    message = without_secrets(failure.message, secrets).encode("utf-8", "replace").decode()
    cut = failure.with_(message=shortened_sentence(message, _MAX_MESSAGE))
    quoting = ["error.message"] if failure.quotes else []
    structured = with_notes(cut.as_object(), further=untrusted_note(quoting, 0))
    structured = cast("JsonObject", masked(structured, compact(structured), secrets))
    return ToolResult(structured, compact(structured), is_error=True)


def _with_wrong_kinds(
    failure: ToolFailure, operation: Operation, arguments: Mapping[str, Any] | None, context: CallContext
) -> ToolFailure:
    """The failure, with the arguments named that hold an id of another kind."""
    given = dict(arguments or {})
    wrong = context.guards.seen_ids.wrong_kinds(context.caller, operation, given)
    if not wrong:
        return failure
    hints = " ".join(f"The value of {name} is a {kind}." for name, kind in wrong)
    return failure.with_(
        message=f"{failure.message} {hints}", next_step=f"Pass the right id. {failure.next_step}"
    )


def _left_out(prepared: Prepared) -> JsonObject:
    """What a result says of parts that it lacks because nobody asked for them."""
    asked = prepared.values.get("details")
    asked = asked if isinstance(asked, list) else []
    hints = [hint for part, hint in prepared.operation.parts.items() if part not in asked]
    return {"next": " ".join(hints)} if hints else {}


async def _shaped(
    prepared: Prepared, response: Response, notes: JsonObject, context: CallContext
) -> ToolResult:
    upstream = context.upstream
    shaped = partial(
        shape,
        prepared.operation,
        prepared.values,
        response,
        limit=upstream.answer_limit,
        secrets=(*upstream.secrets, *prepared.secrets),
        save=upstream.save_download,
        notes=notes,
    )
    return await beside_loop(response, shaped)
