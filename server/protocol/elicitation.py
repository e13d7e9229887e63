"""Ask the person at the host, in both protocol eras. Whatever is not a clear answer counts as none.

Before 2026-07-28 the server asks while the call waits. Since then the call ends with the question, and the
host repeats it with the answer; the code of the call travels as its request state, so that an answer is good
for nothing but the call that was asked about.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from mcp import MCPError
from mcp.types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)

from ...tools import Ask, Codes, Consent, no_answer
from .session import is_stateless

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

__all__ = ["Asking", "InputRequired", "asking"]

_log = logging.getLogger(__name__)

_KEY = "confirm"
_MIN_SECONDS = 1.0
"""Nobody reads a question and declines within it: such a decline comes from a host that cannot ask."""
_MAX_SECONDS = 45.0
_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        _KEY: {"type": "boolean", "title": "Do it", "description": "Carry this out exactly as described."}
    },
    "required": [_KEY],
}


class InputRequired(Exception):  # noqa: N818 - the answer to a call, not an error
    """The call ends with a question to the person; the host calls again with the answer."""

    def __init__(self, summary: str, code: str) -> None:
        super().__init__(summary)
        question = ElicitRequest(params=ElicitRequestFormParams(message=summary, requested_schema=_FORM))
        self.result = InputRequiredResult(input_requests={_KEY: question}, request_state=code)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a call asks, and the code that an answer of the person brought with it."""

    ask: Ask
    code: str = ""


async def asking(context: ServerRequestContext[Any], params: CallToolRequestParams, codes: Codes) -> Asking:
    """How this call can ask the person, as far as the host says that it can."""
    if not _can_ask(context):
        return Asking(no_answer)
    if not is_stateless(context):
        return Asking(_by_request(context))
    answer = (params.input_responses or {}).get(_KEY)
    state = params.request_state or ""
    if answer is None:
        return Asking(_by_ending)
    consent = _meaning(answer, codes.age(state))
    if consent == "accepted":
        return Asking(no_answer, state)
    if consent == "declined":
        await codes.revoke(state)

    async def answered(summary: str, code: str) -> Consent:
        return consent

    return Asking(answered)


def _can_ask(context: ServerRequestContext[Any]) -> bool:
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _by_request(context: ServerRequestContext[Any]) -> Ask:
    async def ask(summary: str, code: str) -> Consent:
        began = anyio.current_time()
        with anyio.move_on_after(_MAX_SECONDS):
            try:
                answer = await context.session.elicit_form(summary, _FORM, context.request_id)
            except (MCPError, ValueError, RuntimeError) as error:
                _log.info("the host could not ask the person: %s", type(error).__name__)
                return "no answer"
            return _meaning(answer, anyio.current_time() - began)
        return "no answer"

    return ask


async def _by_ending(summary: str, code: str) -> Consent:
    raise InputRequired(summary, code)


def _meaning(answer: object, seconds: float) -> Consent:
    """What an answer means that came after so many seconds."""
    if not isinstance(answer, ElicitResult):
        return "no answer"
    if answer.action == "accept":
        said = (answer.content or {}).get(_KEY)
        return "accepted" if said is True else "declined" if said is False else "no answer"
    return "declined" if answer.action == "decline" and seconds >= _MIN_SECONDS else "no answer"
