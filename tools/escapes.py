"""Undo the escapes of a text: percent-encoding, JSON, scripts, HTML, forms, and characters that nobody sees.

What is escaped may be escaped again, and in any order; so a text has several stages on the way to its plain
form, in which a plus and the end of a line are a blank.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from .hidden_characters import hidden_pattern, without_invisible

__all__ = [
    "FOR_LINES",
    "IN_EVERY_ORDER",
    "ROUNDS",
    "WORD",
    "Order",
    "has_escapes",
    "may_hide",
    "plain_form",
    "stages_of",
    "with_blanks",
    "with_places",
]

ROUNDS = 3
"""How many layers of escapes are undone."""

# Each begins with one certain character, which makes the search for it many times as fast. A run of
# backslashes is entered at its beginning only: from each of them on, it would take time by their square.
_RUN = r"\\(?<!\\\\)\\*"
_UNICODE = re.compile(rf"{_RUN}u[0-9a-fA-F]{{4}}(?:\\+u[0-9a-fA-F]{{4}})*")
_HEX = re.compile(rf"{_RUN}x[0-9a-fA-F]{{2}}(?:\\+x[0-9a-fA-F]{{2}})*")
_BLANK = re.compile(rf"{_RUN}[nrtbf]")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")
_PERCENT_UNIT = re.compile(r"%[0-7][0-9a-fA-F]|(?:%[89a-fA-F][0-9a-fA-F])+")
_JSON = re.compile(r"\\(?:u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4})*|x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2})*|.)")
_JSON_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ENTITY = re.compile(r"&(?:#0*[0-9]{1,7}|#[xX]0*[0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_BLANKS = "+\n\r\t"
"""What is a blank in a plain form."""
_ESCAPES = (
    _UNICODE,
    _HEX,
    _BLANK,
    re.compile(r"\\+"),
    _PERCENT_UNIT,
    _ENTITY,
    re.compile(f"[{_BLANKS}]"),
    hidden_pattern(),
)
_UNIT = re.compile("|".join(each.pattern for each in _ESCAPES))

WORD = re.compile(r"[A-Za-z0-9]+")
_UNPRINTED = bytes(byte for byte in range(256) if not 32 <= byte < 127)
"""What is left out before escapes are looked for: they could be split by it."""
_ENCODED = (
    (b"\\u", re.compile(_UNICODE.pattern.encode()), b""),
    (b"\\x", re.compile(_HEX.pattern.encode()), b""),
    (b"%", re.compile(_PERCENT.pattern.encode()), b"\\"),
    (b"&", re.compile(_ENTITY.pattern.encode()), b"\\"),
)
"""Escapes: what each of a kind begins with, how it is matched, and what else may stand between its parts."""
_LINE_ENDS = frozenset("\n\r")
_OPENING = frozenset("%\\&#;")
"""What may make an escape of the text beside it."""


def may_hide(encoded: bytes) -> bool:
    """Whether any escape in a text, given in UTF-8, is not harmless."""
    for start, pattern, between in _ENCODED:
        if start[:1] not in encoded:
            continue
        shown = encoded.translate(None, _UNPRINTED + between)
        if start in shown and not all(map(_is_harmless, set(pattern.findall(shown)))):
            return True
    return False


def _is_harmless(escape: bytes) -> bool:
    """Whether an escape stands for signs and letters of other scripts only, which neither split a word of a
    form, as the end of a line does, nor begin another escape."""
    unit = escape.decode()
    plain = _characters_of(unit)
    if plain == unit:
        return True
    is_ours = any(WORD.match(each) or each in _OPENING for each in plain)
    return plain != "" and not is_ours and without_invisible(plain) == plain and not _LINE_ENDS & set(plain)


def plain_form(text: str) -> str:
    """A text with its escapes undone and without hidden characters; a plus and a line end are a blank."""
    return _stages_of_all_kinds(text, ROUNDS)[-1]


def has_escapes(text: str) -> bool:
    """Whether anything in a text looks like an escape."""
    return len(_stages_of_all_kinds(text, 1)) > 1


def stages_of(text: str, orders: Sequence[Order], rounds: int = ROUNDS) -> list[str]:
    """A text with some of its escapes undone: all kinds, and one kind after another."""
    mixed = _stages_of_all_kinds(text, rounds)
    if len(mixed) == 1:
        return mixed
    shown = without_invisible(text)
    apart = [
        stage
        for outer, inner in orders
        for undone in _repeated(outer, shown, rounds)
        for stage in _repeated(inner, undone, rounds)
    ]
    return list(dict.fromkeys((*mixed, *apart)))


def _stages_of_all_kinds(text: str, rounds: int) -> list[str]:
    """A text on the way to its plain form, with the escapes of one kind after the other undone."""
    stages = [text]
    for _ in range(rounds):
        before = stages[-1]
        _undo_all_kinds(stages)
        if stages[-1] == before:
            break
    return stages


def _undo_all_kinds(stages: list[str]) -> None:
    """Add the last of the stages with the escapes of one kind after the other undone."""

    def then(changed: str) -> str:
        if changed != stages[-1]:
            stages.append(changed)
        return changed

    text = then(without_invisible(stages[-1]))
    text = then(_UNICODE.sub(_undone, text))
    text = then(_HEX.sub(_undone, text))
    text = then(_BLANK.sub(" ", text).replace("\\", ""))
    text = then(_without_percent(text))
    text = then(_without_entities(text))
    then(with_blanks(text))


def _repeated(undo: Callable[[str], str], text: str, rounds: int) -> Iterator[str]:
    """A text, and what becomes of it by undoing one kind of escapes again and again. No hidden ones stay."""
    yield text
    for _ in range(rounds):
        undone = undo(text)
        if undone == text:
            return
        text = without_invisible(undone)
        yield text


def _without_json_escapes(text: str) -> str:
    return _JSON.sub(_json_undone, text)


def _without_percent(text: str) -> str:
    return _PERCENT.sub(_undone, text)


def _without_form(text: str) -> str:
    return _without_percent(text.replace("+", " "))


def _without_entities(text: str) -> str:
    return _ENTITY.sub(_undone, text)


Order = tuple[Callable[[str], str], Callable[[str], str]]
FOR_LINES: Sequence[Order] = ((_without_form, _without_json_escapes),)
"""The ends of lines in JSON, which are blanks when all kinds of escapes are undone."""
IN_EVERY_ORDER: Sequence[Order] = (
    *FOR_LINES,
    (_without_json_escapes, _without_form),
    (_without_json_escapes, _without_entities),
    (_without_entities, _without_json_escapes),
)
"""What may have been put around a secret with escapes of its own: the outer kind, and the inner one.

