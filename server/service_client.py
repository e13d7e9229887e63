"""The shared client of one service: one pool, credentials, time limits, a bound on requests in flight."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import httpx2

from ..schemas import Operation, load_operations
from ..tools import (
    FormBody,
    JsonBody,
    MultipartBody,
    Report,
    Request,
    Response,
    ToolFailure,
    build_request,
)
from ..tools.failure import done_after_cut
from ..tools.refusal import failure_of
from .credentials import Credentials, NanonetsKey, StudioSession
from .files import FilePolicy
from .settings import Settings
from .tries import CallProgress, Outcome, repeat_as_allowed
from .version import VERSION

__all__ = ["ServiceClient"]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_UNKNOWN_ADDRESS = (404, 405)


class ServiceClient:
    """Sends requests to one service. Nothing is opened before the first request."""

    def __init__(
        self,
        service: str,
        settings: Settings,
        files: FilePolicy,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._is_studio = service == "studio"
        self._base_url = settings.studio_base_url if self._is_studio else settings.nanonets_base_url
        self._settings = settings
        self._files = files
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None
        self._places = anyio.Semaphore(settings.in_flight)
        self._known_address: dict[str, int] = {}
        self.credentials: Credentials = (
            StudioSession(settings, self._log_in) if self._is_studio else NanonetsKey(settings)
        )

    async def send(self, operation: Operation, requests: Sequence[Request], report: Report) -> Response:
        """Send the request, at the first of the operation's addresses that the service knows.

        Raises:
            ToolFailure: no answer came in time, no connection was made, or there are no credentials.
        """
        progress = CallProgress(operation, anyio.current_time() + self._settings.timeout)
        try:
            with anyio.fail_after(self._settings.timeout):
                outcome = await self._along_addresses(operation, requests, progress, report)
        except TimeoutError:
            outcome = Outcome(failure=self._timed_out(progress))
        if outcome.response is None:
            raise outcome.failure or self._timed_out(progress)
        if progress.uncertain and not outcome.response.is_success:
            failure = failure_of(operation, outcome.response, self.credentials.secrets)
            failure.done = "unknown"
            failure.message += (
                " An earlier try of this call got no clear answer and may have been carried out."
            )
            raise failure
        self._keep_session(operation, outcome.response)
        return outcome.response

    async def close(self) -> None:
        """Close the pool."""
        if self._client is not None:
            await self._client.aclose()

    async def _along_addresses(
        self, operation: Operation, requests: Sequence[Request], progress: CallProgress, report: Report
    ) -> Outcome:
        """Try the known address, else one after the other until the service knows one."""
        known = self._known_address.get(operation.id)
        order = range(len(requests)) if known is None else (known,)
        first: Outcome | None = None
        for index in order:
            if first is not None and not progress.may_send:
                break

            async def send_once(request: Request = requests[index]) -> Outcome:
                return await self._try(request, progress)

            outcome = await repeat_as_allowed(send_once, progress, report)
            if outcome.response is None or not _is_unknown_address(outcome.response):
                if outcome.response is not None and outcome.response.status < 500:
                    self._known_address[operation.id] = index
                return outcome
            first = first or outcome
        return cast("Outcome", first)

    async def _try(self, request: Request, progress: CallProgress) -> Outcome:
        """One request, and a second one with a new session if the first was refused for its token."""
        outcome = await self._exchange(request, progress)
        refused = outcome.response is not None and outcome.response.status == 401
        may_renew = refused and progress.operation.authenticated and progress.may_send
        if may_renew and await self.credentials.renew(progress.authorization):
            outcome = await self._exchange(request, progress)
        progress.note(outcome)
        return outcome

    async def _exchange(self, request: Request, progress: CallProgress) -> Outcome:
        operation = progress.operation
        authorization = await self.credentials.authorization(operation)
        progress.authorization = authorization
        async with self._places:
            progress.sent += 1
            progress.under_way = True
            outcome = await self._outcome(request, authorization, operation)
            progress.under_way = False
        return outcome

    async def _outcome(self, request: Request, authorization: str, operation: Operation) -> Outcome:
        try:
            return Outcome(response=await self._answer(request, authorization, operation))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Outcome(failure=self._unreachable(operation), reached=False)
        except httpx2.TimeoutException:
            return Outcome(failure=self._no_answer(operation, "timeout", "did not answer in time"))
        except httpx2.TransportError:
            return Outcome(failure=self._no_answer(operation, "unreachable", "cut the connection"))
        except httpx2.DecodingError:
            return Outcome(failure=self._no_answer(operation, "upstream_error", "sent an unreadable answer"))

    async def _answer(self, request: Request, authorization: str, operation: Operation) -> Response:
        client = self._opened()
        url = httpx2.URL(f"{self._base_url}{request.path}")
        headers = {"Authorization": authorization} if authorization else {}
        headers["Accept"] = "*/*" if operation.download else "application/json"
        for _ in range(2):
            async with self._body_of(request) as body:
                outgoing = client.build_request(
                    request.method, url, params=request.query or None, headers=headers, **body
                )
                answer = await client.send(outgoing, stream=True)
                try:
                    target = _same_host_redirect(outgoing, answer)
                    if target is None:
                        return await _whole(answer, operation)
                    url, request = target, _without_query(request)
                finally:
                    await answer.aclose()
        raise httpx2.RemoteProtocolError("redirected twice")

    @asynccontextmanager
    async def _body_of(self, request: Request) -> AsyncGenerator[dict[str, Any]]:
        """The arguments by which the HTTP library makes the body; a file stays open while it is sent."""
        match request.body:
            case None:
                yield {}
            case JsonBody(value):
                yield {"json": value}
            case FormBody(fields):
                yield {"data": _grouped(fields)}
            case MultipartBody(fields, file_field, file):
                if file is None:
                    yield {"files": [(name, (None, value.encode())) for name, value in fields]}
                    return
                with self._files.open(file) as (name, stream):
                    yield {"data": _grouped(fields), "files": [(file_field, (name, stream))]}

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            is_loopback = self._base_url.startswith("http://")
            self._client = httpx2.AsyncClient(
                transport=self._transport,
                trust_env=not is_loopback,
                timeout=httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=None),
                limits=httpx2.Limits(
                    max_connections=self._settings.in_flight,
                    max_keepalive_connections=self._settings.in_flight,
                ),
                headers={"User-Agent": f"docreview-mcp/{VERSION}"},
                follow_redirects=False,
            )
        return self._client

    async def _log_in(self, email: str, password: str) -> str:
        """A session token for these credentials, by the same operation that `studio_login` calls."""
        operation = load_operations()["login"]
        request = build_request(operation, {"email": email, "password": password})
        progress = CallProgress(operation, anyio.current_time() + self._settings.timeout)
        outcome = await self._exchange(request, progress)
        if outcome.response is None:
            raise outcome.failure or self._unreachable(operation)
        token = _token_in(operation, outcome.response) if outcome.response.is_success else ""
        if token:
            return token
        failure = failure_of(operation, outcome.response, (password,))
        if outcome.response.status in (400, 401, 403, 404, 422) or outcome.response.is_success:
            failure.code, failure.done, failure.retryable = "unauthorized", "no", False
            failure.next_step = "The user has to check STUDIO_EMAIL and STUDIO_PASSWORD."
        failure.message = f"Signing in to Studio failed, so the call was not sent. {failure.message}"
        raise failure

    def _keep_session(self, operation: Operation, response: Response) -> None:
        if not response.is_success:
            return
        if operation.token_property and (token := _token_in(operation, response)):
            self.credentials.keep(token)
        if operation.ends_session:
            self.credentials.keep("")

    def _unreachable(self, operation: Operation) -> ToolFailure:
        host = httpx2.URL(self._base_url).host
        return ToolFailure(
            "unreachable",
            f"{operation.tool}: no connection to {host}. Nothing was sent.",
            retryable=True,
            next_step="Call again later; if it stays so, the user has to check the network and the base URL.",
        )

    def _no_answer(self, operation: Operation, code: Any, what: str) -> ToolFailure:
        done = done_after_cut(operation)
        return ToolFailure(
            code,
            f"{operation.tool}: {operation.service} {what}. " + _HAPPENED[done],
            retryable=done == "no",
            done=done,
            next_step="Call again." if done == "no" else _LOOK_FIRST,
        )

    def _timed_out(self, progress: CallProgress) -> ToolFailure:
        done = progress.done
        return ToolFailure(
            "timeout",
            f"{progress.operation.tool}: no answer within {self._settings.timeout:g} seconds. "
            + _HAPPENED[done],
            retryable=done == "no",
            done=done,
            next_step="Call again later." if done == "no" else _LOOK_FIRST,
        )


_HAPPENED = {"no": "Nothing was changed.", "unknown": "Whether anything was changed is not known."}
_LOOK_FIRST = "Read the item first to see whether the change was made; only then decide to repeat it."


async def _whole(answer: httpx2.Response, operation: Operation) -> Response:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > _MOST_ANSWER_BYTES:
            raise ToolFailure(
                "too_large",
                f"{operation.tool}: the answer is over {_MOST_ANSWER_BYTES // 2**20} MiB and was not read.",
                status=answer.status_code,
                done="no" if operation.effect == "read" else "yes",
                next_step=operation.narrow or "Ask for less, for example with a smaller limit.",
            )
        parts.append(part)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, b"".join(parts))


def _is_unknown_address(response: Response) -> bool:
    return response.status in _UNKNOWN_ADDRESS or (response.is_html and response.status < 400)


def _same_host_redirect(request: httpx2.Request, answer: httpx2.Response) -> httpx2.URL | None:
    """Where to send the request again, if the service moved it on its own host and the method may stay."""
    location = answer.headers.get("location", "")
    if answer.status_code not in (301, 302, 307, 308) or not location:
        return None
    target = request.url.join(location)
    same = all(getattr(target, part) == getattr(request.url, part) for part in ("scheme", "host", "port"))
    return target if same and (request.method == "GET" or answer.status_code > 302) else None


def _without_query(request: Request) -> Request:
    return Request(request.method, request.path, (), request.body)


def _grouped(fields: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in fields:
        grouped.setdefault(name, []).append(value)
    return grouped


def _token_in(operation: Operation, response: Response) -> str:
    import json

    try:
        body = cast("object", json.loads(response.content))
    except ValueError:
        return ""
    token = cast("dict[str, object]", body).get(operation.token_property) if isinstance(body, dict) else None
    return token if isinstance(token, str) else ""
