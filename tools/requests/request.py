"""Operation + checked arguments → the HTTP request. Nothing here touches the network or the disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast
from urllib.parse import quote

from ...schemas import Body, JsonObject, JsonValue, Operation, Route
from .arguments import Argument, arguments_of, is_sent_by_itself

__all__ = ["FileSource", "FormBody", "JsonBody", "MultipartBody", "Request", "RequestBody", "build_request"]


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to send: a local path that has not been opened yet, or content with a name."""

    path: str = ""
    content_base64: str = ""
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A JSON request body."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class FormBody:
    """Fields of an `application/x-www-form-urlencoded` body."""

    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MultipartBody:
    """Fields and at most one file of a `multipart/form-data` body."""

    fields: tuple[tuple[str, str], ...]
    file_field: str = ""
    file: FileSource | None = None


RequestBody: TypeAlias = JsonBody | FormBody | MultipartBody | None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, relative to the service's base address. `path` is already quoted."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: RequestBody = None


def build_request(operation: Operation, values: JsonObject, route: Route | None = None) -> Request:
    """The request for these arguments, at the operation's own route or at another of its routes.

    Path values are quoted whole. Only what is in `values` is sent, with the parameters that have one
    possible value.
    """
    route = route or operation.route
    arguments = [argument for argument in arguments_of(operation) if argument.name in values]
    paths = {each.wire_name: _text(values[each.name]) for each in arguments if each.location == "path"}
    path = "/".join(_segment(part, paths) for part in route.path.split("/"))
    query = [
        (parameter.name, _text(parameter.schema["const"]))
        for parameter in operation.parameters
        if is_sent_by_itself(parameter.schema, parameter.required)
    ]
    for argument in arguments:
        if argument.location == "query":
            query += _query_pairs(argument, values[argument.name])
    return Request(route.method, path, tuple(query), _body(operation, arguments, values))


def _segment(part: str, values: Mapping[str, str]) -> str:
    return quote(values[part[1:-1]], safe="") if part.startswith("{") else part


def _query_pairs(argument: Argument, value: JsonValue) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return [(argument.wire_name, _text(value))]
    if argument.separator:
        return [(argument.wire_name, argument.separator.join(_text(entry) for entry in value))]
    return [(argument.wire_name, _text(entry)) for entry in value]


def _body(operation: Operation, arguments: list[Argument], values: JsonObject) -> RequestBody:
    if not operation.bodies:
        return None
    whole = next((each for each in arguments if each.location == "whole_body"), None)
    if whole is not None:
        return JsonBody(values[whole.name])
    keys = {each.wire_name: values[each.name] for each in arguments if each.location == "body"}
    for argument in arguments:
        if argument.location == "further_keys":
            keys = {**cast("JsonObject", values[argument.name]), **keys}
    file = _file_source(values) if any(each.location == "file" for each in arguments) else None
    body = _body_for(operation, file)
    if not keys and file is None and not body.required:
        return None
    if body.content_type == "application/json":
        return JsonBody(keys)
    fields = tuple((name, text) for name, value in keys.items() for text in _form_texts(value))
    if not body.content_type.startswith("multipart"):
        return FormBody(fields)
    file_field = next((each.wire_name for each in arguments if each.location == "file"), "")
    return MultipartBody(fields, file_field, file)


def _body_for(operation: Operation, file: FileSource | None) -> Body:
    """The media type to use: the one that carries a file if there is one, another one otherwise."""
    if len(operation.bodies) == 1:
        return operation.bodies[0]
    with_file = [body for body in operation.bodies if body.content_type.startswith("multipart")]
    without = [body for body in operation.bodies if body not in with_file]
    return (with_file if file is not None else without)[0]


def _file_source(values: JsonObject) -> FileSource:
    return FileSource(
        path=str(values.get("file_path", "")),
        content_base64=str(values.get("file_base64", "")),
        file_name=str(values.get("file_name", "")),
    )


def _form_texts(value: JsonValue) -> list[str]:
    if isinstance(value, list):
        return [_text(entry) for entry in value]
    return [_text(value)]


def _text(value: JsonValue) -> str:
    """A value as it stands in a query or a form field: objects as JSON, booleans in lower case."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
