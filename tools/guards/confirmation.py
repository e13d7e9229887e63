"""Ask a person before a call is sent: by the host if it can, otherwise by a code for a second call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..json_text import compact
from ..redaction import REMOVED, masked, secret_arguments
from ..requests.arguments import is_id
from ..untrusted import quoted, shortened_sentence, without_hidden_in
from .confirmation_codes import CODE_SECONDS, Verdict
from .context import CallContext

__all__ = ["confirm_or_fail", "summary_of"]

_MOST_SUMMARY = 2_000
_OF_NO_USE = ("bbox", "confidence", "image_url", "raw_document_url", "url")
"""What says nothing to a person of what is about to be changed; nor do ids, which come last."""
_PLAIN_NAME = re.compile(r"[a-z_]+")

_AT_FAULT: dict[Verdict, str] = {
    "forged or for another call": "The code in confirm is not for this call as it now stands: the arguments"
    " or the present value are others, or it was never given out.",
    "expired": "The code in confirm has expired.",
    "used": "The code in confirm was used already.",
}


async def confirm_or_fail(
    operation: Operation,
    arguments: JsonObject,
    present: JsonValue,
    code: str,
    context: CallContext,
    *,
    name: str = "",
) -> None:
    """Let a call pass that a person has agreed to, with exactly these arguments and this present state.

    `name` is that of the item which the call is about, such as a field.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call, or `not_allowed` after a refusal.
    """
    codes = context.guards.codes
    subject: tuple[JsonValue, ...] = (operation.id, dict(sorted(arguments.items())), present)
    fault = ""
    if code:
        verdict = codes.use(code, *subject)
        if verdict == "valid":
            return
        fault = f"{_AT_FAULT[verdict]} "
    secrets = context.upstream.secrets
    cleaned = cast("JsonObject", _clean(arguments, secrets))
    summary = summary_of(operation, cleaned, _clean(present, secrets), str(_clean(name, secrets)))
    new_code = codes.give(*subject)
    if not code:
        consent = await context.ask(summary, new_code)
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
        notes={
            "confirm": new_code,
            "expires_in_seconds": CODE_SECONDS,
            "summary": summary,
            "outside": ["error.message", "docreview.summary"],
        },
    )
    raise failure


def summary_of(operation: Operation, arguments: JsonObject, present: JsonValue, name: str = "") -> str:
    """What a call would do, in words for a person. No text in it can pass for words of ours."""
    secret = secret_arguments(operation)
    told = {key: REMOVED if key in secret else _short(value) for key, value in arguments.items()}
    ids = {key: value for key, value in told.items() if is_id(key)}
    text = f"{operation.title}{f' {quoted(name)}' if name else ''}"
    if len(ids) < len(told):
        text += f": {_listed({key: value for key, value in told.items() if key not in ids})}"
    if present is not None:
        text += f". At present: {_present(present)}"
    if ids:
        text += f". Ids: {_listed(ids)}"
    if len(text) > _MOST_SUMMARY:
        cut = shortened_sentence(text, _MOST_SUMMARY)
        text = f"{cut} ({len(text)} characters, the rest is not shown; ask for less at once)"
    return f"{text}."


def _present(present: JsonValue) -> str:
    if not isinstance(present, dict):
        return _short(present)
    telling = {
        key: _short(value)
        for key, value in present.items()
        if value not in (None, "", []) and key not in _OF_NO_USE and not is_id(key)
    }
    return _listed(telling) if telling else _short(present)


def _listed(told: dict[str, str]) -> str:
    return ", ".join(
        f"{name if _PLAIN_NAME.fullmatch(name) else quoted(name)} {value}" for name, value in told.items()
    )


def _clean(value: JsonValue, secrets: Sequence[str]) -> JsonValue:
    """Without hidden characters first, as they could split a secret."""
    shown = without_hidden_in(value)[0]
    return masked(shown, compact(shown), secrets)


def _short(value: JsonValue) -> str:
    """A number as it is; whatever may hold text in marks."""
    return quoted(value) if isinstance(value, (str, list, dict)) else compact(value)
