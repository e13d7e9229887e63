"""`find_tools`: the tools that may be called here, searched by what they do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..guards.context import CallContext
from ..json_text import compact
from ..requests.arguments import CONFIRM, REASON
from ..requests.validation import describe_wanted
from ..results.reply import Reply
from ..surface.tool import Tool, called_with, load_tools
from ..surface.toolsets import TOOLSETS
from .tool_search import find
from .words import words_of

__all__ = ["run"]

_DEFAULT_LIMIT = 5
_MAX_NAMED = 10
"""How many tools are given in all unless more are asked for: those behind the limit only by name."""
_MAX_CHARACTERS = 6_000
"""The most characters of JSON that tools are given in full with; of the further ones only the name."""
_MAX_NOT_OFFERED = 3
_MORE = "To get the arguments of a tool listed under more, search for its name."
_WHY_NOT = (
    "These tools fit better but are not offered here. Tell the user: only the person who set this can change"
    " it."
)
_WEAK = (
    "These are weak matches. Search in English for one step at a time, with a verb and an object (approve an"
    " invoice, rename a class)."
)
_ON_EVERY_TOOL = (CONFIRM, REASON)
"""Arguments that `run_write_tool` explains once for all tools."""


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The tools that fit best, each with all that is needed to call it."""
    effect = values.get("effect")
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    offered = frozenset(tool.name for tool in context.tools)
    asked_for = [tool for tool in load_tools() if _is_asked_for(tool, effect)]
    found = find(asked_for, str(values["query"]))
    fitting = [tool for tool in found.tools if tool.name in offered]
    is_weak = found.is_weak or not fitting
    if not fitting:
        fitting = [tool for tool in asked_for if tool.name in offered][:limit]
    named = fitting[: max(limit, _MAX_NAMED)]
    not_offered = _not_offered(found.tools, offered, context)
    weak: JsonObject = {"weak": True, "note": _WEAK, "toolsets": _toolsets(offered)} if is_weak else {}
    beside = len(compact({**not_offered, **weak}))
    room = min(_MAX_CHARACTERS, context.upstream.answer_limit - len(named) * 60 - beside)
    entries: list[JsonValue] = []
    for tool in named[:limit]:
        entry = _entry_of(tool, context)
        room -= len(compact(entry))
        if room < 0 and entries:
            break
        entries.append(entry)
    structured: JsonObject = {"tools": entries, "note": _MORE, **weak}
    if len(entries) < len(named):
        structured["more"] = [tool.name for tool in named[len(entries) :]]
    elif not is_weak:
        del structured["note"]
    return Reply({**structured, **not_offered})


def _is_asked_for(tool: Tool, effect: JsonValue) -> bool:
    has_effect = effect is None or (tool.effect == "read") == (effect == "read")
    return tool.tier not in ("lean", "app") and has_effect


def _not_offered(found: Sequence[Tool], offered: Collection[str], context: CallContext) -> JsonObject:
    """The tools that fit better than any that may be called, each with what keeps it from being offered."""
    better = takewhile(lambda tool: tool.name not in offered, found[:_MAX_NOT_OFFERED])
    reasons: JsonObject = {tool.name: context.why_not_offered(tool) for tool in better}
    return {"not_offered": reasons, "why_not": _WHY_NOT} if reasons else {}


def _toolsets(offered: Collection[str]) -> JsonObject:
    """What each toolset is for that has tools which may be called."""
    there = {tool.toolset for tool in load_tools() if tool.name in offered}
    return {name: what for name, what in TOOLSETS.items() if name in there}


def _entry_of(tool: Tool, context: CallContext) -> JsonObject:
    """A tool as an entry of the result. The arguments of a listed tool are known from the list."""
    entry: JsonObject = {
        "tool": tool.name,
        "effect": tool.effect,
        "toolset": tool.toolset,
        "call_with": called_with(tool, context.listed),
        "description": tool.description,
    }
    if tool.name in context.listed:
        return entry
    schema = tool.schema_for(context.guards.confirm)
    arguments = _properties(schema)
    entry["arguments"] = {
        name: "string" if name in _ON_EVERY_TOOL else _in_short(argument, name)
        for name, argument in arguments.items()
    }
    required = schema.get("required", [])
    return {**entry, "required": required} if required else entry


def _in_short(schema: JsonObject, name: str, needed: str = "") -> JsonValue:
    """An argument in about half of the characters of its schema: kind, meaning, and what is inside it."""
    meaning = str(schema.get("description", "")).rstrip(".")
    if set(words_of(meaning)) <= set(words_of(name)):
        meaning = ""
    choices = cast("list[JsonObject]", schema.get("anyOf", []))
    nullable = "null or " if {"type": "null"} in choices else ""
    kind = next((each for each in choices if each != {"type": "null"}), schema)
    held = cast("JsonObject", kind.get("items", {})) if kind.get("type") == "array" else kind
    if not _properties(held):
        wanted = f"{nullable}{describe_wanted(kind)}{needed}"
        return f"{wanted}: {meaning}" if meaning else wanted
    required = cast("list[str]", held.get("required", []))
    inside: JsonObject = {
        inner: _in_short(entry, inner, ", required" if inner in required else "")
        for inner, entry in _properties(held).items()
    }
    outline: JsonObject = {"array_of" if held is not kind else "object_with": inside}
    about = f"{nullable}{meaning}{needed}".strip(" ,")
    return {"meaning": about, **outline} if about else outline


def _properties(schema: JsonObject) -> dict[str, JsonObject]:
    return cast("dict[str, JsonObject]", schema.get("properties", {}))
