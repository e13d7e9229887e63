"""Ask a person before a call is sent: by the host if it can, otherwise by a code for a second call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation, load_operations
from ..failure import NOTHING_SENT, ToolFailure
from ..journal.entries import JournalFault
from ..requests.arguments import REASON
from .confirmation_codes import CODE_SECONDS, CodeCheck
from .context import Agreed, CallContext
from .journal_recording import journal_failure
from .panel_key import browser_link
from .summary import cleaned, summary_of

__all__ = ["Question", "agreed_by_code", "ask_person", "confirm_or_fail"]

_REJECTED: dict[CodeCheck, str] = {
    "forged or for another call": "The code in confirm does not match this call: the arguments, the current"
    " state or the account have changed, or the code was never issued.",
    "expired": "The code in confirm has expired.",
    "used": "The code in confirm was already used.",
    "declined": "The code in confirm is void: the person declined this call.",
}
_NEEDED = "confirmation codes need"
_NOT_LASTING = (
    " Or another process issued it: codes outlive a process only if the journal is kept in a file or"
    " DOCREVIEW_SEAL_KEYS is set."
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked to agree to.

    `arguments` are those of the call with its reason; `state` is everything that it touches as it was read,
    to which the answer is bound; `shown` is what the person is shown of it. `name` is that of the item which
    the call is about, such as a field. `browser_rule`: the policy's rule that a person agrees in a browser.
    `call` is what tells the call from others, where `arguments` also say what they would change now.
    """

    operation: Operation
    arguments: JsonObject
    state: JsonValue
    shown: JsonValue
    name: str = ""
    browser_rule: str = ""
    call: JsonObject | None = None

    @property
    def in_browser(self) -> bool:
        """Whether the person has to agree in a browser."""
        return bool(self.browser_rule)

    @property
    def subject(self) -> tuple[JsonValue, ...]:
        """All that is asked about: the call first, then its reason and the state."""
        given: JsonObject = {name: value for name, value in sorted(self.arguments.items()) if name != REASON}
        reason = self.arguments.get(REASON)
        if self.call is None:
            return (self.operation.id, given, reason, self.state)
        return (self.operation.id, dict(sorted(self.call.items())), reason, [given, self.state])

    def subject_of(self, context: CallContext) -> tuple[JsonValue, ...]:
        """All that an answer is good for: what is asked about, by this user, with these credentials, there.

        A tool for many items may call either service, so the base URLs of all are part of it.
        """
        upstream, (operation, *rest) = context.upstream, self.subject
        base_urls = {upstream.base_url(each) for each in load_operations().values()}
        where: list[JsonValue] = [dict(upstream.account_ids), list[JsonValue](sorted(base_urls))]
        return ([operation, context.caller.user, *where], *rest)


async def confirm_or_fail(question: Question, code: str, context: CallContext) -> Agreed:
    """Let a call pass that a person has agreed to, by the code or now, and say how they did.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call, or `not_allowed` after a refusal.
    """
    return await agreed_by_code(question, code, context) or await ask_person(question, code, context)


async def agreed_by_code(question: Question, code: str, context: CallContext) -> Agreed:
    """How a person agreed, if the code that came with the call is good for it; it is used up then.

    Where the policy wants a browser, and in a call from there, where the page itself asks the person, a code
    that was not answered there is not looked at.

    A call that is only rehearsed needs none, and its question is noted.

    Raises:
        ToolFailure: whether it was used before cannot be read.
    """
    if context.rehearsal is not None:
        context.rehearsal.ask(_summary(question, context))
        return _asked_by(context)
    way: Agreed = _asked_by(context) if code == context.code else "code"
    if not code or ((question.in_browser or context.in_browser) and way != "browser"):
        return ""
    try:
        found = await context.guards.codes.use(code, *question.subject_of(context))
    except JournalFault as fault:
        raise journal_failure(question.operation, fault, context, _NEEDED) from fault
    return way if found == "valid" else ""


async def ask_person(question: Question, code: str, context: CallContext) -> Agreed:
    """Ask, and say how, if the person agrees. `code` is the one that came with the call and was not good.

    Raises:
        ToolFailure: `needs_confirmation`, with a code for the second call or the way to the browser, or
            `not_allowed` after a refusal.
    """
    try:
        await _ask(question, code, context)
    except JournalFault as fault:
        raise journal_failure(question.operation, fault, context, _NEEDED) from fault
    return _asked_by(context)


