"""What the queue is made of: the work that waits, what is wanted of it, and how the search for it went."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, cast

import anyio

from ....schemas import JsonObject, JsonValue, Service
from ...failure import ToolFailure
from ...guards.context import CallContext
from ...json_text import shortened
from ...operation_call import read
from ...requests.moments import moment
from ...untrusted import shortened_sentence

__all__ = ["REASONS", "Kind", "QueueFilter", "Search", "Work", "listed", "moment", "text"]

Kind = Literal["document", "hitl_review", "labeling_session", "correction"]

REASONS: Mapping[Kind, frozenset[str]] = {
    "document": frozenset(
        {
            "doubtful",
            "unverified",
            "failed_check",
            "failed_validation",
            "no_confidence",
            "not_approved",
            "failed",
            "rejected",
            "export_failed",
        }
    ),
    "hitl_review": frozenset({"pending", "doubtful"}),
    "labeling_session": frozenset({"in_progress"}),
    "correction": frozenset({"in_progress"}),
}
"""Why work of each kind can wait for a person."""

_AT_ONCE = 4
_MAX_NAME = 60
_MAX_MESSAGE = 300
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the caller wants to see.

    `reasons` is empty for all. `min_confidence`: values below it are doubtful; None where nobody asked how
    sure the service is of its values, so that no document has to be read for it.
    """

    kinds: frozenset[Kind]
    reasons: frozenset[str]
    workflow_id: str = ""
    project_id: int | None = None
    assigned_to: str = ""
    since: datetime | None = None
    min_confidence: float | None = None
    lowest_confidence_first: bool = False
    failed_checks_first: bool = False

    def includes(self, work: Work) -> bool:
        """Whether the caller wants to see this piece of work."""
        return self.may_include(work) and (not self.reasons or not self.reasons.isdisjoint(work.reasons))

    def may_include(self, work: Work) -> bool:
        """Whether the caller may want to see it, whatever its values turn out to be. Unknown times pass."""
        mine = not self.assigned_to or self.assigned_to.casefold() in map(str.casefold, work.assigned_to)
        return mine and (self.since is None or work.since >= self.since)

    def place(self, work: Work) -> tuple[float, datetime]:
        """By what work is ordered; what is not known comes last."""
        if self.failed_checks_first:
            return -float(len(work.failed_checks)), work.since
        unsure = work.lowest_confidence if self.lowest_confidence_first else 0.0
        return (2.0 if unsure is None else unsure, work.since)


@dataclass(slots=True)
class Work:
    """One piece of work that waits for a person.

    `ids` are under the names that the next tool has for them; it takes `next_with` too. `waiting_since` is
    the time as the service wrote it, empty if it is not known. `doubtful`, `unverified` and `no_confidence`
    count values, and `lowest_confidence` is the least one among those that nobody settled; None where that
    was not looked at or is not told. `doubtful_names` are the fields and columns of the first doubtful
    values, `failed_checks` the names of the checks that the document fails.
    """

    kind: Kind
    name: str
    ids: JsonObject
    reasons: list[str]
    next_tool: str
    next_with: JsonObject = field(default_factory=dict[str, JsonValue])
    waiting_since: str = ""
    assigned_to: list[str] = field(default_factory=list[str])
    more: JsonObject = field(default_factory=dict[str, JsonValue])
    lowest_confidence: float | None = None
    doubtful: int | None = None
    doubtful_names: list[str] = field(default_factory=list[str])
    unverified: int | None = None
    no_confidence: int | None = None
    failed_checks: list[str] = field(default_factory=list[str])

    @property
    def since(self) -> datetime:
        """Since when it waits, the far future if that is not known."""
        return moment(self.waiting_since) or _LAST

    @property
    def is_readable(self) -> bool:
        """Whether it is a document that has values."""
        return self.kind == "document" and self.reasons != ["failed"]

    def entry(self) -> JsonObject:
        """The work as the answer shows it: nothing that is empty or not known."""
        shown: JsonObject = {
            "kind": self.kind,
            "name": shortened(self.name, _MAX_NAME),
            **self.ids,
            "reasons": cast("list[JsonValue]", self.reasons),
            **self.more,
            "lowest_confidence": self.lowest_confidence,
            "doubtful": self.doubtful,
            "doubtful_names": cast("list[JsonValue]", self.doubtful_names),
            "failed_checks": cast("list[JsonValue]", self.failed_checks),
            "unverified": self.unverified,
            "no_confidence": self.no_confidence or None,
            "waiting_since": self.waiting_since if moment(self.waiting_since) else "",
            "assigned_to": cast("list[JsonValue]", self.assigned_to),
            "next": self.next_tool,
            "next_with": self.next_with,
        }
        return {name: value for name, value in shown.items() if value not in (None, "", [], {})}


