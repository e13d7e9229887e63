"""Completion of the arguments of prompts and of resource addresses: ids that exist, found by id or by name.

A host asks at every key that a person presses: an answer has to be quick, and none is better than an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import anyio
from mcp.types import CompleteRequestParams, CompleteResult, Completion

from ...schemas import JsonObject, JsonValue, load_operations
from ...tools import CallContext, JournalFault, ToolFailure, load_tools
from ...tools.history.own_entries import visible_entries
from ...tools.operation_call import read
from ...tools.redaction import without_secrets
from ...tools.requests.id_faults import is_plain_id
from .surface import Surface

__all__ = ["complete"]

_log = logging.getLogger(__name__)

_SECONDS = 2.0
_MAX_VALUES = 100
_MAX_ID = 200

Choices = list[tuple[str, str]]
"""Values, each with the text by which a person may look for it."""


@dataclass(frozen=True, slots=True)
class _List:
    """Where the ids of something are read: an operation, the list in its answer, and the names in an entry.

    `needs` are arguments of the operation that the person has to have given before.
    """

    operation: str
    items: str
    id: str
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    arguments: JsonObject = field(default_factory=dict[str, JsonValue])


_LISTS = {
    "workflow_id": _List("listWorkflows", "workflows", "id", ("description",), arguments={"limit": 100}),
    "document_id": _List(
        "listDocuments",
        "documents",
        "document_id",
        ("original_document_name",),
        needs=("workflow_id",),
        arguments={"limit": 100},
    ),
    "page_number": _List("getDocument", "pages", "page_number", needs=("workflow_id", "document_id")),
    "project_id": _List("listProjects", "items", "id", ("name",)),
    "session_id": _List("listLabelingSessions", "items", "id", ("name",), needs=("project_id",)),
    "model_id": _List("listModels", "models", "id", ("name", "display_name"), arguments={"limit": 1000}),
}

_CHOSEN_OF = {"type": "createProject", "kind": "reviewTexts"}
"""Argument of which a few values are possible → the operation that says which."""


async def complete(
    surface: Surface, call_context: CallContext, params: CompleteRequestParams
) -> CompleteResult:
    """At most 100 values that begin with what was typed, or whose name holds it; none if there are none."""
    given = (params.context.arguments if params.context else None) or {}
    choices: Choices = []
    with anyio.move_on_after(_SECONDS):
        try:
            choices = await _choices(surface, call_context, params.argument.name, given)
        except (ToolFailure, JournalFault) as failure:
            _log.info("no completion of %s: %s", params.argument.name, failure)
    secrets = call_context.upstream.secrets
    shown_choices = [(value, name) for value, name in choices if is_plain_id(value) and len(value) <= _MAX_ID]
    # What a secret was taken out of, or what no tool would take, is no id to choose.
    found = [
        value
        for value in _matching(shown_choices, params.argument.value)
        if without_secrets(value, secrets) == value
    ]
    completion = Completion(values=found[:_MAX_VALUES], total=len(found), has_more=len(found) > _MAX_VALUES)
    return CompleteResult(completion=completion)


async def _choices(
    surface: Surface, call_context: CallContext, name: str, given: Mapping[str, str]
) -> Choices:
    if name == "toolset":
        return [(toolset, "") for toolset in sorted({tool.toolset for tool in surface.offered})]
    if name in _CHOSEN_OF:
        return [(value, "") for value in _allowed(name)]
    if name == "id" and call_context.guards.journal is not None:
        entries, _ = await visible_entries(call_context.guards.journal, call_context, limit=_MAX_VALUES)
        return [(about, "") for entry in entries for about in entry.opening.about]
    listed = _LISTS.get(name)
    return [] if listed is None else await _read(surface, call_context, listed, given)


async def _read(
    surface: Surface, call_context: CallContext, listed: _List, given: Mapping[str, str]
) -> Choices:
    """The ids that a service lists, if the tool that lists them may be called."""
    operation = load_operations()[listed.operation]
    if operation.tool not in surface.reached or any(not given.get(name) for name in listed.needs):
        return []
    arguments = {**listed.arguments, **{name: given[name] for name in listed.needs}}
    answer = await read(call_context, listed.operation, arguments)
    entries = cast("list[JsonObject]", [each for each in _entries(answer, listed) if isinstance(each, dict)])
    return [
        (str(entry[listed.id]), " ".join(str(entry.get(name, "")) for name in listed.names))
        for entry in entries
        if isinstance(entry.get(listed.id), (str, int))
    ]


def _entries(answer: JsonObject, listed: _List) -> Iterable[JsonValue]:
    found = answer.get(listed.items)
    return found if isinstance(found, list) else []


def _matching(choices: Choices, typed: str) -> list[str]:
    """Each value once: those that begin with what was typed before those whose name holds it."""
    wanted = typed.strip().casefold()
    by_id = [value for value, _ in choices if value.casefold().startswith(wanted)]
    by_name = [value for value, name in choices if wanted in name.casefold()]
    return list(dict.fromkeys([*by_id, *by_name]))


def _allowed(argument: str) -> list[str]:
    """The values that an argument of a tool may have."""
    operation = _CHOSEN_OF[argument]
    schema = next(tool for tool in load_tools() if tool.operation == operation).input_schema
    properties = cast("dict[str, JsonObject]", schema["properties"])
    return cast("list[str]", properties[argument].get("enum", []))
