"""The review panel in a browser: a page that asks the person, and in a frame the page that hosts show.

The framed page has an origin of its own and reaches nothing; the page around it passes on its calls, of the
panel's tools only, and asks the person where a call has to be confirmed.
"""

from __future__ import annotations

import logging
from secrets import token_urlsafe
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from ....tools.journal.entries import JournalFault
from ...panel.page import host_html, panel_tools, review_html
from ...protocol.principal import Principal
from ..answers import Answer
from ..bodies import Bodies
from ..refusals import Refusal
from .pages import going_on, plain_page, sign_in_page, signed_in_page
from .sign_in import BrowserStep, SignIn, SignInFault

__all__ = ["CALLS", "Panel"]

_log = logging.getLogger(__name__)

CALLS = "/panel/mcp"
"""Where the page in the browser sends its calls."""

_SIGN_IN, _SIGN_OUT, _SIGNED_IN = "/panel/sign-in", "/panel/sign-out", "/panel/signed-in"
_APP_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_MAX_FORM_BYTES = 4096
_SIGNED_OUT = "You have signed out of docreview."
_NO_SEAL = "Nobody can sign in right now, because the key that seals sign-ins cannot be used."
_TELL = "The server's log has details for its operator."


class Panel:
    """The paths under `/panel` of a server, for whoever signs in like this."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._paths = {"/panel", "/panel/app", _SIGN_IN, _SIGN_OUT, _SIGNED_IN, sign_in.arrival} - {""}

    def serves(self, path: str) -> bool:
        """Whether there is a page at this path."""
        return path in self._paths

    async def answer(self, scope: Scope, headers: Headers, receive: Receive, answer: Answer) -> None:
        """Give the page at a path.

        Raises:
            Refusal: the method is another one, or a form comes from another site.
        """
        path, is_sent = scope["path"], scope["method"] == "POST"
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20, keep_blank_values=True)
        if is_sent and path in (_SIGN_IN, _SIGN_OUT):
            check_own_page(headers)
        elif scope["method"] != "GET" or path == _SIGN_OUT:
            raise Refusal(405, "method_not_allowed", "Only GET is allowed here.", "Open it in a browser.")
        try:
            if path == "/panel":
                await self._host_page(headers, answer)
            elif path == "/panel/app":
                await plain_page(answer, 200, review_html(), _APP_POLICY)
            elif path == _SIGNED_IN:
                await signed_in_page(answer)
            elif path == _SIGN_OUT:
                await going_on(answer, BrowserStep(f"{_SIGN_IN}?out=1", self._sign_in.left()))
            elif path == self._sign_in.arrival:
                await going_on(answer, await self._sign_in.arrived(query, headers))
            elif is_sent:
                body = await Bodies(_MAX_FORM_BYTES).read(headers, receive)
                form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
                await going_on(answer, await self._sign_in.submitted(form, query))
            else:
                said = SignInFault(200, _SIGNED_OUT) if "out" in query else None
                await sign_in_page(answer, self._sign_in, said)
        except SignInFault as fault:
            await sign_in_page(answer, self._sign_in, fault)
        except JournalFault as fault:
            _log.warning("a sign-in to the panel failed: %s", fault)
            await sign_in_page(answer, self._sign_in, SignInFault(503, f"{_NO_SEAL} {_TELL}"))

    async def principal(self, headers: Headers) -> Principal:
        """Who calls from the page in the browser.

        Raises:
            Refusal: nobody is signed in, the call does not come from our own page, or who it is cannot be
                told just now.
        """
        check_own_page(headers)
        try:
            found = await self._sign_in.visitor(headers)
        except JournalFault as fault:
            raise Refusal(503, "unavailable", _NO_SEAL, _TELL, for_log=str(fault)) from None
        if found is None:
            raise Refusal(401, "unauthorized", "You are not signed in.", f"Sign in at {_SIGN_IN}.")
        return found

    def check_call(self, tool: str) -> None:
        """Pass nothing on but calls of the panel's tools; `tool` is empty for any other message.

        Raises:
            Refusal: it is not one of them.
        """
        if tool not in panel_tools():
            raise Refusal(
                403,
                "not_allowed",
                "Only the review panel's tools can be called here.",
                "Call other tools at /mcp.",
            )

    async def _host_page(self, headers: Headers, answer: Answer) -> None:
        nonce = token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self';"
            " frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        way = self._sign_in.way
        is_new = way == "open" and await self._sign_in.visitor(headers) is None
        cookies = self._sign_in.opened() if is_new else ()
        page = host_html(nonce, signs_out=way in ("key", "issuer"))
        await plain_page(answer, 200, page, policy, cookies)


def check_own_page(headers: Headers) -> None:
    """Let pass only what a page of this very server sends: the same site is not enough.

    Raises:
        Refusal: it comes from elsewhere, or does not say from where.
    """
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    scheme, _, origin = origins[0].lower().partition("://") if len(origins) == 1 else ("", "", "")
    is_own = scheme in ("http", "https") and len(hosts) == 1 and origin == hosts[0].lower()
    if not is_own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Refusal(
            403,
            "origin_not_allowed",
            "This request does not come from the panel's page.",
            "Open /panel in a browser.",
        )