@dataclass(slots=True, eq=False)
class Search:
    """One search for work: what was found, what failed, and what was not looked at.

    `unseen` counts, under a name, what was planned and is not done; whatever is left at the end is reported.
    `unread_from` is the time from which on documents were not read any more. `places` bounds how many
    requests are under way at each service, so that a slow one does not hold the other up.
    """

    context: CallContext
    wanted: QueueFilter
    found: list[Work] = field(default_factory=list[Work])
    unseen: Counter[str] = field(default_factory=Counter[str])
    unread_from: str = ""
    answered: set[Service] = field(default_factory=set[Service])
    failures: dict[tuple[Service, str, str], ToolFailure] = field(
        default_factory=dict[tuple[Service, str, str], ToolFailure]
    )
    times: Counter[tuple[Service, str, str]] = field(default_factory=Counter[tuple[Service, str, str]])
    places: dict[Service, anyio.CapacityLimiter] = field(
        default_factory=lambda: defaultdict(lambda: anyio.CapacityLimiter(_AT_ONCE))
    )

    async def ask(
        self, service: Service, part: str, operation_id: str, arguments: JsonObject
    ) -> JsonObject | None:
        """The answer of a reading operation; None if it failed; the failure is reported as a problem."""
        try:
            async with self.places[service]:
                return await read(self.context, operation_id, arguments)
        except ToolFailure as failure:
            self.note(service, part, failure)
            return None

    def offers(self, tool: str) -> bool:
        """Whether the settings let the caller use a tool."""
        return any(each.name == tool for each in self.context.tools)

    def note(self, service: Service, part: str, failure: ToolFailure) -> None:
        """Remember that a part failed."""
        key = (service, part, failure.code)
        self.failures.setdefault(key, failure)
        self.times[key] += 1

    def add(self, work: Work | None) -> None:
        """Keep work that the caller may want to see."""
        if work is not None and self.wanted.may_include(work):
            self.found.append(work)

    @asynccontextmanager
    async def looking_at(self, name: str) -> AsyncGenerator[None]:
        """Counts one thing of those planned under `name` as looked at, unless time runs out before."""
        yield
        self.unseen[name] -= 1

    def problems(self) -> list[JsonObject]:
        """What failed, each kind of failure of a part once."""
        return [
            {
                "service": key[0],
                "part": key[1],
                "code": failure.code,
                "message": shortened_sentence(failure.message, _MAX_MESSAGE),
                "next": failure.next_step,
                **({"times": self.times[key]} if self.times[key] > 1 else {}),
            }
            for key, failure in self.failures.items()
        ]

    def failure(self) -> ToolFailure | None:
        """The failure of a search to which no service answered; one of a service with an account first."""
        if self.answered or not self.failures:
            return None
        return min(self.failures.values(), key=lambda failure: failure.code == "not_configured")


def listed(answer: JsonObject | None, *names: str) -> list[JsonObject]:
    """The objects of a list answer: under one of the names, or under `items` where it came bare."""
    for name in (*names, "items"):
        entries = (answer or {}).get(name)
        if isinstance(entries, list):
            return [entry for entry in entries if isinstance(entry, dict)]
    return []


def text(value: JsonValue) -> str:
    """A text or number as text; empty for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
