"""Rows summed up: by group and currency. Amounts of different currencies are never added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ..checks.numbers import UnreadableError
from ..checks.plain_name import plain_name
from ..checks.vocabulary import usual_vocabulary
from ..documents.comparison import comparable
from .conditions import Unreadable
from .row import Row, plain_number

__all__ = ["MEASURES", "Cell", "Table", "aggregated", "is_number", "totals"]

MEASURES = ("count", "sum", "min", "max", "average")
Cell = str | int | Decimal
"""What stands in a cell of a table."""

_MONEY = ("subtotal", "tax", "discount", "shipping", "total", "amount", "line_discount")
"""What can be added up, by the meanings of the vocabulary."""

_OTHER_NUMBERS = ("quantity", "unit_price", "tax_rate")
_NO_MONEY = ("quantity", "tax_rate")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is shown: the names of its columns, and rows of texts and numbers."""

    columns: list[str]
    rows: list[list[Cell]]


def is_number(name: str) -> bool:
    """Whether a field or column holds numbers, by the names that it usually has."""
    return _means(name, (*_MONEY, *_OTHER_NUMBERS))


def totals(rows: Sequence[Row], names: Sequence[str], unreadable: Unreadable) -> dict[str, dict[str, str]]:
    """For each of these names that holds amounts, their sum for each currency."""
    found: dict[str, dict[str, str]] = {}
    for name in (name for name in names if _means(name, _MONEY)):
        sums: dict[str, Decimal] = {}
        for row in rows:
            if (number := _number(row, plain_name(name), unreadable)) is not None:
                currency = row.currency(plain_name(name))
                sums[currency] = sums.get(currency, Decimal()) + number
        if sums:
            found[name] = {currency: plain_number(number) for currency, number in sorted(sums.items())}
    return found


def aggregated(
    rows: Sequence[Row], by: str, of: str, measures: Sequence[str], unreadable: Unreadable
) -> Table:
    """The rows summed up for each value of `by`, all together where it is empty; the largest groups first.

    `of` is what the measures are of, except the count, which is of rows. Where it may be money, each currency
    is a group of its own.
    """
    has_currency = bool(of) and not _means(of, _NO_MONEY)
    groups: dict[tuple[str, str], _Group] = {}
    for row in rows:
        text = row.text(plain_name(by)) if by else ""
        number = _number(row, plain_name(of), unreadable) if of else None
        currency = row.currency(plain_name(of)) if has_currency else ""
        group = groups.setdefault((comparable(text), currency), _Group(text, currency))
        group.count += 1
        if number is not None:
            group.numbers.append(number)
    ordered = sorted(groups.values(), key=lambda group: (-group.weight(measures), group.name))
    columns = [*([by] if by else []), *(["currency"] if has_currency else []), *measures]
    return Table(
        columns,
        [
            [
                *([group.name] if by else []),
                *([group.currency] if has_currency else []),
                *(group.shown(measure) for measure in measures),
            ]
            for group in ordered
        ],
    )


class _Group:
    def __init__(self, name: str, currency: str) -> None:
        self.name, self.currency = name, currency
        self.count = 0
        self.numbers: list[Decimal] = []

    def weight(self, measures: Sequence[str]) -> Decimal:
        return sum(self.numbers, Decimal()) if "sum" in measures and self.numbers else Decimal(self.count)

    def shown(self, measure: str) -> Cell:
        if measure == "count":
            return self.count
        if not self.numbers:
            return ""
        total = sum(self.numbers, Decimal())
        if measure == "average":
            return (total / len(self.numbers)).quantize(_CENT, ROUND_HALF_UP)
        return {"sum": total, "min": min(self.numbers), "max": max(self.numbers)}[measure]


def _means(name: str, meanings: Sequence[str]) -> bool:
    """Whether a field or column has one of these meanings, by the names that it usually has."""
    known = usual_vocabulary()
    return any(
        plain_name(name) in (*known.fields.get(each, ()), *known.columns.get(each, ())) for each in meanings
    )


def _number(row: Row, name: str, unreadable: Unreadable) -> Decimal | None:
    """The number under a name; None where nothing stands there, or what is noted as unreadable."""
    try:
        return row.number(name)
    except UnreadableError as error:
        unreadable.note(row, name, error)
        return None
