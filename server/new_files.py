"""New files that are there whole or not at all: a disk may be full."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["whole_or_none"]


@contextmanager
def whole_or_none(path: Path) -> Generator[None]:
    """Fill a new file; if that fails, it is removed, as half of it could be taken for the whole."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
