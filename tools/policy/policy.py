"""The policy: what an agent may do with this server, as rules that are checked before anything is sent.

Every check gives a sentence that names the rule, or an empty text. A policy without rules refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, cast

from ...schemas import JsonObject, JsonValue, Operation
from ..surface.former_names import names_of
from ..surface.tool import ConfirmMode, is_confirmed_by_person
from ..untrusted import quoted
from .scope import Given, Kind, given_ids, id_text, is_number, left_out

if TYPE_CHECKING:
    from ..documents.field_state import FieldState
    from .limits import Limit

__all__ = ["AFTER_APPROVAL_RULE", "AFTER_RULE", "CONFIRMED", "Counts", "Policy", "Rule"]

AFTER_RULE = (
    "Do not look for a workaround: this rule was set on purpose. Tell the user; the operator of this server"
    " can change the policy."
)
"""The next step after a refusal."""

AFTER_APPROVAL_RULE = (
    "Check the named values, correct the wrong ones and verify each; or leave the approval to a person."
)
"""The next step after `Policy.approval_refusal`."""

CONFIRMED = ("",)
"""Stands for the tools to which `DOCREVIEW_CONFIRM` wants a person to agree."""

_EVERYTHING = "*"
_MAX_FIELDS = 3
_MAX_IDS = 5
_NAMES: dict[Kind, str] = {"workflow": "workflow or model", "model": "model", "project": "project"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Names or ids that are allowed, None for all, and those that are forbidden, which counts for more."""

    allowed: tuple[str, ...] | None = None
    forbidden: tuple[str, ...] = ()

    @property
    def is_set(self) -> bool:
        """Whether the rule can refuse anything."""
        return self.allowed is not None or bool(self.forbidden)

    def as_object(self) -> JsonObject:
        """The rule as it stands in a policy file."""
        allowed: JsonObject = {} if self.allowed is None else {"allowed": list(self.allowed)}
        forbidden: JsonObject = {"forbidden": list(self.forbidden)} if self.forbidden else {}
        return {**allowed, **forbidden}


