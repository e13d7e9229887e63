"""Which tools fit a query: those that it names, then those that are meant by its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from ...schemas import JsonObject
from ..surface.tool import Tool, load_tools
from .foreign_words import in_english
from .intents import load_intents
from .meanings import also_meant, is_common_verb, is_filler, with_turns_spelled_out
from .search import Ranking, SearchEntry
from .words import words_of

__all__ = ["Found", "find"]

_MIN_SHARE = 0.25
"""A tool that fits less than so much as well as the best one does only costs its reader time."""
_MIN_FIT = 0.7
"""How much of what a query asks for the best tool has to hold, or it fits only weakly."""
_MAX_QUERY_CHARACTERS = 500

_EXTRA = 0.89
"""What the score of an extra tool counts: of two that fit, the other one is more often meant."""
_NAME, _TITLE, _TOOLSET, _TEXT, _ARGUMENT, _MEANING = 3.5, 3.0, 1.2, 1.5, 0.2, 0.15
"""What a word counts for by where it stands."""
_INTENT, _OWN_INTENT = 1.5, 1.8
"""What a phrase counts for; more where the tool has no relatives whose phrases count too."""
_SAME_OBJECT, _SAME_VERB, _SAME_TOOLSET = 0.8, 0.8, 0.3
"""What the phrases of relatives count for."""
_MEANT_ALSO = 0.6
"""What a word counts for that the query does not hold itself, but something that means it."""
_COMMON_VERB = 0.5
"""What a verb counts for that many tools share, beside the words for what it is done with."""
_FILLER = 0.4
"""What a word counts for that says nothing of what is wanted."""
_MISTYPED = 0.8
"""What a known word counts for that is only like the one in the query."""
_BESIDE = 0.5
"""What a word counts for that only says what comes with the thing asked for."""

_WITH = re.compile(r"\b(?:with (?:its|their|all|the)|including)\b")
_ARTICLES = frozenset({"a", "an", "the"})
_TOOL_NAME = re.compile(r"[a-z]+(?:_[a-z]+)+")
_POINTER = re.compile(r"[^.;:]*:\s*`?(?:nanonets|studio|review)_\w+`?")
"""A clause that only points to another tool, such as `Whole table: nanonets_delete_table`."""


@dataclass(frozen=True, slots=True)
class Found:
    """The tools that fit, best first; `is_weak` says that even the best one hardly does."""

    tools: Sequence[Tool]
    is_weak: bool


def find(tools: Iterable[Tool], query: str) -> Found:
    """Those of the tools that fit a query."""
    wanted = frozenset(tool.name for tool in tools)
    text = query[:_MAX_QUERY_CHARACTERS].casefold()
    asked = {*_TOOL_NAME.findall(text), "_".join(word for word in text.split() if word not in _ARTICLES)}
    entries, ranking = _index()
    meant = _meant(text, ranking)
    named = [
        tool
        for tool in entries
        if tool.name in wanted and (tool.name in asked or tool.name.partition("_")[2] in asked)
    ]
    scored = [
        (entries[number], score) for number, score in ranking.best(meant) if entries[number].name in wanted
    ]
    best = scored[0][1] if scored else 0.0
    others = [tool for tool, score in scored if score >= best * _MIN_SHARE and tool not in named]
    is_weak = best <= ranking.whole(meant) * _MIN_FIT or any(
        word not in words for word, words in meant.items()
    )
    return Found([*named, *others], is_weak=not named and is_weak)


def _meant(text: str, ranking: Ranking) -> dict[str, dict[str, float]]:
    """What a query asks for: each of its words, with the other words that may stand for it."""
    also = also_meant()
    head, *tail = _WITH.split(text.replace("_", " "), maxsplit=1)
    head += with_turns_spelled_out(text).removeprefix(text)
    foreign = in_english()
    meant: dict[str, dict[str, float]] = {}
    for part, counts in ((head, 1.0), (" ".join(tail), _BESIDE)):
        for word in words_of(part):
            if word in foreign and word not in ranking.vocabulary:
                meant.setdefault(word, dict.fromkeys(foreign[word], _MEANT_ALSO * counts))
                continue
            # A word that only the table of meanings has is known as well.
            known = word if word in also else ranking.vocabulary.nearest(word)
            share = counts if known == word else counts * _MISTYPED
            meant.setdefault(known, {**dict.fromkeys(also.get(known, ()), _MEANT_ALSO * share), known: share})
    return meant


def _weight(word: str) -> float:
    if is_filler(word):
        return _FILLER
    return _COMMON_VERB if is_common_verb(word) else 1.0


@cache
def _index() -> tuple[list[Tool], Ranking]:
    """Every tool that can be searched for, and their ranking."""
    tools = [tool for tool in load_tools() if tool.tier not in ("lean", "app")]
    return tools, Ranking([_entry(tool) for tool in tools], _weight)


def _entry(tool: Tool) -> SearchEntry:
    properties = cast("dict[str, JsonObject]", tool.input_schema.get("properties", {}))
    meanings = " ".join(str(schema.get("description", "")) for schema in properties.values())
    service, _, rest = tool.name.partition("_")
    verb, _, what = rest.partition("_")
    is_own = tool.service == "docreview"
    object_family = f"{service} {' '.join(words_of(what))}"
    families = ((object_family, _SAME_OBJECT), (verb, _SAME_VERB), (tool.toolset, _SAME_TOOLSET))
    return SearchEntry(
        titles=(tool.title, rest),
        texts=(
            (tool.name, _NAME),
            (tool.title, _TITLE),
            (tool.toolset, _TOOLSET),
            (_TOOL_NAME.sub("", _POINTER.sub("", tool.description)), _TEXT),
            (" ".join(properties), _ARGUMENT),
            (meanings, _MEANING),
        ),
        phrases=load_intents().get(tool.name, ()),
        phrase_weight=_OWN_INTENT if is_own else _INTENT,
        families=() if is_own else families,
        share=_EXTRA if tool.tier == "extra" else 1.0,
    )
