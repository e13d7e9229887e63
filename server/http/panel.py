"""The review panel in a browser: a page that asks the person, and in a frame the page that hosts show.

The framed page has an origin of its own and reaches nothing; the page around it passes on its calls, of the
panel's tools only, and asks the person where a call has to be confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from ..panel.page import host_html, panel_tools, review_html
from ..protocol.principal import Principal
from .answers import Answer
from .bodies import Bodies
from .panel_sign_in import Cookies, SignIn
from .refusals import Refusal

__all__ = ["CALLS", "Panel"]

CALLS = "/panel/mcp"
"""Where the page in the browser sends its calls."""

_PATHS = ("/panel", "/panel/app", "/panel/open", "/panel/sign-in")
_FOR_ALL = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_APP_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_MAX_FORM_BYTES = 4096
_ID_NAMES = ("workflow_id", "document_id")
_HOW = {
    "open": "Reload the page: no sign-in is needed here.",
    "key": "",
    "link": "Open the link that docreview-mcp panel printed. It works once: for a new one, start it again.",
    "none": "This server signs its callers in by OAuth, which the panel in a browser does not do yet:"
    " use a host that shows panels, or docreview-mcp panel on your own machine.",
}


class Panel:
    """The paths under `/panel` of a server."""

    def __init__(self, sign_in: SignIn, cookies: Cookies) -> None:
        self._sign_in = sign_in
        self._cookies = cookies

    def serves(self, path: str) -> bool:
        """Whether there is a page at this path."""
        return path in _PATHS

    async def answer(self, scope: Scope, headers: Headers, receive: Receive, answer: Answer) -> None:
        """Give the page at a path.

        Raises:
            Refusal: the method is another one, or a form comes from another site.
        """
        path, method = scope["path"], scope["method"]
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if path == "/panel/sign-in" and method == "POST":
            check_own_page(headers)
            await self._sign_in_by_form(scope, headers, receive, query, answer)
        elif method != "GET":
            raise Refusal(405, "method_not_allowed", "Only GET is served here.", "Open it in a browser.")
        elif path == "/panel":
            await self._host_page(headers, answer)
        elif path == "/panel/app":
            policy = {"Content-Security-Policy": _APP_POLICY}
            await answer.page(200, {**_FOR_ALL, **policy}, review_html())
        elif path == "/panel/open":
            await self._open(query, answer)
        else:
            await self._sign_in_page(200, "", answer)

    def principal(self, headers: Headers) -> Principal:
        """Who calls from the page in the browser.

        Raises:
            Refusal: nobody is signed in, or the call does not come from our own page.
        """
        check_own_page(headers)
        found = self._cookies.principal(headers)
        if found is None:
            raise Refusal(401, "unauthorized", "Nobody is signed in.", "Sign in at /panel/sign-in.")
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
                "Only the tools of the review panel are called here.",
                "Call other tools at /mcp.",
            )

    async def _host_page(self, headers: Headers, answer: Answer) -> None:
        nonce = token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self';"
            " frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        page_headers = {**_FOR_ALL, "Content-Security-Policy": policy, "X-Frame-Options": "DENY"}
        if self._sign_in.way == "open" and self._cookies.principal(headers) is None:
            found = self._sign_in.signed_in("")
            page_headers |= {} if found is None else {"Set-Cookie": self._cookies.set_for(found)}
        await answer.page(200, page_headers, host_html(nonce))

    async def _open(self, query: Mapping[str, list[str]], answer: Answer) -> None:
        token = query.get("once", [""])[0]
        found = self._sign_in.signed_in(token) if self._sign_in.way == "link" else None
        if found is None:
            problem = "This link was used already, or it is not one of this server."
            await self._sign_in_page(403, problem, answer)
        else:
            await self._go(found, query, answer)

    async def _sign_in_by_form(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        query: Mapping[str, list[str]],
        answer: Answer,
    ) -> None:
        body = await Bodies(_MAX_FORM_BYTES).read(headers, receive)
        given = parse_qs(body.decode("utf-8", "replace"))
        key = given.get("key", [""])[0]
        found = self._sign_in.signed_in(key) if self._sign_in.way == "key" else None
        if found is None:
            await self._sign_in_page(403, "The key is not valid.", answer)
        else:
            await self._go(found, query, answer)

    async def _go(self, principal: Principal, query: Mapping[str, list[str]], answer: Answer) -> None:
        """Sign a person in and open the document that the address names, if it does."""
        id_query = urlencode({name: query[name][0] for name in _ID_NAMES if query.get(name)})
        path = f"/panel?{id_query}" if id_query else "/panel"
        page_headers = {**_FOR_ALL, "Location": path, "Set-Cookie": self._cookies.set_for(principal)}
        await answer.page(303, page_headers, "")

    async def _sign_in_page(self, status: int, problem: str, answer: Answer) -> None:
        nonce = token_urlsafe(16)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none';"
            " form-action 'self'"
        )
        alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
        how = _HOW[self._sign_in.way]
        form = (
            '<form method="post"><label>Your key<br><input type="password" name="key" required autofocus'
            ' autocomplete="off" size="60"></label> <button>Sign in</button></form>'
        )
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>docreview: sign in</title>'
            f'<style nonce="{nonce}">:root{{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}}'
            "body{margin:2rem auto;max-width:40rem;padding:0 1rem}input{max-width:100%}</style>"
            f"<h1>docreview</h1>{alert}{f'<p>{escape(how)}</p>' if how else form}</html>"
        )
        page_headers = {**_FOR_ALL, "Content-Security-Policy": policy, "X-Frame-Options": "DENY"}
        await answer.page(status, page_headers, page)


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
            "This request does not come from the panel's own page.",
            "Open /panel in a browser.",
        )
