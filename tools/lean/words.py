"""The words of a text in the form in which they are compared, and what a mistyped word means."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Protocol, cast

from snowballstemmer import stemmer  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

__all__ = ["Vocabulary", "words_of"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    """a an and are as at be been but by can could d do does for from had has have he her him his how i if in
    into is it its just let ll m me my of on one or our out please re s shall she should so some t than that
    the their them then there these they this those to tool tools up us ve was we were what when where which
    will with would you your""".split()  # noqa: SIM905 - a list of ninety literals is no easier to read
)
_SAME = {
    "adhoc": "ad-hoc",
    "analyse": "analysis",
    "analysed": "analysis",
    "analyses": "analysis",
    "analysing": "analysis",
    "analyze": "analysis",
    "analyzed": "analysis",
    "analyzes": "analysis",
    "analyzing": "analysis",
    "emails": "mail",
    "labelling": "labeling",
    "email": "mail",
    "organisation": "organization",
    "organisations": "organization",
    "verification": "verify",
    "creation": "create",
}
"""Forms that the stemmer does not bring together."""

_KEPT = frozenset(("labeling",))
"""Words that are not the word that the stemmer makes of them."""

_MIN_LENGTH = 4
"""Shorter words are not taken for mistyped ones."""
_SHORT = 4
"""Words up to this length may only lack a letter: too many words differ in one of four letters."""
_LONG = 7
"""Words from this length on may hold two slips."""
_MIN_LIKENESS = 0.5


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


def words_of(text: str) -> list[str]:
    """The words of a text that matter, in the form in which they are compared.

    `snake_case` and `camelCase` are taken apart, accents and the commonest words fall away, and endings too:
    `approve`, `approved` and `approval` are one word, `class` and `classes` another.
    """
    plain = unicodedata.normalize("NFKD", _HUMP.sub(" ", text)).casefold()
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return [_stem(word) for word in _WORD.findall(plain) if word not in _COMMON]


class Vocabulary:
    """Known words, to find the one that a mistyped word means."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._holders: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            for pair in _pairs(word):
                self._holders[pair].append(word)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def nearest(self, word: str) -> str:
        """The word itself if it is known or not like any other one, otherwise the known word most like it."""
        if word in self._words or len(word) < _MIN_LENGTH or not word.isalpha():
            return word
        pairs = _pairs(word)
        shared: defaultdict[str, int] = defaultdict(int)
        for pair in pairs:
            for each in self._holders.get(pair, ()):
                shared[each] += 1
        # Dice's coefficient over pairs of letters.
        likeness = {
            each: 2 * count / (len(pairs) + len(_pairs(each)))
            for each, count in shared.items()
            if each[0] == word[0] and _differ_by_slips(word, each)
        }
        best = max(likeness, key=lambda each: (likeness[each], each), default=word)
        return best if likeness.get(best, 0.0) >= _MIN_LIKENESS else word


def _differ_by_slips(word: str, other: str) -> bool:
    """Whether one word becomes the other by one slip of the fingers, in a long word by two."""
    allowed = 2 if len(word) >= _LONG else 1
    if abs(len(word) - len(other)) > allowed or (len(word) <= _SHORT and len(word) >= len(other)):
        return False
    word, other = word.replace("y", "i"), other.replace("y", "i")  # the stemmer takes one for the other
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(word, 1):
        earlier, before, row = before, row, [number]
        for index, wanted in enumerate(other, 1):
            slips = min(before[index] + 1, row[-1] + 1, before[index - 1] + (letter != wanted))
            if number > 1 and index > 1 and (letter, word[number - 2]) == (other[index - 2], wanted):
                slips = min(slips, earlier[index - 2] + 1)  # two letters in the wrong order
            row.append(slips)
    return row[-1] <= allowed


@lru_cache(maxsize=20_000)
def _pairs(word: str) -> frozenset[str]:
    padded = f" {word} "
    return frozenset(padded[number : number + 2] for number in range(len(padded) - 1))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    word = _SAME.get(word, word)
    return word if word in _KEPT else _stemmer().stemWord(word)


@cache
def _stemmer() -> _Stemmer:
    return cast("_Stemmer", stemmer("english"))
