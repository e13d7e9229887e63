"""`review_history`: the journal of writes as an agent needs it."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, operations_by_tool
from ..failure import NOTHING_SENT, ToolFailure
from ..guards.context import CallContext
from ..guards.journal_recording import AFTER_AWAY
from ..journal.entries import Entry, Journal, JournalFault
from ..json_text import compact, shortened
from ..requests.moments import moment_in
from ..results.reply import Reply
from .own_entries import may_see, visible_entries

__all__ = ["entry_in_full", "entry_in_short", "journal_of", "no_entry", "run", "unreadable", "withheld"]

_MAX_VALUE = 200
_DEFAULT_LIMIT = 20
_UNTRUSTED = ("entries[]: after, arguments, before, by, message, reason, request_id, undo",)


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The entries asked for, the newest first."""
    journal = journal_of(context)
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    try:
        if "entry" in values:
            found = await journal.entry(cast("int", values["entry"]))
            if found is None or not may_see(found, context):
                raise no_entry(cast("int", values["entry"]))
            in_full = withheld(found, context) or entry_in_full(found, with_address=context.is_admin)
            return Reply({"entries": [in_full]}, untrusted=_UNTRUSTED)
        entries, older = await visible_entries(
            journal,
            context,
            about=tuple(str(each) for each in cast("list[JsonValue]", values.get("about", []))),
            before=cast("int", values.get("before", 0)),
            limit=limit,
            since=moment_in(operation, values, "since"),
            until=moment_in(operation, values, "until"),
            tool=str(values.get("tool", "")),
        )
    except JournalFault as fault:
        raise unreadable(fault, context) from fault
    listed: list[JsonValue] = [withheld(entry, context) or entry_in_short(entry) for entry in entries]
    structured: JsonObject = {"entries": listed}
    if older:
        structured["older"] = {"before": older}
    if not listed and str(values.get("tool", "")).startswith("review_"):
        structured["note"] = "The journal lists review tools under the service tools that they call."
    elif not listed:
        structured["note"] = (
            "No change by this server matches. Changes made elsewhere are not in its journal."
            if context.is_admin
            else "No change by this caller matches. Only administrators see the changes of others."
        )
    return Reply(structured, untrusted=_UNTRUSTED if listed else ())


def withheld(entry: Entry, context: CallContext) -> JsonObject | None:
    """All that is returned of an entry about what the policy forbids; None if it may be returned in full."""
    called = operations_by_tool().get(entry.opening.tool)
    reason = context.policy.scope_refusal(called, entry.opening.arguments) if called is not None else ""
    return {"entry": entry.number, "outcome": entry.outcome, "not_shown": reason} if reason else None


def journal_of(context: CallContext) -> Journal:
    """The journal of this server.

    Raises:
        ToolFailure: the user wants none.
    """
    if context.guards.journal is None:
        raise ToolFailure(
            "not_configured",
            "No journal is kept (DOCREVIEW_JOURNAL=none), so changes cannot be listed or undone.",
            next_step="Read the item itself; only the operator of this server can turn the journal on.",
        )
    return context.guards.journal


def no_entry(number: int) -> ToolFailure:
    """The failure for an entry that does not exist."""
    return ToolFailure(
        "not_found",
        f"entry: got {number}, but the journal has no such entry.",
        next_step="List the entries with review_history.",
    )


def unreadable(fault: JournalFault, context: CallContext) -> ToolFailure:
    """The failure for a journal that cannot be read; administrators are told why."""
    why = f" ({fault})" if context.is_admin else ""
    return ToolFailure(
        "unavailable" if fault.is_away else "not_configured",
        f"The journal of writes cannot be read{why}.",
        happened=NOTHING_SENT,
        retryable=fault.is_away,
        next_step=AFTER_AWAY
        if fault.is_away
        else "The operator of this server has to fix this; docreview-mcp journal verify gives details.",
    )


def entry_in_short(entry: Entry) -> JsonObject:
    """One line of the history: long values shortened, nothing that is empty."""
    opening, closing = entry.opening, entry.closing
    in_short: JsonObject = {
        "entry": entry.number,
        "at": entry.at[:19] + "Z",
        "tool": opening.tool,
        "arguments": {name: _short(value) for name, value in opening.arguments.items()},
        "outcome": entry.outcome,
    }
    if opening.before_known and opening.before is not None:
        in_short["before"] = _short(opening.before)
    if closing is not None and closing.after_known and closing.after is not None:
        in_short["after"] = _short(closing.after)
    in_short["by"] = _by(entry)
    for name, how in (("via", opening.via), ("agreed", opening.agreed)):
        if how:
            in_short[name] = how
    if opening.reason:
        in_short["reason"] = opening.reason
    if opening.undoes is not None:
        in_short["undoes"] = opening.undoes
    return {**in_short, **_undoing(entry)}


def entry_in_full(entry: Entry, *, with_address: bool) -> JsonObject:
    """Everything that the journal knows of one write; the address of the service for administrators."""
    opening, closing = entry.opening, entry.closing
    in_full = {**entry_in_short(entry), "arguments": opening.arguments, "before": opening.before}
    if with_address:
        in_full["address"] = opening.address
    in_full["replica"], in_full["call"] = opening.caller.replica, opening.caller.request
    if closing is not None:
        in_full |= {
            "after": closing.after,
            "closed_at": entry.closed_at,
            "status": closing.status,
            "request_id": closing.request_id,
            "message": closing.message,
            "undo": cast("JsonValue", list(closing.undo)),
        }
    return {name: value for name, value in in_full.items() if value not in (None, "", [])}


def _undoing(entry: Entry) -> JsonObject:
    if entry.undone_by is not None:
        return {"undoable": False, "undone_by": entry.undone_by}
    if entry.closing is None:
        return {"undoable": False, "not_undoable": "Its outcome is not known."}
    if entry.closing.undo:
        links: dict[str, list[JsonValue]] = {
            "undone_in_part_by": [each.number for each in entry.undoing if each.outcome == "done"],
            "undo_unclear": [each.number for each in entry.undo_unclear],
            "undo_under_way": [each.number for each in entry.undoing if each.outcome == "under way"],
        }
        left: JsonObject = {"undo_leaves": entry.closing.not_undoable} if entry.closing.not_undoable else {}
        return {"undoable": True, **left, **{name: numbers for name, numbers in links.items() if numbers}}
    why = "Nothing was changed." if entry.outcome == "not done" else "Its outcome is not known."
    return {"undoable": False, "not_undoable": entry.closing.not_undoable or why}


def _by(entry: Entry) -> str:
    caller = entry.opening.caller
    return ", ".join(part for part in (caller.user, caller.host, caller.session) if part)


def _short(value: JsonValue) -> JsonValue:
    text = value if isinstance(value, str) else compact(value)
    return value if len(text) <= _MAX_VALUE else shortened(text, _MAX_VALUE, counted=True)
