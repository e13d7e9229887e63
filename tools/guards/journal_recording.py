"""The journal entry of one write: opened before it is sent, closed with what really happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import anyio

from ...schemas import JsonObject
from ..failure import NOTHING_SENT, ToolFailure
from ..json_text import compact
from ..redaction import REMOVED, masked, secret_arguments, without_secret_properties
from ..requests.arguments import REASON, is_id
from ..requests.prepared_call import Prepared
from .context import CallContext
from .current_state import State
from .journal import Closing, JournalFault, Opening

__all__ = ["AFTER_AWAY", "close_entry", "close_interrupted", "closing_of", "entry_notes", "open_entry"]

AFTER_AWAY = "Call again in a few seconds. If the journal stays away, the user has to look after it."
"""The next step while the journal is away for a moment."""

_SLACK_SECONDS = 60
_MOST_TEXT = 20_000


async def open_entry(
    prepared: Prepared, before: State, context: CallContext, undoes: int | None
) -> int | None:
    guards = context.guards
    if guards.journal is None:
        return None
    until = datetime.now(UTC) + timedelta(seconds=context.upstream.timeout + _SLACK_SECONDS)
    opening = Opening(
        prepared.operation.tool,
        _told(prepared, context),
        _ids_among(prepared),
        prepared.fingerprint,
        context.caller,
        before.value,
        before.known,
        str(prepared.values.get(REASON, "")),
        undoes,
        until.isoformat(timespec="seconds"),
        prepared.address,
    )
    try:
        # Cut off here, the record could be written already and its number lost.
        with anyio.CancelScope(shield=True):
            return await guards.journal.open(opening)
    except JournalFault as fault:
        if not guards.journal_required:
            return None
        raise ToolFailure(
            "unavailable" if fault.is_away else "not_configured",
            f"{prepared.operation.tool}: the journal of writes cannot be written, so nothing is. {fault}",
            happened=NOTHING_SENT,
            retryable=fault.is_away,
            next_step=AFTER_AWAY
            if fault.is_away
            else "The user has to put this right, or set DOCREVIEW_JOURNAL_REQUIRED=0 to go on without"
            " a journal. Reading works.",
        ) from fault


async def close_entry(entry: int | None, closing: Closing, context: CallContext) -> str:
    """Close an entry; gives what went wrong with that, empty if nothing did."""
    if entry is None or context.guards.journal is None:
        return ""
    try:
        await context.guards.journal.close(entry, closing)
    except JournalFault as fault:
        return (
            f"The journal could not record how this call ended ({fault})."
            " It is recorded when the journal can be written again, unless this server ends before."
        )
    return ""


async def close_interrupted(entry: int | None, closing: Closing, context: CallContext) -> None:
    with anyio.CancelScope(shield=True):
        await close_entry(entry, closing, context)


def entry_notes(entry: int | None, fault: str, context: CallContext) -> JsonObject:
    """What a result says of the entry of its write."""
    if context.guards.journal is None:
        return {}
    if entry is None:
        return {"journal": "The journal cannot be written; this call is not in it."}
    return {"entry": entry, "journal": fault} if fault else {"entry": entry}


def closing_of(failure: ToolFailure) -> Closing:
    outcomes: dict[str, Literal["done", "not done", "unknown"]] = {"no": "not done", "yes": "done"}
    return Closing(
        outcomes.get(failure.done, "unknown"),
        failure.status,
        message=failure.message,
    )


def _told(prepared: Prepared, context: CallContext) -> JsonObject:
    """The arguments as the journal keeps them: without secrets, long texts shortened."""
    secret = secret_arguments(prepared.operation)
    kept: JsonObject = {}
    for name, value in prepared.sent.items():
        text = compact(value)
        if name in secret:
            kept[name] = REMOVED
        elif name == "file_base64" or len(text) > _MOST_TEXT:
            kept[name] = f"[{len(text)} characters]"
        else:
            kept[name] = value
    # An agent may send back what the service told it, such as a page with its signed addresses.
    clean = without_secret_properties(prepared.operation.service, kept)
    return cast("JsonObject", masked(clean, compact(clean), context.upstream.secrets))


def _ids_among(prepared: Prepared) -> tuple[str, ...]:
    """Every id among the arguments, as text."""
    found: dict[str, None] = {}
    for name, value in prepared.sent.items():
        if is_id(name):
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, (str, int)):
                    found[str(entry)] = None
    return tuple(found)
