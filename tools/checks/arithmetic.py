"""Whether amounts add up, and where they do not, which value is most likely wrong and what it should be.

Each sum is an equation over values of the document. A value that stands in one that holds is above suspicion
in one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import product

from ..documents.readings import is_fine_status
from ..documents.values import DocumentValue
from .finding import Finding, Judgement
from .numbers import written_like
from .sheet import Line, Sheet

__all__ = ["ARITHMETIC", "judge_amounts"]

ARITHMETIC = ("line_amount", "line_sum", "total", "tax_rate")

_CENT, _TWO_CENTS = Decimal("0.01"), Decimal("0.02")
_HUNDRED = Decimal(100)
_MAX_TAX_RATE = Decimal("0.3")
"""The highest share of a subtotal that is taken for a tax."""

_MAX_LINES = 5
_MAX_DIGITS = 60


@dataclass(frozen=True, slots=True)
class _Equation:
    """`values` are those that it is about, the result last; `expected` what each would have to be."""

    check: str
    holds: bool
    message: str
    values: tuple[DocumentValue, ...]
    expected: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    shown: tuple[DocumentValue, ...] = ()


def judge_amounts(sheet: Sheet) -> Judgement:
    """What the sums of a document say of it."""
    judgement = Judgement()
    if len(sheet.currencies) > 1:
        reason = "the document has several currencies"
        judgement.not_checked = dict.fromkeys(ARITHMETIC, reason)
        return judgement
    with localcontext() as context:
        context.prec = _MAX_DIGITS
        equations = [
            *_line_amounts(sheet, judgement),
            *_line_sum(sheet, judgement),
            *_total(sheet, judgement),
            *_tax(sheet, judgement),
        ]
        _report(sheet, equations, judgement)
    return judgement


def _report(sheet: Sheet, equations: Sequence[_Equation], judgement: Judgement) -> None:
    sound = {value.id for each in equations if each.holds for value in each.values}
    failing = [each for each in equations if not each.holds]
    for check in dict.fromkeys(each.check for each in equations):
        failed = [each for each in failing if each.check == check]
        if not failed:
            judgement.passed.append(check)
        for each in failed[:_MAX_LINES]:
            suspect = _suspect(each, sound, failing)
            expected = each.expected.get(suspect.id) if suspect is not None else None
            shown = each.shown or each.values
            if suspect is not None and suspect not in shown:
                shown = (suspect, *shown)
            judgement.findings.append(
                Finding(
                    check,
                    each.message,
                    shown,
                    "" if suspect is None else suspect.id,
                    "" if suspect is None or expected is None else _written(expected, suspect, sheet),
                )
            )
        if len(failed) > _MAX_LINES:
            judgement.findings.append(
                Finding(check, f"{len(failed) - _MAX_LINES} more lines have the same fault")
            )


def _suspect(equation: _Equation, sound: set[str], failing: Sequence[_Equation]) -> DocumentValue | None:
    """The value that is most likely wrong: in no sum that holds, in many that fail, of low confidence."""
    unsettled = [value for value in equation.values if not value.is_verified and not value.is_moderated]
    # Where each value is settled or sound, one of them is wrong all the same.
    open_values = unsettled or list(equation.values)
    pool = [value for value in open_values if value.id not in sound] or open_values
    possible = [value for value in pool if value.id in equation.expected] or pool
    if not possible:
        return None

    def order(value: DocumentValue) -> tuple[int, bool, float]:
        times = sum(any(each.id == value.id for each in other.values) for other in failing)
        confidence = 1.0 if value.confidence is None else value.confidence
        return -times, value.message == "" and is_fine_status(value.status), confidence

    first, *others = sorted(possible, key=order)
    return first if not others or order(first) < order(others[0]) else None


def _written(number: Decimal, like: DocumentValue, sheet: Sheet) -> str:
    return written_like(number, like.text, sheet.mark)


def _rendered(number: Decimal) -> str:
    """A number in a message: with two decimals, or more where it has them."""
    decimals = -int(number.normalize().as_tuple().exponent)
    return f"{number:,.{max(decimals, 2)}f}"


def _percent(share: Decimal) -> str:
    return f"{(share * _HUNDRED).quantize(_CENT).normalize():f}"


def _line_amounts(sheet: Sheet, judgement: Judgement) -> Iterator[_Equation]:
    needed = {"quantity", "unit_price", "amount"}
    if missing := needed - sheet.line_columns:
        judgement.not_checked["line_amount"] = f"no column for {', '.join(sorted(missing))}"
        return
    with_more = sheet.line_columns & {"line_discount", "line_tax"}
    found = False
    for line in sheet.lines:
        numbers = _numbers(sheet, line, ("quantity", "unit_price", "amount"))
        if numbers is None:
            continue
        quantity, price, amount = numbers
        cells = tuple(line.cells[name] for name in ("quantity", "unit_price", "amount"))
        holds = abs(quantity * price - amount) <= _CENT
        if with_more and not holds:
            continue
        found = True
        right = _rendered(quantity * price)
        message = (
            f"quantity × unit price is {right}, but the amount is {_rendered(amount)} (row {line.number})"
        )
        yield _Equation("line_amount", holds, message, cells, dict(_factors(cells, quantity, price, amount)))
    if not found:
        reason = (
            "lines with a discount or tax of their own" if with_more else "no line with all three numbers"
        )
        judgement.not_checked["line_amount"] = reason


def _factors(
    cells: Sequence[DocumentValue], quantity: Decimal, price: Decimal, amount: Decimal
) -> Iterator[tuple[str, Decimal]]:
    """What each cell of a line would have to be; a quantity only where it comes out whole."""
    yield cells[2].id, (quantity * price).quantize(_CENT)
    if price and amount % price == 0:
        yield cells[0].id, amount / price
    if quantity and abs((amount / quantity).quantize(_CENT) * quantity - amount) <= _CENT:
        yield cells[1].id, (amount / quantity).quantize(_CENT)


def _numbers(sheet: Sheet, line: Line, names: Iterable[str]) -> list[Decimal] | None:
    """The numbers of a line; None where one of them is missing or no number."""
    found: list[Decimal] = []
    for name in names:
        number = sheet.number_of(line.cells[name]) if name in line.cells else None
        if number is None:
            return None
        found.append(number)
    return found


def _line_sum(sheet: Sheet, judgement: Judgement) -> Iterator[_Equation]:
    amounts = [line.cells["amount"] for line in sheet.lines if line.text("amount")]
    numbers = {cell.id: sheet.number_of(cell) for cell in amounts}
    if not amounts or None in numbers.values():
        reason = "a line's amount is not a number" if amounts else "no lines with an amount"
        judgement.not_checked["line_sum"] = reason
        return
    wanted = [name for name in ("subtotal", "total") if sheet.number(name) is not None]
    if not wanted:
        judgement.not_checked["line_sum"] = sheet.why_no_field("subtotal")
        return
    lines = sum((number for number in numbers.values() if number is not None), Decimal(0))
    results = _sums(sheet, lines)
    meaning = min(results, key=lambda each: abs(each[1] - lines))[0]
    value, number = sheet.field(meaning), sheet.number(meaning)
    assert value is not None
    assert number is not None
    holds = any(_same(lines, each) for _, each in results)
    expected = {value.id: lines}
    if not holds:
        expected |= {
            cell.id: each + number - lines for cell in amounts if (each := numbers[cell.id]) is not None
        }
    message = (
        f"the {len(amounts)} line amounts add up to {_rendered(lines)}, but the {meaning} is"
        f" {_rendered(number)}"
    )
    yield _Equation("line_sum", holds, message, (*amounts, value), expected, (value,))


def _sums(sheet: Sheet, lines: Decimal) -> list[tuple[str, Decimal]]:
    """The numbers that lines may add up to: the subtotal before or after a discount, or a total with tax."""
    discount, shipping = (abs(sheet.number(name) or Decimal(0)) for name in ("discount", "shipping"))
    found: list[tuple[str, Decimal]] = []
    for name in ("subtotal", "total"):
        number = sheet.number(name)
        if number is not None:
            found += [(name, number), (name, number + discount), (name, number - shipping)]
            found.append((name, number + discount - shipping))
            if number < 0 <= lines:
                # A credit note may print what it takes back without signs.
                found.append((name, -number))
    return found


def _same(number: Decimal, other: Decimal, by: Decimal = _CENT) -> bool:
    return abs(number - other) <= by


def _total(sheet: Sheet, judgement: Judgement) -> Iterator[_Equation]:
    subtotal, total = sheet.number("subtotal"), sheet.number("total")
    if subtotal is None or total is None:
        missing = "subtotal" if subtotal is None else "total"
        reason = f"{missing} is not a number" if sheet.field(missing) else sheet.why_no_field(missing)
        judgement.not_checked["total"] = reason
        return
    rate = _rate(sheet)
    tax = sheet.number("tax")
    computed = tax if tax is not None else None if rate is None else (subtotal * rate).quantize(_CENT)
    if computed is None:
        if not _same(subtotal, total):
            judgement.not_checked["total"] = sheet.why_no_field("tax")
            return
        computed = Decimal(0)
    more = {
        name: abs(number) for name in ("discount", "shipping") if (number := sheet.number(name)) is not None
    }
    changes = [-more.get("discount", Decimal(0)), more.get("shipping", Decimal(0))]
    # A discount or the freight may be in the subtotal already.
    sums = [subtotal + computed + sum(part) for part in product(*({Decimal(0), each} for each in changes))]
    right = subtotal + computed + sum(changes)
    holds = any(_same(each, total, _TWO_CENTS) for each in sums)
    taken = "tax" if tax is not None else "tax_rate"
    names = [name for name in ("subtotal", taken, *more, "total") if sheet.field(name) is not None]
    values = tuple(value for name in names if (value := sheet.field(name)) is not None)
    ids = {name: value.id for name, value in zip(names, values, strict=True)}
    expected = {ids["total"]: right, ids["subtotal"]: total - (right - subtotal)}
    if "tax" in ids:
        expected[ids["tax"]] = total - (right - computed)
    signs = {"discount": "−", "shipping": "+"}
    parts = " ".join(f"{signs[name]} {name}" for name in more)
    reason = f"subtotal + tax {parts}".strip()
    yield _Equation(
        "total",
        holds,
        f"{reason} is {_rendered(right)}, but the total is {_rendered(total)}",
        values,
        expected,
    )


def _rate(sheet: Sheet) -> Decimal | None:
    """The tax rate as a share of 1."""
    rate = sheet.number("tax_rate")
    return rate if rate is None or abs(rate) < 1 else rate / _HUNDRED


def _tax(sheet: Sheet, judgement: Judgement) -> Iterator[_Equation]:
    subtotal, tax, rate = sheet.number("subtotal"), sheet.number("tax"), _rate(sheet)
    rated = sheet.field("tax_rate") if rate is not None else None
    if subtotal is None or (tax is None and rated is None):
        missing = "subtotal" if subtotal is None else "tax"
        reason = f"{missing} is not a number" if sheet.field(missing) else sheet.why_no_field(missing)
        judgement.not_checked["tax_rate"] = reason
        return
    if tax is None:
        assert rated is not None
        assert rate is not None
        message = f"a tax rate of {_percent(rate)} % is not plausible"
        # What is plausible is not right for that, so nobody is above suspicion by it.
        yield _Equation("tax_rate", 0 <= rate <= _MAX_TAX_RATE, message, (rated,))
        return
    names = ["subtotal", "tax", *(["tax_rate"] if rated is not None else [])]
    values = tuple(value for name in names if (value := sheet.field(name)) is not None)
    if rate is not None and rated is not None:
        right = (subtotal * rate).quantize(_CENT)
        message = f"{_percent(rate)} % of the subtotal is {_rendered(right)}, but the tax is {_rendered(tax)}"
        expected = {values[1].id: right}
        if rate:
            expected[values[0].id] = (tax / rate).quantize(_CENT)
        yield _Equation("tax_rate", _same(right, tax, _TWO_CENTS), message, values, expected)
        return
    share = tax / subtotal if subtotal else Decimal(0 if not tax else 1)
    is_plausible = 0 <= share <= _MAX_TAX_RATE
    message = f"a tax of {_percent(share)} % of the subtotal is not plausible"
    yield _Equation("tax_rate", is_plausible, message, () if is_plausible else values)
