"""The checks that need no configuration, over one document and over several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from ..documents.comparison import comparable
from ..documents.values import DocumentValue, DocumentValues
from .arithmetic import ARITHMETIC, judge_amounts
from .dates import DayOrder, day_order
from .finding import Finding, Judgement
from .numbers import DecimalMark, decimal_mark, mark_of_groups
from .plain_checks import DATES, PLAIN, judge_dates, judge_values
from .sheet import Sheet
from .vocabulary import Vocabulary

__all__ = ["BUILT_IN", "DUPLICATE", "duplicates", "judge_built_in", "sheet_of"]

DUPLICATE = "duplicate"
BUILT_IN = (*ARITHMETIC, *DATES, *PLAIN, DUPLICATE)
"""The names of all built-in checks; the last one compares documents."""

_MARKS: tuple[DecimalMark, ...] = (".", ",")
_ORDERS: tuple[DayOrder, ...] = ("day first", "month first")


def sheet_of(
    document: DocumentValues,
    vocabulary: Vocabulary,
    mark: DecimalMark = "",
    order: DayOrder = "",
    uploaded: date | None = None,
) -> Sheet:
    """A document as checks see it.

    Its own numbers and dates say how they are to be read, before what the caller says; where neither does, so
    that `1.234` may be two numbers, it is read in the way in which more of it adds up, and else in thousands.
    """
    sheet = Sheet(document, vocabulary)
    values = [value.text for _, value in sheet.numeric_values()]
    dates = [value.text for name in ("date", "due_date") for value in sheet.fields.get(name, ())]
    proven, ordered = decimal_mark(values) or mark, day_order(dates) or order
    orders = (ordered,) if ordered else _ORDERS
    marks: tuple[DecimalMark, ...] = (proven,) if proven else (mark_of_groups(values), *_MARKS)
    sheets = [Sheet(document, vocabulary, each) for each in marks]
    best = min(sheets, key=lambda each: len(judge_amounts(each).findings)) if len(sheets) > 1 else sheets[0]
    return min((replace(best, order=each) for each in orders), key=lambda each: _oddness(each, uploaded))


def _oddness(sheet: Sheet, uploaded: date | None) -> tuple[bool, bool, int]:
    """How odd a reading of dates is: after the upload, due before issued, far from one to the other."""
    issued, due = sheet.date("date"), sheet.date("due_date")
    is_late = issued is not None and uploaded is not None and issued > uploaded
    if issued is None or due is None:
        return is_late, False, 0
    return is_late, due < issued, abs((due - issued).days)


def judge_built_in(sheet: Sheet, uploaded: date | None, today: date) -> Judgement:
    """What the built-in checks of one document say of it."""
    judgement = judge_amounts(sheet)
    judgement.take(judge_dates(sheet, uploaded, today))
    judgement.take(judge_values(sheet))
    return judgement


def duplicates(sheets: Mapping[str, Sheet]) -> dict[str, Judgement]:
    """The documents of the same supplier with the same number, by id."""
    groups: dict[tuple[str, str], list[str]] = {}
    judgements: dict[str, Judgement] = {}
    for document_id, sheet in sheets.items():
        judgements[document_id] = judgement = Judgement()
        supplier, number = sheet.field("supplier"), sheet.field("number")
        if supplier is None or number is None:
            missing = "supplier" if supplier is None else "number"
            judgement.not_checked[DUPLICATE] = sheet.why_no_field(missing)
            continue
        groups.setdefault((_key(supplier), _key(number)), []).append(document_id)
    for document_ids in groups.values():
        for document_id in document_ids:
            if len(document_ids) == 1:
                judgements[document_id].passed.append(DUPLICATE)
                continue
            sheet = sheets[document_id]
            values = _present((sheet.field("supplier"), sheet.field("number")))
            others = tuple(each for each in document_ids if each != document_id)
            message = f"has the same supplier and number as {len(others)} other"
            judgements[document_id].findings.append(Finding(DUPLICATE, message, values, others=others))
    return judgements


def _present(values: Sequence[DocumentValue | None]) -> tuple[DocumentValue, ...]:
    return tuple(value for value in values if value is not None)


def _key(value: DocumentValue) -> str:
    return "".join(letter for letter in comparable(value.text) if letter.isalnum())
