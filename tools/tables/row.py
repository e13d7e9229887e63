"""A row of a table: texts by name, and what they are as numbers, amounts of money and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ..checks.dates import DayOrder, read_date
from ..checks.numbers import DecimalMark, UnreadableError, read_amount, read_number
from ..checks.plain_name import plain_name
from ..checks.vocabulary import usual_vocabulary

__all__ = ["NO_CURRENCY", "Conventions", "Names", "Row", "plain_number"]

NO_CURRENCY = "no currency"
"""Under this the amounts are summed up whose document names no currency."""

_CENTS = 2


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a document writes: its decimal mark, the order of day and month, and its currency, where known."""

    mark: DecimalMark = ""
    order: DayOrder = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `id` is that of its document or text; `texts` are by the plain form of their names."""

    id: str
    texts: Mapping[str, str]
    conventions: Conventions = Conventions()

    def text(self, name: str) -> str:
        """The text under a name; empty where the row has none."""
        return self.texts.get(name, "").strip()

    def number(self, name: str) -> Decimal:
        """The number under a name.

        Raises:
            UnreadableError: there is none, or it may be several.
        """
        return read_number(self.text(name), self.conventions.mark)

    def date(self, name: str) -> date:
        """The date under a name, raises `UnreadableError` likewise; a time with its zone is one too."""
        text = self.text(name)
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            return read_date(text, self.conventions.order)

    def currency(self, name: str) -> str:
        """The currency of the amount under a name: the one beside it, else that of its document."""
        try:
            beside = read_amount(self.text(name), self.conventions.mark)[1]
        except UnreadableError:
            beside = ""
        return usual_vocabulary().currency(beside) or self.conventions.currency or beside or NO_CURRENCY


class Names:
    """The names that rows have, in their order, found however they are spelled."""

    def __init__(self, names: list[str]) -> None:
        self._by_plain = {plain_name(name): name for name in reversed(names)}
        self.shown = list(dict.fromkeys(names))

    def __contains__(self, name: str) -> bool:
        return plain_name(name) in self._by_plain

    def spelled(self, name: str) -> str:
        """A name as the rows have it."""
        return self._by_plain.get(plain_name(name), name)

    def fault(self, argument: str, name: str) -> str:
        """What is wrong with a name that no row has, for an error."""
        from difflib import get_close_matches

        near = get_close_matches(plain_name(name), self._by_plain, n=1)
        hint = (
            f"did you mean {self._by_plain[near[0]]}?"
            if near
            else f"expected one of {', '.join(self.shown[:40])}"
        )
        return f"{argument}: got {name[:60]!r}, which no row has; {hint}"


def plain_number(number: Decimal) -> str:
    """A number as it is shown: a point before the decimals, no groups, two decimals or as many as it has."""
    decimals = max(_CENTS, -int(number.normalize().as_tuple().exponent))
    return f"{number:.{decimals if number != number.to_integral_value() else 0}f}"
