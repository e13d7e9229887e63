"""Which field or column means what: by lists of names, never by guessing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .plain_name import plain_name

__all__ = ["Vocabulary", "usual_vocabulary"]

Names = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What fields and columns are called, by their meaning, the usual name first.

    `sums` are the words with which rows begin that sum up others, `required` the meanings of fields that have
    to hold something. `currencies` gives the code of each currency by its plain code, sign or word.
    """

    fields: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]
    sums: tuple[str, ...]
    required: tuple[str, ...]
    currencies: Mapping[str, str]

    def with_more(self, fields: Names, columns: Names) -> Vocabulary:
        """The same with further names, which come before the usual ones."""
        return Vocabulary(
            _added(self.fields, fields),
            _added(self.columns, columns),
            self.sums,
            self.required,
            self.currencies,
        )

    def currency(self, text: str) -> str:
        """The code of the currency that a text names; empty for none, and for a sign of several."""
        return self.currencies.get(text.strip().strip(".").casefold(), "")


@cache
def usual_vocabulary() -> Vocabulary:
    """The vocabulary that comes with docreview."""
    given = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
    currencies = {code.casefold(): code for code in given["currencies"]["codes"].split()}
    for code, signs in given["currencies"]["signs"].items():
        currencies |= {sign.casefold(): code for sign in signs}
    return Vocabulary(
        _added({}, given["fields"]),
        _added({}, given["columns"]),
        tuple(plain_name(word) for word in given["words"]["sums"]),
        tuple(given["words"]["required"]),
        currencies,
    )


def _added(usual: Mapping[str, tuple[str, ...]], more: Names) -> dict[str, tuple[str, ...]]:
    return {
        meaning: tuple(dict.fromkeys([*_plain(more.get(meaning, ())), *usual.get(meaning, ())]))
        for meaning in {**usual, **more}
    }


def _plain(names: Iterable[str]) -> list[str]:
    return [plain_name(name) for name in names]
