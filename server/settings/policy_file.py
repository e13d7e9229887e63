"""The policy file: TOML, checked key by key. A file that has a fault is never taken for one without rules."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ...tools import load_tools
from ...tools.checks.checker import EVERY_CHECK, Checker
from ...tools.policy.limits import Limit
from ...tools.policy.policies import Policies
from ...tools.policy.policy import CONFIRMED, Policy, Rule
from ...tools.policy.scope import is_number
from ...tools.surface.former_names import FORMER_TOOLS
from .toml_file import TomlFileError, quoted_key, quoted_value, tables_in, text_in

__all__ = ["PolicyFileError", "check_names", "keys", "read_policy"]

_HOUR_SECONDS, _DAY_SECONDS = 60 * 60, 24 * 60 * 60


class PolicyFileError(TomlFileError):
    """The policy file cannot be used."""

    setting = "DOCREVIEW_POLICY"


def _pattern(what: str, known: list[str]) -> BeforeValidator:
    """A check of a name or pattern that has to stand for at least one of the known names."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"expected the name of a {what} in quotes, or a pattern such as {known[0][:8]}*")
        former = FORMER_TOOLS if what == "tool" else ()
        if not any(fnmatchcase(name, value) for name in (*known, *former)):
            near = get_close_matches(value, known, n=1)
            hint = f"did you mean {near[0]}?" if near else _known(what, known)
            raise ValueError(f"there is no such {what}; {hint}")
        return value

    return BeforeValidator(check)


def _known(what: str, known: list[str]) -> str:
    return f"the known ones are {', '.join(known)}" if what == "toolset" else "docreview-mcp tools lists them"


