"""Dates as they are printed anywhere. Where day and month may be either way round, all readings are given."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.util import find_spec
from typing import Literal, cast

from .numbers import UnreadableError

__all__ = ["DayOrder", "day_order", "read_date", "readings_of_date"]

DayOrder = Literal["", "day first", "month first"]
"""Which of two small numbers is the day; empty where that is not known."""

_MAX_CHARACTERS = 60
_TIME = re.compile(r"[T ,]+\d{1,2}:\d{2}.*$")
_YEAR_FIRST = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})\.?")
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})\.?")
_NUMBERS_AND_WORDS = re.compile(r"\d+|[^\W\d_]+")
_CENTURY, _HALF = 2000, 100

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_LANGUAGES = (
    "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "el", "bg",
    "hr", "sl", "et", "lv", "lt", "ru", "uk", "tr", "id", "vi", "hi", "ar",
)  # fmt: skip
"""The languages whose names of months are known where Babel is installed; English always is."""


def read_date(text: str, order: DayOrder = "") -> date:
    """The date that a text shows; a time beside it is left aside.

    Raises:
        UnreadableError: it is empty, no date, or a different one depending on the order of day and month.
    """
    readings = readings_of_date(text)
    if len(set(readings.values())) == 1:
        return next(iter(readings.values()))
    if order in readings:
        return readings[order]
    raise UnreadableError("is ambiguous: the order of day and month is not known", text)


def readings_of_date(text: str) -> Mapping[DayOrder, date]:
    """What a text is as a date: by the order of day and month, under an empty one where that does not matter.

    Raises:
        UnreadableError: it is empty or no date.
    """
    plain = _plain(text)
    if not plain:
        raise UnreadableError("is empty", text)
    if len(plain) > _MAX_CHARACTERS:
        raise UnreadableError("is not a date", text)
    if match := _YEAR_FIRST.fullmatch(plain) or _PACKED.fullmatch(plain):
        found = _date(int(match[1]), int(match[2]), int(match[3]))
        readings: dict[DayOrder, date] = {"": found} if found else {}
    elif match := _YEAR_LAST.fullmatch(plain):
        readings = _of_small_numbers(match)
    else:
        found = _with_name_of_month(plain)
        readings = {"": found} if found else {}
    if not readings:
        raise UnreadableError("is not a date", text)
    return readings


def day_order(texts: Iterable[str]) -> DayOrder:
    """The order of day and month that most of these texts prove; empty where none does."""
    found: Counter[DayOrder] = Counter()
    for text in texts:
        try:
            readings = readings_of_date(text)
        except UnreadableError:
            continue
        found.update(list(readings) if len(readings) == 1 else [])
    del found[""]
    return found.most_common(1)[0][0] if found else ""


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text)
    digits = (str(unicodedata.decimal(letter, letter)) for letter in letters)
    return _TIME.sub("", " ".join("".join(digits).split()))


def _of_small_numbers(match: re.Match[str]) -> dict[DayOrder, date]:
    first, second, year = int(match[1]), int(match[3]), _whole_year(match[4])
    day_first, month_first = _date(year, second, first), _date(year, first, second)
    if match[2] == ".":
        # Nobody writes the month first between points.
        return {"": day_first} if day_first else {}
    readings: dict[DayOrder, date] = {}
    if day_first:
        readings["day first"] = day_first
    if month_first:
        readings["month first"] = month_first
    return readings if day_first != month_first or day_first is None else {"": day_first}


def _with_name_of_month(plain: str) -> date | None:
    """A date with the name of its month, and with two numbers beside it: the day and the year."""
    parts = _NUMBERS_AND_WORDS.findall(plain)
    numbers = [part for part in parts if part.isdigit()]
    months = {month for part in parts if not part.isdigit() and (month := _month(part))}
    if len(numbers) != 2 or len(months) != 1:
        return None
    day, year = sorted(numbers, key=len) if len(numbers[0]) == 4 else numbers
    return _date(_whole_year(year), months.pop(), int(day))


def _month(word: str) -> int:
    """The number of a month by its name or the beginning of it; 0 for another word."""
    word = word.casefold()
    for number, name in enumerate(_MONTHS, 1):
        if word == name or (len(word) >= 3 and name.startswith(word)):
            return number
    return _months_of_languages().get(word, 0)


@cache
def _months_of_languages() -> Mapping[str, int]:
    if find_spec("babel") is None:
        return {}
    from babel.dates import get_month_names

    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                names = cast("Mapping[int, str]", get_month_names(width, context, language))
                for number, name in names.items():
                    for word in _NUMBERS_AND_WORDS.findall(name.casefold()):
                        found.setdefault(word, set()).add(number)
    return {word: numbers.pop() for word, numbers in found.items() if len(numbers) == 1}


def _whole_year(digits: str) -> int:
    return int(digits) + _CENTURY if int(digits) < _HALF and len(digits) == 2 else int(digits)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
