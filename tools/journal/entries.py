"""What the journal of writes contains, and how a call uses it. The server stores it.

Every write is opened before it is sent and closed after. An entry that was never closed belongs to a call
that is still under way or whose server stopped: whether it was carried out is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from ...schemas import JsonObject, JsonValue, Service

__all__ = [
    "Caller",
    "Closing",
    "Entry",
    "Journal",
    "JournalFault",
    "JournalView",
    "LookFirst",
    "Opening",
    "Outcome",
    "OwnWrite",
    "TakingBack",
    "Undoing",
]

Outcome = Literal["done", "not done", "unknown", "under way"]


class JournalFault(Exception):  # noqa: N818 - the state of the journal, not a programming error
    """The journal cannot be read or written; the message is one line without secrets.

    `is_away`: it is likely to come back by itself, such as a database that restarts.
    """

    def __init__(self, message: str, *, is_away: bool = False) -> None:
        super().__init__(message)
        self.is_away = is_away


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the host program with its version, the session of this server, the user of the machine.

    Over HTTP the `user` is the principal, `replica` the machine that served it, and `request` the id of the
    request. `accounts` tells by service whose credentials were used, without giving them away; empty where
    all calls of a server use the same.
    """

    host: str = ""
    session: str = ""
    user: str = ""
    replica: str = ""
    request: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])

    def account(self, service: Service) -> str:
        """Whose credentials are used at a service; empty where there is no choice."""
        return self.accounts.get(service, "")


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a write before it is sent.

    `arguments` are without secrets and without the content of files. `about` holds every id among the
    arguments, as text, so that the history of a document can be found. `fingerprint` is the same for
    identical calls. `before` is the state that the write changes, if `before_known`. `undoes` is the entry
    that this write takes back. `until` is the time (ISO 8601, UTC) after which the call is certainly over.
    `address` is that of the service: ids mean something else at another one. `via` is `panel` for a call that
    carried the key of a review panel. `agreed` says how a person agreed to it: `browser`, `host` or `code`,
    empty where nobody was asked.
    """

    tool: str
    arguments: JsonObject
    about: tuple[str, ...]
    fingerprint: str
    caller: Caller
    before: JsonValue = None
    before_known: bool = False
    reason: str = ""
    undoes: int | None = None
    until: str = ""
    address: str = ""
    via: str = ""
    agreed: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a write ended.

    `status` and `request_id` are those of the service's last answer. `after` is the state that the write
    left, if `after_known`; `answer` holds what undoing needs of the service's answer, such as the id of
    something new. `undo` is the plan, a list of `{"operation", "arguments"}`; `not_undoable` says why there
    is none. `left_unverified`: the service showed the value as not verified before the write, and in its
    answer too, so that a mark which is there later was set later.
    """

    outcome: Literal["done", "not done", "unknown"]
    status: int | None = None
    request_id: str = ""
    after: JsonValue = None
    after_known: bool = False
    answer: JsonObject | None = None
    undo: tuple[JsonObject, ...] = ()
    not_undoable: str = ""
    message: str = ""
    left_unverified: bool = False


class TakingBack(NamedTuple):
    """What a write takes back: the entry, and the newest entry of that undo of which its caller knows."""

    entry: int
    newest_known: int


class Undoing(NamedTuple):
    """A write that takes an entry back: its number, which call it is, and how it ended."""

    number: int
    fingerprint: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Entry:
    """One write in the journal. `at` and `closed_at` are ISO 8601 in UTC.

    `undoing` holds the later writes that take it back, the newest first, without those that were not done.
    """

    number: int
    at: str
    opening: Opening
    closing: Closing | None = None
    closed_at: str = ""
    undoing: tuple[Undoing, ...] = ()
    outcome: Outcome = "unknown"

    @property
    def undone_by(self) -> int | None:
        """The last of the writes that took it back; None as long as there are fewer than it takes."""
        carried_out = [each.number for each in self.undoing if each.outcome == "done"]
        needed = len(self.closing.undo) if self.closing is not None else 1
        return carried_out[0] if carried_out and len(carried_out) >= needed else None

    @property
    def undo_unclear(self) -> tuple[Undoing, ...]:
        """The writes of which it is not known whether they took it back, unless one like them was done."""
        if self.undone_by is not None:
            return ()
        done = {each.fingerprint for each in self.undoing if each.outcome == "done"}
        return tuple(
            each for each in self.undoing if each.outcome == "unknown" and each.fingerprint not in done
        )


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """A write that counts for the limits of its user: when it was opened, and the document that it approves.

    `document` is empty for a write that approves none.
    """

    at: datetime
    document: str = ""


@dataclass(frozen=True, slots=True)
class JournalView:
    """What a look finds while nobody else can open an entry.

    `last_of_call` is the last entry of an identical call, whenever it was. `own_writes` are those of the user
    who is about to write, without those that were not done.
    """

    last_of_call: Entry | None = None
    own_writes: Sequence[OwnWrite] = ()


@dataclass(frozen=True, slots=True)
class LookFirst:
    """A look at the journal before an entry is opened, in one transaction with it.

    `judge` decides whether the entry may be opened, and raises what is to be raised if not. It is shown the
    last identical call if `at_call`, and the user's own writes of so many `seconds`, if these are not 0.
    """

    judge: Callable[[JournalView], None]
    at_call: bool = False
    seconds: int = 0


class Journal(Protocol):
    """The stored journal. Every method raises `JournalFault` where the journal cannot be read or written."""

    async def open(self, opening: Opening, look: LookFirst | None = None) -> int:
        """Record a write that is about to be sent, and give the number of its entry.

        `look` comes first, in one transaction with the opening; if it raises, nothing is recorded.
        """
        ...

    async def close(self, number: int, closing: Closing) -> None:
        """Record how it ended."""
        ...

    async def entry(self, number: int) -> Entry | None:
        """One entry; None if there is no such entry."""
        ...

    async def entries(
        self,
        *,
        about: Sequence[str] = (),
        before: int = 0,
        limit: int = 20,
        since: datetime | None = None,
        until: datetime | None = None,
        tool: str = "",
        user: str | None = None,
    ) -> list[Entry]:
        """Entries, the newest first: those about every one of these ids, older than the entry `before`.

        Where they are given, only those of this `tool` and `user`, opened at `since` or later, and before
        `until`.
        """
        ...

    async def unclear(self, fingerprint: str) -> Entry | None:
        """The last entry of such a call of the last day, if how it ended is not known."""
        ...
