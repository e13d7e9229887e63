"""Asks a process of its own to evaluate expressions, and ends it where one takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any, Literal, cast

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from ...schemas import JsonObject
from .dates import DayOrder
from .numbers import DecimalMark

__all__ = ["MAX_CHARACTERS", "Evaluator", "ExpressionFault", "ExpressionInput", "Verdict", "is_installed"]

MAX_CHARACTERS = 2_000
"""The longest expression."""

_MAX_DEPTH = 40
_SECONDS, _START_SECONDS = 2.0, 30.0
_MAX_LINE = 100_000
_UNPARSED: Mapping[str, Any] = {"message": "it cannot be parsed"}
_MODULE = f"{__package__}.expression_worker"
_NO_ANSWER = (
    TimeoutError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
    anyio.IncompleteRead,
    anyio.DelimiterNotFound,
)
_WITHHELD = ("DOCREVIEW_", "NANONETS_", "STUDIO_")


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """What is wrong with an expression, and where in it, from 1."""

    message: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """An expression's result. `message`: why it was not judged; `detail`, `texts` may quote documents."""

    state: Literal["passed", "failed", "skipped", "unjudged"]
    message: str = ""
    detail: str = ""
    texts: tuple[str, ...] = ()
    is_too_slow: bool = False


@dataclass(frozen=True, slots=True)
class ExpressionInput:
    """A document as expressions see it, and how its numbers and dates are to be read.

    `present` are the values of its fields by their plain names, and `counts` how many documents have them;
    None where it is the only one.
    """

    variables: JsonObject
    mark: DecimalMark
    order: DayOrder
    today: date
    present: Mapping[str, Sequence[str]]
    counts: Mapping[str, Mapping[str, int]] | None = None


def is_installed() -> bool:
    """Whether expressions can be evaluated here at all."""
    return find_spec("cel") is not None


class Evaluator:
    """Evaluates expressions one after another. The process is started when the first one is asked for."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._lock = anyio.Lock()
        self._process: Process | None = None
        self._lines: BufferedByteReceiveStream | None = None

    async def faults(self, expressions: Sequence[str]) -> list[ExpressionFault | None]:
        """What is wrong with each expression by itself."""
        found = [_fault_of_size(text) for text in expressions]
        if not is_installed():
            missing = ExpressionFault("your own checks need CEL; install docreview-mcp[checks]")
            return [fault or missing for fault in found]
        async with self._lock:
            for index, text in enumerate(expressions):
                if found[index] is None:
                    answer = await self._ask({"compile": [text]})
                    details = (
                        _UNPARSED if answer is None else cast("dict[str, Any] | None", answer["faults"][0])
                    )
                    found[index] = ExpressionFault(**details) if details else None
        return found

    async def judge(self, inputs: ExpressionInput, checks: Sequence[tuple[str, str]]) -> list[Verdict]:
        """What checks say of a document, each given as `when`, which may be empty, and `expect`."""
        if not is_installed():
            return [Verdict("unjudged", "CEL is not installed (docreview-mcp[checks])")] * len(checks)
        verdicts: list[Verdict] = []
        async with self._lock:
            for check in checks:
                if any(map(_fault_of_size, check)):
                    verdicts.append(Verdict("unjudged", "the expression is too long or nested too deeply"))
                else:
                    verdicts.append(await self._verdict(inputs, check))
        return verdicts

    async def close(self) -> None:
        """End the process."""
        process, self._process, self._lines = self._process, None, None
        if process is not None:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()
                await process.aclose()

    async def _verdict(self, inputs: ExpressionInput, check: tuple[str, str]) -> Verdict:
        request = {
            "variables": inputs.variables,
            "mark": inputs.mark,
            "order": inputs.order,
            "today": inputs.today.isoformat(),
            "present": inputs.present,
            "counts": inputs.counts,
            "checks": [{"when": check[0], "expect": check[1]}],
        }
        answer = await self._ask(request)
        if answer is None:
            message = f"it takes more than {self._seconds:g} s or too much memory"
            return Verdict("unjudged", message, is_too_slow=True)
        return Verdict(
            answer["state"], answer["message"], answer["detail"], tuple(filter(None, answer["texts"]))
        )

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a request; None where the process gave none in time and was ended."""
        try:
            if self._process is None:
                await self._start()
            with anyio.fail_after(self._seconds):
                return await self._exchange(json.dumps(request).encode() + b"\n")
        except _NO_ANSWER:
            await self.close()
            return None
        except BaseException:
            # What was asked may still be answered, and would be taken for the answer to something else.
            await self.close()
            raise

    async def _exchange(self, line: bytes) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        await self._process.stdin.send(line)
        return await self._receive()

    async def _receive(self) -> dict[str, Any]:
        assert self._lines is not None
        return json.loads(await self._lines.receive_until(b"\n", _MAX_LINE))

    async def _start(self) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.upper().startswith(_WITHHELD)
        }
        self._process = await anyio.open_process(
            [sys.executable, "-m", _MODULE], stderr=subprocess.DEVNULL, env=environment
        )
        assert self._process.stdout is not None
        self._lines = BufferedByteReceiveStream(self._process.stdout)
        with anyio.fail_after(_START_SECONDS):
            await self._receive()


def _fault_of_size(text: str) -> ExpressionFault | None:
    if len(text) > MAX_CHARACTERS:
        return ExpressionFault(f"it has {len(text)} characters, expected at most {MAX_CHARACTERS}")
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        return ExpressionFault(f"it is nested more than {_MAX_DEPTH} levels deep")
    return None
