"""How findings of checks are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...schemas import JsonObject, JsonValue

if TYPE_CHECKING:
    from ..checks.finding import Finding, Judgement

__all__ = ["finding_entry", "findings_in_short", "not_checked_entries"]

_MAX_VALUES = 6
_MAX_OTHERS = 5
_MAX_TEXT = 120


def findings_in_short(findings: Sequence[Finding]) -> list[JsonValue]:
    """Findings beside the values of their document; those that suspect the same of a value are one."""
    groups: dict[tuple[str, ...], JsonObject] = {}
    for finding in findings:
        is_clear = finding.suspect and finding.expected
        key = (finding.suspect, finding.expected) if is_clear else (finding.check, finding.message)
        if key in groups:
            groups[key]["check"] = f"{groups[key]['check']}, {finding.check}"
        else:
            groups[key] = _in_short(finding)
    return [*groups.values()]


def _in_short(finding: Finding) -> JsonObject:
    shown: JsonObject = {
        "check": finding.check,
        "message": finding.message,
        "suspect": finding.suspect,
        "expected": finding.expected,
    }
    return {name: value for name, value in shown.items() if value}


def finding_entry(finding: Finding) -> JsonObject:
    """A finding with its values: name, text, id and page of each, the most suspect one first."""
    ordered = sorted(finding.values, key=lambda value: value.id != finding.suspect)
    values: list[JsonValue] = [
        [value.name[:_MAX_TEXT], value.text[:_MAX_TEXT], value.id, value.page.number]
        for value in ordered[:_MAX_VALUES]
    ]
    others: list[JsonValue] = [*finding.others[:_MAX_OTHERS]]
    severity = finding.severity if finding.severity != "error" else ""
    more: JsonObject = {"values": values, "same_as": others, "severity": severity}
    return {**_in_short(finding), **{name: value for name, value in more.items() if value}}


def not_checked_entries(judgements: Mapping[str, Judgement]) -> JsonObject:
    """Of each check that said nothing of some documents: of how many, and the most frequent reason."""
    reasons: dict[str, Counter[str]] = {}
    for judgement in judgements.values():
        for name, reason in judgement.not_checked.items():
            reasons.setdefault(name, Counter()).update([reason])
    return {
        name: f"{counted.total()} of {len(judgements)}: {counted.most_common(1)[0][0]}"
        for name, counted in reasons.items()
    }
