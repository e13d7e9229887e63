"""A table as a file: comma-separated values, or a workbook for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

from ..failure import NOTHING_SENT, ToolFailure
from ..hidden_characters import without_hidden
from .row import plain_number
from .totals import Cell, Table

__all__ = ["CSV_TYPE", "EXTRA", "XLSX_TYPE", "as_csv", "as_xlsx", "require"]

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTRA = "docreview-mcp[tables]"
_FORMULA = re.compile(r"[=+\-@\t\r]")
_MAX_CELL = 32_000
"""Spreadsheets take a few more characters in a cell."""


def require(module: str, what: str) -> None:
    """Fail unless a library is there that only some tables need.

    Raises:
        ToolFailure: it is not installed.
    """
    if find_spec(module) is None:
        raise ToolFailure(
            "not_configured",
            f"{what} needs the library {module}, which is not installed.",
            happened=NOTHING_SENT,
            next_step=f"Use format rows or csv, or ask the user to install {EXTRA}.",
        )


def as_csv(table: Table) -> bytes:
    """The table in UTF-8 with its mark, so that spreadsheets read it as such.

    Texts that a spreadsheet would take for a formula get an apostrophe before them.
    """
    stream = io.StringIO()
    writer = csv.writer(stream)
    for row in (table.columns, *table.rows):
        writer.writerow([_harmless(cell) for cell in row])
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(table: Table) -> bytes:
    """The table as a workbook: numbers as numbers, everything else as text and never as a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    workbook = Workbook(write_only=True)
    sheet: Any = workbook.create_sheet("table")
    sheet.freeze_panes = "A2"
    for number, row in enumerate((table.columns, *table.rows)):
        cells: list[Any] = []
        for value in row:
            cell: Any = WriteOnlyCell(sheet, value=_plain(value) if isinstance(value, str) else float(value))
            if isinstance(value, str):
                cell.data_type = "s"
            if not number:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _harmless(value: Cell) -> str | int:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, int):
        return value
    text = _plain(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _plain(text: str) -> str:
    shown, _ = without_hidden(text)
    return "".join(letter for letter in shown if letter >= " " or letter == "\n")[:_MAX_CELL]
