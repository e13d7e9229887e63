"""A line from the host → messages for the server, or the answer to a line that is none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from mcp.types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

__all__ = ["Received", "received"]

_MAX_LEVELS = 150
"""More than any tool takes, and less than the parsers of JSON do: what is below is left out."""

_MAX_DIGITS = 4000
_WITH_ARGUMENTS = frozenset({"tools/call", "prompts/get"})
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_ID = re.compile(rf'"id"\s*:\s*({_STRING}|-?[0-9]{{1,18}})(?=\s*[,}}])', re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Received:
    """What one line holds: messages for the server, and answers to what is none."""

    messages: tuple[JSONRPCMessage, ...] = ()
    answers: tuple[JSONRPCError, ...] = ()


def received(line: bytes) -> Received:
    """Read one line. Every request in it becomes a message or gets an answer, with its id if possible."""
    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        return _read_with_care(line)
    if isinstance(message, JSONRPCNotification) and b'"id"' in line:
        return _read_with_care(line)
    return Received((_with_arguments(message),))


def _read_with_care(line: bytes) -> Received:
    text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if not text:
        return Received()
    try:
        value = _parsed(text)
    except ValueError as error:
        return Received((), (_answer(_id_in(text), PARSE_ERROR, f"This line is not JSON: {error}"),))
    if not isinstance(value, list):
        return _one(value)
    parts = [_one(entry) for entry in cast("list[object]", value)]
    if not parts:
        return Received((), (_answer(None, INVALID_REQUEST, "This batch contains no request."),))
    return Received(
        tuple(message for part in parts for message in part.messages),
        tuple(answer for part in parts for answer in part.answers),
    )


def _one(value: object) -> Received:
    """One message; what is none is answered, unless it is itself an answer or wants none."""
    if not isinstance(value, dict):
        return _refused(None, "expected an object with jsonrpc, id and method")
    entry = _carried(cast("dict[str, Any]", value))
    given = entry.get("id")
    identifier = given if isinstance(given, (str, int)) and not isinstance(given, bool) else None
    try:
        message = jsonrpc_message_adapter.validate_python(entry, by_name=False)
    except ValidationError:
        if "method" not in entry and ("result" in entry or "error" in entry):
            return Received()
        if entry.get("jsonrpc") != "2.0":
            return _refused(identifier, 'expected "jsonrpc": "2.0"')
        if not isinstance(entry.get("method"), str):
            return _refused(identifier, "expected a method name")
        if "id" not in entry:
            return Received()
        return Received((), (_answer(identifier, INVALID_PARAMS, "params: expected an object."),))
    if isinstance(message, JSONRPCNotification) and "id" in entry:
        return _refused(None, "id: expected a text or a whole number")
    return Received((_with_arguments(message),))


def _with_arguments(message: JSONRPCMessage) -> JSONRPCMessage:
    """A call whose arguments came as JSON text gets them as the object that they are."""
    if not isinstance(message, JSONRPCRequest) or message.method not in _WITH_ARGUMENTS:
        return message
    params = message.params or {}
    text = params.get("arguments")
    if not isinstance(text, str):
        return message
    try:
        arguments = _parsed(text if text.strip() else "{}")
    except ValueError:
        return message
    if not isinstance(arguments, dict):
        return message
    return message.model_copy(
        update={"params": _carried_params(message.method, {**params, "arguments": arguments})}
    )


def _parsed(text: str) -> object:
    """JSON whose nesting and numbers are bounded.

    Raises:
        ValueError: it is not JSON.
    """
    if text.count("[") + text.count("{") > _MAX_LEVELS:
        text = _without_depth(text)
    try:
        return json.loads(text, parse_int=_whole_number)
    except RecursionError:  # brackets that only the parser of JSON takes for nesting
        raise ValueError("it is nested too deeply") from None


def _whole_number(digits: str) -> int | float:
    """A number; one with more digits than Python reads is as good as infinite, which no argument may be."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _without_depth(text: str) -> str:
    """The text with null in place of what is nested more deeply than is read; tools refuse what is left."""
    kept: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == _MAX_LEVELS + 1:
                kept.append(text[start : token.start()] + "null")
        elif token[0] in "]}":
            depth -= 1
            if depth == _MAX_LEVELS:
                start = token.end()
    return "".join(kept) + text[start:] if depth <= _MAX_LEVELS else text


def _carried(entry: dict[str, Any]) -> dict[str, Any]:
    """A message without half characters (lone surrogates), which nothing can carry on.

    They stay in the values of a tool's arguments: there the call is refused with the name of the argument.
    """
    params = entry.get("params")
    whole = cast("dict[str, Any]", _whole({name: each for name, each in entry.items() if name != "params"}))
    if "params" in entry:
        method = str(whole.get("method"))
        whole["params"] = (
            _carried_params(method, cast("dict[str, Any]", params))
            if isinstance(params, dict)
            else _whole(params)
        )
    return whole


def _carried_params(method: str, params: dict[str, Any]) -> dict[str, Any]:
    arguments = params.get("arguments")
    whole = cast("dict[str, Any]", _whole(params))
    if method == "tools/call" and isinstance(arguments, dict):
        named = cast("dict[str, object]", arguments)
        whole["arguments"] = {_HALF.sub(_REPLACEMENT, name): value for name, value in named.items()}
    return whole


def _whole(value: object) -> object:
    if isinstance(value, str):
        return _HALF.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [_whole(entry) for entry in cast("list[object]", value)]
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {_HALF.sub(_REPLACEMENT, name): _whole(entry) for name, entry in entries.items()}
    return value


def _id_in(text: str) -> str | int | None:
    """The id of a request that broke off, where the line shows it whole and as the request's own."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif depth == 1 and text.startswith("{") and (found := _ID.match(text, token.start())):
            identifier = json.loads(found[1])
            return identifier if isinstance(identifier, int) else _HALF.sub(_REPLACEMENT, identifier)
    return None


def _refused(identifier: str | int | None, reason: str) -> Received:
    return Received((), (_answer(identifier, INVALID_REQUEST, f"This is not a request: {reason}."),))


def _answer(identifier: str | int | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=identifier, error=ErrorData(code=code, message=message))
