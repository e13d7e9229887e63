"""The shared client of one service: credentials, time limits, a bound on requests in flight."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import urlencode

import anyio
import httpx2

from ...schemas import Operation, load_operations
from ...tools import (
    MultipartBody,
    Report,
    Request,
    Response,
    ToolFailure,
    build_request,
)
from ...tools.failure import ErrorCode, done_after_cut
from ...tools.observation import SeenRequest, present_observer
from ...tools.requests.arguments import file_types_of
from ...tools.results.reported_failure import reported_failure
from ...tools.results.service_error import failure_of, failure_reported
from ..settings.settings import Settings
from ..shared.state import SharedState
from .connection_pools import ConnectionPools
from .credentials import Credentials, NoCredentials
from .fair_slots import FairSlots
from .files import FileAccess
from .http_messages import body_of, read_answer
from .network_environment import (
    NetworkSettingError,
    left_no_trace,
    proxy_for,
)
from .page_images import fetch_picture, no_picture, refused_picture
from .retries import Outcome, RetryState, send_with_retries
from .session_tokens import token_in, token_of_login
from .unsent import no_connection, no_request_left, over_rate, unheard, unsendable
from .urls import image_url, same_host_redirect

__all__ = ["Sender", "ServiceClient"]

_UNKNOWN_ROUTE = (404, 405)


@dataclass(frozen=True, slots=True)
class Sender:
    """For whom requests are sent: with which credentials, and as whose share of those in flight."""

    credentials: Credentials
    name: str = ""


class ServiceClient:
    """Sends requests to one service, for any number of senders. Nothing is opened before the first request.

    The pool belongs to all of them: it keeps no cookie, and credentials stand in each request alone.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        files: FileAccess,
        shared: SharedState,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._is_studio = service == "studio"
        self._base_url = settings.studio_base_url if self._is_studio else settings.nanonets_base_url
        self._settings = settings
        self._files = files
        self._shared = shared
        self._pools = ConnectionPools(self._base_url, transport)
        self._slots = FairSlots(settings.in_flight)
        self._known_route: dict[str, int] = {}

    async def send(
        self, operation: Operation, requests: Sequence[Request], report: Report, sender: Sender
    ) -> Response:
        """Send the request, at the first of the operation's addresses that the service knows.

        Raises:
            ToolFailure: no answer came in time, no connection was made, there are no credentials, or the
                answer refuses what an earlier try of this call may have done.
        """
        progress = RetryState(operation, anyio.current_time() + self._settings.timeout)
        try:
            with self._opened_file(operation, requests) as progress.file:
                with anyio.fail_after(self._settings.timeout):
                    outcome = await self._along_routes(operation, requests, progress, report, sender)
        except TimeoutError:
            raise self._timed_out(progress) from None
        except ToolFailure as failure:
            raise (failure.after_uncertain_try() if progress.uncertain else failure) from None
        failure = outcome.failure
        if outcome.response is not None and not outcome.response.is_success:
            failure = failure_of(operation, outcome.response)
        elif outcome.response is not None and (reported := reported_failure(operation, outcome.response)):
            failure = failure_reported(operation, outcome.response, *reported)
        if failure is not None:
            raise failure.after_uncertain_try() if progress.uncertain_before else failure
        response = cast("Response", outcome.response)
        _keep_session(operation, response, sender)
        return response

    async def close(self) -> None:
        """Close the pools."""
        await self._pools.close()

    async def _along_routes(
        self,
        operation: Operation,
        requests: Sequence[Request],
        progress: RetryState,
        report: Report,
        sender: Sender,
    ) -> Outcome:
        """Try the known address, else one after the other until the service knows one."""
        known = self._known_route.get(operation.id)
        order = range(len(requests)) if known is None else (known,)
        first: Outcome | None = None
        for index in order:
            if first is not None and not progress.may_send:
                break

            async def send_once(request: Request = requests[index]) -> Outcome:
                return await self._try(request, progress, sender)

            outcome = await send_with_retries(send_once, progress, report)
            if outcome.response is None or not _is_unknown_route(outcome.response):
                if outcome.response is not None and outcome.response.is_success:
                    self._known_route[operation.id] = index
                return outcome
            first = first or outcome
        return cast("Outcome", first)

    async def picture(self, url: str, sender: Sender) -> bytes:
        """The picture at an address that the service gave. Credentials go to the service's own host only.

        Raises:
            ToolFailure: the address may not be called, or no picture came.
        """
        try:
            target, is_own = image_url(self._base_url, url)
        except ValueError as error:
            raise no_picture(f"its URL is not allowed: {error}", "not_allowed") from None
        operation = load_operations()["getDocument"]
        progress = RetryState(operation, anyio.current_time() + self._settings.timeout)

        async def fetch_once() -> Outcome:
            authorization = await sender.credentials.authorization(operation) if is_own else ""
            async with self._slots.slot(sender.name):
                progress.request_count += 1
                seen = SeenRequest(operation.tool, operation.service, "GET")
                client = self._pools.take(is_own=is_own)
                try:
                    with present_observer().request(seen):
                        outcome = await fetch_picture(client, target, authorization)
                        if (got := outcome.response) is not None:
                            seen.status, seen.bytes_received = got.status, len(got.content)
                finally:
                    await self._pools.give_back(client, is_own=is_own)
                return outcome

        try:
            with anyio.fail_after(self._settings.timeout):
                outcome = await send_with_retries(fetch_once, progress, _say_nothing)
        except NetworkSettingError as fault:
            raise self._cannot_be_sent(f"The page image could not be fetched: {fault}.") from None
        except TimeoutError:
            raise no_picture("no answer in time", "timeout", retryable=True) from None
        if outcome.failure is not None:
            raise outcome.failure
        response = cast("Response", outcome.response)
        if not response.is_success:
            raise refused_picture(response)
        return response.content

    async def _try(self, request: Request, progress: RetryState, sender: Sender) -> Outcome:
        """One request, and a second one with a new session if the first was refused for its token."""
        outcome = await self._exchange(request, progress, sender)
        operation = progress.operation
        refused = _is_refused_token(operation, outcome.response)
        may_renew = refused and operation.authenticated and progress.may_send
        if may_renew and await sender.credentials.renew(progress.authorization):
            outcome = await self._exchange(request, progress, sender)
        progress.note(outcome)
        return outcome

    async def _exchange(self, request: Request, progress: RetryState, sender: Sender) -> Outcome:
        operation = progress.operation
        authorization = await sender.credentials.authorization(operation)
        progress.authorization = authorization
        began = anyio.current_time()
        await self._keep_rate(authorization, progress)
        await self._slots.take(sender.name)
        try:
            present_observer().waited("upstream", anyio.current_time() - began)
            progress.under_way = True
            outcome = await self._outcome(request, authorization, progress)
            progress.under_way = False
        finally:
            self._slots.give_back(sender.name)
        return outcome

    async def _keep_rate(self, authorization: str, progress: RetryState) -> None:
        """Wait until the account's budget has room for a request.

        Raises:
            ToolFailure: it has none in the time of the call.
        """
        rate = self._settings.upstream_rate
        if rate is None or not authorization:
            return
        account = f"account {self._base_url} {authorization}"
        while seconds := await self._shared.budgets.take(account, rate):
            if seconds >= progress.seconds_left:
                raise over_rate(progress.operation, rate, seconds)
            await anyio.sleep(seconds)

    async def _outcome(self, request: Request, authorization: str, progress: RetryState) -> Outcome:
        operation = progress.operation
        try:
            client = self._pools.take()
            try:
                return Outcome(response=await self._answer(client, request, authorization, progress))
            finally:
                await self._pools.give_back(client)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Outcome(failure=self._unreachable(operation), reached=False)
        except httpx2.DecodingError:
            return Outcome(failure=self._no_answer(operation, "upstream_error", "sent an unreadable answer"))
        except httpx2.TimeoutException:
            return Outcome(failure=self._no_answer(operation, "timeout", "did not answer in time"))
        except NetworkSettingError as fault:
            raise self._cannot_be_sent(f"{operation.tool}: {fault}.") from None
        except Exception as error:
            if left_no_trace(error):
                return Outcome(failure=self._unreachable(operation), reached=False)
            if not isinstance(error, httpx2.TransportError):
                raise
            return Outcome(failure=self._no_answer(operation, "unreachable", "cut the connection"))

    async def _answer(
        self, client: httpx2.AsyncClient, request: Request, authorization: str, progress: RetryState
    ) -> Response:
        """The answer to a request, which is sent once more if the service moved it on its own host."""
        operation = progress.operation
        query = f"?{urlencode(request.query)}" if request.query else ""
        url: str | httpx2.URL = f"{self._base_url}{request.path}{query}"
        headers = {"Authorization": authorization} if authorization else {}
        headers["Accept"] = "*/*" if operation.download else "application/json"
        while True:
            progress.request_count += 1
            body = body_of(request, progress.file)
            outgoing = client.build_request(request.method, url, headers=headers, **body)
            seen = SeenRequest(operation.tool, operation.service, request.method)
            seen.bytes_sent = int(outgoing.headers.get("Content-Length", 0)) if body else 0
            with present_observer().request(seen):
                answer = await client.send(outgoing, stream=True)
                try:
                    target = same_host_redirect(outgoing, answer)
                    if target is None:
                        response = await read_answer(answer, operation)
                        seen.status, seen.bytes_received = response.status, len(response.content)
                        return response
                    seen.status = answer.status_code
                finally:
                    await answer.aclose()
            if not progress.may_send:
                raise no_request_left(operation, answer.status_code)
            url = target

    @contextmanager
    def _opened_file(
        self, operation: Operation, requests: Sequence[Request]
    ) -> Generator[tuple[str, BinaryIO] | None]:
        """The name and content of the file of a call, opened once for all of its requests, if any."""
        body = requests[0].body
        if isinstance(body, MultipartBody) and body.file is not None:
            with self._files.open(body.file, file_types_of(operation)) as opened:
                yield opened
        else:
            yield None

    async def log_in(self, email: str, password: str, name: str, check_account: str) -> str:
        """A session token for these credentials, by the same operation that `studio_login` calls.

        `name` is that of the sender; `check_account` says what to do if they are refused.

        Raises:
            ToolFailure: signing in failed, so that the call it was for was not sent.
        """
        operation = load_operations()["login"]
        route = self._settings.routes(operation)[0]
        request = build_request(operation, {"email": email, "password": password}, route)
        sender = Sender(NoCredentials(), name)
        outcome = await self._exchange(request, RetryState(operation, math.inf), sender)
        if outcome.response is None:
            outcome = Outcome(failure=outcome.failure or self._unreachable(operation))
        return token_of_login(operation, outcome, check_account)

    def _cannot_be_sent(self, message: str) -> ToolFailure:
        return unsendable(message, is_local=self._files.is_local)

    def _unreachable(self, operation: Operation) -> ToolFailure:
        host = httpx2.URL(self._base_url).host
        # Callers over HTTP need no names of hosts inside the network of the server.
        name = host if self._files.is_local else operation.service.title()
        return no_connection(operation, name, "" if self._pools.is_direct else proxy_for(host)[0])

    def _no_answer(self, operation: Operation, code: ErrorCode, what: str) -> ToolFailure:
        return unheard(operation, code, f"{operation.service} {what}", done_after_cut(operation))

    def _timed_out(self, progress: RetryState) -> ToolFailure:
        what = f"no answer within {self._settings.timeout:g} seconds"
        return unheard(progress.operation, "timeout", what, progress.done)


def _keep_session(operation: Operation, response: Response, sender: Sender) -> None:
    """Go on with the session that a call began or ended."""
    if operation.token_property and (token := token_in(operation, response)):
        sender.credentials.keep(token)
    if operation.ends_session:
        sender.credentials.keep("")


async def _say_nothing(message: str) -> None:
    """A report that nobody waits for."""


def _is_refused_token(operation: Operation, response: Response | None) -> bool:
    """Whether an answer refuses the token; one under a success counts for what may be sent again."""
    if response is None or response.status == 401:
        return response is not None
    return operation.idempotent and (reported_failure(operation, response) or (0,))[0] == 401


def _is_unknown_route(response: Response) -> bool:
    return response.status in _UNKNOWN_ROUTE or (response.is_html and response.status < 400)
