"""What one tool call has at hand: the client of the services, the guards, the caller, a way to ask a person.

The server makes a `CallContext` for each call. It is passed on to `operation_call.read` and `write`, by which
our own tools call operations, so that each of their requests is checked, guarded and journalled as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import anyio

from ...schemas import JsonObject, JsonValue, Operation, Route
from ..checks.checker import Checker
from ..failure import ToolFailure
from ..journal.entries import Caller, Journal
from ..journal.marks import Marks, MemoryMarks
from ..policy.policy import Counts, Policy
from ..requests.request import FileSource, Request
from ..results.response import Response
from ..surface.tool import ConfirmMode, Tool
from .confirmation_codes import Codes
from .document_locks import Claim, DocumentLocks
from .rehearsal import Rehearsal
from .seen_ids import SeenIds
from .seen_values import SeenValues

__all__ = [
    "Agreed",
    "Ask",
    "CallContext",
    "Consent",
    "Flight",
    "Guards",
    "Report",
    "ShowLink",
    "Unclear",
    "Upstream",
    "Written",
    "no_answer",
    "no_link",
]

Report = Callable[[str], Awaitable[None]]
"""Tells the host what a call waits for, in a few words."""

Consent = Literal["accepted", "declined", "no answer"]

Agreed = Literal["", "browser", "host", "code"]
"""How a person agreed to a call: on the page of the panel in a browser, asked by the host, or by a code."""

Ask = Callable[[str, str], Awaitable[Consent]]
"""Asks a person to confirm, with a summary and the code of the call, where the host can ask."""


ShowLink = Callable[[str, str], Awaitable[None]]
"""Shows a person a message and a link, where the host can."""


class Upstream(Protocol):
    """What the server lends to a call: the way to the service, and the user's files."""

    @property
    def answer_limit(self) -> int:
        """The most characters of JSON in a result."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds that one operation may take with its retries."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Values that are never shown: keys, passwords, tokens."""
        ...

    @property
    def account_ids(self) -> Mapping[str, str]:
        """By service, what tells the credentials from others without giving them away."""
        ...

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The addresses to try for an operation, in order."""
        ...

    def base_url(self, operation: Operation) -> str:
        """The base address of the service of an operation."""
        ...

    def check_file(self, file: FileSource, file_types: Sequence[str]) -> str:
        """Why a file may not be sent; empty if it may."""
        ...

    def content_of(self, file: FileSource) -> str:
        """What tells the content of a file from any other: its size and SHA-256.

        Raises:
            ToolFailure: it may not be sent, or cannot be read.
        """
        ...

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request, at the first of its addresses that the service knows.

        Raises:
            ToolFailure: the service refused, no answer came, or there are no credentials to send it with.
        """
        ...

    async def picture(self, url: str) -> bytes:
        """The picture of a page, at an address that Nanonets gave; credentials go to its own host only.

        Raises:
            ToolFailure: it cannot be had, is too large, or the address is not one that may be called.
        """
        ...

    def save_download(self, file_name: str, content: bytes) -> str | None:
        """Store a downloaded file and give its path; None where files may not be saved."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left: the answer, the number of its journal entry, and what the result says of both."""

    response: Response
    answer: JsonObject
    entry: int | None
    notes: JsonObject


@dataclass(slots=True, eq=False)
class Flight:
    """A write of one user that is under way, for identical calls to wait for.

    `is_sent`: the service may have it. `is_done`: it said that it carried it out.
    """

    user: str = ""
    ended: anyio.Event = field(default_factory=anyio.Event)
    is_sent: bool = False
    is_done: bool = False
    written: Written | None = None
    failure: ToolFailure | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """A write whose outcome is not known: what is known of it, and the mark by which it stops others once.

    The `message` is for the `user` who called; others do not get it.
    """

    message: str
    mark: str
    user: str = ""


@dataclass(slots=True, eq=False)
class Guards:
    """What stands between a write and the service, for one server.

    `counts` says what each user did so far. `journal` is None where the user wants none; `journal_required`
    says whether writes stop without it. `marks` say which codes were used and which calls were stopped.
    `under_way` holds the writes that must not be doubled, `unclear` those whose last outcome is not known, by
    fingerprint. `documents` are those that are being written, `seen` what callers last read and `seen_ids`
    the ids that they were shown. `undoing` holds the entries that are just being undone. `checks` judges
    documents.
    """

    confirm: ConfirmMode = "destructive"
    journal: Journal | None = None
    journal_required: bool = True
    counts: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict[str, Counts](Counts))
    codes: Codes = field(default_factory=Codes)
    under_way: dict[tuple[str, ...], Flight] = field(default_factory=dict[tuple[str, ...], Flight])
    unclear: dict[str, Unclear] = field(default_factory=dict[str, Unclear])
    marks: Marks = field(default_factory=MemoryMarks)
    marks_of_this_server: Marks = field(default_factory=MemoryMarks)
    documents: DocumentLocks = field(default_factory=DocumentLocks)
    seen: SeenValues = field(default_factory=SeenValues)
    seen_ids: SeenIds = field(default_factory=SeenIds)
    undoing: set[int] = field(default_factory=set[int])
    checks: Checker = field(default_factory=Checker)


async def no_answer(summary: str, code: str) -> Consent:
    """Asks nobody: for hosts that cannot ask."""
    return "no answer"


async def no_link(message: str, url: str) -> None:
    """Shows nobody a link: for hosts that cannot."""


@dataclass(slots=True, eq=False)
class CallContext:
    """One tool call and all that it may use.

    `find_tool` gives the operation of a tool by its name, and raises `ToolFailure` for one that may not be
    called; `tools` are those that may, `listed` the names of those that the host lists, and `why_not_offered`
    says what keeps a tool from being called. `policy` holds the rules for this caller. `is_confirmed` says
    that a person has agreed to all that this call does, and `agreed` how; `code` is a confirmation code that
    the answer of the person brought with it. `in_browser`: the page of the panel in a browser made the call,
    and asks the person itself; `browser_url` is the address of that page, empty where none is known.
    `panel_key` came with the call. `holds` are the documents that nobody else writes until this call ends.
    `finishes_writes`: a write that was sent goes on to its end though the client went away. `rehearsal` is
    there for a call whose writes are only looked at. `is_admin`: the caller may see and undo what others did,
    and see how the server is set up. `notes` collects what the result of one of our own tools has to say of
    the answers that it read.
    """

    upstream: Upstream
    guards: Guards
    report: Report
    find_tool: Callable[[str], Operation]
    why_not_offered: Callable[[Tool], str]
    caller: Caller = field(default_factory=Caller)
    ask: Ask = no_answer
    show_link: ShowLink = no_link
    code: str = ""
    is_confirmed: bool = False
    agreed: Agreed = ""
    in_browser: bool = False
    browser_url: str = ""
    panel_key: str = ""
    tools: Sequence[Tool] = ()
    listed: frozenset[str] = frozenset()
    policy: Policy = field(default_factory=Policy)
    holds: frozenset[Claim] = frozenset()
    finishes_writes: bool = False
    is_admin: bool = True
    rehearsal: Rehearsal | None = None
    notes: JsonObject = field(default_factory=dict[str, JsonValue])
