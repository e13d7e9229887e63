"""Characters that nobody sees: taken out of untrusted text, unless its script cannot do without them.

Joiners belong to Persian, to the scripts of India and to joined emoji; variation selectors stand behind
symbols and ideographs, spaces of no width between words of Thai or Khmer, marks of direction in Hebrew and
Arabic. These stay where they have that meaning, one at a place, so that a value can be written back as it
was read. Anywhere else, as between Latin letters, they could only carry a message.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["HIDDEN_RANGES", "hidden_pattern", "without_hidden", "without_invisible"]

_Ranges = tuple[tuple[int, int], ...]

HIDDEN_RANGES: _Ranges = (
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

_RIGHT_TO_LEFT: _Ranges = (
    (0x0590, 0x061B),
    (0x061D, 0x08FF),
    (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFC),
    (0x10800, 0x10FFF),
    (0x1E800, 0x1EFFF),
)
_MONGOLIAN: _Ranges = ((0x1810, 0x18AF),)
_WITHOUT_SPACES: _Ranges = (
    (0x0E01, 0x0EFF),
    (0x0F00, 0x0FFF),
    (0x1000, 0x109F),
    (0x1780, 0x17B3),
    (0x17B6, 0x17FF),
    (0x1950, 0x19FF),
    (0x1A20, 0x1AAF),
    (0x3041, 0x30FF),
    (0x3400, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAADF),
)
_INDIC: _Ranges = (
    (0x0900, 0x0DFF),
    (0x0F00, 0x109F),
    (0x1700, 0x17B3),
    (0x17B6, 0x17FF),
    (0x1900, 0x1CFF),
    (0xA800, 0xA9FF),
    (0xAA00, 0xAAFF),
    (0xABC0, 0xABFF),
    (0x11000, 0x11FFF),
)
_JOINED: _Ranges = (*_RIGHT_TO_LEFT, *_MONGOLIAN, (0xA840, 0xA877), *_INDIC)
"""The scripts in which joiners change how letters are drawn."""

_IDEOGRAPHS: _Ranges = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_EMOJI: _Ranges = (
    (0x00A9, 0x00A9),
    (0x00AE, 0x00AE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2190, 0x21FF),
    (0x2300, 0x23FF),
    (0x24C2, 0x24C2),
    (0x25A0, 0x27BF),
    (0x2900, 0x297F),
    (0x2B00, 0x2BFF),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3299),
    (0x1F000, 0x1FAFF),
)
_MATHEMATICAL: _Ranges = ((0x2200, 0x22FF), (0x2A00, 0x2AFF))

_MARKS = ("\u200e", "\u200f", "\u061c")
"""Marks of direction, which belong to any text with letters from right to left."""


def without_hidden(text: str) -> tuple[str, int]:
    """The text without control, bidirectional and invisible characters, and how many those were.

    What a script needs is kept where it is needed.
    """
    if text.isascii() and text.isprintable():
        return text, 0
    removed = 0
    is_kept = _meaningful().match

    def left(found: re.Match[str]) -> str:
        nonlocal removed
        position = found.start()
        is_mark = found[0] in _MARKS and text[position - 1 : position] not in _MARKS
        if is_kept(text, position) or (is_mark and _right_to_left().search(text)):
            return found[0]
        removed += 1
        return ""

    return hidden_pattern().sub(left, text), removed


def without_invisible(text: str) -> str:
    """The text without any character that nobody sees, those included that a script needs."""
    return text if text.isascii() and text.isprintable() else hidden_pattern().sub("", text)


@cache
def hidden_pattern() -> re.Pattern[str]:
    """Matches hidden characters: whatever is no other one, because that is found five times as fast."""
    starts = (0, *(last + 1 for _, last in HIDDEN_RANGES))
    ends = (*(first - 1 for first, _ in HIDDEN_RANGES), _LAST)
    visible = tuple((start, end) for start, end in zip(starts, ends, strict=True) if start <= end)
    return re.compile(f"[^{_listed(visible)}]")


@cache
def _meaningful() -> re.Pattern[str]:
    """Matches a hidden character where the text around it needs it; never two of the same kind in a row."""
    joined, emoji, no_spaces = map(_listed, (_JOINED, _EMOJI, _WITHOUT_SPACES))
    symbols, ideographs = _listed((*_EMOJI, *_MATHEMATICAL)), _listed(_IDEOGRAPHS)
    joiners = "\u200c\u200d"
    return re.compile(
        "|".join(
            (
                f"(?<=[{joined}])[{joiners}]",
                f"(?<![{joiners}])[{joiners}](?=[{joined}])",
                f"(?<=[{emoji}])\u200d(?=[{emoji}])",
                f"(?<=[{emoji}]\ufe0f)\u200d(?=[{emoji}])",
                f"(?<=[{symbols}])[\ufe00\ufe0e\ufe0f]",
                "(?<=[0-9#*])\ufe0f(?=\u20e3)",
                f"(?<=[{ideographs}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
                f"(?<=[{no_spaces}])\u200b(?=[{no_spaces}])",
                f"(?<=[{_listed(_MONGOLIAN)}])[\u180b-\u180f]",
            )
        )
    )


@cache
def _right_to_left() -> re.Pattern[str]:
    return re.compile(f"[{_listed(_RIGHT_TO_LEFT)}]")


def _listed(ranges: _Ranges) -> str:
    return "".join(f"{re.escape(chr(start))}-{re.escape(chr(end))}" for start, end in ranges)
