"""Ranked search in short texts: BM25 over weighted fields, helped by the texts of related entries.

Own code, because the libraries for it (bm25s, rank-bm25) need NumPy, which is larger than this whole server.
The formula is BM25F: a word counts by the weight of the field that it stands in, and only the sum is damped,
so that a name which holds the word beats a description that repeats it.

Nobody can write down all phrases for one entry. But what is said of an entry says something about its
relatives too: "bin" said of one tool that deletes may be said of the others, and "theme" of one about classes
as well. So the phrases of relatives count a little.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .words import Vocabulary, words_of

__all__ = ["Ranking", "SearchEntry"]

_DAMPING = 2.3
"""BM25's k1: how soon a further occurrence of the same word counts for less."""
_BY_LENGTH = 0.3
"""BM25's b: how much long entries are marked down. Little, because arguments make an entry long."""
_TITLE = 0.4
"""What a query that is just the title of an entry adds, beside what its words score."""


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """What is searched.

    `texts` come with the weight of a word in them, `phrases` may be asked just so and count `phrase_weight`
    each. `families` names the groups of relatives with what their phrases count. `share` is what the score of
    the whole entry counts.
    """

    titles: Sequence[str]
    texts: Sequence[tuple[str, float]]
    phrases: Sequence[str] = ()
    phrase_weight: float = 1.0
    families: Sequence[tuple[str, float]] = ()
    share: float = 1.0


class Ranking:
    """Entries with words in weighted fields, ranked by how well they answer a query."""

    def __init__(self, entries: Sequence[SearchEntry], weight: Callable[[str], float]) -> None:
        """`weight` says what a word counts beside others, wherever it stands."""
        own = [_counts(entry) for entry in entries]
        holders = Counter(word for counts in own for word in counts)
        self._weight = weight
        self._rarity = {
            word: math.log(1 + (len(own) - count + 0.5) / (count + 0.5)) for word, count in holders.items()
        }
        lengths = [sum(counts.values()) for counts in own]
        average = sum(lengths) / len(lengths) if any(lengths) else 1.0
        _add_relatives(entries, own)
        self._worth: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for number, (counts, length) in enumerate(zip(own, lengths, strict=True)):
            damping = _DAMPING * (1 - _BY_LENGTH + _BY_LENGTH * length / average)
            for word, count in counts.items():
                worth = self._rarity[word] * count * (_DAMPING + 1) / (count + damping)
                self._worth[word][number] = worth
        self._in_titles: defaultdict[str, list[tuple[tuple[int, int], float]]] = defaultdict(list)
        for number, entry in enumerate(entries):
            for position, title in enumerate(entry.titles):
                for word, part in self._title(title).items():
                    self._in_titles[word].append(((number, position), part))
        self._shares = [entry.share for entry in entries]
        self.vocabulary = Vocabulary(holders)

    def best(self, query: Mapping[str, Mapping[str, float]]) -> list[tuple[int, float]]:
        """The numbers of the entries that hold anything asked for, with their scores, the best first.

        `query` gives for each thing asked for the words that stand for it, with how well they do (up to 1);
        only the best of these counts for an entry. Entries of the same score keep their order.
        """
        scores: defaultdict[int, float] = defaultdict(float)
        for asked, meant in query.items():
            worths: dict[int, float] = {}
            for word, share in meant.items():
                for number, worth in self._worth.get(word, {}).items():
                    worths[number] = max(worths.get(number, 0.0), share * worth)
            weight = self._weight(asked)
            for number, worth in worths.items():
                scores[number] += weight * worth
        whole = self.whole(query)
        norm = math.sqrt(sum(max(self._counted(asked), 1.0) ** 2 for asked in query))
        fits = self._fits(query)
        for number in scores:
            fit = fits.get(number, 0.0)
            scores[number] = (scores[number] + _TITLE * whole * fit / norm) * self._shares[number]
        return sorted(scores.items(), key=lambda each: (-each[1], each[0]))

    def whole(self, query: Iterable[str]) -> float:
        """What the words of a query count together, those that no entry holds as rare ones."""
        rarest = math.log(1 + (len(self._shares) + 0.5) / 0.5)
        return sum(self._rarity.get(word, rarest) * self._weight(word) for word in query)

    def _counted(self, word: str) -> float:
        return self._rarity.get(word, 0.0) * self._weight(word)

    def _title(self, title: str) -> dict[str, float]:
        """The words of a title with the square of what each counts, divided by its length as a vector."""
        squares = {word: self._counted(word) ** 2 for word in words_of(title)}
        length = math.sqrt(sum(squares.values())) or 1.0
        return {word: square / length for word, square in squares.items()}

    def _fits(self, query: Mapping[str, Mapping[str, float]]) -> dict[int, float]:
        """How well the best title of each entry fits a query, for those that share a word with it."""
        sums: defaultdict[tuple[int, int], float] = defaultdict(float)
        for meant in query.values():
            parts: dict[tuple[int, int], float] = {}
            for word, share in meant.items():
                for title, part in self._in_titles.get(word, ()):
                    parts[title] = max(parts.get(title, 0.0), share * part)
            for title, part in parts.items():
                sums[title] += part
        fits: dict[int, float] = {}
        for (number, _), total in sums.items():
            fits[number] = max(fits.get(number, 0.0), total)
        return fits


def _counts(entry: SearchEntry) -> dict[str, float]:
    counts: defaultdict[str, float] = defaultdict(float)
    for text, weight in entry.texts:
        for word in words_of(text):
            counts[word] += weight
    for word, count in _spoken(entry).items():
        counts[word] += entry.phrase_weight * count
    return dict(counts)


def _spoken(entry: SearchEntry) -> Counter[str]:
    """In how many phrases of an entry each word stands."""
    return Counter(word for phrase in entry.phrases for word in set(words_of(phrase)))


def _add_relatives(entries: Sequence[SearchEntry], counts: list[dict[str, float]]) -> None:
    """Add to each entry the texts of its relatives, on average."""
    spoken = [_spoken(entry) for entry in entries]
    families: defaultdict[tuple[str, float], list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        for family in entry.families:
            families[family].append(number)
    for (_, weight), members in families.items():
        together: Counter[str] = Counter()
        for number in members:
            together.update(spoken[number])
        for number in members if len(members) > 1 else ():
            for word, count in together.items():
                if others := count - spoken[number][word]:
                    counts[number][word] = counts[number].get(word, 0.0) + weight * others / (
                        len(members) - 1
                    )
