"""Which arguments a tool takes and where in the request each of them goes.

Path, query and body parameters lie side by side in one flat object, under the names that the service's
document gives them. The table made here is the only place that knows about the exceptions: a name used
twice, a body that is a list, a file, keys that the document leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from ...schemas import Body, JsonObject, Operation

__all__ = [
    "CONFIRM",
    "FILE_ARGUMENTS",
    "REASON",
    "Argument",
    "FileSources",
    "arguments_of",
    "expected_argument",
    "file_sources_of",
    "file_types_of",
    "guard_names",
    "guard_schema",
    "is_id",
    "is_sent_by_itself",
]

FILE_ARGUMENTS: dict[str, JsonObject] = {
    "file_path": {"type": "string", "description": "Local path."},
    "file_base64": {"type": "string", "description": "Or the content in Base64."},
    "file_name": {"type": "string", "description": "Name for file_base64."},
}
"""The arguments that stand for a file, whatever the service calls it."""

CONFIRM, REASON = "confirm", "reason"
_GUARDS: dict[str, JsonObject] = {
    CONFIRM: {"type": "string", "description": "Code from needs_confirmation."},
    REASON: {"type": "string", "maxLength": 500, "description": "Kept in the journal."},
}
"""Arguments that every write takes for this server itself. `confirm` is listed only where the settings ask
for confirmation."""

_EXPECTED = {
    "approval_status": "Required current approval_status.",
    "cells": "Required current number of cells.",
}
"""What an expected value means, where it is not just the present one."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool.

    `wire_name` is the service's name for it. A `file` argument describes the content of the file part of
    that name; a `whole_body` argument is the body itself; the keys of a `further_keys` argument stand
    beside the named ones in the body; a `guard` argument is for this server itself and is never sent.
    `separator` joins the items of a list in a query. `listed` says whether hosts see it. `only_value`
    is the one value that the service takes for an argument it requires: it is sent if nobody gives it.
    """

    name: str
    location: Literal["path", "query", "body", "whole_body", "further_keys", "file", "guard"]
    wire_name: str
    schema: JsonObject
    required: bool
    separator: str = ""
    listed: bool = True
    only_value: str = ""


@dataclass(frozen=True, slots=True)
class FileSources:
    """The ways to give the file of an operation: exactly one is taken, at most one if it is optional."""

    names: tuple[str, ...]
    required: bool


@cache
def arguments_of(operation: Operation) -> tuple[Argument, ...]:
    """The arguments of the operation's tool: path first, then query, then body; required before optional.

    Raises:
        ValueError: two parameters would share one argument name.
    """
    outside_body = [
        Argument(entry.name, entry.location, entry.name, entry.schema, entry.required, entry.separator)
        for entry in operation.parameters
        if not is_sent_by_itself(entry.schema, entry.required)
    ]
    taken = {argument.name for argument in outside_body if argument.location == "path"}
    in_body = list(_body_arguments(operation, taken))
    arguments = [*outside_body, *in_body, *_guard_arguments(operation)]
    names = [argument.name for argument in arguments]
    if len(set(names)) != len(names):
        raise ValueError(f"{operation.id}: an argument name stands for two parameters")
    return tuple(sorted(arguments, key=lambda argument: not argument.required))


def is_sent_by_itself(schema: JsonObject, required: bool) -> bool:
    """Whether a parameter has only one possible value, so that nobody needs to give it."""
    return required and "const" in schema


def expected_argument(operation: Operation) -> str:
    """The argument that says what the present value has to be; empty where an operation takes none."""
    value = operation.present.value if operation.present else ""
    return "expected_status" if value.endswith("status") else "expected_value" if value else ""


@cache
def file_sources_of(operation: Operation) -> FileSources | None:
    """How the file of this operation can be given, None where it takes no file."""
    with_file = [body for body in operation.bodies if _file_property(body)]
    if not with_file:
        return None
    others = [body for body in operation.bodies if not _file_property(body)]
    instead = [name for body in others for name in _required(body) if name not in _properties(with_file[0])]
    required = bool(others) or _file_property(with_file[0]) in _required(with_file[0])
    return FileSources(("file_path", "file_base64", *instead), required)


@cache
def file_types_of(operation: Operation) -> tuple[str, ...]:
    """The file name endings that the operation takes, in lower case without a dot; empty for any."""
    for body in operation.bodies:
        name = _file_property(body)
        if name:
            ours = cast("JsonObject", _properties(body)[name].get("x-docreview", {}))
            return tuple(str(entry) for entry in cast("list[str]", ours.get("file_types", [])))
    return ()


def _body_arguments(operation: Operation, taken: set[str]) -> Iterator[Argument]:
    seen: set[str] = set()
    for body in operation.bodies:
        if operation.body_argument:
            yield Argument(operation.body_argument, "whole_body", "", body.schema, body.required)
            continue
        file_property = _file_property(body)
        for wire_name, schema in _properties(body).items():
            if wire_name in seen:
                continue
            seen.add(wire_name)
            if wire_name == file_property:
                yield from _file_arguments(wire_name, file_types_of(operation))
                continue
            name = f"body_{wire_name}" if wire_name in taken else wire_name
            required = body.required and all(wire_name in _required(each) for each in operation.bodies)
            choices = cast("list[str]", schema.get("enum", []))
            if required and len(choices) == 1:
                schema = {**schema, "default": choices[0]}
                yield Argument(name, "body", wire_name, schema, False, only_value=choices[0])
            else:
                yield Argument(name, "body", wire_name, schema, required)
    if operation.further_keys:
        schema: JsonObject = {
            "type": "object",
            "additionalProperties": True,
            "description": "The page without its boxes.",
        }
        yield Argument(operation.further_keys, "further_keys", "", schema, False)


def is_id(name: str) -> bool:
    """Whether an argument or property of this name holds an id, or several."""
    return name == "id" or name.endswith(("_id", "_ids"))


def guard_schema(name: str) -> JsonObject:
    """The schema of `CONFIRM` or `REASON`."""
    return _GUARDS[name]


@cache
def guard_names(operation: Operation) -> frozenset[str]:
    """The arguments that are for this server itself."""
    return frozenset(each.name for each in arguments_of(operation) if each.location == "guard")


def _guard_arguments(operation: Operation) -> Iterator[Argument]:
    if operation.effect == "read" or operation.service == "docreview":
        return
    name = expected_argument(operation)
    if name:
        meaning = _EXPECTED.get(
            operation.present.value if operation.present else "", "Required current value."
        )
        schema: JsonObject = {"type": "string", "description": meaning}
        yield Argument(name, "guard", "", schema, False)
    for name, schema in _GUARDS.items():
        yield Argument(name, "guard", "", schema, False, listed=name == REASON)


def _file_arguments(wire_name: str, file_types: tuple[str, ...]) -> Iterator[Argument]:
    for name, schema in FILE_ARGUMENTS.items():
        if file_types and name == "file_path":
            schema = {**schema, "description": f"Local path ({', '.join(file_types)})."}
        yield Argument(name, "file", wire_name, schema, False)


def _file_property(body: Body) -> str:
    for name, schema in _properties(body).items():
        if "contentMediaType" in schema:
            return name
    return ""


def _properties(body: Body) -> dict[str, JsonObject]:
    return cast("dict[str, JsonObject]", body.schema.get("properties", {}))


def _required(body: Body) -> list[str]:
    return cast("list[str]", body.schema.get("required", []))
