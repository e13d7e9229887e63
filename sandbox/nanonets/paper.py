"""Sheets of paper and what the service reads from them.

What stands on the paper and what was read are kept apart: the paper never changes, while the reading may
be wrong from the start (`Mistake`) and is what reviewers correct.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ..page_images import sheet_reference
from ..page_layout import Box, Print, Sheet, text_box

__all__ = ["Column", "Mistake", "PageReading", "Paper", "ReadCell", "ReadField", "ReadTable", "with_mistake"]

GRAY = 110


class ReadField(NamedTuple):
    """A value that the service read for a field."""

    name: str
    value: str
    box: Box
    confidence: float
    status: str = "unverified"
    message: str = ""


class ReadCell(NamedTuple):
    """A cell that the service read in a table; row and column count from 0."""

    row: int
    column: int
    header: str
    text: str
    box: Box
    confidence: float
    status: str = "unverified"
    message: str = ""


class ReadTable(NamedTuple):
    """A table that the service found on a page."""

    box: Box
    headers: tuple[str, ...]
    cells: tuple[ReadCell, ...]


class PageReading(NamedTuple):
    """A sheet together with what the service read from it."""

    sheet: Sheet
    fields: tuple[ReadField, ...]
    tables: tuple[ReadTable, ...]


class Column(NamedTuple):
    """A column of a printed table: its place, and whether its texts are set to the right (amounts are)."""

    header: str
    left: int
    right: int
    numeric: bool = False


class Paper:
    """A document that is being written, page after page, and read at the same time."""

    def __init__(self, identity: str, confidence: random.Random) -> None:
        self._identity = identity
        self._confidence = confidence
        self._pages: list[PageReading] = []
        self._prints: list[Print] = []
        self._rules: list[Box] = []
        self._fields: list[ReadField] = []
        self._tables: list[ReadTable] = []

    def print(
        self,
        text: str,
        x: float,
        y: float,
        size: int = 12,
        *,
        right: bool = False,
        widest: float = 0,
    ) -> None:
        """Put a text on the page that is no field."""
        box = text_box(text, x, y, size, right=right, widest=widest)
        self._prints.append(Print(text, box, size, GRAY, right))

    def rule(self, left: float, y: float, right: float) -> None:
        """Draw a thin line across the page."""
        self._rules.append((left, y, right, y))

    def field(
        self,
        name: str,
        text: str,
        x: float,
        y: float,
        size: int = 13,
        *,
        right: bool = False,
        widest: float = 0,
    ) -> None:
        """Put a field's value on the page and let the service read it."""
        box = text_box(text, x, y, size, right=right, widest=widest)
        self._prints.append(Print(text, box, size, 0, right))
        self._fields.append(ReadField(name, text, box, self._some_confidence()))

    def labelled(self, name: str, label: str, text: str, x: float, y: float, gap: float = 120) -> None:
        """Put a field's value on the page, with a label before it."""
        self.print(label, x, y, 12, widest=gap - 6)
        self.field(name, text, x + gap, y)

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], y: float, row_height: int
    ) -> float:
        """Put a table on the page under its headings; answers the y below it."""
        top = y
        left, right = columns[0].left, columns[-1].right
        for column in columns:
            heading = column.header.replace("_", " ").title()
            start = column.right if column.numeric else column.left
            room = column.right - column.left - 6
            self.print(heading, start, y, 11, right=column.numeric, widest=room)
        y += 24
        self.rule(left, y, right)
        y += 6
        size = min(13, row_height - 8)
        cells: list[ReadCell] = []
        for row, texts in enumerate(rows):
            for position, (column, text) in enumerate(zip(columns, texts, strict=True)):
                start = column.right if column.numeric else column.left
                room = column.right - column.left - 6
                box = text_box(text, start, y, size, right=column.numeric, widest=room)
                self._prints.append(Print(text, box, size, 0, column.numeric))
                cells.append(ReadCell(row, position, column.header, text, box, self._some_confidence()))
            y += row_height
        headers = tuple(column.header for column in columns)
        self._tables.append(ReadTable((left, top, right, y), headers, tuple(cells)))
        self.rule(left, y + 2, right)
        return y + 12

    def end_page(self) -> None:
        """Close the page; what follows goes on the next one."""
        number = len(self._pages) + 1
        digest = hashlib.sha256(f"{self._identity}/{number}".encode()).hexdigest()
        sheet = Sheet(sheet_reference(digest), tuple(self._prints), tuple(self._rules))
        self._pages.append(PageReading(sheet, tuple(self._fields), tuple(self._tables)))
        self._prints, self._rules, self._fields, self._tables = [], [], [], []

    def readings(self) -> tuple[PageReading, ...]:
        """The finished pages."""
        return tuple(self._pages)

    def _some_confidence(self) -> float:
        return int(905 + 92 * self._confidence.random()) / 1000


class Mistake(NamedTuple):
    """Something that the service reads wrongly: the field, or with a row the cell under that header.

    `message` is what a validation rule says about it, if one noticed.
    """

    name: str
    kind: Literal["digit", "letter", "date", "missing"]
    confidence: float
    row: int | None = None
    message: str = ""


MISTAKEN_DIGITS = str.maketrans("0123456789", "6778968134")
MISTAKEN_LETTERS = str.maketrans({"0": "O", "1": "l", "5": "S", "8": "B"})


def misread(text: str, kind: Literal["digit", "letter", "date", "missing"]) -> str:
    """The text as a machine gets it wrong: a digit, letters for digits, day and month swapped, or nothing."""
    if kind == "missing":
        return ""
    if kind == "date":
        separator = next((mark for mark in "/.-" if mark in text), "")
        parts = text.split(separator) if separator else [text]
        if len(parts) == 3:
            first, second = (1, 2) if len(parts[0]) == 4 else (0, 1)
            parts[first], parts[second] = parts[second], parts[first]
        return separator.join(parts)
    if kind == "letter":
        changed = text[:-4] + text[-4:].translate(MISTAKEN_LETTERS)
        return changed if changed != text else misread(text, "digit")
    digits = [position for position, character in enumerate(text) if character.isdigit()]
    if not digits:
        return text
    wrong = digits[min(1, len(digits) - 1)]
    return text[:wrong] + text[wrong].translate(MISTAKEN_DIGITS) + text[wrong + 1 :]


def with_mistake(pages: Sequence[PageReading], mistake: Mistake) -> tuple[PageReading, ...]:
    """The same pages, with one value read wrongly."""
    status = "failed" if mistake.message else "unverified"

    def field(read: ReadField) -> ReadField:
        if mistake.row is not None or read.name != mistake.name:
            return read
        value = misread(read.value, mistake.kind)
        return read._replace(
            value=value, confidence=mistake.confidence, status=status, message=mistake.message
        )

    def cell(read: ReadCell) -> ReadCell:
        if (read.row, read.header) != (mistake.row, mistake.name):
            return read
        text = misread(read.text, mistake.kind)
        return read._replace(text=text, confidence=mistake.confidence, status=status, message=mistake.message)

    return tuple(
        page._replace(
            fields=tuple(map(field, page.fields)),
            tables=tuple(table._replace(cells=tuple(map(cell, table.cells))) for table in page.tables),
        )
        for page in pages
    )
