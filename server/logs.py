"""Logging: to stderr only, and with secrets masked in one place for every logger."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

from ..tools import without_secrets

__all__ = ["MaskingFormatter", "set_up_logging"]

_HTTP_LIBRARIES = ("httpx2", "httpcore2")  # at DEBUG they print header lines, such as Set-Cookie


class MaskingFormatter(logging.Formatter):
    """Formats a record, exception included, and then takes every secret out of the text."""

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written, without secrets."""
        return without_secrets(super().format(record), self._secrets())


def set_up_logging(level: str, secrets: Callable[[], Sequence[str]]) -> None:
    """Send the records of all loggers to stderr from `level` on. Replaces what was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _HTTP_LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if level == "DEBUG" else logging.NOTSET)