@dataclass(slots=True)
class Counts:
    """What was done in a session so far. A call is counted before it is sent, so that none gets past a limit.

    A document counts as one approval however often it is approved, and in whichever interface.
    """

    writes: int = 0
    approved: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def approvals(self) -> int:
        """How many documents were approved."""
        return len(self.approved)

    def reserve(self, document: str) -> None:
        """Count a write that is about to be sent; `document` is the one that it approves, empty for none."""
        self.writes += 1
        if document:
            self.approved[document] = self.approved.get(document, 0) + 1

    def give_back(self, document: str) -> None:
        """Take back what was reserved for a write that was certainly not carried out."""
        self.writes -= 1
        if document in self.approved:
            self.approved[document] -= 1
            if not self.approved[document]:
                del self.approved[document]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. Tools and toolsets are names or patterns with `*`, the others ids or `*` for all.

    `max_writes` and `max_approvals` are for one run of a server, `limits` for a time. With `min_confidence`
    (0 to 1) a document is approved only if every field is as certain as that or verified, with `all_verified`
    if each is verified. `checks` are those that it has to pass to be approved: names, or `*` for all of them;
    None for no such rule. `confirmed_in_browser` are patterns of the tools to which a person has to agree in
    a browser; `CONFIRMED` stands for those to which they have to agree anyhow, None for no such rule.

    `section` is where the rules stand in a policy file, such as `group.reviewers`; empty for those that hold
    for everybody. `further` are policies of such sections: each of them holds as well, so they only narrow.
    `judges_others`: a rule on approval binds callers in other groups, for whom this caller's writes count.
    """

    tools: Rule = Rule()
    toolsets: Rule = Rule()
    workflows: Rule = Rule()
    models: Rule = Rule()
    projects: Rule = Rule()
    max_writes: int | None = None
    max_approvals: int | None = None
    limits: tuple[Limit, ...] = ()
    min_confidence: float | None = None
    all_verified: bool = False
    checks: tuple[str, ...] | None = None
    confirmed_in_browser: tuple[str, ...] | None = None
    section: str = ""
    further: tuple[Policy, ...] = ()
    judges_others: bool = False

    @property
    def parts(self) -> tuple[Policy, ...]:
        """This policy and the further ones, all of which hold."""
        return (self, *self.further)

    @property
    def every_limit(self) -> tuple[Limit, ...]:
        """The limits of all parts."""
        return tuple(limit for part in self.parts for limit in part.limits)

    @property
    def is_set(self) -> bool:
        """Whether there is any rule."""
        return bool(self.as_object())

    @property
    def judges_approvals(self) -> bool:
        """Whether the fields of a document have to be read before it is approved."""
        return any(
            part.all_verified or part.min_confidence is not None or part.checks is not None
            for part in self.parts
        )

    @property
    def judges_ids(self) -> bool:
        """Whether there is a rule about workflows, models or projects."""
        return any(
            rule.is_set for part in self.parts for rule in (part.workflows, part.models, part.projects)
        )

    def tool_refusal(self, tool: str, toolset: str, *, inside: bool = False) -> str:
        """Why a tool may not be used.

        `inside`: a tool of this server calls it for its own work. What is forbidden stays so; but what is
        allowed is the tool that the agent called, with all that it needs.
        """
        for what, rule, names in (
            ("tools", self.tools, names_of(tool)),
            ("toolsets", self.toolsets, (toolset,)),
        ):
            for pattern in rule.forbidden:
                if any(fnmatchcase(name, pattern) for name in names):
                    return f"the policy forbids {pattern} ({self._key(what)}.forbidden)"
            allowed = rule.allowed
            if not inside and allowed is not None and not any(_matches(name, allowed) for name in names):
                return f"the policy does not allow {names[0]} ({self._key(what)}.allowed)"
        return _first(part.tool_refusal(tool, toolset, inside=inside) for part in self.further)

    def browser_rule(self, operation: Operation, confirm: ConfirmMode) -> str:
        """The rule by which a person can agree to this operation only in a browser; empty for none."""
        return next(
            (
                f"{part._key('confirmation')}.where"
                for part in self.parts
                if part._is_confirmed_in_browser(operation, confirm)
            ),
            "",
        )

    def _is_confirmed_in_browser(self, operation: Operation, confirm: ConfirmMode) -> bool:
        if self.confirmed_in_browser is None:
            return False
        if self.confirmed_in_browser == CONFIRMED:
            return is_confirmed_by_person(operation, confirm)
        return _matches(operation.tool, self.confirmed_in_browser)

    def scope_refusal(self, operation: Operation, values: JsonObject) -> str:
        """Why a call may not be made with the workflows, models and projects that its arguments name.

        A call that names none passes, unless it starts something for which the service would choose one.
        """
        if not self.judges_ids:
            return ""
        for given in given_ids(operation, values):
            if refusal := self._id_refusal(given):
                return f"{given.argument}: {refusal}"
        for kind in _NAMES:
            rules = self._rules(kind)
            if any(rule.is_set for _, rule in rules) and (name := left_out(operation, values, kind)):
                tables = " and ".join(self._key(table) for table, rule in rules if rule.is_set)
                return (
                    f"{name}: missing; without it the service would choose the {_NAMES[kind]}, which the"
                    f" policy restricts ({tables})"
                )
        return _first(part.scope_refusal(operation, values) for part in self.further)

    def _id_refusal(self, given: Given) -> str:
        """Why this workflow, model or project may not be touched."""
        kind, asked = given.kind, given.id
        rules = self._rules(kind)
        shown = f"{_NAMES[kind]} {asked[:80]!r}"
        for table, rule in rules:
            forbidden = {id_text(kind, each).casefold() for each in rule.forbidden}
            if _EVERYTHING in forbidden or asked.casefold() in forbidden:
                return f"the policy forbids {shown} ({self._key(table)}.forbidden)"
        allowing = [(table, rule.allowed) for table, rule in rules if rule.allowed is not None]
        allowed = [id_text(kind, each) for _, listed in allowing for each in listed]
        if asked in allowed:
            return ""
        if kind == "model" and self.models.forbidden and (given.is_name or not is_number(asked)):
            key = f"{self._key('models')}.forbidden"
            return f"the policy forbids some models by id ({key}), and {shown} is not an id"
        if not allowing or _EVERYTHING in allowed:
            return ""
        named = ", ".join(allowed[:_MAX_IDS]) + (", …" if len(allowed) > _MAX_IDS else "")
        tables = " and ".join(f"{self._key(table)}.allowed" for table, _ in allowing)
        return f"the policy does not allow {shown}, only {named or 'none at all'} ({tables})"

    def count_refusal(self, counts: Counts, document: str = "") -> str:
        """Why no further write may be sent in this session; `document` is the one that it would approve."""
        if self.max_writes is not None and counts.writes >= self.max_writes:
            return (
                f"the policy allows {self.max_writes} writes in a session (session.max_writes), and all of"
                " them have been used"
            )
        max_count = self.max_approvals
        if (
            document
            and max_count is not None
            and counts.approvals >= max_count
            and document not in counts.approved
        ):
            return (
                f"the policy allows {max_count} approvals in a session (session.max_approvals), and all of"
                " them have been used"
            )
        return ""

    def approval_refusal(self, fields: Sequence[FieldState]) -> str:
        """Why a document with these fields and cells may not be approved."""
        return _first(part._own_approval_refusal(fields) for part in self.parts)

    def _own_approval_refusal(self, fields: Sequence[FieldState]) -> str:
        if self.all_verified:
            rule = f"only if every field and cell is verified ({self._key('approval')}.all_verified)"
            failing = [each for each in fields if not each.verified]
        elif self.min_confidence is not None:
            min_confidence = self.min_confidence
            rule = (
                f"only if every field and cell has a confidence of at least {min_confidence:g} or is verified"
                f" ({self._key('approval')}.min_confidence)"
            )
            failing = [each for each in fields if not each.verified and not _is_certain(each, min_confidence)]
        else:
            return ""
        if not fields:
            return f"the policy allows approval {rule}, but no field of this document could be read"
        if not failing:
            return ""
        failing.sort(key=lambda each: _certainty(each) or 0.0)
        named = ", ".join(_described(each) for each in failing[:_MAX_FIELDS])
        more = ", …" if len(failing) > _MAX_FIELDS else ""
        return f"the policy allows approval {rule}; {len(failing)} of {len(fields)} fail: {named}{more}"

    def check_refusal(self, failed: Sequence[str]) -> str:
        """Why a document that fails these checks may not be approved; each has its name and reason.

        It is about the rule of this part alone.
        """
        if self.checks is None or not failed:
            return ""
        rule = f"only if the document passes the checks ({self._key('approval')}.checks)"
        named = "; ".join(failed[:_MAX_FIELDS]) + ("; …" if len(failed) > _MAX_FIELDS else "")
        return f"the policy allows approval {rule}; {len(failed)} fail: {named}"

    def as_object(self) -> JsonObject:
        """The rules in force, in the form of a policy file; empty if there are none."""
        tables: dict[str, JsonObject] = {
            "tools": self.tools.as_object(),
            "toolsets": self.toolsets.as_object(),
            "workflows": self.workflows.as_object(),
            "models": self.models.as_object(),
            "projects": self.projects.as_object(),
            "session": _without_none(max_writes=self.max_writes, max_approvals=self.max_approvals),
            "limits": {each.rule.rpartition(".")[2]: each.max_count for each in self.limits},
            "approval": _without_none(
                min_confidence=self.min_confidence,
                all_verified=self.all_verified or None,
                checks=_as_written(self.checks),
            ),
            "confirmation": _confirmation(self.confirmed_in_browser),
        }
        narrowed = {part.section: part.as_object() for part in self.further}
        return cast("JsonObject", {name: table for name, table in (tables | narrowed).items() if table})

    def _key(self, table: str) -> str:
        """The name of a table where it stands in the file."""
        return f"{self.section}.{table}" if self.section else table

    def _rules(self, kind: Kind) -> tuple[tuple[str, Rule], ...]:
        """The rules about a kind, with their tables."""
        models = ("models", self.models)
        if kind == "workflow":
            return (("workflows", self.workflows), models)
        return (models,) if kind == "model" else (("projects", self.projects),)


def _first(refusals: Iterable[str]) -> str:
    """The first of these refusals; empty if there is none."""
    return next((refusal for refusal in refusals if refusal), "")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _certainty(state: FieldState) -> float | None:
    """How sure the service is of the value as it stands now; None where it says nothing of it."""
    return None if state.changed else state.confidence


def _is_certain(state: FieldState, min_confidence: float) -> bool:
    certainty = _certainty(state)
    return not state.failed and certainty is not None and certainty >= min_confidence


def _described(state: FieldState) -> str:
    if state.changed:
        return f"{quoted(state.name)} (changed, not verified)"
    if state.failed:
        return f"{quoted(state.name)} (failed a check)"
    if state.confidence is None:
        return f"{quoted(state.name)} (no confidence)"
    # Rounded down, so that a value that just fails does not look as if it passed.
    return f"{quoted(state.name)} ({int(state.confidence * 1000) / 1000:g})"


def _confirmation(tools: tuple[str, ...] | None) -> JsonObject:
    if tools is None:
        return {}
    return {"where": "browser", **({} if tools == CONFIRMED else {"tools": list(tools)})}


def _as_written(checks: tuple[str, ...] | None) -> JsonValue:
    if checks is None:
        return None
    from ..checks.checker import EVERY_CHECK

    return "all" if checks == (EVERY_CHECK,) else list(checks)


def _without_none(**values: JsonValue) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}
