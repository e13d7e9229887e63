"""Checks of single values: dates, currency, identifiers, what is empty, missing or cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from ..documents.values import DocumentValue
from .dates import readings_of_date
from .finding import Finding, Judgement, most_suspect
from .identifiers import is_iban, is_vat_id
from .numbers import UnreadableError, read_number
from .sheet import Sheet

__all__ = ["DATES", "PLAIN", "judge_dates", "judge_values"]

DATES = ("due_date", "future_date")
PLAIN = ("readable", "currency", "iban", "vat_id", "required", "table_cells")

_MAX_FINDINGS = 5
_NUMERIC = ("quantity", "unit_price", "amount")
_ACROSS_ZONES = timedelta(days=1)
"""How much later than the upload a date may be, as days begin at different times."""


def judge_dates(sheet: Sheet, uploaded: date | None, today: date) -> Judgement:
    """What the dates of a document say of it; `uploaded` is the day on which it came, if that is known."""
    judgement = Judgement()
    issued, due = sheet.date("date"), sheet.date("due_date")
    values = tuple(value for name in ("date", "due_date") if (value := sheet.field(name)) is not None)
    if issued is None or due is None:
        judgement.not_checked["due_date"] = _why_no_date(sheet, "date" if issued is None else "due_date")
    elif due < issued:
        message = f"due on {due:%Y-%m-%d}, before the document's date {issued:%Y-%m-%d}"
        judgement.findings.append(Finding("due_date", message, values, most_suspect(values)))
    else:
        judgement.passed.append("due_date")
    latest, since = (uploaded, "it was uploaded") if uploaded is not None else (today, "today")
    if issued is None:
        judgement.not_checked["future_date"] = _why_no_date(sheet, "date")
    elif issued > latest + _ACROSS_ZONES:
        message = f"dated {issued:%Y-%m-%d}, later than {since} ({latest:%Y-%m-%d})"
        judgement.findings.append(Finding("future_date", message, values[:1], most_suspect(values[:1])))
    else:
        judgement.passed.append("future_date")
    return judgement


def _why_no_date(sheet: Sheet, meaning: str) -> str:
    return f"{meaning} cannot be read as a date" if sheet.field(meaning) else sheet.why_no_field(meaning)


def judge_values(sheet: Sheet) -> Judgement:
    """What single values of a document say of it."""
    judgement = Judgement()
    for check, find in _CHECKS.items():
        try:
            findings = list(find(sheet))
        except _NotThereError as reason:
            judgement.not_checked[check] = str(reason)
            continue
        reported = findings[:_MAX_FINDINGS]
        if len(findings) > _MAX_FINDINGS:
            reported.append(
                Finding(check, f"{len(findings) - _MAX_FINDINGS} more values have the same fault")
            )
        judgement.findings += reported
        if not findings:
            judgement.passed.append(check)
    return judgement


class _NotThereError(Exception):
    """The document has nothing for a check to look at."""


def _readable(sheet: Sheet) -> Iterator[Finding]:
    numeric = [(meaning, value) for meaning, value in sheet.numeric_values() if value.text.strip()]
    dates = [
        (meaning, value)
        for meaning in ("date", "due_date")
        for value in sheet.fields.get(meaning, ())
        if value.text.strip()
    ]
    if not numeric and not dates:
        raise _NotThereError("no numbers or dates")
    for meaning, value in numeric:
        try:
            read_number(value.text, sheet.mark)
        except UnreadableError as error:
            yield Finding("readable", f"the {meaning} {error}", (value,), value.id)
    for meaning, value in dates:
        try:
            readings_of_date(value.text)
        except UnreadableError as error:
            yield Finding("readable", f"the {meaning} {error}", (value,), value.id)


def _currency(sheet: Sheet) -> Iterator[Finding]:
    stated = sheet.field("currency")
    if stated is None and not sheet.currencies:
        raise _NotThereError(sheet.why_no_field("currency"))
    if stated is not None and not sheet.vocabulary.currency(stated.text) and not _is_sign(stated.text):
        yield Finding("currency", "it is not a currency code (ISO 4217)", (stated,), stated.id)
    if len(sheet.currencies) > 1:
        named, values = ", ".join(sheet.currencies), tuple(sheet.currencies.values())
        yield Finding(
            "currency", f"several currencies in one document: {named}", values, most_suspect(values)
        )


def _is_sign(text: str) -> bool:
    """Whether it is a sign of a currency that several have, such as a bare dollar sign."""
    return text.strip().casefold().strip(".") in ("$", "kr", "¥")


def _identifier(
    meaning: str, what: str, is_right: Callable[[str], bool]
) -> Callable[[Sheet], Iterator[Finding]]:
    def find(sheet: Sheet) -> Iterator[Finding]:
        values = [value for value in sheet.fields.get(meaning, ()) if value.text.strip()]
        if not values:
            raise _NotThereError(sheet.why_no_field(meaning))
        for value in values:
            if not is_right(value.text):
                yield Finding(
                    meaning,
                    f"it is not a valid {what}: its format or check digits are wrong",
                    (value,),
                    value.id,
                )

    return find


def _required(sheet: Sheet) -> Iterator[Finding]:
    there = [name for name in sheet.vocabulary.required if name in sheet.fields]
    if not there:
        raise _NotThereError("no field is required")
    for name in there:
        values = sheet.fields[name]
        if not any(value.text.strip() for value in values):
            yield Finding("required", f"the {name} is empty", values, values[0].id)


def _table_cells(sheet: Sheet) -> Iterator[Finding]:
    columns = [name for name in _NUMERIC if name in sheet.line_columns]
    if not sheet.lines:
        raise _NotThereError("no table of line items")
    for line in sheet.lines:
        empty = [name for name in columns if not line.text(name)]
        if empty and len(empty) < len(columns):
            message = f"row {line.number} has no {' and no '.join(empty)}"
            values: tuple[DocumentValue, ...] = tuple(
                line.cells[name] for name in empty if name in line.cells
            )
            suspect = values[0].id if len(values) == 1 else ""
            yield Finding("table_cells", message, values or tuple(line.cells.values())[:1], suspect)


_CHECKS: Mapping[str, Callable[[Sheet], Iterator[Finding]]] = {
    "readable": _readable,
    "currency": _currency,
    "iban": _identifier("iban", "IBAN", is_iban),
    "vat_id": _identifier("vat_id", "VAT id", is_vat_id),
    "required": _required,
    "table_cells": _table_cells,
}
"""What finds the values that fail a check, by its name; raises `_NotThereError` where none are there."""
