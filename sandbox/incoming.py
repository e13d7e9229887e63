"""An HTTP request → a `Call`, checked against the document of its operation as a service would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from ..schemas import Body, JsonObject, JsonValue, Operation
from .service import Call, Refusal, UploadedFile

__all__ = ["read_call"]

_IGNORED_FAULTS = {"additionalProperties", "format"}
_LEFT_TO_HANDLERS = {"verification_status": "enum", "metadata": "type"}
"""A wrong status is a conflict and not a bad request; the official client sends metadata as Python text."""


async def read_call(operation: Operation, request: Request, base_url: str, user: str) -> Call:
    """The call that a request makes.

    Raises:
        Refusal: 400, a parameter or the body is not what the operation's document says.
    """
    query = _query(operation, request)
    body, files = await _body(operation, request)
    return Call(dict(request.path_params), query, body, files, base_url, user)


def _query(operation: Operation, request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.location != "query":
            continue
        given = request.query_params.getlist(parameter.name)
        if not given:
            if parameter.required:
                raise _bad(f"the query parameter {parameter.name} is missing")
            continue
        texts = given[-1].split(parameter.separator) if parameter.separator else given
        is_list = parameter.schema.get("type") == "array"
        items = cast("JsonObject", parameter.schema.get("items", {}))
        listed = [_from_text(items, text) for text in texts]
        value = listed if is_list else _from_text(parameter.schema, given[-1])
        _check(parameter.schema, cast("JsonValue", value), parameter.name)
        found[parameter.name] = value
    return found


async def _body(operation: Operation, request: Request) -> tuple[Any, Mapping[str, UploadedFile]]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not operation.bodies:
        return None, {}
    body = next((body for body in operation.bodies if body.content_type == content_type), None)
    if body is None:
        if not any(each.required for each in operation.bodies) and not await request.body():
            return None, {}
        wanted = " or ".join(each.content_type for each in operation.bodies)
        raise _bad(f"the body has to be {wanted}, came {content_type or 'none'}")
    if content_type == "application/json":
        try:
            value = cast("JsonValue", json.loads(await request.body()))
        except ValueError:
            raise _bad("the body is not JSON") from None
        _check(body.schema, value, "body")
        return value, {}
    async with request.form() as form:
        fields, files = await _form(body, form)
    _check(body.schema, {**fields, **dict.fromkeys(files, "file")}, "body")
    return fields, files


async def _form(body: Body, form: FormData) -> tuple[dict[str, Any], dict[str, UploadedFile]]:
    properties = cast("dict[str, JsonObject]", body.schema.get("properties", {}))
    fields: dict[str, Any] = {}
    files: dict[str, UploadedFile] = {}
    for name in form:
        schema = properties.get(name, {})
        values = form.getlist(name)
        uploads = [value for value in values if isinstance(value, UploadFile)]
        if uploads:
            first = uploads[0]
            files[name] = UploadedFile(first.filename or "", first.content_type or "", await first.read())
            continue
        texts = [value for value in values if isinstance(value, str)]
        if schema.get("type") == "array":
            items = cast("JsonObject", schema.get("items", {}))
            fields[name] = [_from_text(items, text) for text in texts]
        else:
            fields[name] = _from_text(schema, texts[-1])
    return fields, files


def _from_text(schema: JsonObject, text: str) -> Any:
    match schema.get("type"):
        case "integer" | "number" | "object":
            try:
                return json.loads(text)
            except ValueError:
                return text
        case "boolean":
            return {"true": True, "false": False}.get(text.lower(), text)
        case _:
            return text


def _check(schema: JsonObject, value: JsonValue, where: str) -> None:
    for error in _validator(_Held(schema)).iter_errors(value):
        steps = [str(step) for step in error.absolute_path]
        if error.validator not in _IGNORED_FAULTS | {_LEFT_TO_HANDLERS.get(steps[-1] if steps else where)}:
            json_path = ".".join(steps)
            raise _bad(f"{json_path or where}: {error.message[:200]}")


class _Held:
    """Keeps a schema alive as long as its validator is remembered under its identity."""

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.schema is self.schema


@cache
def _validator(held: _Held) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(held.schema)


def _bad(message: str) -> Refusal:
    return Refusal(400, "invalid_request", message)
