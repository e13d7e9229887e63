"""The journal entry of one write: opened before it is sent, closed with what really happened."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import anyio
import anyio.lowlevel

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import Closing, JournalFault, LookFirst, Opening, TakingBack
from ..json_text import compact
from ..observation import present_observer
from ..redaction import REMOVED, masked, secret_arguments, without_secret_properties
from ..requests.arguments import REASON, is_id
from ..requests.id_spelling import one_spelling
from ..requests.prepared_call import Prepared
from .context import CallContext
from .current_state import State
from .panel_key import is_from_panel

__all__ = [
    "AFTER_AWAY",
    "IDS_OF_DOCUMENTS",
    "RecordedWrite",
    "closing_of",
    "journal_failure",
    "needs_journal",
    "recorded",
]

AFTER_AWAY = (
    "Call again in a few seconds. If the journal stays unavailable, tell the operator of this server."
)
"""The next step while the journal is away for a moment."""

_AFTER_FAULT = (
    "The operator of this server has to fix this, or set DOCREVIEW_JOURNAL_REQUIRED=0 to continue without a"
    " journal. Reading still works."
)
_SLACK_SECONDS = 60
_MAX_TEXT = 20_000
_OUTCOMES: dict[str, Literal["done", "not done", "unknown"]] = {"no": "not done", "yes": "done"}
_INTERRUPTED_BEFORE = Closing("not done", message="Interrupted before it was sent.")
_INTERRUPTED = Closing("unknown", message="The call was interrupted.")
IDS_OF_DOCUMENTS = ("request_file_id", "document_id")
"""Ids in what a write changes by which the entries about a document are found."""


@dataclass(slots=True, eq=False)
class RecordedWrite:
    """A write between the opening and the closing of its entry.

    `entry` is None where no journal is kept, or where it cannot be written and need not be. `is_sent`: the
    service may have the request. `closing` is what is known of its end so far; `fault` why that could not be
    recorded.
    """

    context: CallContext
    entry: int | None
    is_sent: bool = False
    closing: Closing | None = None
    fault: str = ""

    @property
    def notes(self) -> JsonObject:
        """What a result says of the entry."""
        if self.context.guards.journal is None:
            return {}
        if self.entry is None:
            return {"journal": "The journal could not be written, so this call is not recorded in it."}
        return {"entry": self.entry, "journal": self.fault} if self.fault else {"entry": self.entry}

    async def close(self) -> None:
        """Record how the write ended; what goes wrong with that is in `fault`."""
        journal, closing = self.context.guards.journal, self.closing
        if self.entry is None or journal is None or closing is None:
            return
        with anyio.CancelScope(shield=True):
            try:
                with present_observer().journal("close"):
                    await journal.close(self.entry, closing)
            except JournalFault as fault:
                why = f" ({fault})" if self.context.is_admin else ""
                self.fault = (
                    f"The journal could not record the outcome of this call{why}. The outcome is recorded"
                    " once the journal is writable again, unless this server stops first."
                )


@asynccontextmanager
async def recorded(
    prepared: Prepared,
    before: State,
    context: CallContext,
    *,
    undoes: TakingBack | None = None,
    look: LookFirst | None = None,
) -> AsyncGenerator[RecordedWrite]:
    """The entry of a write, opened before its body runs and closed after it, however that ends.

    Raises:
        ToolFailure: the journal cannot be written, or `look` forbids the write; nothing was sent. A failure
            of the write itself comes out with the number of the entry in its notes.
    """
    write = RecordedWrite(context, await _open(prepared, before, context, undoes, look))
    try:
        await anyio.lowlevel.checkpoint_if_cancelled()
        yield write
    except ToolFailure as failure:
        write.closing = write.closing or closing_of(failure)
        await write.close()
        raise failure.with_(notes={**failure.notes, **write.notes}) from failure
    except BaseException:
        write.closing = write.closing or (_INTERRUPTED if write.is_sent else _INTERRUPTED_BEFORE)
        await write.close()
        raise
    await write.close()


def journal_failure(
    operation: Operation, fault: JournalFault, context: CallContext, needed_for: str = ""
) -> ToolFailure:
    """The failure of a write that is not sent without a journal; administrators are told why.

    `needed_for` is what needs the journal, with its verb, if it is not the setting that wants every write in
    it.
    """
    needed_for = needed_for or ("the limits of the policy need" if context.policy.every_limit else "")
    after = _AFTER_FAULT
    if needed_for:
        after = f"The operator of this server has to fix this: {needed_for} the journal. Reading still works."
    why = f" {fault}" if context.is_admin else ""
    return ToolFailure(
        "unavailable" if fault.is_away else "not_configured",
        f"{operation.tool}: the journal cannot be written, so no write is sent.{why}",
        happened=NOTHING_SENT,
        retryable=fault.is_away,
        next_step=AFTER_AWAY if fault.is_away else after,
    )


def needs_journal(context: CallContext) -> bool:
    """Whether no write is sent while the journal cannot be written: limits are counted in it."""
    return context.guards.journal_required or bool(context.policy.every_limit)


async def _open(
    prepared: Prepared, before: State, context: CallContext, undoes: TakingBack | None, look: LookFirst | None
) -> int | None:
    guards = context.guards
    if guards.journal is None:
        return None
    until = datetime.now(UTC) + timedelta(seconds=context.upstream.timeout + _SLACK_SECONDS)
    about = _ids_among(prepared, before.item)
    has_key = is_from_panel(guards.codes, context.panel_key, context.caller.user, about)
    opening = Opening(
        prepared.operation.tool,
        _kept(prepared, context),
        about,
        prepared.fingerprint,
        context.caller,
        before.value,
        before.known,
        str(prepared.values.get(REASON, "")),
        undoes.entry if undoes is not None else None,
        until.isoformat(timespec="seconds"),
        prepared.base_url,
        "panel" if has_key else "",
        context.agreed,
    )
    try:
        # Cut off here, the record could be written already and its number lost.
        with anyio.CancelScope(shield=True):
            with present_observer().journal("open"):
                return await guards.journal.open(opening, look)
    except JournalFault as fault:
        if needs_journal(context):
            raise journal_failure(prepared.operation, fault, context) from fault
        return None


def closing_of(failure: ToolFailure) -> Closing:
    """How a write ended that failed."""
    return Closing(_OUTCOMES.get(failure.done, "unknown"), failure.status, message=failure.message)


def _kept(prepared: Prepared, context: CallContext) -> JsonObject:
    """The arguments as the journal keeps them: without secrets, long texts shortened."""
    secret = secret_arguments(prepared.operation)
    kept: JsonObject = {}
    for name, value in prepared.service_arguments.items():
        text = compact(value)
        if name in secret:
            kept[name] = REMOVED
        elif name == "file_base64" or len(text) > _MAX_TEXT:
            kept[name] = f"[{len(text)} characters]"
        else:
            kept[name] = value
    # An agent may send back what the service told it, such as a page with its signed addresses.
    clean = without_secret_properties(prepared.operation.service, kept)
    return cast("JsonObject", masked(clean, compact(clean), context.upstream.secrets))


def _ids_among(prepared: Prepared, item: JsonValue) -> tuple[str, ...]:
    """Every id among the arguments, as text, and that of the document in which the changed item stands."""
    ids: list[str] = []
    for name, value in prepared.service_arguments.items():
        if is_id(name):
            listed = value if isinstance(value, list) else [value]
            ids += [str(entry) for entry in listed if isinstance(entry, (str, int))]
    inside = item if isinstance(item, dict) else {}
    ids += [found for name in IDS_OF_DOCUMENTS if isinstance(found := inside.get(name), str)]
    # Also as rules about approvals look for it, however the caller wrote it.
    return tuple(dict.fromkeys(spelled for each in ids for spelled in (each, one_spelling(each))))
