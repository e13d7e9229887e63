"""Evaluates expressions in a process of its own, which ends with them if one takes too long or too much.

CEL cannot be interrupted where it runs, so nothing of it runs inside the server. Requests and answers are
lines of JSON. The process gets no setting and no credential, and reads and writes nothing else.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .functions import FUNCTIONS, Functions

__all__ = ["main"]

_MAX_BYTES = 1_500_000_000
_MAX_TEXT = 300
_VARIABLES = frozenset({"fields", "columns", "tables", "rows", "document", "today"})
_OF_CEL = frozenset(
    {
        "all", "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "exists",
        "exists_one", "filter", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
        "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "has",
        "int", "map", "matches", "max", "min", "size", "startsWith", "string", "timestamp", "type",
        "uint", "optional",
    }
)  # fmt: skip
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|filter|map)\s*\(\s*(\w+)\s*,")
_POSITION = re.compile(r"<input>:(\d+):(\d+): (.*)")
_WORD = re.compile(r"\w+")
_WHY: Mapping[type[BaseException], str] = {
    TypeError: "the types of values do not match (with an amount, write 3.0 instead of 3)",
    ZeroDivisionError: "divides by zero",
    MemoryError: "needs too much memory",
}


def main() -> None:
    """Answer requests until there are no more."""
    _limit_memory()
    import cel

    _answer({"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "compile" in request:
            _answer({"faults": [_fault(cel, text) for text in request["compile"]]})
        else:
            _judge(cel, request)


def _limit_memory() -> None:
    """Where the system can, more memory than any document needs is refused."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    except (ImportError, ValueError, OSError):
        pass


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _fault(cel: Any, text: str) -> dict[str, Any] | None:
    """What is wrong with an expression by itself, and where; None if nothing is."""
    try:
        named = cel.compile(text).references()
    except BaseException as error:  # Panics of the parser are no exceptions of Python.
        position = _POSITION.search(str(error))
        line, column, message = position.groups() if position else (1, 1, "it cannot be parsed")
        return {"line": int(line), "column": int(column), "message": message[:_MAX_TEXT]}
    bound = set(_BOUND.findall(text))
    for kind, names, known in (
        ("variable", named["variables"], {*_VARIABLES, *bound}),
        ("function", named["functions"], {*_OF_CEL, *FUNCTIONS}),
    ):
        for name in names:
            if name not in known and name.isidentifier() and not name.startswith("_"):
                found = re.search(rf"\b{re.escape(name)}\b", text)
                before = text[: found.start() if found else 0]
                position = before.count("\n") + 1, len(before) - before.rfind("\n")
                what = (
                    f"there is no {kind} {name}; the known ones are"
                    f" {', '.join(sorted(known - _OF_CEL - bound))}"
                )
                return {"line": position[0], "column": position[1], "message": what}
    return None


def _judge(cel: Any, request: Mapping[str, Any]) -> None:
    variables = {
        **request["variables"],
        "today": datetime.fromisoformat(request["today"]).replace(tzinfo=UTC),
    }
    for check in request["checks"]:
        functions = Functions(request["mark"], request["order"], request["counts"], request["present"])
        context = cel.Context(variables)
        for name, function in functions.by_name().items():
            context.add_function(name, function)
        _answer(_verdict(cel, context, functions, check))


def _verdict(cel: Any, context: Any, functions: Functions, check: Mapping[str, str]) -> dict[str, Any]:
    for part, otherwise in (("when", "skipped"), ("expect", "failed")):
        if not check[part]:
            continue
        try:
            result = cel.evaluate(check[part], context)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            return _unjudged(check[part], error, functions.problems)
        if not isinstance(result, bool):
            message = f"{part} gives {type(result).__name__}, expected true or false"
            return {"state": "unjudged", "message": message, "detail": "", "texts": []}
        if not result:
            return {"state": otherwise, "message": "", "detail": "", "texts": []}
    return {"state": "passed", "message": "", "detail": "", "texts": []}


def _unjudged(text: str, error: BaseException, problems: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Why a check could not be made, in words that quote no text of the document; `detail` may quote some."""
    detail = " ".join(str(error).split())[:_MAX_TEXT]
    if problems:
        reason, shown = problems[-1]
        message = f"a value {reason}" if shown or reason.startswith("is ") else f"it {reason}"
        return {"state": "unjudged", "message": message, "detail": detail, "texts": [shown[:_MAX_TEXT]]}
    if isinstance(error, KeyError):
        name = str(error.args[0]).strip("'\"") if error.args else ""
        message = f"there is no {name}" if name and name in _WORD.findall(text) else "a name is not defined"
        return {"state": "unjudged", "message": message, "detail": detail, "texts": []}
    message = next((why for kind, why in _WHY.items() if isinstance(error, kind)), "it cannot be evaluated")
    return {"state": "unjudged", "message": message, "detail": detail, "texts": []}


if __name__ == "__main__":
    main()