def _id(value: object) -> str:
    """An id of Nanonets, or the id or name of a Studio model."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or ("*" in text and text != "*"):
        raise ValueError("expected an id (text or number), or * alone for all")
    return text


def _number(value: object) -> str:
    text = _id(value)
    if text != "*" and not is_number(text):
        raise ValueError("expected a project number, or * alone for all")
    return text


_TOOLS = [tool.name for tool in load_tools()]
_WRITES = [tool.name for tool in load_tools() if tool.effect != "read" and tool.service != "docreview"]
_TOOLSETS = list(dict.fromkeys(tool.toolset for tool in load_tools()))

ToolPattern = Annotated[str, _pattern("tool", _TOOLS)]
WritePattern = Annotated[str, _pattern("write tool of a service", _WRITES)]
ToolsetPattern = Annotated[str, _pattern("toolset", _TOOLSETS)]
Id = Annotated[str, BeforeValidator(_id)]
Number = Annotated[str, BeforeValidator(_number)]

_A_RULE = "a table with allowed or forbidden"
_WITH_OWN_KEYS = ("session", "limits", "approval", "confirmation")
_RENAMED = {
    "most_writes": "max_writes",
    "most_approvals": "max_approvals",
    "least_confidence": "min_confidence",
}
"""Keys of earlier versions, with what they are called now."""

_GROUP, _OTHERS = "group", "others"
_SECTION = "tables such as [group.interns.tools]"


def _list(of: str) -> Any:
    return Field(default=None, description=f"a list of {of}")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Tools(_Table):
    allowed: list[ToolPattern] | None = _list('tool names or patterns such as ["nanonets_get_*"]')
    forbidden: list[ToolPattern] | None = _list('tool names or patterns such as ["nanonets_delete_*"]')


class _Toolsets(_Table):
    allowed: list[ToolsetPattern] | None = _list('toolset names or patterns such as ["nanonets-*"]')
    forbidden: list[ToolsetPattern] | None = _list('toolset names or patterns such as ["studio-*"]')


class _Ids(_Table):
    allowed: list[Id] | None = _list('ids such as ["5f1d2c", 1201]')
    forbidden: list[Id] | None = _list('ids such as ["5f1d2c", 1201]')


class _Projects(_Table):
    allowed: list[Number] | None = _list("project numbers such as [7, 12]")
    forbidden: list[Number] | None = _list("project numbers such as [7, 12]")


class _Session(_Table):
    max_writes: int | None = Field(default=None, ge=0, description="a whole number, 0 or greater")
    max_approvals: int | None = Field(default=None, ge=0, description="a whole number, 0 or greater")


def _limit() -> Any:
    return Field(default=None, ge=0, description="a whole number, 0 or greater")


class _Limits(_Table):
    max_writes_per_hour: int | None = _limit()
    max_writes_per_day: int | None = _limit()
    max_approvals_per_hour: int | None = _limit()
    max_approvals_per_day: int | None = _limit()

    def limits(self, section: str) -> tuple[Limit, ...]:
        """Those that are set in this section."""
        set_limits = ((name, getattr(self, name)) for name in type(self).model_fields)
        return tuple(_limit_of(section, name, maximum) for name, maximum in set_limits if maximum is not None)


def _limit_of(section: str, name: str, maximum: int) -> Limit:
    what: Literal["writes", "approvals"] = "writes" if "writes" in name else "approvals"
    rule = f"{section}.limits.{name}" if section else f"limits.{name}"
    return Limit(what, _HOUR_SECONDS if name.endswith("hour") else _DAY_SECONDS, maximum, rule)


class _Approval(_Table):
    min_confidence: float | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, description="a number from 0 to 1 such as 0.9"
    )
    all_verified: bool = Field(default=False, description="true or false")
    checks: Literal["all"] | list[str] | None = Field(
        default=None, description='"all", or a list of names of checks such as ["total", "line_sum"]'
    )


class _Confirmation(_Table):
    where: Literal["browser"] = Field(description='"browser"')
    tools: list[WritePattern] | None = _list('tool names or patterns such as ["nanonets_approve_file"]')


class _Section(_Table):
    """The rules that can stand in every section of a file."""

    tools: _Tools = Field(default_factory=_Tools, description=_A_RULE)
    toolsets: _Toolsets = Field(default_factory=_Toolsets, description=_A_RULE)
    workflows: _Ids = Field(default_factory=_Ids, description=_A_RULE)
    models: _Ids = Field(default_factory=_Ids, description=_A_RULE)
    projects: _Projects = Field(default_factory=_Projects, description=_A_RULE)
    limits: _Limits = Field(
        default_factory=_Limits, description="a table with keys such as max_writes_per_hour"
    )
    approval: _Approval = Field(
        default_factory=_Approval, description="a table with min_confidence, all_verified or checks"
    )
    confirmation: _Confirmation | None = Field(default=None, description="a table with where and tools")


class _File(_Section):
    session: _Session = Field(
        default_factory=_Session, description="a table with max_writes or max_approvals"
    )
    group: dict[str, _Section] = Field(default_factory=dict[str, _Section], description=_SECTION)
    others: _Section = Field(default_factory=_Section, description="tables such as [others.tools]")


def keys() -> dict[str, list[str]]:
    """Every table of a policy file with its keys, apart from the sections for groups, which repeat them."""
    tables = (*_Section.model_fields, "session")
    return {name: list(_table(name).model_fields) for name in tables}


def read_policy(path: Path) -> Policies:
    """The rules in a policy file.

    Raises:
        PolicyFileError: the file is not there, cannot be read, has a fault or holds no rule.
    """
    text = text_in(path, PolicyFileError)
    try:
        given = _File.model_validate(tables_in(path.expanduser(), text, PolicyFileError))
    except ValidationError as error:
        faults = dict.fromkeys(_fault(entry) for entry in error.errors(include_url=False))
        raise PolicyFileError(path, faults) from None
    policies = Policies(
        replace(
            _policy(given, ""),
            max_writes=given.session.max_writes,
            max_approvals=given.session.max_approvals,
        ),
        {name: _policy(rules, f"{_GROUP}.{quoted_key(name)}") for name, rules in given.group.items()},
        _policy(given.others, _OTHERS),
    )
    if empty := [each.section for each in policies.groups.values() if not each.is_set]:
        raise PolicyFileError(path, [f"{section}: contains no rule" for section in empty])
    if not policies.is_set:
        raise PolicyFileError(path, ["contains no rule; write one, or unset DOCREVIEW_POLICY"])
    return policies


def _policy(given: _Section, section: str) -> Policy:
    return Policy(
        tools=_rule(given.tools),
        toolsets=_rule(given.toolsets),
        workflows=_rule(given.workflows),
        models=_rule(given.models),
        projects=_rule(given.projects),
        limits=given.limits.limits(section),
        min_confidence=given.approval.min_confidence,
        all_verified=given.approval.all_verified,
        checks=_checks(given.approval.checks),
        confirmed_in_browser=_in_browser(given.confirmation),
        section=section,
    )


def _in_browser(given: _Confirmation | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return CONFIRMED if given.tools is None else tuple(given.tools)


def _checks(given: str | list[str] | None) -> tuple[str, ...] | None:
    return (EVERY_CHECK,) if given == "all" else None if given is None else tuple(given)


def check_names(path: Path, policies: Policies, checker: Checker) -> None:
    """See to it that each check that the policies name can be made of a single document.

    Raises:
        PolicyFileError: there is no such check, or it compares documents.
    """
    faults: list[str] = []
    wanted = [(part.section, name) for part in policies.sections for name in part.checks or ()]
    for section, name in wanted:
        if name == EVERY_CHECK:
            continue
        key = f"{section}.approval.checks" if section else "approval.checks"
        if name not in checker.names:
            near = get_close_matches(name, checker.names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the known ones are {', '.join(checker.names)}"
            faults.append(f"{key}: got {quoted_value(name)}, but there is no such check; {hint}")
        elif name in checker.comparing:
            faults.append(f"{key}: {name} compares documents, but an approval concerns only one")
    if faults:
        raise PolicyFileError(path, faults)


def _rule(table: _Tools | _Toolsets | _Ids | _Projects) -> Rule:
    allowed, forbidden = table.allowed, table.forbidden
    return Rule(None if allowed is None else tuple(allowed), tuple(forbidden or ()))


def _fault(error: ErrorDetails) -> str:
    """One fault: the key, the actual value, the expected one. List indexes are left out."""
    section, where = _split_steps([str(step) for step in error["loc"] if isinstance(step, str)])
    key = quoted_key(".".join([*section, *where]))
    if error["type"] == "extra_forbidden":
        if section and where == ["session"]:
            return f"{key}: unknown; a section for callers has no session table, use limits"
        return f"{key}: unknown; {_nearest(where)}"
    if error["type"] == "missing":
        return f"{key}: missing, expected {_table(where[0]).model_fields[where[-1]].description}"
    actual = quoted_value(error["input"])
    if error["type"] == "value_error":
        return f"{key}: got {actual}, {error.get('ctx', {}).get('error', '')}"
    if not where or where[0] == _GROUP:
        return f"{key}: got {actual}, expected {_SECTION}"
    fields = _File.model_fields if len(where) == 1 else _table(where[0]).model_fields
    return f"{key}: got {actual}, expected {fields[where[-1]].description}"


def _split_steps(steps: list[str]) -> tuple[list[str], list[str]]:
    """The section of a fault, empty for the rules for everybody, and the table and key inside of it."""
    depth = 2 if steps[0] == _GROUP and len(steps) > 1 else 1 if steps[0] == _OTHERS and len(steps) > 1 else 0
    return steps[:depth], steps[depth:][:2]


def _nearest(where: list[str]) -> str:
    """What an unknown key may have been meant for; a key of a table may stand outside of it."""
    if where[-1] in _RENAMED:
        return f"it was renamed to {_RENAMED[where[-1]]}"
    known = keys()
    if len(where) == 2:
        meant = {name: name for name in known[where[0]]}
    else:
        inner = {name: f"{table}.{name}" for table in _WITH_OWN_KEYS for name in known[table]}
        meant = {**inner, **{name: f"[{name}]" for name in (*known, _GROUP, _OTHERS)}}
    near = get_close_matches(where[-1], list(meant), n=1)
    if near:
        return f"did you mean {meant[near[0]]}?"
    listed = known[where[0]] if len(where) == 2 else [f"[{name}]" for name in (*known, _GROUP, _OTHERS)]
    return f"the known ones are {', '.join(listed)}"


def _table(name: str) -> type[_Table]:
    found = _File.model_fields[name].annotation
    return next(each for each in (found, *get_args(found)) if isinstance(each, type))
