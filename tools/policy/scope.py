"""Which workflows, models and projects a call is about, read off its arguments.

A workflow of v4 and a model of v2 are the same thing at Nanonets and share their ids, so they are one kind
here: nobody gets round a rule through the other interface.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ...schemas import JsonObject, JsonValue, Operation, Service
from ..requests.arguments import arguments_of
from ..requests.id_spelling import bare_key, one_spelling

__all__ = [
    "GOVERNED",
    "UNGOVERNED",
    "Given",
    "Kind",
    "given_ids",
    "governed_arguments",
    "id_text",
    "is_number",
    "left_out",
]

Kind = Literal["workflow", "model", "project"]
"""A Nanonets workflow or model, a Studio model, a Studio project."""

GOVERNED: Mapping[Service, Mapping[str, Kind]] = {
    "nanonets": {"workflow_id": "workflow", "model_id": "workflow", "modelId": "workflow"},
    "studio": {
        "project_id": "project",
        "body_project_id": "project",
        "model_id": "model",
        "base_id": "model",
        "model": "model",
        "base": "model",
    },
    "docreview": {"workflow_id": "workflow", "model_id": "workflow", "project_id": "project"},
}
"""The arguments of each service that name a workflow, model or project."""

_IDS_OF_MODELS = frozenset({"updateModel", "updateProjectModel"})
"""Operations whose argument `id` is that of a model."""

_BY_NAME = frozenset({"base"})
"""Arguments that only describe: the service chooses nothing where they are left out."""

_EXACT = 2**53
"""Up to here a float says exactly which whole number it is."""

UNGOVERNED = frozenset({"model_type", "workflow_type", "exclude_id"})
"""Arguments that sound like such an id and choose nothing to work on."""


@dataclass(frozen=True, slots=True)
class Given:
    """An id that a call gives, or a name in its place: under which argument, of what kind, as text."""

    argument: str
    kind: Kind
    id: str
    is_name: bool = False


def governed_arguments(operation: Operation) -> dict[str, Kind]:
    """The arguments of an operation that name a workflow, model or project."""
    known = GOVERNED[operation.service]
    found: dict[str, Kind] = {
        each.name: known[each.name] for each in arguments_of(operation) if each.name in known
    }
    if operation.id in _IDS_OF_MODELS:
        found["id"] = "model"
    return found


def given_ids(operation: Operation, values: JsonObject) -> Iterator[Given]:
    """Every id that a call gives, inside lists and objects too."""
    governed = governed_arguments(operation)
    # What our own tools pass on is judged when the call is made that it is for.
    inner = {} if operation.service == "docreview" else _only_ids(GOVERNED[operation.service])
    texts = {each.name for each in arguments_of(operation) if each.schema.get("type") == "string"}
    for name, value in values.items():
        kind = governed.get(name)
        if kind == "model" and name in texts and value is not None:
            yield Given(name, kind, one_spelling(str(value)), is_name=True)
        else:
            yield from _given(name, value, kind, inner)


def left_out(operation: Operation, values: JsonObject, kind: Kind) -> str:
    """The argument by which a call could have named a thing of this kind but did not: the service chooses.

    Empty for a read, which asks for all, and for an update, which leaves as it is what it does not name.
    """
    if operation.route.method != "POST" or operation.service == "docreview":
        return ""
    names = [
        name for name, each in governed_arguments(operation).items() if each == kind and name not in _BY_NAME
    ]
    return "" if not names or any(values.get(name) is not None for name in names) else names[0]


def id_text(kind: Kind, value: JsonValue) -> str:
    """An id as text, in one way however it was written. Those of Studio are numbers: 012 and 12.0 are 12."""
    text = one_spelling(str(int(value) if isinstance(value, bool) else value))
    if kind == "workflow":
        return text
    if is_number(text):
        return text.lstrip("0") or "0"
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else text


def is_number(text: str) -> bool:
    """Whether a text is a number as the ids of Studio are."""
    return text.isascii() and text.isdecimal()


def _given(where: str, value: JsonValue, kind: Kind | None, inner: Mapping[str, Kind]) -> Iterator[Given]:
    if isinstance(value, list):
        for entry in value:
            yield from _given(where, entry, kind, inner)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _given(f"{where}.{key}", entry, inner.get(bare_key(key)), inner)
    elif kind is not None and value is not None:
        yield Given(where, kind, id_text(kind, value))


def _only_ids(known: Mapping[str, Kind]) -> dict[str, Kind]:
    """Those that can be nothing but an id: a text may well have an attribute called model."""
    return {bare_key(name): kind for name, kind in known.items() if name.lower().endswith("id")}
