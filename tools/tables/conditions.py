"""Which rows are wanted. All that knows what a condition looks like is here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

from ...schemas import JsonObject
from ..checks.numbers import UnreadableError
from ..checks.plain_name import plain_name
from ..documents.comparison import comparable
from .row import Names, Row

__all__ = ["Unreadable", "faults_in", "fields_in", "wanted_rows"]

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_WITHOUT_VALUE = ("empty", "filled")
_ORDERS: Mapping[str, Callable[[Decimal | date, Decimal | date], bool]] = {
    "<": lambda found, wanted: found < wanted,  # type: ignore[operator]
    "<=": lambda found, wanted: found <= wanted,  # type: ignore[operator]
    ">": lambda found, wanted: found > wanted,  # type: ignore[operator]
    ">=": lambda found, wanted: found >= wanted,  # type: ignore[operator]
}


@dataclass(slots=True)
class Unreadable:
    """The texts that are neither blank nor what they should be, each once: row, name, text and why."""

    found: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])

    def note(self, row: Row, name: str, error: UnreadableError) -> None:
        """Remember one, unless nothing stands there at all."""
        if row.text(name):
            self.found.setdefault((row.id, name, row.text(name)), str(error))


def fields_in(where: Sequence[JsonObject]) -> list[str]:
    """The names that conditions are about."""
    return [str(condition["field"]) for condition in where]


def faults_in(where: Sequence[JsonObject]) -> list[str]:
    """What is wrong with conditions, whatever the rows are."""
    faults: list[str] = []
    for index, condition in enumerate(where):
        op, given = str(condition["op"]), "value" in condition
        if given == (op in _WITHOUT_VALUE):
            faults.append(f"conditions.{index}.value: {'given' if given else 'missing'} with {op}")
        elif op in _ORDERS and _measure(str(condition["value"])) is None:
            actual = str(condition["value"])[:60]
            faults.append(
                f"conditions.{index}.value: got {actual!r}, expected a number such as 1000.50 or a date"
                f" such as 2026-10-05 for {op}"
            )
    return faults


def wanted_rows(
    rows: Sequence[Row], where: Sequence[JsonObject], names: Names, unreadable: Unreadable
) -> list[Row]:
    """The rows for which every condition holds. One that cannot be judged is not wanted but `unreadable`."""
    wanted: list[Row] = []
    for row in rows:
        # Every condition is looked at, so that whatever cannot be read is reported.
        verdicts = [_holds(row, condition, names, unreadable) for condition in where]
        if all(verdicts):
            wanted.append(row)
    return wanted


def _holds(row: Row, condition: JsonObject, names: Names, unreadable: Unreadable) -> bool:
    name, op = plain_name(names.spelled(str(condition["field"]))), str(condition["op"])
    wanted, text = str(condition.get("value", "")), row.text(name)
    if op in _WITHOUT_VALUE:
        return (op == "empty") == (not text)
    if op == "contains":
        return comparable(wanted) in comparable(text)
    if op in ("=", "!="):
        return (op == "=") == _equals(row, name, wanted)
    return _compares(row, name, op, cast("Decimal | date", _measure(wanted)), unreadable)


def _equals(row: Row, name: str, wanted: str) -> bool:
    if comparable(row.text(name)) == comparable(wanted.strip()):
        return True
    measure = _measure(wanted)
    try:
        if isinstance(measure, Decimal):
            return row.number(name) == measure
        return measure is not None and row.date(name) == measure
    except UnreadableError:
        return False


def _compares(row: Row, name: str, op: str, wanted: Decimal | date, unreadable: Unreadable) -> bool:
    try:
        found = row.number(name) if isinstance(wanted, Decimal) else row.date(name)
    except UnreadableError as error:
        unreadable.note(row, name, error)
        return False
    return _ORDERS[op](found, wanted)


def _measure(text: str) -> Decimal | date | None:
    """A number or a date as conditions write it."""
    if _NUMBER.fullmatch(text.strip()):
        return Decimal(text.strip())
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
