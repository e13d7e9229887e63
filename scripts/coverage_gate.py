"""Tells which branches of each folder the tests take, and fails where fewer are taken than wanted.

Reads the measurement that `make cov` leaves in `.coverage`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from coverage import Coverage

__all__ = ["WANTED", "main"]

WANTED: Mapping[str, float] = {
    "server/journal": 100.0,
    "tools/guards": 100.0,
    "tools/policy": 100.0,
}
"""Folder → percentage of its statements and branches that have to be taken."""


def main() -> int:
    """Print a line for each file of these folders that lacks something. Gives 0 if all have enough."""
    measured = Coverage()
    measured.load()
    is_enough = True
    for folder, wanted in WANTED.items():
        reached = measured.report(include=f"{folder}/*", show_missing=True, skip_covered=True)
        is_enough &= reached >= wanted
        print(f"{folder}: {reached:.1f} %, wanted {wanted:.1f} %\n")  # noqa: T201
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main())
