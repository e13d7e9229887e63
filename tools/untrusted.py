"""Text from outside, such as that of documents: hidden characters taken out, named as data, fenced in.

Such text may hold instructions aimed at the agent. Nothing here judges what it says: it is made visible as it
is, and the `docreview` key of a result names where it stands (see `outside_paths`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import cast

from ..schemas import JsonObject, JsonValue
from .json_text import compact, shortened

__all__ = [
    "NOTE",
    "fenced",
    "hidden_character",
    "may_hold_hidden",
    "one_line",
    "outside_note",
    "quoted",
    "shortened_sentence",
    "with_notes",
    "without_hidden",
    "without_hidden_in",
    "without_note",
]

NOTE = "docreview"
"""The one key of ours in a structured result."""

HIDDEN_RANGES = (
    (0x0000, 0x0008),
    (0x000B, 0x000C),
    (0x000E, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Unicode's Cc but tab and line ends, Cf but signs that are drawn, and all Default_Ignorable_Code_Point."""

_LAST = 0x10FFFF
_NO_MARKS = str.maketrans("“”", '""')


def without_hidden(text: str) -> tuple[str, int]:
    """The text without control, bidirectional and invisible characters, and how many those were.

    Joined emoji and scripts that use invisible joiners lose these too: they could as well carry a message.
    """
    if text.isascii() and text.isprintable():
        return text, 0
    return hidden_character().subn("", text)


def may_hold_hidden(text: str) -> bool:
    """Whether JSON text, in which only the first 32 characters are escaped, needs a closer look."""
    if "\\" in text and _escaped().search(text):
        return True
    return "\x7f" in text or (not text.isascii() and hidden_character().search(text) is not None)


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


def outside_note(paths: Sequence[str], removed: int) -> JsonObject:
    """What a result says of text from outside: its paths, and how many hidden characters were taken out."""
    note: JsonObject = {}
    if paths:
        note["outside"] = list(paths)
    if removed:
        note["hidden_characters_removed"] = removed
    return note


def with_notes(
    answer: JsonObject, outside: Sequence[str] = (), further: JsonObject | None = None
) -> JsonObject:
    """An answer of our own without hidden characters, with its outside paths and further notes under `NOTE`.

    Notes that the answer already has are kept.
    """
    cleaned, removed = without_hidden_in(answer)
    kept = cast("JsonObject", cleaned)
    present = kept.get(NOTE, {})
    note = {
        **outside_note(outside, removed),
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
    return shown if shown.isprintable() else "".join(each if each.isprintable() else " " for each in shown)


def quoted(value: JsonValue, most: int = 200) -> str:
    """Text of others, or a value with such text, as it enters a sentence of ours.

    It stands on one line, in marks that it cannot close itself, cut to `most` characters.
    """
    text = value if isinstance(value, str) else compact(value)
    return f"“{shortened(one_line(text).translate(_NO_MARKS), most, counted=True)}”"


def shortened_sentence(text: str, most: int) -> str:
    """A sentence of ours cut to `most` characters; a quotation that was cut is closed."""
    cut = shortened(text, most)
    return f"{cut}”" if cut.count("“") > cut.count("”") else cut


def fenced(text: str) -> str:
    """Text from outside between two lines with a random mark, which it cannot know and so cannot close."""
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
def hidden_character() -> re.Pattern[str]:
    """Matches a hidden character: whatever is no other one, because that is found five times as fast."""
    starts = (0, *(last + 1 for _, last in HIDDEN_RANGES))
    ends = (*(first - 1 for first, _ in HIDDEN_RANGES), _LAST)
    shown = "".join(
        f"{re.escape(chr(start))}-{re.escape(chr(end))}"
        for start, end in zip(starts, ends, strict=True)
        if start <= end
    )
    return re.compile(f"[^{shown}]")


@cache
def _escaped() -> re.Pattern[str]:
    """Matches what may be an escaped control character in JSON text; an escaped backslash may look so too."""
    return re.compile(r"\\(?:u00|[bf])")
