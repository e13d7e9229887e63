"""After a soak: was what may never happen, as the service, the journal and the clients saw it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from .clients import Call, Load
from .faults import Fault

__all__ = ["Check", "Evidence", "Remembered", "checks", "journal_entries", "verify_journal"]

_MAX_SILENCE_SECONDS = 3.0
_MAX_MEMORY_BYTES = 160 * 2**20
_MAX_GROWTH = 1.05


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the service was asked: each write with its account, and how many requests brought a cookie."""

    writes: list[tuple[str, str]]
    cookies: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known when everything is over.

    `entries` are those of the journal as exported; `memory` is what the steady server took each second.
    """

    load: Load
    seconds: float
    faults: Sequence[Fault]
    scheduled: int
    remembered: Remembered
    entries: Sequence[dict[str, Any]]
    chain: str
    chain_fault: str
    memory: Sequence[int]

    def calls(self, *outcomes: str) -> list[Call]:
        """The calls that ended like this."""
        return [each for each in self.load.calls if each.outcome in outcomes]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: what was looked at, what was found, and what is wrong with it."""

    label: str
    found: str
    wrong: list[str] = field(default_factory=list)


def checks(evidence: Evidence) -> list[Check]:
    """Every check, in the order of the report."""
    return [check(evidence) for check in _CHECKS]


def _enough(evidence: Evidence) -> Check:
    """Without this, a soak in which nothing works would be green."""
    done = evidence.calls("done")
    kinds = Counter((each.era, "writes" if each.is_write else "reads") for each in done)
    few = [f"{era}: {kinds[era, kind]} {kind}" for era, kind in _KINDS if kinds[era, kind] < evidence.seconds]
    found = ", ".join(f"{kinds[era, kind]:,} {kind} of {era}" for era, kind in _KINDS)
    missed = [] if len(evidence.faults) == evidence.scheduled else ["not every fault was carried out"]
    return Check("calls done", found, [*few, *missed])


def _acknowledged(evidence: Evidence) -> Check:
    times = Counter(name for name, _ in evidence.remembered.writes)
    written = [each.name for each in evidence.calls("done") if each.name]
    lost = [name for name in written if not times[name]]
    return Check("acknowledged writes lost at the service", f"{len(lost)} of {len(written):,}", lost)


def _doubled(evidence: Evidence) -> Check:
    times = Counter(name for name, _ in evidence.remembered.writes)
    doubled = [f"{name}: {number} times" for name, number in times.items() if number > 1]
    return Check("writes doubled", f"{len(doubled)} of {len(times):,}", doubled)


def _refused(evidence: Evidence) -> Check:
    """A refusal says that nothing was sent; it is expected while PostgreSQL is away, and then only."""
    times = Counter(name for name, _ in evidence.remembered.writes)
    refused = evidence.calls("refused")
    untrue = [f"sent in spite of it: {each.name}" for each in refused if each.name and times[each.name]]
    strange = [_in_words(each) for each in refused if not _is_explained(each, evidence.faults)]
    return Check("calls refused, nothing sent", f"{len(refused)}", [*untrue, *strange])


def _journalled(evidence: Evidence) -> Check:
    entries = _by_name(evidence.entries)
    wrong: list[str] = []
    for call in evidence.calls("done"):
        if call.name is None:
            continue
        found = entries.get(call.name, [])
        if [each["outcome"] for each in found] != ["done"]:
            wrong.append(f"{call.name}: {[each['outcome'] for each in found]}")
        elif (user := _opening(found[0])["caller"]["user"]) != call.caller.principal:
            wrong.append(f"{call.name}: of {user}, not {call.caller.principal}")
    unrecorded = [name for name, _ in evidence.remembered.writes if name not in entries]
    wrong += [f"{name}: sent without an entry" for name in unrecorded]
    return Check("acknowledged writes missing in the journal, or not as they ended", f"{len(wrong)}", wrong)


def _chain(evidence: Evidence) -> Check:
    return Check(
        "chain of the journal", evidence.chain, [evidence.chain_fault] if evidence.chain_fault else []
    )


