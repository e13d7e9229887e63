"""A whole policy file: rules for everybody, and sections that narrow them for groups of callers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from .policy import Policy

__all__ = ["Policies"]


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules for everybody, those of `groups` by name, and those of `others`, who are in none of them.

    No section widens what the rules for everybody leave. Who is in several groups is bound by all of theirs.
    """

    for_all: Policy = field(default_factory=Policy)
    groups: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
    others: Policy = field(default_factory=Policy)

    @property
    def is_set(self) -> bool:
        """Whether there is any rule for anybody."""
        return any(each.is_set for each in self.sections)

    @property
    def sections(self) -> tuple[Policy, ...]:
        """Every section of the file."""
        return (self.for_all, *self.groups.values(), self.others)

    def named(self, groups: Collection[str]) -> frozenset[str]:
        """Those of these groups that the file has a section for."""
        return frozenset(groups).intersection(self.groups)

    def of(self, groups: Collection[str] = ()) -> Policy:
        """The rules for a caller who is in these groups, and maybe in others that the file does not know."""
        named = self.named(groups)
        sections = [self.groups[name] for name in sorted(named)] if named else [self.others]
        judges_others = any(each.judges_approvals for each in self.sections)
        further = tuple(each for each in sections if each.is_set)
        return replace(self.for_all, further=further, judges_others=judges_others)
