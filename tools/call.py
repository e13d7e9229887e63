"""The one way of every call: validate, guard, build, send, shape. Every failure becomes an answer here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from anyio import to_thread

from ..schemas import JsonObject, Operation, load_operations
from .answer import parse, wrapped
from .arguments import file_types_of
from .door import Door, Written
from .failure import ToolFailure
from .guard import Assessment, assess, carry_out, not_allowed
from .outside import outside_note, with_notes, without_hidden
from .prepared import Prepared
from .request import MultipartBody, build_request
from .response import Response
from .result import ToolResult, shape
from .secrets import masked, secret_arguments, without_secret_properties, without_secrets
from .size import compact, shortened
from .validation import invalid, validate_arguments

__all__ = ["call_tool", "failure_result", "prepare", "preview", "read", "write"]

_LARGE_BYTES = 500_000
"""An answer from this size on is shaped beside the event loop, so that other calls go on."""

_MOST_MESSAGE = 1_000
"""The most characters of a message; what is longer was a page of the service and no reason."""


async def call_tool(operation: Operation, arguments: Mapping[str, Any] | None, door: Door) -> ToolResult:
    """Call one tool with an agent's arguments. A failure is a result too, never an exception."""
    hidden: tuple[str, ...] = ()
    notes: JsonObject = {}
    try:
        if operation.service == "docreview":
            from .own_tools import run_own

            return await run_own(operation, validate_arguments(operation, arguments), door)
        hidden = _hidden(operation, arguments)
        prepared = prepare(operation, arguments, door)
        if operation.effect == "read":
            response = await door.upstream.send(operation, prepared.requests, door.report)
        else:
            written = await carry_out(prepared, door, partial(read, door))
            response, notes = written.response, written.notes
        return await _shaped(prepared, response, notes, door)
    except ToolFailure as failure:
        failure.notes = {**notes, **failure.notes}
        return failure_result(failure, (*door.upstream.secrets, *hidden))


async def read(door: Door, operation_id: str, arguments: JsonObject) -> JsonObject:
    """The whole answer of a reading operation: secrets out, nothing cut, values exactly as they are stored.

    Raises:
        ToolFailure: the arguments do not fit, or the call failed.
    """
    operation = _inside(operation_id, door)
    prepared = prepare(operation, arguments, door)
    response = await door.upstream.send(operation, prepared.requests, door.report)
    answer = wrapped(parse(operation, response), response.status)
    return cast("JsonObject", without_secret_properties(operation.service, answer))


async def write(
    door: Door,
    operation_id: str,
    arguments: JsonObject,
    *,
    is_confirmed: bool = False,
    undoes: int | None = None,
) -> Written:
    """Carry a writing operation out for one of our own tools: guarded and journalled as if called directly.

    `is_confirmed`: a person agreed to the call that this one belongs to. `undoes`: the entry that it takes
    back.

    Raises:
        ToolFailure: it was refused or failed; nothing else was tried.
    """
    prepared = prepare(_inside(operation_id, door), arguments, door)
    inner = replace(door, is_confirmed=door.is_confirmed or is_confirmed)
    return await carry_out(prepared, inner, partial(read, door), undoes)


async def preview(
    door: Door, operation: Operation, arguments: Mapping[str, Any] | None
) -> tuple[Prepared, Assessment]:
    """A writing operation as it would be sent, and what the guards would say. Sends no write.

    Raises:
        ToolFailure: the arguments do not fit.
    """
    prepared = prepare(operation, arguments, door)
    return prepared, await assess(prepared, door, partial(read, door))


def prepare(operation: Operation, arguments: Mapping[str, Any] | None, door: Door) -> Prepared:
    """Valid arguments and the requests for them, one for each address of the operation.

    Raises:
        ToolFailure: `invalid_arguments`, or `not_allowed` by the policy; nothing was sent.
    """
    values = validate_arguments(operation, arguments)
    if reason := door.guards.policy.scope_refusal(operation, values):
        raise not_allowed(operation, reason)
    requests = tuple(build_request(operation, values, route) for route in door.upstream.routes(operation))
    body = requests[0].body
    if isinstance(body, MultipartBody) and body.file is not None:
        reason = door.upstream.check_file(body.file, file_types_of(operation))
        if reason:
            raise invalid(operation, [reason])
    address = door.upstream.address(operation)
    return Prepared(operation, values, address, requests, _hidden(operation, values))


def failure_result(failure: ToolFailure, secrets: Sequence[str]) -> ToolResult:
    """The result that tells of a failure, with no secret in it."""
    message, removed = without_hidden(failure.message)
    message = without_secrets(message, secrets).encode("utf-8", "replace").decode()
    failure.message = shortened(message, _MOST_MESSAGE)
    quoting = ["error.message"] if failure.quotes else []
    structured = with_notes(failure.as_object(), further=outside_note(quoting, removed))
    structured = cast("JsonObject", masked(structured, compact(structured), secrets))
    return ToolResult(structured, compact(structured), is_error=True)


def _inside(operation_id: str, door: Door) -> Operation:
    """The operation that one of our own tools calls, if the policy does not forbid it."""
    operation = load_operations()[operation_id]
    if reason := door.guards.policy.tool_refusal(operation.tool, operation.toolset, inside=True):
        raise not_allowed(operation, reason)
    return operation


async def _shaped(prepared: Prepared, response: Response, notes: JsonObject, door: Door) -> ToolResult:
    upstream = door.upstream
    shaped = partial(
        shape,
        prepared.operation,
        prepared.values,
        response,
        limit=upstream.answer_limit,
        secrets=(*upstream.secrets, *prepared.hidden),
        save=upstream.save_download,
        notes=notes,
    )
    return shaped() if len(response.content) < _LARGE_BYTES else await to_thread.run_sync(shaped)


def _hidden(operation: Operation, arguments: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The secret values among the arguments."""
    given = arguments or {}
    values = (given.get(name) for name in secret_arguments(operation))
    return tuple(value for value in values if isinstance(value, str) and value)
