"""Ask a person before a call is sent: by the host if it can, otherwise by a code for a second call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import Caller, JournalFault
from ..requests.arguments import REASON
from .confirmation_codes import CODE_SECONDS, CodeCheck
from .context import CallContext
from .journal_recording import journal_failure
from .summary import cleaned, summary_of

__all__ = ["Question", "ask_person", "confirm_or_fail", "is_agreed_by_code"]

_REJECTED: dict[CodeCheck, str] = {
    "forged or for another call": "The code in confirm is not for this call as it now stands: the arguments"
    " or the present state are others, or it was never given out.",
    "expired": "The code in confirm has expired.",
    "used": "The code in confirm was used already.",
    "declined": "The code in confirm is void: the person declined this call.",
}
_NOT_LASTING = (
    " Or it was given out by another process: codes outlive a process only where a journal is kept in a file,"
    " or DOCREVIEW_SEAL_KEYS is set."
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked to agree to.

    `arguments` are those of the call with its reason; `state` is everything that it touches as it was read,
    to which the answer is bound; `shown` is what the person is shown of it. `name` is that of the item which
    the call is about, such as a field.
    """

    operation: Operation
    arguments: JsonObject
    state: JsonValue
    shown: JsonValue
    name: str = ""

    @property
    def subject(self) -> tuple[JsonValue, ...]:
        """All that is asked about: the call first, then its reason and the state."""
        call = {name: value for name, value in sorted(self.arguments.items()) if name != REASON}
        return (self.operation.id, call, self.arguments.get(REASON), self.state)

    def subject_of(self, caller: Caller) -> tuple[JsonValue, ...]:
        """All that an answer is good for: what is asked about, by this user with this account."""
        operation, *rest = self.subject
        accounts: list[JsonValue] = [dict(caller.accounts)] if caller.accounts else []
        return ([operation, caller.user, *accounts], *rest)


async def confirm_or_fail(question: Question, code: str, context: CallContext) -> None:
    """Let a call pass that a person has agreed to, by the code or now.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call, or `not_allowed` after a refusal.
    """
    if not await is_agreed_by_code(question, code, context):
        await ask_person(question, code, context)


async def is_agreed_by_code(question: Question, code: str, context: CallContext) -> bool:
    """Whether the code that came with the call is good for it; if so, it is used up.

    A call that is only rehearsed needs none, and its question is noted.

    Raises:
        ToolFailure: whether it was used before cannot be read.
    """
    if context.rehearsal is not None:
        context.rehearsal.ask(_summary(question, context))
        return True
    if not code:
        return False
    try:
        return await context.guards.codes.use(code, *question.subject_of(context.caller)) == "valid"
    except JournalFault as fault:
        raise journal_failure(question.operation, fault) from fault


async def ask_person(question: Question, code: str, context: CallContext) -> None:
    """Ask, and return if the person agrees. `code` is the one that came with the call and was not good.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call, or `not_allowed` after a refusal.
    """
    try:
        await _ask(question, code, context)
    except JournalFault as fault:
        raise journal_failure(question.operation, fault) from fault


async def _ask(question: Question, code: str, context: CallContext) -> None:
    codes, operation = context.guards.codes, question.operation
    subject = question.subject_of(context.caller)
    summary = _summary(question, context)
    fault = ""
    if code:
        found = await codes.check(code, *subject)
        fault = f"{_REJECTED.get(found, _REJECTED['used'])} "
        if found == "forged or for another call" and not codes.is_lasting:
            fault = f"{fault.strip()}{_NOT_LASTING} "
    new_code = codes.give(*subject)
    if not code:
        consent = await context.ask(summary, new_code)
        if consent == "accepted" and await codes.use(new_code, *subject) == "valid":
            return
        if consent == "declined":
            await codes.decline(*subject)
            raise ToolFailure(
                "not_allowed",
                f"{operation.tool}: the person who was asked declined.",
                happened=NOTHING_SENT,
                next_step="Do not call again; ask the person what to do instead.",
            )
    raise ToolFailure(
        "needs_confirmation",
        f"{operation.tool}: {fault}Confirmation required: {summary}",
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


def _summary(question: Question, context: CallContext) -> str:
    """What the person is asked, without secrets."""
    secrets = context.upstream.secrets
    arguments = cast("JsonObject", cleaned(question.arguments, secrets))
    shown, name = cleaned(question.shown, secrets), str(cleaned(question.name, secrets))
    return summary_of(question.operation, arguments, shown, name)
