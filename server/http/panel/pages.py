"""The plain pages around the panel in a browser: how to sign in, and where a browser goes from there."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from secrets import token_urlsafe
from urllib.parse import urlsplit

from ..answers import Answer
from .sign_in import BrowserStep, SignIn, SignInFault, Way

__all__ = ["going_on", "plain_page", "sign_in_page", "signed_in_page"]

_FOR_ALL = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_KEY_FORM = (
    '<form method="post"><label>Your key<br><input type="password" name="key" required autofocus'
    ' autocomplete="off" size="60"></label> <button>Sign in</button></form>'
)
_HOW: dict[Way, str] = {
    "open": "<p>Reload the page: no sign-in is needed here.</p>",
    "key": _KEY_FORM,
    "link": "<p>Open the link that docreview-mcp panel printed. It works once; to get a new link, run the"
    " command again.</p>",
    "issuer": '<form method="post"><button autofocus>Sign in with {detail}</button></form>',
    "closed": "<p>This server signs callers in with OAuth, but the panel in a browser is not set up for that"
    " (DOCREVIEW_OAUTH_CLIENT). Use a host that shows panels, or run docreview-mcp panel on your own"
    " machine.</p>",
}
_STYLE = (
    ":root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}"
    "body{margin:2rem auto;max-width:40rem;padding:0 1rem}input{max-width:100%}"
    "button{font:inherit;padding:.4rem .8rem}"
)


async def plain_page(
    answer: Answer, status: int, page: str, policy: str, cookies: Sequence[str] = ()
) -> None:
    """Send a page that only we frame, with its Content-Security-Policy."""
    framed = "frame-ancestors 'self'" in policy
    # With no-referrer, browsers say of a form that it comes from nowhere, and it would be refused.
    referrer = "same-origin" if "form-action 'self'" in policy else "no-referrer"
    more = [("Content-Security-Policy", policy), ("Referrer-Policy", referrer)]
    more += [] if framed else [("X-Frame-Options", "DENY")]
    await answer.page(status, [*_FOR_ALL, *more, *(("Set-Cookie", each) for each in cookies)], page)


async def sign_in_page(answer: Answer, sign_in: SignIn, fault: SignInFault | None = None) -> None:
    """How to sign in, and before it what came of the last try, if there was one."""
    said = f'<p role="alert">{escape(fault.message)}</p>' if fault and fault.message else ""
    how = _HOW[sign_in.way].replace("{detail}", escape(sign_in.detail))
    status, cookies = (fault.status, fault.cookies) if fault else (200, ())
    await _page(answer, status, "sign in", f"{said}{how}", cookies)


async def signed_in_page(answer: Answer) -> None:
    """The end of a sign-in in a tab that was opened beside the one with the work."""
    await _page(
        answer, 200, "signed in", "<p>You are signed in. Close this tab and continue in the other one.</p>"
    )


async def going_on(answer: Answer, step: BrowserStep) -> None:
    """Send the browser on.

    To another site it goes by a page of its own, as browsers hold the redirects of a form to the policy of
    the page that it was on.
    """
    if not urlsplit(step.location).netloc:
        sent = [
            *_FOR_ALL,
            ("Referrer-Policy", "no-referrer"),
            ("Location", step.location),
            *(("Set-Cookie", each) for each in step.cookies),
        ]
        await answer.page(303, sent, "")
        return
    there = escape(step.location)
    host = escape(urlsplit(step.location).netloc)
    body = f'<p>Taking you to <a href="{there}">{host}</a>.</p>'
    await _page(
        answer, 200, "sign in", body, step.cookies, f'<meta http-equiv="refresh" content="0;url={there}">'
    )


async def _page(
    answer: Answer, status: int, title: str, body: str, cookies: Sequence[str] = (), head: str = ""
) -> None:
    nonce = token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none';"
        " form-action 'self'"
    )
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>docreview: {title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}'
        f'<style nonce="{nonce}">{_STYLE}</style><main><h1>docreview</h1>{body}</main></html>'
    )
    await plain_page(answer, status, page, policy, cookies)
