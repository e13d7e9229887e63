"""An operation carried out for a tool: validate, build the request, guard, send.

Our own tools call operations through `read` and `write`, so that each of their requests is checked, guarded
and journalled as if it had been called directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from ..schemas import JsonObject, Operation, load_operations
from .beside_loop import beside_loop
from .guards.context import CallContext, Written
from .guards.current_state import Read
from .guards.guard import Assessment, assess, carry_out
from .journal.entries import TakingBack
from .policy.refusal import not_allowed
from .redaction import may_name_secret_properties, secret_arguments, without_secret_properties
from .requests.arguments import file_types_of
from .requests.prepared_call import Prepared
from .requests.request import MultipartBody, build_request
from .requests.validation import invalid, validate_arguments
from .results.answer import parse, wrapped
from .results.response import Response
from .results.result import CHARACTERS

__all__ = ["called_inside", "prepare", "preview", "read", "secret_values", "write"]


async def read(context: CallContext, operation_id: str, arguments: JsonObject) -> JsonObject:
    """The whole answer of a reading operation: secrets out, nothing cut, values exactly as they are stored.

    Raises:
        ToolFailure: the arguments do not fit, or the call failed.
    """
    operation = called_inside(operation_id, context)
    prepared = prepare(operation, arguments, context)
    response = await context.upstream.send(operation, prepared.requests, context.report)

    def read_answer() -> JsonObject:
        answer = wrapped(parse(operation, response), response.status)
        if not may_name_secret_properties(operation.service, response.text):
            return answer
        return cast("JsonObject", without_secret_properties(operation.service, answer))

    if response.encoding_note:
        context.notes[CHARACTERS] = response.encoding_note
    return await beside_loop(response, read_answer)


async def write(
    context: CallContext,
    operation_id: str,
    arguments: JsonObject,
    *,
    is_confirmed: bool = False,
    undoes: TakingBack | None = None,
    read_by: Read | None = None,
) -> Written:
    """Carry a writing operation out for one of our own tools: guarded and journalled as if called directly.

    `is_confirmed`: a person agreed to the call that this one belongs to. `undoes`: the entry that it takes
    back. `read_by` reads the state before, for a tool that has read it already. In a rehearsal nothing is
    sent, and the answer is empty.

    Raises:
        ToolFailure: it was refused or failed; nothing else was tried.
    """
    prepared = prepare(called_inside(operation_id, context), arguments, context)
    inner = replace(context, is_confirmed=context.is_confirmed or is_confirmed)
    reading = read_by or partial(read, context)
    if context.rehearsal is not None:
        found = await assess(prepared, inner, reading, undoes)
        await context.rehearsal.take(prepared, found.before, found.refusal, found.not_undoable)
        return Written(Response(200), {}, None, {})
    return await carry_out(prepared, inner, reading, undoes)


async def preview(
    context: CallContext, operation: Operation, arguments: Mapping[str, Any] | None
) -> tuple[Prepared, Assessment]:
    """A writing operation as it would be sent, and what the guards would say. Sends no write.

    Raises:
        ToolFailure: the arguments do not fit.
    """
    prepared = prepare(operation, arguments, context)
    return prepared, await assess(prepared, context, partial(read, context))


def prepare(operation: Operation, arguments: Mapping[str, Any] | None, context: CallContext) -> Prepared:
    """Valid arguments and the requests for them, one for each address of the operation.

    Raises:
        ToolFailure: `invalid_arguments`, or `not_allowed` by the policy; nothing was sent.
    """
    values = validate_arguments(operation, arguments)
    if reason := context.policy.scope_refusal(operation, values):
        raise not_allowed(operation, reason)
    requests = tuple(build_request(operation, values, route) for route in context.upstream.routes(operation))
    body = requests[0].body
    if isinstance(body, MultipartBody) and body.file is not None:
        reason = context.upstream.check_file(body.file, file_types_of(operation))
        if reason:
            raise invalid(operation, [reason])
    base_url = context.upstream.base_url(operation)
    account = context.caller.account(operation.service)
    return Prepared(operation, values, base_url, requests, secret_values(operation, values), account)


def called_inside(operation_id: str, context: CallContext) -> Operation:
    """The operation that one of our own tools calls.

    Raises:
        ToolFailure: the policy forbids it.
    """
    operation = load_operations()[operation_id]
    if reason := context.policy.tool_refusal(operation.tool, operation.toolset, inside=True):
        raise not_allowed(operation, reason)
    return operation


def secret_values(operation: Operation, arguments: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The secret values among the arguments."""
    given = arguments or {}
    values = (given.get(name) for name in secret_arguments(operation))
    return tuple(value for value in values if isinstance(value, str) and value)
