"""Untrusted text, such as that of documents: hidden characters taken out, named as data, fenced in.

Such text may hold instructions aimed at the agent. Nothing here judges what it says: it is made visible as it
is, and the `docreview` key of a result names where it stands (see `untrusted_paths`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import cast

from ..schemas import JsonObject, JsonValue
from .hidden_characters import hidden_pattern, without_hidden
from .json_text import compact, shortened

__all__ = [
    "NOTE",
    "fenced",
    "may_hold_hidden",
    "one_line",
    "quoted",
    "quoted_inside",
    "shortened_sentence",
    "untrusted_note",
    "with_notes",
    "without_hidden",
    "without_hidden_in",
    "without_note",
]

NOTE = "docreview"
"""The one key of ours in a structured result."""

_NO_MARKS = str.maketrans("“”", '""')


def may_hold_hidden(text: str) -> bool:
    """Whether JSON text, in which only the first 32 characters are escaped, needs a closer look."""
    if "\\" in text and _escaped().search(text):
        return True
    return "\x7f" in text or (not text.isascii() and hidden_pattern().search(text) is not None)


def without_hidden_in(value: JsonValue) -> tuple[JsonValue, int]:
    """A copy of a JSON value with `without_hidden` applied to every text and key, and the count in all.

    A key that becomes the same as another one gets a number after it, so that no entry is lost.
    """
    if isinstance(value, str):
        return without_hidden(value)
    if isinstance(value, list):
        entries = [without_hidden_in(entry) for entry in value]
        return [entry for entry, _ in entries], sum(count for _, count in entries)
    if not isinstance(value, dict):
        return value, 0
    removed = 0
    names: list[str] = []
    for key in value:
        name, count = without_hidden(key)
        names.append(name)
        removed += count
    # A key that was clean from the start keeps its name, wherever it stands.
    taken = {name for name, key in zip(names, value, strict=True) if name == key}
    cleaned: JsonObject = {}
    for name, (key, entry) in zip(names, value.items(), strict=True):
        kept, count = without_hidden_in(entry)
        cleaned[name if name == key else _free(name, taken)] = kept
        removed += count
    return cleaned, removed


def untrusted_note(paths: Sequence[str], removed: int) -> JsonObject:
    """What a result says of untrusted text: its paths, and how many hidden characters were taken out."""
    note: JsonObject = {}
    if paths:
        note["outside"] = list(paths)
    if removed:
        note["hidden_characters_removed"] = removed
    return note


def with_notes(
    answer: JsonObject, untrusted: Sequence[str] = (), further: JsonObject | None = None
) -> JsonObject:
    """An answer of our own without hidden characters, with its outside paths and further notes under `NOTE`.

    Notes that the answer already has are kept.
    """
    cleaned, removed = without_hidden_in(answer)
    kept = cast("JsonObject", cleaned)
    present = kept.get(NOTE, {})
    note = {
        **untrusted_note(untrusted, removed),
        **(present if isinstance(present, dict) else {}),
        **(further or {}),
    }
    return {**kept, NOTE: note} if note else kept


def without_note(answer: JsonObject) -> JsonObject:
    """An answer of a service in which no entry passes itself off as our note: such a name gets a number."""
    if NOTE not in answer:
        return answer
    return {(_free(name, {*answer}) if name == NOTE else name): entry for name, entry in answer.items()}


def one_line(text: str) -> str:
    """Text as one line in which nothing is hidden, moves a cursor or turns round what stands beside it."""
    if text.isprintable() and text.isascii():
        return text
    shown, _ = without_hidden(text)
    if shown.isprintable():
        return shown
    # What is hidden and still there is needed by its script.
    is_kept = hidden_pattern().fullmatch
    return "".join(each if each.isprintable() or is_kept(each) else " " for each in shown)


def quoted(value: JsonValue, max_characters: int = 200) -> str:
    """Text of others, or a value with such text, as it enters a sentence of ours.

    It stands on one line, in marks that it cannot close itself, cut to `most` characters.
    """
    text = value if isinstance(value, str) else compact(value)
    return f"“{shortened(one_line(text).translate(_NO_MARKS), max_characters, counted=True)}”"


def quoted_inside(text: str, max_characters: int = 200) -> str:
    """Text of others as it enters a text that is `quoted` as a whole: as JSON, which it cannot end either."""
    return compact(shortened(one_line(text), max_characters, counted=True))


def shortened_sentence(text: str, max_characters: int, *, counted: bool = False) -> str:
    """A sentence of ours cut to `most` characters; a quotation that was cut is closed.

    `counted` says how many characters it has in all.
    """
    if len(text) <= max_characters:
        return text
    cut = shortened(text, max_characters)
    closed = f"{cut}”" if cut.count("“") > cut.count("”") else cut
    return f"{closed} ({len(text)} characters)" if counted else closed


def fenced(text: str) -> str:
    """Untrusted text between two lines with a random mark, which it cannot know and so cannot close."""
    from secrets import token_hex

    shown, _ = without_hidden(text)
    mark = token_hex(8)
    return f"<<<data from outside {mark}\n{shown}\n{mark} end of data>>>"


def _free(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number that makes it a new one; taken from then on."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


@cache
def _escaped() -> re.Pattern[str]:
    """Matches what may be an escaped control character in JSON text; an escaped backslash may look so too."""
    return re.compile(r"\\(?:u00|[bf])")
