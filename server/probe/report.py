"""What a probe found, in lines that a user can send on: names of operations, addresses, types; no values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from ...schemas import Operation, Service
from .asking import Outcome, Tried
from .probing import Probe

__all__ = ["has_faults", "lines_of", "paths_setting"]

_NAMES: dict[Service, str] = {"nanonets": "Nanonets", "studio": "Studio"}
_MEANINGS: dict[Outcome, str] = {
    "answers": "answers",
    "other method": "exists",
    "not found": "not found",
    "refused": "refused for these credentials",
    "failed": "failed",
}
_EXISTS: tuple[Outcome, ...] = ("answers", "other method", "refused")


def lines_of(probe: Probe, version: str) -> Iterator[str]:
    """The report, line by line."""
    yield f"docreview-mcp {version}: the services' answers to {probe.requests} reads."
    yield "This report contains no values, ids or base URLs. Nothing was written."
    if not probe.is_whole:
        yield "The probe was cut short: not everything was tried."
    for service, name in _NAMES.items():
        tried = [each for each in probe.tried if each.operation.service == service]
        if tried:
            yield ""
            yield from _of_service(name, tried)
    yield ""
    yield f"A v4 document of Nanonets is also a v2 file: {_word(probe.is_also_a_file)}."
    if probe.left_out:
        names = ", ".join(sorted(each.id for each in probe.left_out))
        yield f"Not tried, because the account has no suitable items: {names}."
    if setting := paths_setting(probe):
        yield ""
        yield "Some URLs differ from the ones that docreview tries first. This setting corrects them:"
        yield setting


def paths_setting(probe: Probe) -> str:
    """The `DOCREVIEW_PATHS` that names the addresses found; empty if the first ones are right."""
    paths = {
        tried[0].operation.id: right.route.path
        for tried in _by_operation(probe.tried)
        if tried[0].outcome == "not found"
        and (right := next((each for each in tried if each.outcome in _EXISTS), None)) is not None
        and right.route.method == tried[0].route.method
    }
    return f"DOCREVIEW_PATHS='{json.dumps(paths)}'" if paths else ""


def has_faults(probe: Probe) -> bool:
    """Whether a read found no address, or one that fails."""
    reads = (tried for tried in _by_operation(probe.tried) if tried[0].operation.effect == "read")
    return any(all(each.outcome in ("not found", "failed") for each in tried) for tried in reads)


def _of_service(name: str, tried: Sequence[Tried]) -> Iterator[str]:
    groups = list(_by_operation(tried))
    as_documented = [group for group in groups if len(group) == 1 and _is_as_documented(group[0])]
    yield f"{name}: {len(as_documented)} of {len(groups)} operations answer as documented. The others:"
    for group in groups:
        if group in as_documented:
            continue
        for each in group:
            status = f" ({each.status})" if each.status and each.outcome != "answers" else ""
            route = f"{each.route.method} {each.route.path}"
            yield f"  {each.operation.id}: {route}: {_MEANINGS[each.outcome]}{status}"
            yield from (f"    {difference}" for difference in each.differences)


def _is_as_documented(tried: Tried) -> bool:
    return tried.outcome == "answers" and not tried.differences


def _by_operation(tried: Sequence[Tried]) -> Iterator[list[Tried]]:
    for _, group in groupby(tried, key=_operation_id):
        yield list(group)


def _operation_id(tried: Tried) -> str:
    operation: Operation = tried.operation
    return operation.id


def _word(answer: bool | None) -> str:
    return "not tried" if answer is None else "yes" if answer else "no"
