"""Logging: to stderr only, and with secrets masked in one place for every logger."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

__all__ = ["CALL_LOG", "JsonFormatter", "MaskingFormatter", "set_up_logging"]

CALL_LOG = "docreview_mcp.calls"
"""The logger of calls. Its records have `fields`, which a line of JSON shows under their own names."""

_QUERY = re.compile(r"\?\S+")
_HTTP_LIBRARIES = ("httpx2", "httpcore2")
_OUR_LOGGERS = "docreview_mcp"


class MaskingFormatter(logging.Formatter):
    """Formats a record, exception included, without secrets and without what a terminal would obey.

    A message is one line, whatever it quotes; only a traceback goes on below.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the library
        """The line without what follows of an exception."""
        record.message = _plain(record.message)
        if record.name in _HTTP_LIBRARIES:
            # The address of a picture carries a signature that opens it.
            record.message = _QUERY.sub("?…", record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """The text as it is written, without secrets."""
        from ..tools.redaction import without_secrets

        text = "\n".join(_plain(line) for line in super().format(record).split("\n"))
        return without_secrets(text, self._secrets())


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON in ASCII, whatever it quotes, without secrets."""

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        from ..tools.redaction import without_secrets

        secrets = self._secrets()
        message = record.getMessage()
        if record.name in _HTTP_LIBRARIES:
            message = _QUERY.sub("?…", message)
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            **cast("Mapping[str, Any]", getattr(record, "fields", {})),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # Looked through as a whole: hardly ever is there one, and a server for many writes a line a call.
        whole = "\n".join(value for value in fields.values() if isinstance(value, str))
        if without_secrets(whole, secrets) != whole:
            fields = {
                name: without_secrets(value, secrets) if isinstance(value, str) else value
                for name, value in fields.items()
            }
        return json.dumps(fields)


def _plain(line: str) -> str:
    from ..tools.untrusted import one_line

    return one_line(line)


def set_up_logging(
    level: str, secrets: Callable[[], Sequence[str]], form: Literal["text", "json"] = "text"
) -> None:
    """Send the records of all loggers to stderr from `level` on. Replaces what was set up before.

    As JSON, calls are logged at any level. Of libraries nothing below INFO is logged: at DEBUG they print
    whole messages, and so what documents say, and headers such as Set-Cookie.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets) if form == "json" else MaskingFormatter(secrets))
    logging.basicConfig(
        level=max(logging.INFO, logging.getLevelNamesMapping()[level]), handlers=[handler], force=True
    )
    logging.getLogger(_OUR_LOGGERS).setLevel(level)
    logging.getLogger(CALL_LOG).setLevel(logging.INFO if form == "json" else logging.NOTSET)
