"""Find known secrets in a text, whatever form they have there.

A secret may be percent-encoded or form-encoded, escaped in JSON inside JSON or in HTML, hexadecimal or base64
(alone, with a colon, or between other bytes), split by characters that nobody sees, over the end of a line,
and cut where a text was shortened. A text is brought into a plain form in which all escapes are undone, and
searched there; what is found is replaced in the text as it came.

A plain form takes time. Most texts have no escape that a secret could hide behind, so that its letters and
digits would stand in them as they are: these are looked for first.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from .escapes import (
    FOR_LINES,
    IN_EVERY_ORDER,
    ROUNDS,
    WORD,
    Order,
    has_escapes,
    may_hide,
    plain_form,
    stages_of,
    with_blanks,
    with_places,
)
from .hidden_characters import without_invisible
from .json_text import compact

__all__ = ["SHORTEST", "SecretForms", "forms_of"]

SHORTEST = 4
"""The fewest characters of a secret that is looked for."""

_LONG = 8
"""From so many characters on a secret is found anywhere, a shorter one only where it stands alone."""

_MAX_TRACED = 200_000
"""A longer text that holds an escaped secret is replaced as a whole."""

_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
"""Neither a letter nor a digit beside it."""

_NOT_OF_WORD = bytes(byte for byte in range(256) if not WORD.match(chr(byte)))
_LINE_END = re.compile(rb"\\[nr]")
"""In JSON. Its letter would be one of the word that goes on in the next line."""
_CUT = "…"
"""What stands at the end of a text that was shortened. Before it, more than half of a secret is one."""


class SecretForms:
    """The forms of some secrets: whether a text holds one, and the text without them."""

    def __init__(self, raw: Sequence[str], needles: Mapping[str, str], replacement: str) -> None:
        """`raw`: the secrets, the longest first. `needles`: what to look for in plain forms → its pattern."""
        self._replacement = replacement
        self._raw = raw
        self._needles = needles
        self._words = list(dict.fromkeys(map(_words_of, needles)))
        self._parts = [compact(secret[: _min_part(secret)])[1:-1] for secret in raw]
        self._anywhere = [needle for needle, pattern in needles.items() if not pattern.startswith(_BEFORE)]

    @cached_property
    def _orders(self) -> Sequence[Order]:
        return IN_EVERY_ORDER if any(map(has_escapes, self._raw)) else FOR_LINES

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Hardly any text holds a secret, and compiling takes longer than the search of many texts.
        return re.compile("|".join(self._needles.values()))

    def found_in(self, text: str) -> SecretForms | None:
        """Those of the forms that a JSON text holds, for a closer look at the texts in it; None for none."""
        stages = stages_of(text, self._orders, ROUNDS + 1) if self._may_be_behind(text) else []
        stages += _joined_lines(stages)
        needles = {
            needle: pattern
            for needle, pattern in self._needles.items()
            if any(needle in stage for stage in stages)
        }
        if needles or self._is_cut_in(text):
            return SecretForms(self._raw, needles, self._replacement)
        return None

    def _is_over_lines(self, stages: Sequence[str]) -> bool:
        """Whether a form is in a text whose lines are joined; a short one might be so by chance."""
        return any(needle in each for each in _joined_lines(stages) for needle in self._anywhere)

    def _is_cut_in(self, text: str) -> bool:
        """Whether the beginning of a secret is in a JSON text that was cut."""
        return _CUT in text and any(part in text for part in self._parts)

    def _without_cut(self, text: str) -> str:
        """The text without the beginning of a secret where the text was cut."""
        parts = text.split(_CUT)
        for index, part in enumerate(parts[:-1]):
            for secret in self._raw:
                if secret[: _min_part(secret)] not in part:
                    continue
                lengths = range(len(secret) - 1, _min_part(secret) - 1, -1)
                length = next((each for each in lengths if part.endswith(secret[:each])), 0)
                if length:
                    parts[index] = f"{part[:-length]}{self._replacement}"
                    break
        return _CUT.join(parts)

    def _is_in(self, stages: Sequence[str]) -> bool:
        """Whether a form stands in one of the stages of a text."""
        holding = (stage for stage in stages if any(needle in stage for needle in self._needles))
        return any(self._pattern.search(stage) for stage in holding)

    def _may_be_behind(self, text: str) -> bool:
        """Whether a look at the plain form is needed: False only where no form can be in it."""
        encoded = text.encode("utf-8", "surrogatepass")
        if may_hide(encoded) or self._may_be_in(encoded):
            return True
        return b"\\" in encoded and self._may_be_in(_LINE_END.sub(b"", encoded))

    def _may_be_in(self, encoded: bytes) -> bool:
        letters = encoded.translate(None, _NOT_OF_WORD)
        return any(all(word in letters for word in words) for words in self._words if words[0] in letters)

    def removed_from(self, text: str) -> str:
        """The text with the replacement in place of each secret; without hidden characters if it held one."""
        if not self._raw:
            return text
        parts = self._without_cut(text).split(self._replacement)
        return self._replacement.join(map(self._removed_from_part, parts))

    def _removed_from_part(self, part: str) -> str:
        if not self._may_be_behind(part):
            return part
        stages = stages_of(part, self._orders)
        if not self._is_in(stages):
            return self._replacement if self._is_over_lines(stages) else part
        shown = without_invisible(part)
        cleaned = shown
        for secret in self._raw:
            cleaned = _without(secret, cleaned, self._replacement)
        if self._is_in([plain_form(cleaned)]):
            cleaned = self._traced(cleaned)
        rest = stages_of(cleaned.replace(self._replacement, " "), self._orders)
        if self._is_in(rest) or self._is_over_lines(rest):
            return self._replacement
        return part if cleaned == shown else cleaned

    def _traced(self, text: str) -> str:
        """The text with every match in its plain form replaced where it stands in the text."""
        if len(text) > _MAX_TRACED:
            return self._replacement
        plain, starts, ends = with_places(text)
        pieces: list[str] = []
        kept = 0
        for match in self._pattern.finditer(plain):
            start, end = starts[match.start()], ends[match.end() - 1]
            if start < kept:
                kept = max(kept, end)
                continue
            pieces += [text[kept:start], self._replacement]
            kept = end
        return "".join((*pieces, text[kept:]))


def _joined_lines(stages: Sequence[str]) -> list[str]:
    """The stages of a text without the ends of lines, for what was wrapped; a plus is a blank, as in a plain
    form."""
    # Not by a pattern: one that begins with any number of blanks takes long where there are many.
    return [
        "".join(line.strip() for line in each.replace("\r", "\n").split("\n")).replace("+", " ")
        for each in stages
        if "\n" in each or "\r" in each
    ]


def _min_part(secret: str) -> int:
    """How much of a secret has to stand before a cut: less of it may be an ordinary word."""
    return max(_LONG, len(secret) // 2 + 1)


@lru_cache(maxsize=1_024)
def forms_of(secrets: tuple[str, ...], replacement: str) -> SecretForms:
    """The forms of these secrets; the same object for the same ones."""
    raw = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True)
    return SecretForms(raw, dict(each for secret in raw for each in _patterns(secret)), replacement)


def _words_of(form: str) -> tuple[bytes, ...]:
    """The runs of letters and digits in a form, the longest first: no harmless escape stands inside one.

    A form that has none gives an empty one, which is in every text.
    """
    return tuple(sorted((each.encode() for each in WORD.findall(form)), key=len, reverse=True)) or (b"",)


def _without(secret: str, text: str, replacement: str) -> str:
    if secret not in text:
        return text
    if len(secret) >= _LONG:
        return text.replace(secret, replacement)
    return re.sub(f"{_BEFORE}{re.escape(secret)}{_AFTER}", lambda _: replacement, text)


def _patterns(secret: str) -> Iterator[tuple[str, str]]:
    """What to look for in a plain form → how all of it is matched, with what belongs to it."""
    stages = dict.fromkeys(
        form for each in stages_of(secret, IN_EVERY_ORDER) for form in (each, with_blanks(each))
    )
    raw = secret.encode("utf-8", "replace")
    is_long = len(secret) >= _LONG
    alone = [*stages, raw.hex(), raw.hex().upper()]
    if not is_long:
        alone += [base64.b64encode(each).decode().rstrip("=") for each in (raw, raw + b":", b":" + raw)]
    for each in alone:
        if len(each) >= _LONG and is_long:
            yield each, re.escape(each)
        elif len(each) >= SHORTEST:
            yield each, f"{_BEFORE}{re.escape(each)}={{0,2}}{_AFTER}"
        for other in () if each in stages else _in_other_alphabet(each):
            yield other, f"{_BEFORE}{re.escape(other)}={{0,2}}{_AFTER}"
    if not is_long:
        return
    for before in range(3):
        # The first and the last character of base64 may hold bits of what stands beside the secret.
        whole = base64.b64encode(b"\0" * before + raw).decode()
        core = whole[before + 1 if before else 0 : (before + len(raw)) * 8 // 6]
        for form in (core, core.replace("+", "-").replace("/", "_")):
            needle = form.replace("+", " ")
            around = r"[\w /-]?" if before else ""
            yield needle, rf"{around}{re.escape(needle)}[A-Za-z0-9/_-]{{0,3}}={{0,2}}"


def _in_other_alphabet(form: str) -> list[str]:
    """The base64 of a short secret as it stands in addresses, and in a plain form."""
    if not {"+", "/"} & set(form):
        return []
    return [form.replace("+", "-").replace("/", "_"), form.replace("+", " ")]
