"""The functions that expressions may call beside those of CEL, in the process that evaluates them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time

from ..documents.comparison import comparable
from .dates import DayOrder, read_date
from .identifiers import IDENTIFIERS
from .numbers import DecimalMark, UnreadableError, read_amount, read_number
from .plain_name import plain_name

__all__ = ["FUNCTIONS", "Functions", "conventions"]

FUNCTIONS = ("number", "money", "date", "sum", "close", "count_of", *IDENTIFIERS)
"""Their names; `matches` is one of CEL's own."""

_DIGITS = 9
_CENT = 0.01


class Functions:
    """The functions for one document; `problems` are why a call of one gave nothing.

    `counts` say how many documents have a value in a field, for values that several have, by the plain name
    of the field; None where only one document is at hand. `present` are the values of this document.
    """

    def __init__(
        self,
        mark: DecimalMark,
        order: DayOrder,
        counts: Mapping[str, Mapping[str, int]] | None,
        present: Mapping[str, Sequence[str]],
    ) -> None:
        self._mark: DecimalMark = mark
        self._order: DayOrder = order
        self._counts = counts
        self._present = present
        self.problems: list[tuple[str, str]] = []

    def by_name(self) -> dict[str, Callable[..., object]]:
        """The functions as expressions call them."""
        own = {name: getattr(self, name) for name in FUNCTIONS if name not in IDENTIFIERS}
        return {**own, **IDENTIFIERS}

    def number(self, text: object, locale: str = "") -> float:
        """The number that a text shows."""
        return self._number(text, locale, lambda text_part, mark: float(read_number(text_part, mark)))

    def money(self, text: object, locale: str = "") -> float:
        """The amount of money that a text shows, without its currency."""
        return self._number(text, locale, lambda shown, mark: float(read_amount(shown, mark)[0]))

    def date(self, text: str, locale: str = "") -> datetime:
        """The date that a text shows, as a timestamp at midnight UTC."""
        order: DayOrder = conventions(locale)[1] if locale else self._order
        try:
            return datetime.combine(read_date(text, order), time(), UTC)
        except UnreadableError as error:
            self.problems.append((str(error), error.text))
            raise

    def sum(self, numbers: Sequence[float | str]) -> float:
        """What numbers add up to; texts among them are read as amounts of money, and blank ones left out."""
        read = (self.money(each) for each in numbers if not isinstance(each, str) or each.strip())
        return round(math.fsum(read), _DIGITS)

    def close(self, number: float, other: float, tolerance: float = _CENT) -> bool:
        """Whether two numbers differ by no more than the tolerance."""
        return round(abs(number - other), _DIGITS) <= tolerance

    def count_of(self, field: str, value: str) -> int:
        """How many documents of the call have this value in this field."""
        if self._counts is None:
            self.problems.append(("compares documents, but there is only one", ""))
            raise ValueError("count_of needs several documents")
        name, wanted = plain_name(field), comparable(value.strip())
        there = any(comparable(each.strip()) == wanted for each in self._present.get(name, ()))
        return self._counts.get(name, {}).get(wanted, int(there))

    def _number(self, text: object, locale: str, read: Callable[[str, DecimalMark], float]) -> float:
        if isinstance(text, int | float) and not isinstance(text, bool):
            return float(text)
        mark: DecimalMark = conventions(locale)[0] if locale else self._mark
        try:
            return read(str(text), mark)
        except UnreadableError as error:
            self.problems.append((str(error), error.text))
            raise


def conventions(locale: str) -> tuple[DecimalMark, DayOrder]:
    """The decimal mark and the order of day and month in a locale such as `de_CH`, as Babel knows them.

    Raises:
        ValueError: there is no such locale, or Babel is not installed.
    """
    try:
        from babel import Locale, UnknownLocaleError
        from babel.dates import get_date_format
        from babel.numbers import get_decimal_symbol
    except ImportError:
        raise ValueError("a locale needs Babel; install docreview-mcp[checks]") from None
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"there is no locale {locale[:20]!r}") from None
    letters = re.sub(r"'[^']*'", "", get_date_format("short", known).pattern)
    positions = {letter.casefold(): letters.index(letter) for letter in "dML" if letter in letters}
    is_month_first = positions.get("m", positions.get("l", 0)) < positions.get("d", 0)
    mark: DecimalMark = "," if get_decimal_symbol(known) == "," else "."
    return mark, "month first" if is_month_first else "day first"