def _asked_by(context: CallContext) -> Agreed:
    """Who asks the person in this call."""
    return "browser" if context.in_browser else "host"


async def _ask(question: Question, code: str, context: CallContext) -> None:
    codes, operation = context.guards.codes, question.operation
    subject = question.subject_of(context)
    summary = _summary(question, context)
    if question.in_browser and not context.in_browser:
        raise await _only_in_browser(question, summary, context)
    if context.in_browser and code != context.code:
        # The page asks; a code that somebody sends along instead says nothing of this person.
        code = ""
    fault = ""
    if code:
        found = await codes.check(code, *subject)
        fault = f"{_REJECTED.get(found, _REJECTED['used'])} "
        if found == "forged or for another call" and not codes.is_lasting:
            fault = f"{fault.strip()}{_NOT_LASTING} "
    new_code = codes.new_code(*subject)
    if not code:
        consent = await context.ask(summary, new_code)
        if consent == "accepted" and await codes.use(new_code, *subject) == "valid":
            return
        if consent == "declined":
            await codes.decline(*subject)
            raise ToolFailure(
                "not_allowed",
                f"{operation.tool}: the person declined.",
                happened=NOTHING_SENT,
                next_step="Do not call again; ask the person what to do instead.",
            )
    if context.in_browser:
        raise _not_answered(operation.tool, fault, summary)
    raise ToolFailure(
        "needs_confirmation",
        f"{operation.tool}: {fault}Confirmation required: {summary}",
        happened=NOTHING_SENT,
        next_step=f"Show the person the summary. Only if they agree, call again within {CODE_SECONDS // 60}"
        f" minutes with the same arguments and confirm={new_code}",
        notes={
            "confirm": new_code,
            "expires_in_seconds": CODE_SECONDS,
            "summary": summary,
            "outside": ["error.message", "docreview.summary"],
        },
    )


def _not_answered(tool: str, fault: str, summary: str) -> ToolFailure:
    """The failure of a call from the browser whose question was not answered; no code takes its place."""
    return ToolFailure(
        "needs_confirmation",
        f"{tool}: {fault or 'the question was not answered. '}Confirmation required: {summary}",
        happened=NOTHING_SENT,
        next_step="Try again, and answer the question on the page.",
        notes={"summary": summary, "outside": ["error.message", "docreview.summary"]},
    )


async def _only_in_browser(question: Question, summary: str, context: CallContext) -> ToolFailure:
    """The failure of a call to which a person has to agree in a browser; the host shows the way there."""
    tool, link = question.operation.tool, _link_to(question, context)
    why = f"the policy requires a person to confirm this in a browser ({question.browser_rule})"
    if link:
        await context.show_link(f"{tool}: {why}. {summary}", link)
    where = link or "to the panel, which docreview-mcp panel prints"
    return ToolFailure(
        "needs_confirmation",
        f"{tool}: {why}; no other confirmation counts. {summary}",
        happened=NOTHING_SENT,
        next_step=f"Give the person the link {where}: they make the change themselves, there or in the"
        " service's own application. Then read the item again; do not repeat this call.",
        notes={
            "summary": summary,
            **({"browser": link} if link else {}),
            "outside": ["error.message", "docreview.summary"],
        },
    )


def _link_to(question: Question, context: CallContext) -> str:
    """The page of the panel in a browser, with the document that the call is about; empty if not known."""
    given = question.arguments
    files = given.get("ids") or given.get("file_ids")
    first = files[0] if isinstance(files, list) and files else None
    workflow_id = given.get("workflow_id") or given.get("model_id")
    document_id = given.get("document_id") or given.get("request_file_id") or first
    return browser_link(context.browser_url, workflow_id, document_id)


def _summary(question: Question, context: CallContext) -> str:
    """What the person is asked, without secrets."""
    secrets = context.upstream.secrets
    arguments = cast("JsonObject", cleaned(question.arguments, secrets))
    shown, name = cleaned(question.shown, secrets), str(cleaned(question.name, secrets))
    return summary_of(question.operation, arguments, shown, name)
