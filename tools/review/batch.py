"""Work on many items in one call: a few at a time, a verdict for each, stopped by failures or by the time.

Every item ends with a verdict, also one that was never begun. What is under way when a failure stops the rest
is let end; what is under way when the time is up is given up, and the verdict says that it is not known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

import anyio

from ...schemas import JsonObject
from ..failure import ToolFailure
from ..guards.context import CallContext, Written
from ..operation_call import read, write
from .document_snapshot import Snapshot

__all__ = ["AT_ONCE", "ItemResult", "Job", "Stop", "Word", "run_batch"]

AT_ONCE = 4
"""How many items are under way at the same time."""

_BEGIN_SHARE, _END_SHARE = 0.6, 0.9
"""The shares of the time for a call in which items are begun, and in which they have to end."""

_OF_THE_ITEM = frozenset(
    {"not_found", "conflict", "invalid_arguments", "not_allowed", "forbidden", "too_large"}
)
"""Failures that lie with the item and only repeat themselves. Others lie with the service or the settings."""

Word = Literal["done", "already", "failed", "unknown", "not_tried"]
"""`already`: nothing was left to do. `unknown`: a write was sent, and nobody can say what it did."""

Stop = Literal["", "failures", "time"]
"""Why items were not tried."""


@dataclass(slots=True, eq=False)
class ItemResult:
    """What came of one item.

    `document_id` is that of the document that it stands in, empty where `id` alone names the item.
    `writes` counts those that were carried out and `entries` are their journal entries; `failed_entry` is
    that of one that was sent and failed. `not_undoable` says of an entry why it cannot be undone.
    """

    id: str
    document_id: str = ""
    word: Word = "not_tried"
    failure: ToolFailure | None = None
    writes: int = 0
    entries: list[int] = field(default_factory=list[int])
    failed_entry: int | None = None
    not_undoable: dict[int, str] = field(default_factory=dict[int, str])
    journal_fault: str = ""
    is_sending: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the item is as it should be."""
        return self.word in ("done", "already")

    @property
    def may_work_later(self) -> bool:
        """Whether the same call can still bring something for this item, others being as they are."""
        if self.failure is not None and self.word == "failed":
            return self.failure.code not in _OF_THE_ITEM
        return self.word in ("unknown", "not_tried")

    async def write(
        self,
        context: CallContext,
        operation_id: str,
        arguments: JsonObject,
        snapshot: Snapshot | None = None,
    ) -> Written:
        """Carry out one write for this item, on the one way of every call, and remember what it left.

        `snapshot` is the document as it was read, where nobody else writes it meanwhile.

        Raises:
            ToolFailure: it was refused or failed.
        """
        self.is_sending = True
        try:
            written = await write(
                context,
                operation_id,
                arguments,
                is_confirmed=True,
                read_by=None if snapshot is None else partial(_read, context, snapshot),
            )
        except ToolFailure as failure:
            self.is_sending = False
            entry = failure.notes.get("entry")
            self.failed_entry = entry if isinstance(entry, int) else None
            self._note_fault(failure.notes)
            raise
        if snapshot is not None:
            snapshot.take(arguments, written.answer)
        self.is_sending = False
        self.writes += 1
        self._note(written)
        return written

    def fail(self, failure: ToolFailure) -> None:
        """The item ends with this failure."""
        self.word = "unknown" if failure.done == "unknown" else "failed"
        self.failure = failure

    def give_up(self) -> None:
        """The time was up: an item for which something was sent may be half done."""
        if self.word == "not_tried" and (self.is_sending or self.writes):
            self.fail(
                ToolFailure(
                    "timeout",
                    "The call ran out of time before the item was finished.",
                    retryable=True,
                    done="unknown",
                    next_step="Call again with the same arguments: finished items are not repeated.",
                )
            )

    def _note(self, written: Written) -> None:
        reason = written.notes.get("not_undoable")
        if written.entry is not None:
            self.entries.append(written.entry)
            if isinstance(reason, str):
                self.not_undoable[written.entry] = reason
        self._note_fault(written.notes)

    def _note_fault(self, notes: JsonObject) -> None:
        if isinstance(fault := notes.get("journal"), str):
            self.journal_fault = fault


async def _read(
    context: CallContext, snapshot: Snapshot, operation_id: str, arguments: JsonObject
) -> JsonObject:
    known = snapshot.answer(operation_id, arguments)
    return await read(context, operation_id, arguments) if known is None else known


Job: TypeAlias = tuple[ItemResult, Callable[[ItemResult], Awaitable[Word]]]
"""An item and what is to be done for it, which gives its verdict or raises `ToolFailure`."""


async def run_batch(
    jobs: Sequence[Job], context: CallContext, *, stop_after: int, began: float, unit: str
) -> Stop:
    """Do the jobs in their order, and give why some were not tried.

    Nothing more is begun after `stop_after` failures. `began` is when the call began (`anyio.current_time`),
    `unit` what the items are called in progress messages.
    """
    waiting = iter(jobs)
    ended = failures = 0
    stop: Stop = ""
    begin_until = began + context.upstream.timeout * _BEGIN_SHARE

    async def work_on() -> None:
        nonlocal ended, failures, stop
        for verdict, do in waiting:
            if failures >= stop_after or anyio.current_time() >= begin_until:
                stop = "failures" if failures >= stop_after else "time"
                return
            try:
                verdict.word = await do(verdict)
            except ToolFailure as failure:
                verdict.fail(failure)
                failures += 1
            ended += 1
            await context.report(f"{ended} of {len(jobs)} {unit}")

    with anyio.CancelScope(deadline=began + context.upstream.timeout * _END_SHARE) as scope:
        async with anyio.create_task_group() as group:
            for _ in range(min(AT_ONCE, len(jobs))):
                group.start_soon(work_on)
    for verdict, _ in jobs:
        verdict.give_up()
    return "time" if scope.cancelled_caught else stop
