"""Checks of the user's own: expressions in CEL over one document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..documents.values import DocumentValue, DocumentValues
from .plain_name import plain_name

if TYPE_CHECKING:
    from .finding import Severity

__all__ = ["CheckFile", "OwnCheck"]

_OTHERS = re.compile(r"\bcount_of\s*\(")
_NAMED = re.compile(r"""\bfields\s*(?:\.\s*(\w+)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])""")


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """One check: where `when` holds, `expect` has to. `workflows` is empty for all of them.

    `values` are the names of the fields and columns that it is about; where it names none, they are the
    fields in its expressions.
    """

    name: str
    expect: str
    when: str = ""
    workflows: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    message: str = ""
    severity: Severity = "error"

    @property
    def compares_documents(self) -> bool:
        """Whether it needs other documents than the one that it judges."""
        return bool(_OTHERS.search(f"{self.when} {self.expect}"))

    def is_about(self, workflow_id: str) -> bool:
        """Whether it judges the documents of a workflow."""
        return not self.workflows or workflow_id in self.workflows

    def values_in(self, document: DocumentValues, max_values: int) -> tuple[DocumentValue, ...]:
        """The values of a document that it is about, at most so many."""
        named = self.values or tuple(
            next(filter(None, match)) for match in _NAMED.findall(f"{self.expect} {self.when}")
        )
        wanted = {plain_name(name) for name in named}
        return tuple(value for value in document.values if plain_name(value.name) in wanted)[:max_values]


@dataclass(frozen=True, slots=True)
class CheckFile:
    """What a check file says: own checks, built-in ones to leave out, names of fields and columns, a locale.

    `locale` is such as `de_CH`, empty where numbers and dates say themselves how they are to be read.
    """

    checks: tuple[OwnCheck, ...] = ()
    skip: frozenset[str] = frozenset()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    locale: str = ""
