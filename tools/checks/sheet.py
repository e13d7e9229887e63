"""A document as checks see it: its values by what they mean, and its amounts as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from ..documents.comparison import comparable
from ..documents.values import DocumentTable, DocumentValue, DocumentValues
from .dates import DayOrder, read_date
from .numbers import DecimalMark, UnreadableError, read_amount, read_number
from .plain_name import plain_name
from .vocabulary import Vocabulary

__all__ = ["AMOUNTS", "NUMBERS", "Line", "Sheet"]

AMOUNTS = ("subtotal", "tax", "discount", "shipping", "total")
"""The fields that hold an amount of money."""

NUMBERS = (*AMOUNTS, "tax_rate")
_LINE_NUMBERS = ("quantity", "unit_price", "amount")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of line items: its cells by what their columns mean."""

    number: int
    cells: Mapping[str, DocumentValue]

    def text(self, meaning: str) -> str:
        """The text under a column; empty where there is none."""
        return self.cells[meaning].text.strip() if meaning in self.cells else ""


@dataclass(frozen=True)
class Sheet:
    """One document with what is known of how it writes numbers and dates."""

    document: DocumentValues
    vocabulary: Vocabulary
    mark: DecimalMark = ""
    order: DayOrder = ""

    @cached_property
    def fields(self) -> Mapping[str, tuple[DocumentValue, ...]]:
        """The values of fields by their meaning: those of the first name of each that the document has."""
        named: dict[str, list[DocumentValue]] = {}
        for value in self.document.fields:
            named.setdefault(plain_name(value.name), []).append(value)
        return {
            meaning: tuple(named[name])
            for meaning, names in self.vocabulary.fields.items()
            if (name := next((each for each in names if each in named), None)) is not None
        }

    def field(self, meaning: str) -> DocumentValue | None:
        """The one value of a field that holds something; None where there is none, or several that differ."""
        filled = [value for value in self.fields.get(meaning, ()) if value.text.strip()]
        return filled[0] if len({comparable(value.text.strip()) for value in filled}) == 1 else None

    def why_no_field(self, meaning: str) -> str:
        """Why `field` gives none."""
        values = self.fields.get(meaning)
        if values is None:
            return f"no field for {meaning}"
        filled = sum(bool(value.text.strip()) for value in values)
        return f"{meaning} has {filled} conflicting values" if filled else f"{meaning} is empty"

    def number(self, meaning: str) -> Decimal | None:
        """A field as a number; None where there is none or it is no number."""
        value = self.field(meaning)
        return None if value is None else self.number_of(value)

    def number_of(self, value: DocumentValue) -> Decimal | None:
        """A value as a number; None where it is none."""
        try:
            return read_number(value.text, self.mark)
        except UnreadableError:
            return None

    def date(self, meaning: str) -> date | None:
        """A field as a date; None where there is none or it is no date."""
        value = self.field(meaning)
        try:
            return None if value is None else read_date(value.text, self.order)
        except UnreadableError:
            return None

    @cached_property
    def line_tables(self) -> tuple[DocumentTable, ...]:
        """The tables of line items: those with a column for amounts and another one that tells what of."""
        return tuple(
            table
            for table in self.document.tables
            if "amount" in (meanings := set(self._meanings(table).values()))
            and meanings & {"description", "quantity", "unit_price"}
        )

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The rows of all tables of line items, without those that sum up others."""
        return tuple(line for table in self.line_tables for line in self._lines(table))

    @cached_property
    def line_columns(self) -> frozenset[str]:
        """What the columns of the tables of line items mean."""
        return frozenset(name for table in self.line_tables for name in self._meanings(table).values())

    @cached_property
    def currencies(self) -> Mapping[str, DocumentValue]:
        """The currencies that the document names, each with the first value that does."""
        found: dict[str, DocumentValue] = {}
        stated = self.field("currency")
        if stated is not None and (code := self.vocabulary.currency(stated.text)):
            found[code] = stated
        for value in self._amounts():
            try:
                code = self.vocabulary.currency(read_amount(value.text, self.mark)[1])
            except UnreadableError:
                continue
            if code:
                found.setdefault(code, value)
        return found

    def numeric_values(self) -> Iterator[tuple[str, DocumentValue]]:
        """The values that have to be numbers, with what they mean."""
        for meaning in NUMBERS:
            for value in self.fields.get(meaning, ()):
                yield meaning, value
        for line in self.lines:
            for meaning in _LINE_NUMBERS:
                if meaning in line.cells:
                    yield meaning, line.cells[meaning]

    def _amounts(self) -> Iterator[DocumentValue]:
        for meaning, value in self.numeric_values():
            if meaning not in ("quantity", "tax_rate"):
                yield value

    def _meanings(self, table: DocumentTable) -> dict[int, str]:
        """What the columns of a table mean, by their number; each meaning once, by its most usual name."""
        named = {plain_name(name): number for number, name in reversed(table.columns)}
        found: dict[int, str] = {}
        for meaning, names in self.vocabulary.columns.items():
            number = next((named[name] for name in names if name in named), None)
            if number is not None and number not in found:
                found[number] = meaning
        return found

    def _lines(self, table: DocumentTable) -> Iterator[Line]:
        meanings = self._meanings(table)
        rows: dict[int, dict[str, DocumentValue]] = {}
        for cell in table.cells:
            row = rows.setdefault(cell.row or 0, {})
            if (meaning := meanings.get(cell.column or 0)) is not None:
                row.setdefault(meaning, cell)
        for number, cells in sorted(rows.items()):
            line = Line(number, cells)
            if not self._sums_up(line):
                yield line

    def _sums_up(self, line: Line) -> bool:
        words = plain_name(line.text("description"))
        is_sum = any(words == each or words.startswith(f"{each}_") for each in self.vocabulary.sums)
        return is_sum and not line.text("quantity") and not line.text("unit_price")