def _foreign(evidence: Evidence) -> Check:
    accounts = {each.name: each.caller.account for each in evidence.load.calls if each.name}
    wrong = [_in_words(each) for each in evidence.calls("wrong")]
    wrong += [
        f"{name}: sent with {account}, by whoever has {accounts.get(name)}"
        for name, account in evidence.remembered.writes
        if accounts.get(name) != account
    ]
    if evidence.remembered.cookies:
        wrong.append(f"{evidence.remembered.cookies} requests to the service brought a cookie")
    return Check("answers or requests of another principal", f"{len(wrong)}", wrong)


def _endings(evidence: Evidence) -> Check:
    wrong = [each.failure for each in evidence.faults if each.failure]
    return Check("servers that ended or came back wrongly", f"{len(wrong)}", wrong)


def _lost(evidence: Evidence) -> Check:
    """Calls without an answer: only a server that was killed may leave some, and only those it had."""
    lost = evidence.calls("lost", "unknown")
    strange = [_in_words(each) for each in lost if not _is_explained(each, evidence.faults)]
    kills = [each for each in evidence.faults if each.kind == "kill -9"]
    left = [(sum(kill.explains(call) for call in lost), kill.under_way) for kill in kills]
    wrong = strange + [f"{number} at a kill, with {had} under way" for number, had in left if number > had]
    found = ", ".join(f"{number} of {had}" for number, had in left)
    return Check("calls under way at a kill that got no outcome", f"{found}; besides {len(strange)}", wrong)


def _silence(evidence: Evidence) -> Check:
    longest = evidence.load.longest_silence
    wrong = [f"more than {_MAX_SILENCE_SECONDS:g} s"] if longest > _MAX_SILENCE_SECONDS else []
    return Check("longest time without an answer", f"{longest:.2f} s", wrong)


def _memory(evidence: Evidence) -> Check:
    """After a minute, or after half of a short soak, and at the end; the medians of some seconds each."""
    memory = evidence.memory
    width = max(1, min(10, len(memory) // 8))
    start = 60 if evidence.seconds >= 2 * 60 else len(memory) // 2
    early, late = median(memory[start : start + width] or [0]), median(memory[-width:] or [0])
    wrong: list[str] = []
    if not 0 < late <= _MAX_MEMORY_BYTES:
        wrong.append(f"not under {_MAX_MEMORY_BYTES / 2**20:.0f} MiB")
    if late > early * _MAX_GROWTH:
        wrong.append(f"grew by more than {_MAX_GROWTH - 1:.0%}")
    found = f"{early / 2**20:.1f} MiB after {start} s, {late / 2**20:.1f} MiB at the end"
    return Check("memory of the server that lived on", found, wrong)


_KINDS = [(era, kind) for era in ("2026-07-28", "2025-11-25") for kind in ("reads", "writes")]

_CHECKS: Sequence[Callable[[Evidence], Check]] = (
    _enough,
    _acknowledged,
    _doubled,
    _journalled,
    _chain,
    _foreign,
    _endings,
    _lost,
    _refused,
    _silence,
    _memory,
)


def journal_entries(environment: dict[str, str]) -> list[dict[str, Any]]:
    """The entries of the journal, as the command exports them."""
    done = _journal("export", environment)
    return [json.loads(line) for line in done.stdout.splitlines()]


def verify_journal(environment: dict[str, str]) -> tuple[str, str]:
    """What the command says of the chain, and the same once more if it does not hold."""
    done = _journal("verify", environment)
    output = (done.stdout + done.stderr).strip()
    return output.partition(";")[0], output if done.returncode else ""


def _journal(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("docreview-mcp"))
    return subprocess.run(
        [program, "journal", command], env=environment, capture_output=True, text=True, check=False
    )


def _by_name(entries: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(_opening(entry)["arguments"]["name"], []).append(entry)
    return found


def _opening(entry: dict[str, Any]) -> dict[str, Any]:
    return entry["records"][0]["payload"]


def _is_explained(call: Call, faults: Sequence[Fault]) -> bool:
    return any(each.explains(call) for each in faults)


def _in_words(call: Call) -> str:
    kind = f"write {call.name}" if call.is_write else "read"
    return f"{kind} of {call.caller.principal}, {call.era}, {call.outcome}: {call.detail}"
