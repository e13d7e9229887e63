"""`find_tools`: the tools that may be called here, searched by what they do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..guards.context import CallContext
from ..json_text import compact
from ..requests.arguments import CONFIRM, REASON
from ..requests.validation import describe_wanted
from ..results.reply import Reply
from ..surface.tool import Tool, load_tools
from .search import Ranking, words_of

__all__ = ["ranked", "run", "runner_of"]

_DEFAULT_LIMIT = 5
_MOST_CHARACTERS = 6_000
"""The most characters of JSON that tools are given in full with; of the further ones only the name."""
_MOST_NOT_OFFERED = 3
_WHY_NOT = "The user's settings leave these out; only the user can change that."
_LEAST_SHARE = 0.25
"""A tool that fits less than so much as well as the best one does only costs its reader time."""

_EXTRA = 0.85
"""What the score of an extra tool counts: of two that fit, the other one is more often meant."""
_NAME, _TITLE, _TOOLSET, _TEXT, _ARGUMENT, _MEANING = 3.0, 2.5, 0.8, 1.0, 0.8, 0.3
"""What a word counts for by where it stands."""
_MEANT_ALSO = 0.75
"""What a word counts for that the query does not hold itself, but something that means it."""

_ALSO_MEANT = (
    ("fix correct change edit modify overwrite rename adjust replace set", "update apply"),
    ("remove erase drop discard", "delete"),
    ("signoff accept release", "approve"),
    ("takeback reopen revoke", "undo unapprove"),
    ("confirm checked ok", "verify"),
    ("invoice bill receipt order pdf paper scan file", "document"),
    ("record text ticket sentence", "document"),
    ("document", "file"),
    ("value number amount total date", "field"),
    ("row column line item", "cell table"),
    ("show read view open look display fetch", "get"),
    ("all every which search overview", "list"),
    ("new make start open begin", "create add"),
    ("insert missing", "add"),
    ("send import ingest", "upload"),
    ("classify predict score sentiment run", "analysis"),
    ("annotate annotation", "labeling label tag"),
    ("tag", "label"),
    ("topic category", "class"),
    ("human person", "hitl review"),
    ("reviewer colleague", "assign member"),
    ("waiting todo pending open work inbox backlog", "queue"),
    ("log audit changed journal earlier", "history"),
    ("revert rollback restore", "undo"),
    ("picture image crop screenshot see zoom", "region"),
    ("result outcome", "get list"),
    ("poll ready finished progress done", "wait status"),
    ("dry simulate try would", "preview"),
    ("many several bulk batch", "files apply"),
    ("copy duplicate", "clone"),
    ("move", "transfer"),
    ("team organization organisation", "workspace"),
    ("member colleague people person", "user"),
    ("role rights access", "permissions role"),
    ("export erp accounting", "export"),
    ("teach learn retrain", "train"),
    ("accuracy quality metrics", "model score"),
)
"""Words of agents and users → the words that tools have for it."""
_PHRASES = {
    "sign off": "signoff",
    "human in the loop": "hitl",
    "log in": "login",
    "sign in": "login",
    "log out": "logout",
    "take back": "takeback",
    "roll back": "undo",
    "put back": "undo",
    "line item": "cell",
    "set up": "create",
    "dry run": "preview",
}

_TOOL_NAME = re.compile(r"[a-z]+(?:_[a-z]+)+")
_POINTER = re.compile(r"[^.;:]*(?::|\b(?:use|call)|,)\s*`?(?:nanonets|studio|review)_\w+`?")
"""A clause that only points to another tool, such as `For the whole table, use nanonets_delete_table`."""
_ON_EVERY_TOOL = (CONFIRM, REASON)
"""Arguments that `run_write_tool` explains once for all tools."""


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The tools that fit best, each with all that is needed to call it."""
    effect = values.get("effect")
    offered = tuple(tool for tool in context.tools if _is_asked_for(tool, effect))
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    query = str(values["query"])
    found = ranked(offered, query)[:limit]
    not_offered = _not_offered(offered, query, effect)
    if not found:
        toolsets = sorted({tool.toolset for tool in offered})
        return Reply(
            {
                "tools": [],
                "note": "No tool has any of these words. Try others, in English: what to do, and with what. "
                + (f"The toolsets here: {', '.join(toolsets)}." if toolsets else "No such tool is offered."),
                **not_offered,
            }
        )
    room = context.upstream.answer_limit - len(found) * 60 - len(compact(not_offered))
    most = min(_MOST_CHARACTERS, room)
    shown: list[JsonValue] = []
    for tool in found:
        told = _told(tool, context)
        most -= len(compact(told))
        if most < 0 and shown:
            break
        shown.append(told)
    structured: JsonObject = {"tools": shown}
    if len(shown) < len(found):
        structured["more"] = [tool.name for tool in found[len(shown) :]]
        structured["note"] = "Search for a name under more to get its arguments."
    return Reply({**structured, **not_offered})


