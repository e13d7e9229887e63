"""One test for a whole table, where a test for each row would cost more than what it checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["each_case"]

CaseT = TypeVar("CaseT")


def each_case(
    cases: Iterable[CaseT], name: Callable[[CaseT], str]
) -> Callable[[Callable[[CaseT], None]], Callable[[], None]]:
    """Make a test of a check: it tries every case and fails with the names and faults of all that fail."""

    def over_all(check: Callable[[CaseT], None]) -> Callable[[], None]:
        def test() -> None:
            faults: list[str] = []
            for case in cases:
                try:
                    check(case)
                except Exception as fault:
                    faults.append(f"{name(case)}: {type(fault).__name__}: {fault}")
            assert not faults, "\n\n".join([f"{len(faults)} cases fail", *faults])

        # Without `functools.wraps`, by which pytest would take the case for a fixture.
        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return over_all
