"""What a write looks for in the journal in the transaction that opens its entry: nobody can come between."""

from __future__ import annotations

from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import JournalView, LookFirst, TakingBack
from ..policy.approving_calls import approved_document
from ..policy.limits import limit_refusal
from ..policy.refusal import not_allowed
from ..requests.prepared_call import Prepared
from .context import CallContext

__all__ = ["look_for"]


def look_for(
    prepared: Prepared, context: CallContext, undoes: TakingBack | None, also: LookFirst | None
) -> LookFirst | None:
    """A look for what stands against a write: `also`, an undo of the same entry, the limits of the policy.

    None where there is nothing to look for.
    """
    document = approved_document(prepared.operation, prepared.service_arguments)
    limits = [each for each in context.policy.every_limit if each.what == "writes" or document]
    if not limits and undoes is None:
        return also

    def judge(view: JournalView) -> None:
        if also is not None:
            also.judge(view)
        if undoes is not None:
            _undone_by_others(prepared, undoes, view)
        if reason := limit_refusal(limits, view.own_writes, document):
            raise not_allowed(prepared.operation, reason)

    at_call = undoes is not None or (also is not None and also.at_call)
    return LookFirst(judge, at_call, max((each.seconds for each in limits), default=0))


def _undone_by_others(prepared: Prepared, undoes: TakingBack, view: JournalView) -> None:
    """Refuse an undo that another server began since this one looked."""
    last = view.last_of_call
    if last is None or last.opening.undoes != undoes.entry or last.outcome == "not done":
        return
    if last.number <= undoes.newest_known:
        return
    raise ToolFailure(
        "conflict",
        f"{prepared.operation.tool}: another call is undoing entry {undoes.entry}, or has undone it (journal"
        f" entry {last.number}).",
        happened=NOTHING_SENT,
        next_step="Look at review_history. If the entry is not undone, call review_undo again.",
    )
