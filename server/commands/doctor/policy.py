"""What `doctor` says of the policy file: its faults, and what its rules leave of the tools."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Literal

from ....schemas import load_operations
from ....tools import Tool
from ....tools.policy.policies import Policies
from ....tools.policy.policy import Policy
from ....tools.policy.scope import governed_arguments
from ....tools.requests.arguments import arguments_of
from ...settings.check_file import CheckFileError
from ...settings.policy_file import PolicyFileError
from ...settings.settings import Settings

__all__ = ["examine_policy", "permitted"]

Remark = tuple[Literal["ok", "note", "fault"], str]

_APPROVING = ("nanonets_approve_file", "nanonets_verify_document", "review_files", "review_apply")
_VERIFYING = frozenset({"verification_status", "moderated_boxes"})
"""Arguments by which a tool can mark a value as verified."""

_NAMED = 3


def examine_policy(settings: Settings, tools: Sequence[Tool]) -> tuple[Policies, list[Remark]]:
    """The policies of these settings, none if there is a fault, and what a user should know of them.

    `shown` are the tools that the settings show without it.
    """
    if settings.policy is None:
        return Policies(), []
    try:
        policies = settings.read_policy()
    except PolicyFileError as error:
        return Policies(), [("fault", f"{error.path}: {fault}") for fault in error.faults]
    except CheckFileError:
        return Policies(), [("fault", "its rules on checks cannot be read until the check file is fixed")]
    policy = policies.for_all
    return policies, [
        *_effects(policy, tools),
        *_gaps(policies.of(), permitted(policies.of(), tools)),
        *_of_sections(policies, tools),
        *_file_access(settings),
    ]


def permitted(policy: Policy, tools: Sequence[Tool]) -> list[Tool]:
    """The tools that the policy lets an agent call."""
    return [tool for tool in tools if not policy.tool_refusal(tool.name, tool.toolset)]


def _effects(policy: Policy, tools: Sequence[Tool]) -> Iterator[Remark]:
    if policy.is_set:
        yield "ok", f"in force: {_in_words(policy)}"
    left = permitted(policy, tools)
    writing = sum(tool.effect != "read" for tool in left)
    yield "ok" if left else "note", f"allows {len(left)} of {len(tools)} tools, {writing} of them write tools"
    for kind, rule in (
        ("workflows", policy.workflows),
        ("models", policy.models),
        ("projects", policy.projects),
    ):
        if rule.allowed == ():
            yield "note", f"{kind}.allowed is empty, so no {kind} can be used"


def _in_words(policy: Policy) -> str:
    return "; ".join(
        f"{table}.{key} = {value}"
        for table, keys in policy.as_object().items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    )


def _of_sections(policies: Policies, tools: Sequence[Tool]) -> Iterator[Remark]:
    """What the sections for groups add, and what they leave of the tools."""
    sections = [(policies.groups[name], policies.of((name,))) for name in policies.groups]
    if policies.others.is_set:
        sections.append((policies.others, policies.of()))
    for own, whole in sections:
        left = permitted(whole, tools)
        writing = sum(tool.effect != "read" for tool in left)
        yield "ok", f"[{own.section}] adds: {_in_words(own)}"
        yield (
            "ok" if left else "note",
            f"[{own.section}] allows {len(left)} of {len(tools)} tools, {writing} of them write tools",
        )
    if policies.groups and not policies.others.is_set:
        yield (
            "note",
            "has no section [others], so callers outside its groups are bound only by the rules for everyone",
        )


def _gaps(policy: Policy, left: Sequence[Tool]) -> Iterator[Remark]:
    """Where the rules reach less far than a user may think."""
    operations = load_operations()
    if policy.judges_approvals:
        if not any(tool.name in _APPROVING for tool in left):
            yield "note", "has a rule on approval but allows no tool that approves"
        verifying = [
            tool.name
            for tool in left
            if tool.name not in _APPROVING
            and tool.service == "nanonets"
            and any(each.name in _VERIFYING for each in arguments_of(operations[tool.operation]))
        ]
        if verifying:
            yield (
                "note",
                f"an agent can mark values as verified itself ({_listed(verifying)}), and they then pass the"
                " rule on approval; to reserve that for people, forbid these tools",
            )
    services = {
        *(("nanonets",) if policy.workflows.is_set or policy.models.is_set else ()),
        *(("studio",) if policy.projects.is_set or policy.models.is_set else ()),
    }
    unreached = [
        tool.name
        for tool in left
        if tool.effect != "read"
        and tool.service in services
        and not governed_arguments(operations[tool.operation])
    ]
    if unreached:
        yield (
            "note",
            f"rules on ids do not apply to {len(unreached)} write tools that take no workflow, model or"
            f" project ({_listed(unreached)}); forbid those that you do not need",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _file_access(settings: Settings) -> Iterator[Remark]:
    """A file that others may write is no rule."""
    if settings.policy is not None and os.name == "posix":
        mode = settings.policy.expanduser().stat().st_mode
        if mode & stat.S_IWOTH:
            yield "note", f"{settings.policy} can be changed by everyone on this machine"
