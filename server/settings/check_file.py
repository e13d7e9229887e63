"""The check file: TOML, checked key by key, and where in it each expression stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import anyio
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ...tools.checks.built_in import BUILT_IN
from ...tools.checks.expressions import MAX_CHARACTERS, Evaluator
from ...tools.checks.functions import conventions
from ...tools.checks.own_check import CheckFile, OwnCheck
from ...tools.checks.vocabulary import usual_vocabulary
from .toml_file import TomlFileError, quoted_key, quoted_value, tables_in, text_in

__all__ = ["CheckFileError", "ReadCheckFile", "examine_check_file", "expression_faults", "read_check_file"]

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_CHECK_HEADER = re.compile(r"^[ \t]*\[\[\s*checks\s*\]\]", re.MULTILINE)
_EXPRESSIONS = ("when", "expect")


class CheckFileError(TomlFileError):
    """The check file cannot be used."""

    setting = "DOCREVIEW_CHECKS"


@dataclass(frozen=True, slots=True)
class ReadCheckFile:
    """What a check file says, and its text."""

    path: Path
    content: CheckFile
    text: str


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("expected 2 to 40 lowercase letters, digits and underscores, starting with a letter")
    if value in BUILT_IN:
        raise ValueError("expected another name, because a built-in check has this one")
    return value


def _built_in(value: str) -> str:
    if value not in BUILT_IN:
        near = get_close_matches(value, BUILT_IN, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the built-in checks are {', '.join(BUILT_IN)}"
        raise ValueError(f"there is no such built-in check; {hint}")
    return value


def _locale(value: str) -> str:
    if value:
        conventions(value)
    return value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


_Expression = Annotated[str, Field(max_length=MAX_CHARACTERS)]
_A_CEL = f"an expression in CEL of at most {MAX_CHARACTERS} characters"


class _Check(_Table):
    name: Annotated[str, AfterValidator(_name)] = Field(description="a name such as po_number")
    expect: _Expression = Field(min_length=1, description=_A_CEL)
    when: _Expression = Field(default="", description=_A_CEL)
    workflows: list[str] = Field(default_factory=list[str], description='a list of ids such as ["5f1d2c"]')
    values: list[str] = Field(
        default_factory=list[str], description='a list of fields and columns such as ["total_amount"]'
    )
    message: str = Field(default="", max_length=300, description="a text of at most 300 characters")
    severity: Literal["error", "warning"] = Field(default="error", description='"error" or "warning"')


_Names = dict[str, list[str]]


class _File(_Table):
    checks: list[_Check] = Field(default_factory=list[_Check], description="tables [[checks]]")
    skip: list[Annotated[str, AfterValidator(_built_in)]] = Field(
        default_factory=list[str], description='a list of built-in checks such as ["vat_id"]'
    )
    fields: _Names = Field(
        default_factory=_Names, description='a table of lists of names such as total = ["Summe"]'
    )
    columns: _Names = Field(
        default_factory=_Names, description='a table of lists of names such as amount = ["Wert"]'
    )
    locale: Annotated[str, AfterValidator(_locale)] = Field(
        default="", description='a locale such as "de_CH"'
    )


def read_check_file(path: Path) -> ReadCheckFile:
    """What a check file says. Its expressions are not looked at; see `expression_faults`.

    Raises:
        CheckFileError: the file is not there, cannot be read, has a fault or says nothing.
    """
    text = text_in(path, CheckFileError)
    try:
        given = _File.model_validate(tables_in(path, text, CheckFileError))
    except ValidationError as error:
        faults = dict.fromkeys(_fault(text, entry) for entry in error.errors(include_url=False))
        raise CheckFileError(path, faults) from None
    faults = [*_unknown_meanings(given), *_names_twice(given, text)]
    if faults:
        raise CheckFileError(path, faults)
    checks = tuple(
        OwnCheck(
            each.name,
            each.expect,
            each.when,
            frozenset(each.workflows),
            tuple(each.values),
            each.message,
            each.severity,
        )
        for each in given.checks
    )
    content = CheckFile(checks, frozenset(given.skip), given.fields, given.columns, given.locale)
    if content == CheckFile():
        raise CheckFileError(path, ["is empty; write a check, or unset DOCREVIEW_CHECKS"])
    return ReadCheckFile(path, content, text)


async def expression_faults(file: ReadCheckFile, evaluator: Evaluator) -> list[str]:
    """What is wrong with the expressions of a check file, each with its line and column in the file."""
    faults: list[str] = []
    for number, check in enumerate(file.content.checks):
        for key in _EXPRESSIONS:
            expression = str(getattr(check, key))
            fault = (await evaluator.faults([expression]))[0] if expression else None
            if fault is not None:
                line, column = _position(file.text, number, key, expression, fault.line, fault.column)
                at = f"line {line}" + (f", column {column}" if column else "")
                faults.append(f"{at}: {key} of {check.name}: {fault.message}")
    return faults


def examine_check_file(path: Path) -> tuple[ReadCheckFile, list[str]]:
    """A check file with the faults of its expressions.

    Raises:
        CheckFileError: as in `read_check_file`.
    """
    file = read_check_file(path)

    async def examine() -> list[str]:
        evaluator = Evaluator()
        try:
            return await expression_faults(file, evaluator)
        finally:
            await evaluator.close()

    return file, anyio.run(examine)


def _fault(text: str, error: ErrorDetails) -> str:
    """One fault: its line, the key, the actual value, the expected one."""
    steps = error["loc"]
    number = steps[1] if len(steps) > 1 and steps[0] == "checks" and isinstance(steps[1], int) else None
    names = [str(step) for step in steps if isinstance(step, str)]
    line = _line_of(text, number, names[-1])
    at = f"line {line}: " if line else ""
    table = _Check if number is not None and len(names) > 1 else _File
    key = quoted_key(".".join(names[:2]))
    if error["type"] == "extra_forbidden":
        known = list(table.model_fields)
        near = get_close_matches(names[-1], known, n=1)
        return f"{at}{key}: unknown; " + (
            f"did you mean {near[0]}?" if near else f"the known ones are {', '.join(known)}"
        )
    field = table.model_fields.get(names[1] if table is _Check else names[0])
    wanted = field.description if field is not None else "another value"
    if error["type"] == "missing":
        return f"{at}{key}: missing, expected {wanted}"
    if error["type"] == "value_error":
        wanted = str(error.get("ctx", {}).get("error", ""))
        return f"{at}{key}: got {quoted_value(error['input'])}, {wanted}"
    return f"{at}{key}: got {quoted_value(error['input'])}, expected {wanted}"


def _unknown_meanings(given: _File) -> Iterator[str]:
    usual = usual_vocabulary()
    for table, named, known in (
        ("fields", given.fields, usual.fields),
        ("columns", given.columns, usual.columns),
    ):
        for meaning in named:
            if meaning not in known:
                near = get_close_matches(meaning, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the known ones are {', '.join(known)}"
                yield f"{table}.{quoted_key(meaning)}: unknown; {hint}"


def _names_twice(given: _File, text: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, check in enumerate(given.checks):
        if check.name in seen:
            yield f"line {_line_of(text, number, 'name')}: name: two checks are called {check.name}"
        seen.add(check.name)


def _line_of(text: str, number: int | None, key: str) -> int:
    """The line of a key, in the check with that number or before the first table; 0 where it is not found."""
    begin, end = _section(text, number)
    found = re.compile(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?\s*[=.]", re.MULTILINE).search(text, begin, end)
    if found is None:
        return text.count("\n", 0, begin) + 1 if number is not None else 0
    offset = found.end()
    return text.count("\n", 0, offset) + 1


def _section(text: str, number: int | None) -> tuple[int, int]:
    """Where the check with that number begins and ends in the text; all of it without a number."""
    headers = [match.start() for match in _CHECK_HEADER.finditer(text)]
    if number is None or number >= len(headers):
        return 0, len(text)
    after = _HEADER.search(text, text.find("\n", headers[number]) + 1 or len(text))
    return headers[number], after.start() if after is not None else len(text)


def _position(text: str, number: int, key: str, expression: str, line: int, column: int) -> tuple[int, int]:
    """The line and column in the file of a place in an expression; column 0 where it is written escaped."""
    begin, end = _section(text, number)
    found = re.compile(rf"^[ \t]*{key}\s*=", re.MULTILINE).search(text, begin, end)
    start = text.find(expression, found.end(), end) if found is not None else -1
    if start < 0:
        return _line_of(text, number, key), 0
    before = text[:start]
    first = before.count("\n") + 1
    if line == 1:
        return first, start - (before.rfind("\n") + 1) + column
    return first + line - 1, column