def _is_asked_for(tool: Tool, effect: JsonValue) -> bool:
    return tool.toolset != "lean" and (effect is None or (tool.effect == "read") == (effect == "read"))


def _not_offered(offered: tuple[Tool, ...], query: str, effect: JsonValue) -> JsonObject:
    """Those of the very best tools for a query that the settings leave out, for the user to know."""
    every = tuple(tool for tool in load_tools() if _is_asked_for(tool, effect))
    best = ranked(every, query)[:_MOST_NOT_OFFERED]
    names: list[JsonValue] = [tool.name for tool in best if tool not in offered]
    return {"not_offered": names, "why_not": _WHY_NOT} if names else {}


def ranked(tools: tuple[Tool, ...], query: str) -> list[Tool]:
    """The tools that fit a query, best first: those that it names, then those that share words with it."""
    text = query.casefold()
    asked = {*_TOOL_NAME.findall(text), "_".join(words) if (words := text.split()) else ""}
    named = [tool for tool in tools if tool.name in asked or tool.name.partition("_")[2] in asked]
    scored = [
        (tool, score * (_EXTRA if tool.tier == "extra" else 1.0))
        for tool, score in ((tools[number], score) for number, score in _ranking(tools).best(_meant(text)))
    ]
    scored.sort(key=lambda each: -each[1])
    least = scored[0][1] * _LEAST_SHARE if scored else 0.0
    return [*named, *(tool for tool, score in scored if score >= least and tool not in named)]


def runner_of(tool: Tool | Operation) -> str:
    """The tool through which another one is called."""
    return "run_read_tool" if tool.effect == "read" else "run_write_tool"


def _told(tool: Tool, context: CallContext) -> JsonObject:
    """A tool as it is told; our own are listed beside this one, with their arguments."""
    told: JsonObject = {
        "tool": tool.name,
        "effect": tool.effect,
        "toolset": tool.toolset,
        "call_with": runner_of(tool),
        "description": tool.description,
    }
    if tool.service == "docreview":
        return {**told, "call_with": tool.name}
    schema = tool.schema_for(context.guards.confirm)
    arguments = _properties(schema)
    told["arguments"] = {
        name: "string" if name in _ON_EVERY_TOOL else _in_short(entry, name)
        for name, entry in arguments.items()
    }
    required = schema.get("required", [])
    return {**told, "required": required} if required else told


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
        said = f"{nullable}{describe_wanted(kind)}{needed}"
        return f"{said}: {meaning}" if meaning else said
    required = cast("list[str]", held.get("required", []))
    inside: JsonObject = {
        inner: _in_short(entry, inner, ", required" if inner in required else "")
        for inner, entry in _properties(held).items()
    }
    told: JsonObject = {"array_of" if held is not kind else "object_with": inside}
    about = f"{nullable}{meaning}{needed}".strip(" ,")
    return {"meaning": about, **told} if about else told


def _properties(schema: JsonObject) -> dict[str, JsonObject]:
    return cast("dict[str, JsonObject]", schema.get("properties", {}))


def _meant(text: str) -> dict[str, dict[str, float]]:
    """What a query asks for: each of its words, with the other words that may stand for it."""
    for phrase, word in _PHRASES.items():
        text = text.replace(phrase, f" {word} ")
    also = _also_meant()
    return {
        word: {**dict.fromkeys(also.get(word, ()), _MEANT_ALSO), word: 1.0}
        for word in words_of(text.replace("_", " "))
    }


@cache
def _also_meant() -> dict[str, tuple[str, ...]]:
    """`_ALSO_MEANT` word by word, in the form in which words are compared."""
    table: dict[str, tuple[str, ...]] = {}
    for said, meant in _ALSO_MEANT:
        for word in words_of(said):
            table[word] = (*table.get(word, ()), *words_of(meant))
    return table


@lru_cache(maxsize=8)
def _ranking(tools: tuple[Tool, ...]) -> Ranking:
    return Ranking(_fields(tool) for tool in tools)


def _fields(tool: Tool) -> Sequence[tuple[str, float]]:
    properties = _properties(tool.input_schema)
    meanings = " ".join(str(schema.get("description", "")) for schema in properties.values())
    return (
        (tool.name, _NAME),
        (tool.title, _TITLE),
        (tool.toolset, _TOOLSET),
        (_TOOL_NAME.sub("", _POINTER.sub("", tool.description)), _TEXT),
        (" ".join(properties), _ARGUMENT),
        (meanings, _MEANING),
    )
