"""Ask a person before a call is sent: by the host if it can, otherwise by a code for a second call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from ..schemas import JsonObject, JsonValue, Operation
from .confirmation import CODE_SECONDS, Verdict
from .door import Door
from .failure import NOTHING_SENT, ToolFailure
from .outside import without_hidden_in
from .secrets import REMOVED, masked, secret_arguments
from .size import compact

__all__ = ["confirm_or_fail", "summary_of"]

_MOST_VALUE = 120
_MOST_SUMMARY = 700
_PLAIN_NAME = re.compile(r"[a-z_]+")
_NO_MARKS = str.maketrans("“”", '""')

_AT_FAULT: dict[Verdict, str] = {
    "forged or for another call": "The code in confirm is not for this call as it now stands: the arguments"
    " or the present value are others, or it was never given out.",
    "expired": "The code in confirm has expired.",
    "used": "The code in confirm was used already.",
}


async def confirm_or_fail(
    operation: Operation, arguments: JsonObject, present: JsonValue, code: str, door: Door
) -> None:
    """Let a call pass that a person has agreed to, with exactly these arguments and this present state.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call, or `not_allowed` after a refusal.
    """
    codes = door.guards.codes
    subject: tuple[JsonValue, ...] = (operation.id, dict(sorted(arguments.items())), present)
    fault = ""
    if code:
        verdict = codes.use(code, *subject)
        if verdict == "valid":
            return
        fault = f"{_AT_FAULT[verdict]} "
    secrets = door.upstream.secrets
    summary = summary_of(operation, cast("JsonObject", _clean(arguments, secrets)), _clean(present, secrets))
    new_code = codes.give(*subject)
    if not code:
        consent = await door.ask(summary, new_code)
        if consent == "accepted" and codes.use(new_code, *subject) == "valid":
            return
        if consent == "declined":
            raise ToolFailure(
                "not_allowed",
                f"{operation.tool}: the person who was asked declined.",
                happened=NOTHING_SENT,
                next_step="Do not call again; ask the person what to do instead.",
            )
    failure = ToolFailure(
        "needs_confirmation",
        f"{operation.tool}: {fault}A person has to agree to this first: {summary}",
        happened=NOTHING_SENT,
        next_step=f"Show the person what would be done. Only if they agree, call again within"
        f" {CODE_SECONDS // 60} minutes with the same arguments and confirm={new_code}",
    )
    failure.notes = {
        "confirm": new_code,
        "expires_in_seconds": CODE_SECONDS,
        "summary": summary,
        "outside": ["error.message", "docreview.summary"],
    }
    raise failure


def summary_of(operation: Operation, arguments: JsonObject, present: JsonValue) -> str:
    """What a call would do, in words for a person. No text in it can pass for words of ours."""
    secret = secret_arguments(operation)
    parts = [
        f"{name if _PLAIN_NAME.fullmatch(name) else _quoted(name)}"
        f" {REMOVED if name in secret else _short(value)}"
        for name, value in arguments.items()
    ]
    text = f"{operation.title}: {', '.join(parts) or 'no arguments'}."
    if present is not None:
        text += f" At present: {_short(present)}."
    return text if len(text) <= _MOST_SUMMARY else f"{text[:_MOST_SUMMARY]}…"


def _clean(value: JsonValue, secrets: Sequence[str]) -> JsonValue:
    """Without hidden characters first, as they could split a secret."""
    shown = without_hidden_in(value)[0]
    return masked(shown, compact(shown), secrets)


def _short(value: JsonValue) -> str:
    return _quoted(value) if isinstance(value, str) else _one_line(compact(value))


def _quoted(text: str) -> str:
    """Text in marks that it cannot close itself."""
    return f"“{_one_line(text).translate(_NO_MARKS)}”"


def _one_line(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown if len(shown) <= _MOST_VALUE else f"{shown[:_MOST_VALUE]}…"
