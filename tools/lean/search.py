"""Ranked search in short texts: words brought to a common form, and BM25 over weighted fields.

Own code, because the libraries for it (bm25s, rank-bm25) need NumPy, which is larger than this whole server.
The formula is BM25F: a word counts by the weight of the field that it stands in, and only the sum is damped,
so that a name which holds the word beats a description that repeats it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Ranking", "words_of"]

_DAMPING = 1.2
"""BM25's k1: how soon a further occurrence of the same word counts for less."""
_BY_LENGTH = 0.3
"""BM25's b: how much long entries are marked down. Little, because arguments make an entry long."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    """a an and are as at be by can could do does for from has have how i if in is it its me my need of on or
    our please should so tell that the their them there these this to tool tools us want was we what when
    which will with would you your""".split()  # noqa: SIM905 - a list of sixty literals is no easier to read
)
_ENDINGS = ("ing", "ion", "al", "ed")
_IRREGULAR = {
    "analyses": "analys",
    "analysis": "analys",
    "analyze": "analys",
    "analyzes": "analys",
    "analyzed": "analys",
    "analyzing": "analys",
}
_LEAST_STEM = 3
_VOWELS = frozenset("aeiouy")


def words_of(text: str) -> list[str]:
    """The words of a text that matter, in the form in which they are compared.

    `snake_case` and `camelCase` are taken apart, accents and the commonest words fall away, and endings too:
    `approve`, `approved` and `approval` are one word, `class` and `classes` another.
    """
    plain = unicodedata.normalize("NFKD", _HUMP.sub(" ", text)).casefold()
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return [_stem(word) for word in _WORD.findall(plain) if word not in _COMMON]


class Ranking:
    """Entries with words in weighted fields, ranked by how well they answer a query."""

    def __init__(self, entries: Iterable[Sequence[tuple[str, float]]]) -> None:
        """Each entry is its texts, each with the weight of a word in it."""
        self._counts: list[dict[str, float]] = []
        for fields in entries:
            counts: dict[str, float] = {}
            for text, weight in fields:
                for word in words_of(text):
                    counts[word] = counts.get(word, 0.0) + weight
            self._counts.append(counts)
        lengths = [sum(counts.values()) for counts in self._counts]
        average = sum(lengths) / len(lengths) if lengths else 1.0
        self._damping = [
            _DAMPING * (1 - _BY_LENGTH + _BY_LENGTH * length / (average or 1.0)) for length in lengths
        ]
        self._holders = Counter(word for counts in self._counts for word in counts)

    def best(self, query: Mapping[str, Mapping[str, float]]) -> list[tuple[int, float]]:
        """The numbers of the entries that hold anything asked for, with their scores, the best first.

        `query` gives for each thing asked for the words that stand for it, with how well they do (up to 1);
        only the best of these counts for an entry. Entries of the same score keep their order.
        """
        scored: list[tuple[int, float]] = []
        for number, counts in enumerate(self._counts):
            score = sum(
                max((share * self._worth(number, word) for word, share in meant.items()), default=0.0)
                for meant in query.values()
                if any(word in counts for word in meant)
            )
            if score:
                scored.append((number, score))
        return sorted(scored, key=lambda each: -each[1])

    def _worth(self, number: int, word: str) -> float:
        count = self._counts[number].get(word, 0.0)
        holders = self._holders[word]
        rarity = math.log(1 + (len(self._counts) - holders + 0.5) / (holders + 0.5))
        return rarity * count * (_DAMPING + 1) / (count + self._damping[number])


def _stem(word: str) -> str:
    """A word without its endings, so that its forms are the same; not a word of any language."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = _singular(word)
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _LEAST_STEM and not _VOWELS.isdisjoint(rest):
            word = rest[:-1] if len(rest) > _LEAST_STEM and rest[-1] == rest[-2] != "s" else rest
            break
    if len(word) > _LEAST_STEM and word[-1] in "eiy":
        word = word[:-1]
    if len(word) > _LEAST_STEM + 1:  # create, creation; verify, verification
        word = word.removesuffix("at").removesuffix("ic")
    return word


def _singular(word: str) -> str:
    if len(word) > _LEAST_STEM and word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > _LEAST_STEM and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
