"""What a check says of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..documents.values import DocumentValue

__all__ = ["Finding", "Judgement", "Severity", "most_suspect"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that a document does not pass.

    `message` is in words of ours or of the user's check file: it quotes no text of the document. `values` are
    those that the check is about; `suspect` is the one of them that is most likely wrong, and `expected` how
    it would have to read, both empty where that does not follow. `others` are the ids of further documents
    that it is about. A check that could not be made is a finding too: it does not count as passed.
    """

    check: str
    message: str
    values: tuple[DocumentValue, ...] = ()
    suspect: str = ""
    expected: str = ""
    severity: Severity = "error"
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class Judgement:
    """What checks say of one document: which it passes, what is found, and why others say nothing."""

    passed: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    not_checked: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def failed(self) -> list[str]:
        """The names of the checks that it does not pass, each once."""
        return list(dict.fromkeys(finding.check for finding in self.findings))

    def only(self, names: Mapping[str, object] | frozenset[str]) -> Judgement:
        """The part about these checks."""
        return Judgement(
            [name for name in self.passed if name in names],
            [finding for finding in self.findings if finding.check in names],
            {name: reason for name, reason in self.not_checked.items() if name in names},
        )

    def take(self, other: Judgement) -> None:
        """Add what further checks say."""
        self.passed += other.passed
        self.findings += other.findings
        self.not_checked |= other.not_checked


def most_suspect(values: tuple[DocumentValue, ...]) -> str:
    """The id of the value that is most likely wrong: the least confident one that nobody has settled."""
    open_values = [value for value in values if not value.is_verified and not value.is_moderated]
    rated = [value for value in open_values if value.confidence is not None]
    if rated:
        return min(rated, key=lambda value: value.confidence or 0.0).id
    return open_values[0].id if len(open_values) == 1 else ""