Such a secret is found where only what was put around it is undone, and not its own."""


def with_blanks(text: str) -> str:
    """A text with a blank for each plus and each end of a line."""
    # By far faster than str.translate.
    for each in _BLANKS:
        text = text.replace(each, " ")
    return text


def _undone(match: re.Match[str]) -> str:
    return _characters_of(match[0])


def _json_undone(match: re.Match[str]) -> str:
    """What one escape of a JSON text stands for."""
    unit = match[0]
    return _characters_of(unit) if unit[1] in "ux" and len(unit) > 2 else _JSON_SIGNS.get(unit[1], unit[1])


@lru_cache(maxsize=4_096)
def _characters_of(unit: str) -> str:
    """What a run of escapes stands for."""
    if unit[0] == "%":
        return bytes.fromhex(unit.replace("%", "")).decode("utf-8", "replace")
    if unit[0] == "&":
        return html.unescape(unit)
    if "x" in unit:
        plain = bytes.fromhex(unit.replace("\\", "").replace("x", ""))
        try:
            return plain.decode()
        except UnicodeDecodeError:
            return plain.decode("latin-1")
    codes = re.findall(r"u([0-9a-fA-F]{4})", unit)
    return bytes.fromhex("".join(codes)).decode("utf-16-be", "replace")


def with_places(text: str) -> tuple[str, list[int], list[int]]:
    """The plain form of a text, and of each of its characters where it begins and ends in the text."""
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    for _ in range(ROUNDS):
        pieces: list[str] = []
        new_starts: list[int] = []
        new_ends: list[int] = []
        kept = 0
        for match in _UNIT.finditer(text):
            unit = match[0]
            if unit[0] in "%&" or "u" in unit or "x" in unit:
                # A plus that was escaped is a blank in the plain form too.
                plain = with_blanks(_undone(match))
            else:
                plain = " " if unit[-1] in f"nrtbf{_BLANKS}" else ""
            pieces += [text[kept : match.start()], plain]
            new_starts += [*starts[kept : match.start()], *[starts[match.start()]] * len(plain)]
            new_ends += [*ends[kept : match.start()], *[ends[match.end() - 1]] * len(plain)]
            kept = match.end()
        if not kept:
            break
        text = "".join((*pieces, text[kept:]))
        starts, ends = [*new_starts, *starts[kept:]], [*new_ends, *ends[kept:]]
    return text, starts, ends
