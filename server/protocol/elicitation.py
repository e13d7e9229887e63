"""Ask the person at the host, in both protocol eras. Whatever is not a clear answer counts as none.

Before 2026-07-28 the server asks while the call waits. Since then the call ends with the question, and the
host repeats it with the answer; the code of the call travels as its request state, so that an answer is good
for nothing but the call that was asked about.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import anyio
from mcp import MCPError
from mcp.types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
)

from ...tools import Ask, Codes, Consent, no_answer
from ...tools.guards.context import ShowLink, no_link
from ...tools.journal.entries import JournalFault
from .session import is_stateless

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

__all__ = ["Asking", "InputRequired", "asking"]

_log = logging.getLogger(__name__)

_KEY = "confirm"
_LINK = "open"
"""Under what the answer to a link stands, which says nothing but that the host has shown it."""

_MIN_SECONDS = 1.0
"""Nobody reads a question and declines within it: such a decline comes from a host that cannot ask."""
_MAX_SECONDS = 45.0
_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        _KEY: {"type": "boolean", "title": "Do it", "description": "Do exactly what is described."}
    },
    "required": [_KEY],
}


class InputRequired(Exception):  # noqa: N818 - the answer to a call, not an error
    """The call ends with a question or a link to the person; the host calls again with the answer."""

    def __init__(self, key: str, request: ElicitRequest, code: str | None = None) -> None:
        super().__init__(key)
        self.result = InputRequiredResult(input_requests={key: request}, request_state=code)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a call asks and shows a link, and the code that an answer of the person brought with it."""

    ask: Ask
    code: str = ""
    show_link: ShowLink = no_link


async def asking(context: ServerRequestContext[Any], params: CallToolRequestParams, codes: Codes) -> Asking:
    """How this call can ask the person and show links, as far as the host says that it can."""
    return replace(await _asking(context, params, codes), show_link=_link_shown_by(context, params))


async def _asking(context: ServerRequestContext[Any], params: CallToolRequestParams, codes: Codes) -> Asking:
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
        # Where that cannot be kept, a call that needs the answer says so, and any other one needs none.
        with suppress(JournalFault):
            await codes.revoke(state)

    async def answered(summary: str, code: str) -> Consent:
        return consent

    return Asking(answered)


def _link_shown_by(context: ServerRequestContext[Any], params: CallToolRequestParams) -> ShowLink:
    """What shows a link: a request to the host, or the end of the call, unless that has been answered."""
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or elicitation.url is None or _LINK in (params.input_responses or {}):
        return no_link

    async def by_ending(message: str, url: str) -> None:
        raise InputRequired(_LINK, ElicitRequest(params=ElicitRequestURLParams(message=message, url=url)))

    async def by_request(message: str, url: str) -> None:
        with anyio.move_on_after(_MAX_SECONDS):
            try:
                await context.session.elicit_url(message, url, token_hex(8), context.request_id)
            except (MCPError, ValueError, RuntimeError) as error:
                _log.info("the host could not show a link: %s", type(error).__name__)

    return by_ending if is_stateless(context) else by_request


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
    question = ElicitRequest(params=ElicitRequestFormParams(message=summary, requested_schema=_FORM))
    raise InputRequired(_KEY, question, code)


def _meaning(answer: object, seconds: float) -> Consent:
    """What an answer means that came after so many seconds."""
    if not isinstance(answer, ElicitResult):
        return "no answer"
    if answer.action == "accept":
        value = (answer.content or {}).get(_KEY)
        return "accepted" if value is True else "declined" if value is False else "no answer"
    return "declined" if answer.action == "decline" and seconds >= _MIN_SECONDS else "no answer"
