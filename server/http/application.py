"""The ASGI application of `docreview-mcp http`: checks a request step by step, then hands it to the SDK.

The SDK speaks the protocol in both eras. What stands before it: Host, Origin, method, caller, headers, rate,
body, rights, and a place among the calls under way. All of them come before anything is sent to a service.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any, cast

import anyio
from mcp.server import Server
from mcp.server.streamable_http import check_accept_headers
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from ...tools import load_tools
from ...tools.observation import Observer, Unobserved
from ..protocol.principal import READ, WRITE, RequestOrigin, mark_request
from ..protocol.session import ServerState
from ..shared.state import SharedState
from .addresses import AllowedAddresses
from .answers import Answer
from .authentication import Authentication
from .bodies import Bodies, Disconnected
from .budgets import Rates, RequestSlots
from .caller_credentials import CREDENTIAL_HEADERS, CallerCredentials, known_by_account
from .health import Health
from .narrowing_headers import NARROWING_HEADERS, asked_narrowing
from .oauth.protected_resource import METADATA_PATHS
from .panel.panel import CALLS, Panel
from .refusals import Refusal
from .settings import HttpSettings

__all__ = ["PATH", "HttpApplication"]

_log = logging.getLogger(__name__)

PATH = "/mcp"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Mcp-Protocol-Version,"
    " Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, X-Request-Id, "
    + ", ".join((*CREDENTIAL_HEADERS, *NARROWING_HEADERS)),
    "Access-Control-Max-Age": "600",
}
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class HttpApplication:
    """Serves one MCP server to many callers.

    `allowed` are the addresses under which it may be called, `shared` is what it shares with other servers.
    `panel` serves the review panel to people with a browser. `observer` gets the requests that are refused,
    and of waiting.
    """

    def __init__(
        self,
        server: Server[ServerState],
        settings: HttpSettings,
        authentication: Authentication,
        allowed: AllowedAddresses,
        credentials: CallerCredentials,
        shared: SharedState,
        panel: Panel | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.health = Health(server, shared, authentication)
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, max_request_body_size=settings.body
        )
        self._authentication = authentication
        self._allowed = allowed
        self._credentials = credentials
        self._panel = panel
        self._observer = observer or Unobserved()
        self._rates = Rates(settings.rate, shared.budgets)
        self._bodies = Bodies(settings.body)
        self._slots = RequestSlots(settings.concurrency)
        self._writing = frozenset(tool.name for tool in load_tools() if tool.effect != "read")

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the server alive; requests are served as long as this lasts, once in its life."""
        try:
            async with self._authentication.running(), self._manager.run():
                yield
        finally:
            self._credentials.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] == "lifespan":
            await receive()
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            headers = Headers(scope=scope)
            answer = Answer(send, _request_id(headers), lambda: self.health.is_draining)
            try:
                await self._respond(scope, headers, receive, answer)
            except Refusal as refusal:
                if refusal.for_log:
                    _log.warning("request %s was refused: %s", answer.request_id, refusal.for_log)
                self._observer.refused(refusal.status, refusal.code, answer.request_id)
                await refusal.answer(answer.send)
            except Disconnected:
                pass
            except Exception:
                _log.exception("a request failed inside docreview")
                if answer.has_begun:
                    raise
                await _fault().answer(answer.send)

    async def _respond(self, scope: Scope, headers: Headers, receive: Receive, answer: Answer) -> None:
        if scope["path"] in ("/healthz", "/readyz"):
            # Asked by balancers under the address of this replica, which no user types.
            await self.health.answer(scope, answer.send)
            return
        self._check_host(headers)
        if self._authentication.resource is not None and scope["path"] in METADATA_PATHS:
            await self._authentication.resource.answer(scope, answer.send)
            return
        self._check_origin(headers, answer)
        panel = self._panel
        if panel is not None and panel.serves(scope["path"]):
            await panel.answer(scope, headers, receive, answer)
            return
        browser = panel if panel is not None and scope["path"] == CALLS else None
        if browser is None and scope["path"] != PATH:
            raise Refusal(404, "not_found", "Nothing is served at this path.", f"Use the path {PATH}.")
        if scope["method"] == "OPTIONS" and "origin" in headers:
            await answer.send({"type": "http.response.start", "status": 204, "headers": _raw(_PREFLIGHT)})
            await answer.send({"type": "http.response.body"})
            return
        if scope["method"] != "POST":
            raise Refusal(
                405,
                "method_not_allowed",
                "Only POST is allowed: this server has no sessions and no streams outside a request.",
                "Send each message with POST.",
                headers={"Allow": "POST, OPTIONS"},
            )
        if browser is not None:
            principal = await browser.principal(headers)
        else:
            principal = await self._authentication.principal(headers)
        _check_headers(scope, headers)
        if READ not in principal.scopes:
            raise self._authentication.challenges.missing_scope(READ)
        narrowing = asked_narrowing(scope, headers)
        await self._rates.take(principal.id)
        account = await self._credentials.account(principal, scope, headers)
        principal = known_by_account(principal, account)
        origin = RequestOrigin(principal, account, narrowing, answer.request_id)
        body = await self._bodies.read(headers, receive)
        try:
            if browser is not None:
                browser.check_call(_called_tool(body))
            if not principal.may_write and _called_tool(body) in self._writing:
                raise self._authentication.challenges.missing_scope(WRITE)
            began = anyio.current_time()
            await self._slots.take(principal.id)
            self._observer.waited("call", anyio.current_time() - began)
        finally:
            self._bodies.release(len(body))
        try:
            await self._serve(scope, body, receive, origin, answer)
        finally:
            self._slots.give_back(principal.id)

    def _check_host(self, headers: Headers) -> None:
        if not self._allowed.has_host(headers.getlist("host")):
            raise Refusal(
                421,
                "host_not_allowed",
                "The Host header of this request does not belong to this server.",
                "Use the URL that the server's operator published (DOCREVIEW_HTTP_URL).",
            )

    def _check_origin(self, headers: Headers, answer: Answer) -> None:
        origins = headers.getlist("origin")
        if not self._allowed.has_origin(origins):
            raise Refusal(
                403,
                "origin_not_allowed",
                "The Origin header of this request is not allowed.",
                "The server's operator can allow it (DOCREVIEW_HTTP_ORIGINS).",
            )
        if origins:
            answer.allow_origin(origins[0])

    async def _serve(
        self, scope: Scope, body: bytes, receive: Receive, origin: RequestOrigin, answer: Answer
    ) -> None:
        mark_request(scope, origin)
        is_given = False

        async def receive_again() -> Message:
            nonlocal is_given
            if is_given:
                return await receive()
            is_given = True
            return {"type": "http.request", "body": body, "more_body": False}

        # What a caller shows for itself is for this server alone: nothing further in gets to see it.
        kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"authorization"]
        await self._manager.handle_request({**scope, "headers": kept}, receive_again, answer.send)


def _check_headers(scope: Scope, headers: Headers) -> None:
    """Refuse a request that cannot be understood."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            415,
            "unsupported_media_type",
            "Content-Type: expected application/json.",
            "Send the message as JSON, with this Content-Type.",
        )
    if not all(check_accept_headers(Request(scope))):
        raise Refusal(
            406,
            "not_acceptable",
            "Accept: expected application/json and text/event-stream.",
            "Send both in the Accept header.",
        )


def _request_id(headers: Headers) -> str:
    """The id by which a request is found in journal and logs: the one that it came with, or a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else token_hex(8)


def _called_tool(body: bytes) -> str:
    """The tool that a message calls; empty if it calls none."""
    try:
        message: object = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(message, dict):
        return ""
    request = cast("dict[str, Any]", message)
    parameters = request.get("params")
    if request.get("method") != "tools/call" or not isinstance(parameters, dict):
        return ""
    name = cast("dict[str, Any]", parameters).get("name")
    return name if isinstance(name, str) else ""


def _fault() -> Refusal:
    return Refusal(
        500,
        "internal_error",
        "An internal docreview error ended the request.",
        "The server's log has details for its operator.",
    )


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
