"""A line of log for each call of a tool and each request that was refused: who, what, with which outcome."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter

from ...tools.observation import SeenCall, Unobserved
from ..logs import CALL_LOG

__all__ = ["CallLog"]

_log = logging.getLogger(CALL_LOG)
_SEPARATING = re.compile(r"""[\s"]""")


class CallLog(Unobserved):
    """Writes the lines, at the level INFO."""

    @contextmanager
    def call(self, seen: SeenCall) -> Generator[None]:
        """A line when the call ends."""
        began = perf_counter()
        try:
            yield
        finally:
            _write(
                "call",
                principal=seen.principal,
                tool=seen.tool,
                outcome=seen.outcome,
                milliseconds=round((perf_counter() - began) * 1000, 1),
                request=seen.request,
            )

    def refused(self, status: int, code: str, request: str) -> None:
        """A line for a request that was not passed on."""
        _write("refused", outcome=code, status=status, request=request)


def _write(what: str, **fields: str | float) -> None:
    if _log.isEnabledFor(logging.INFO):
        line = " ".join(f"{name}={_one_word(value)}" for name, value in fields.items() if value != "")
        _log.info("%s %s", what, line, extra={"fields": {"event": what, **fields}})


def _one_word(value: str | float) -> str:
    """A value that cannot pass for several fields: in quotes as JSON if it has a blank or a quote."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if _SEPARATING.search(text) else text
