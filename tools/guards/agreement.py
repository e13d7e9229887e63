"""Look, let a person agree where one has to, and do it: nobody writes the documents between look and end.

A person may take minutes. Others may write meanwhile, so what they agreed to is looked at once more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from ..failure import NOTHING_SENT, ToolFailure
from ..untrusted import quoted
from .confirmation import Question, agreed_by_code, ask_person
from .context import CallContext
from .document_locks import Claim

__all__ = ["do_agreed"]

_Found = TypeVar("_Found")
_Result = TypeVar("_Result")
_MAX_SHOWN = 300


async def do_agreed(
    context: CallContext,
    claims: frozenset[Claim],
    code: str,
    look: Callable[[], Awaitable[_Found]],
    question_of: Callable[[_Found], Question | None],
    go: Callable[[_Found, CallContext], Awaitable[_Result]],
) -> _Result:
    """Do what `go` does with what `look` finds, once a person has agreed to `question_of` it.

    `claims` are the documents that nobody else writes from the look to the end, but for the time in which a
    person is asked. `code` is the confirmation code that came with the call. Where `question_of` gives None,
    nobody is asked.

    Raises:
        ToolFailure: nobody has agreed, or what they were shown is not there any more.
    """
    locks = context.guards.documents
    inner = replace(context, holds=context.holds | claims)
    async with locks.hold(claims, context.holds):
        found = await look()
        question = question_of(found)
        if question is None:
            return await go(found, inner)
        if agreed := await agreed_by_code(question, code, context):
            return await go(found, replace(inner, agreed=agreed))
    inner = replace(inner, agreed=await ask_person(question, code, context))
    async with locks.hold(claims, context.holds):
        found = await look()
        now = question_of(found)
        if now is not None and now.subject != question.subject:
            raise _changed_meanwhile(question, now)
        return await go(found, inner)


def _changed_meanwhile(asked: Question, now: Question) -> ToolFailure:
    """The conflict of a call whose item changed while the person was asked."""
    return ToolFailure(
        "conflict",
        f"{asked.operation.tool}: it changed while the person was deciding. They were shown"
        f" {_in_words(asked)}; now it is {_in_words(now)}.",
        happened=NOTHING_SENT,
        next_step="Read the item again. If the change is still wanted, call again, so that the person is"
        " asked about the current state.",
        quotes=True,
    )


def _in_words(question: Question) -> str:
    return quoted(question.shown if question.shown is not None else question.arguments, _MAX_SHOWN)
