"""How the sandbox reads a text: cut into sentences, then classes by keyword and labels by tone and urgency.

It is a lexicon, not a language model: deterministic, quick, and right about plain sentences, negated ones
and those that praise one thing and blame another ("the room was clean but the staff was rude").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from . import lexicon

__all__ = ["Prediction", "analyse", "analyser", "sentence_spans"]

TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[;]")
SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[\n\f]+")
ABBREVIATIONS = (
    "z.b.",
    "bzw.",
    "ca.",
    "nr.",
    "no.",
    "mr.",
    "mrs.",
    "ms.",
    "dr.",
    "st.",
    "e.g.",
    "i.e.",
    "approx.",
)
NEGATION_REACH = 3
COMMON_WORDS = lexicon.words("this that with about from have good example description class text")


class Named(Protocol):
    """A class as the analysis needs it."""

    @property
    def name(self) -> str: ...
    @property
    def example(self) -> str: ...
    @property
    def description(self) -> str: ...


@dataclass(frozen=True)
class Prediction:
    """What the analysis found: a class, a label, or both."""

    class_name: str | None
    label: str | None


@dataclass(frozen=True)
class Keywords:
    """The words that speak of one class: whole words, beginnings of words, and phrases."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    phrases: tuple[str, ...]

    def found_in(self, clause: Clause) -> bool:
        if not self.words.isdisjoint(clause.words):
            return True
        if any(phrase in clause.text for phrase in self.phrases):
            return True
        return bool(self.beginnings) and any(word.startswith(self.beginnings) for word in clause.words)


@dataclass(frozen=True)
class Clause:
    """A part of a sentence that has one tone."""

    text: str
    words: tuple[str, ...]

    @property
    def tone(self) -> int:
        """Above 0 praise, below 0 blame, 0 neither."""
        score = 0
        text = self.text
        words = self.words
        for phrases, weight in ((lexicon.POSITIVE_PHRASES, 1), (lexicon.NEGATIVE_PHRASES, -1)):
            for phrase in phrases:
                if phrase in text:
                    score += weight
                    text = text.replace(phrase, " ")
                    words = tokens_of(text)
        for index, word in enumerate(words):
            weight = (word in lexicon.POSITIVE) - (word in lexicon.NEGATIVE)
            if weight:
                before = words[max(0, index - NEGATION_REACH) : index]
                score += -weight if any(is_negation(earlier) for earlier in before) else weight
        return score


def is_negation(word: str) -> bool:
    return word in lexicon.NEGATIONS or word.endswith(("n't", "n’t"))


def tokens_of(text: str) -> tuple[str, ...]:
    return tuple(TOKEN.findall(text.casefold()))


@lru_cache(maxsize=1_000)
@lru_cache(maxsize=4096)
def sentence_spans(text: str, split: bool = True) -> tuple[tuple[int, int], ...]:
    """The [start, end) places of the sentences of a text, without the white space between them.

    With `split` off the whole text is one segment. A text of nothing but white space has none.
    """
    if not split:
        start, end = trimmed(text, 0, len(text))
        return ((start, end),) if start < end else ()
    spans: list[tuple[int, int]] = []
    begin = 0
    for match in SENTENCE_END.finditer(text):
        last_word = text[begin : match.end()].rsplit(None, 1)[-1:] or [""]
        if last_word[0].casefold() in ABBREVIATIONS:
            continue
        start, end = trimmed(text, begin, match.end())
        if start < end:
            spans.append((start, end))
        begin = match.end()
    start, end = trimmed(text, begin, len(text))
    if start < end:
        spans.append((start, end))
    return tuple(spans)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def clauses_of(sentence: str) -> list[Clause]:
    """The sentence in parts of one tone each, cut at "but" and its like and at semicolons."""
    words = tokens_of(sentence)
    groups: list[list[str]] = [[]]
    for word in words:
        if word in lexicon.CLAUSE_BREAKS or word == ";":
            groups.append([])
        else:
            groups[-1].append(word)
    if len(groups) == 1:
        return [Clause(sentence.casefold(), words)]
    return [Clause(" ".join(group), tuple(group)) for group in groups if group]


@lru_cache(maxsize=512)
def keywords(name: str, example: str, description: str) -> Keywords:
    """The words for a class: those of the lexicon, else those of its name, example and description."""
    subjects = (words for subject, words in lexicon.SUBJECTS.items() if subject.casefold() == name.casefold())
    known = next(subjects, "").split()
    if known:
        return Keywords(
            frozenset(entry for entry in known if not entry.endswith("*") and "_" not in entry),
            tuple(entry[:-1] for entry in known if entry.endswith("*")),
            tuple(entry.replace("_", " ") for entry in known if "_" in entry),
        )
    own = tokens_of(name)
    words = {word for word in tokens_of(f"{example} {description}") if len(word) > 3} | set(own)
    words -= lexicon.POSITIVE | lexicon.NEGATIVE | COMMON_WORDS
    return Keywords(frozenset(words), tuple(word for word in own if len(word) > 3), ())


def labels_by_meaning(labels: Sequence[str]) -> dict[str, str]:
    return {lexicon.LABEL_MEANINGS.get(label.casefold(), label.casefold()): label for label in labels}


def label_of(clause: Clause, sentence: str, meanings: dict[str, str]) -> str | None:
    """The label that fits a clause best, or None if none of the project's labels does."""
    lower = sentence.casefold()
    for meaning, label in meanings.items():
        if meaning == label.casefold() and meaning not in lexicon.LABEL_MEANINGS and meaning in lower:
            return label
    candidates: list[str] = []
    if any(phrase in lower for phrase in lexicon.WISHES):
        candidates.append("wish")
    if sentence.rstrip().endswith("?"):
        candidates.append("question")
    if any(phrase in lower for phrase in lexicon.LOW_URGENCY):
        candidates.append("low")
    elif any(phrase in lower for phrase in lexicon.URGENT):
        candidates.append("urgent")
    tone = clause.tone
    if tone:
        candidates.append("positive" if tone > 0 else "negative")
    candidates += ["neutral", "normal"]
    return next((meanings[meaning] for meaning in candidates if meaning in meanings), None)


def analyse(
    segment: str, project_type: str, classes: Sequence[Named], labels: Sequence[str]
) -> list[Prediction]:
    """What a model of this type would tag one segment with; nothing twice, in the order of the text."""
    return list(analyser(project_type, classes, labels)(segment))


def analyser(
    project_type: str, classes: Sequence[Named], labels: Sequence[str]
) -> Callable[[str], tuple[Prediction, ...]]:
    """`analyse` for many segments with the same classes and labels."""
    named = tuple((entry.name, entry.example, entry.description) for entry in classes)
    names = tuple(labels)
    return lambda segment: _analysed(segment, project_type, named, names)


@lru_cache(maxsize=4096)
def _analysed(
    segment: str, project_type: str, classes: tuple[tuple[str, str, str], ...], labels: tuple[str, ...]
) -> tuple[Prediction, ...]:
    meanings = labels_by_meaning(labels)
    if project_type == "LABEL":
        whole = Clause(segment.casefold(), tokens_of(segment))
        label = label_of(whole, segment, meanings)
        return (Prediction(None, label),) if label else ()
    found: list[Prediction] = []
    for start, end in sentence_spans(segment):
        part = segment[start:end]
        for clause in clauses_of(part):
            for entry in classes:
                if keywords(*entry).found_in(clause):
                    label = None if project_type == "CLASS" else label_of(clause, part, meanings)
                    found.append(Prediction(entry[0], label))
    return tuple(dict.fromkeys(found))
