"""The sandbox as a web application: both services under `/nanonets` and `/studio`.

Routes, parameters and bodies come from the operation records, behaviour from the handlers. Whatever has no
handler answers 404, as an address that the service does not have.
"""

from __future__ import annotations

import base64
import importlib
import pkgutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from ..schemas import Operation, load_operations
from . import nanonets, studio
from .faults import Fault, Faults
from .incoming import read_call
from .nanonets.state import NanonetsState
from .service import HANDLERS, Download, Refusal
from .studio.data import furnished_studio
from .studio.state import StudioState

__all__ = ["CutConnection", "Received", "Sandbox"]

_OLDER_ADDRESSES = {
    "listNotifications": "/users/{user_id:int}/notifications",
    "getNotification": "/users/{user_id:int}/notifications/{notification_id:int}",
    "updateNotification": "/users/{user_id:int}/notifications/{notification_id:int}",
    "runAdHocAnalysis": "/organizations/{organization_id:int}/analyze",
    "listAnalysisDocuments": "/organizations/{organization_id:int}/analyses/{analysis_id:int}/documents",
    "listProjectAnalyses": "/organizations/{organization_id:int}/projects/{project_id:int}/analyses",
}
"""Addresses that older clients use and that hold a parameter which the operation does not have."""

_UNKNOWN_PAGE = "<!doctype html><title>404</title><h1>There is nothing here</h1>"


class CutConnection(Exception):  # noqa: N818 - asked for, not an error of the sandbox
    """Raised into the server to end a connection within its answer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as the sandbox received it, for tests and for people who watch."""

    operation: str
    method: str
    path: str


class Sandbox:
    """A stand-in for Nanonets and DeepOpinion Studio, with its own data held in memory.

    `seed` decides the data, `clock` (seconds) and `work_seconds` how long work takes. Any API key but
    `invalid` is taken; any e-mail address with a password can sign in.
    """

    def __init__(
        self, seed: int = 0, clock: Callable[[], float] = time.monotonic, work_seconds: float = 2.0
    ) -> None:
        self.faults = Faults()
        self.received: deque[Received] = deque(maxlen=10_000)
        self._given = (seed, clock, work_seconds)

    @cached_property
    def nanonets(self) -> NanonetsState:
        """What Nanonets stores. Its clock starts at the first use, as does that of Studio."""
        return NanonetsState(*self._given)

    @cached_property
    def studio(self) -> StudioState:
        """What Studio stores."""
        return furnished_studio(*self._given)

    @cached_property
    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [
            *_routes_of_services(),
            Route("/nanonets/files/{path:path}", self._stored_file),
            Route("/sandbox/faults", self._change_faults, methods=["GET", "POST", "DELETE"]),
            Route("/", self._about),
        ]
        application = Starlette()
        application.state.sandbox = self
        application.router = Router(routes, redirect_slashes=False, default=_unknown)
        return application

    async def answer(self, operation: Operation, request: Request) -> Response:
        """What a service answers to a request for an operation, or the fault that stands in for it."""
        self.received.append(Received(operation.id, request.method, request.url.path))
        fault = self.faults.next_for(operation.id)
        if fault is not None and not fault.after:
            instead = await _fault_response(fault)
            if instead is not None:
                return instead
        try:
            response = await self._carry_out(operation, request)
        except Refusal as refusal:
            response = _refusal(operation, refusal)
        if fault is not None and fault.kind == "broken_json":
            return Response(response.body[: max(1, len(response.body) // 2)], media_type="application/json")
        if fault is not None and fault.after:
            return await _fault_response(fault) or response
        return response

    async def _carry_out(self, operation: Operation, request: Request) -> Response:
        state, user = self._authenticate(operation, request)
        base_url = f"{_address(request)}/{operation.service}"
        call = await read_call(operation, request, base_url, user)
        answer = HANDLERS[operation.id](state, call)
        if isinstance(answer, Download):
            is_plain = answer.file_name.isascii() and answer.file_name.isprintable()
            plain, quoted_name = f'="{answer.file_name}"', f"*=UTF-8''{quote(answer.file_name)}"
            disposition = {"Content-Disposition": f"attachment; filename{plain if is_plain else quoted_name}"}
            return Response(answer.content, media_type=answer.content_type, headers=disposition)
        if answer is None:
            return Response(status_code=operation.success_status)
        return JSONResponse(answer, operation.success_status)

    def _authenticate(self, operation: Operation, request: Request) -> tuple[Any, str]:
        header = request.headers.get("authorization", "")
        if operation.service == "nanonets":
            if not _has_api_key(header):
                raise Refusal(401, "unauthorized", "Invalid or missing API key")
            return self.nanonets, ""
        if not operation.authenticated or operation.if_signed_in:
            return self.studio, ""
        return self.studio, self._studio_user(header.removeprefix("Bearer ").strip())

    def _studio_user(self, token: str) -> str:
        import jwt

        if not token or token == "invalid":
            raise Refusal(401, "unauthorized", "The token is missing")
        try:
            claims = jwt.decode(
                token, self.studio.token_secret, algorithms=["HS256"], options={"verify_sub": False}
            )
        except jwt.DecodeError as error:
            if isinstance(error, jwt.InvalidSignatureError):
                raise Refusal(401, "unauthorized", "The token is not valid") from None
            return self.studio.demo_user.email
        except jwt.InvalidTokenError:
            raise Refusal(401, "unauthorized", "The token has expired") from None
        return str(claims["email"])

    async def _stored_file(self, request: Request) -> Response:
        from .nanonets.documents import stored_file

        found = stored_file(self.nanonets, str(request.path_params["path"]))
        if found is None:
            return HTMLResponse(_UNKNOWN_PAGE, 404)
        return Response(found.content, media_type=found.content_type)

    async def _change_faults(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self.faults.add(Fault(**await request.json()))
            except (TypeError, ValueError) as error:
                return JSONResponse({"message": f"not a fault: {error}"}, 400)
        if request.method == "DELETE":
            self.faults.clear()
        return JSONResponse({"faults": [asdict(fault) for fault in self.faults.waiting]})

    async def _about(self, request: Request) -> Response:
        served = sum(operation.id in HANDLERS for operation in load_operations().values())
        services = ["/nanonets", "/studio"]
        return JSONResponse({"name": "docreview sandbox", "operations": served, "services": services})


def _address(request: Request) -> str:
    """Where the sandbox says it is: where it was asked, if that is an address that can be opened.

    Embedded in a server's process it listens on no port; then files stand under an address which shows that
    it is not meant to be opened.
    """
    url = request.url
    if url.hostname == "127.0.0.1" and url.port is None:
        return "https://sandbox.docreview.example"
    return f"{url.scheme}://{url.netloc}"


async def _fault_response(fault: Fault) -> Response | None:
    """The answer of a fault; None for one that only delays."""
    match fault.kind:
        case "latency":
            await anyio.sleep(fault.seconds)
            return None
        case "status":
            body = {"code": "fault", "message": "a fault asked for"}
            return JSONResponse(body, fault.status, dict(fault.headers))
        case "html":
            return HTMLResponse("<!doctype html><title>Welcome</title><h1>Welcome</h1>")
        case "cut":
            return _CutResponse()
        case "broken_json":
            return None


class _CutResponse(Response):
    """Starts an answer and ends the connection within it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"', "more_body": True})
        raise CutConnection


def _refusal(operation: Operation, refusal: Refusal) -> Response:
    if operation.service == "nanonets":
        body: dict[str, Any] = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
    else:
        body = {"status": refusal.code, "message": refusal.message, **refusal.details}
    return JSONResponse(body, refusal.status)


def _has_api_key(header: str) -> bool:
    try:
        key = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")[0]
    except ValueError:
        return False
    return header.startswith("Basic ") and bool(key) and key != "invalid"


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await HTMLResponse(_UNKNOWN_PAGE, 404)(scope, receive, send)


@cache
def _routes_of_services() -> Sequence[BaseRoute]:
    """The addresses of all operations, the same for every sandbox; a request finds its own by `app`."""
    _import_handlers()
    operations = sorted(load_operations().values(), key=lambda operation: operation.tier == "extra")
    routes = [
        _route(operation, route.method, route.path)
        for operation in operations
        if operation.id in HANDLERS
        for route in operation.routes
    ]
    routes += [
        _route(load_operations()[name], load_operations()[name].route.method, path)
        for name, path in _OLDER_ADDRESSES.items()
    ]
    return sorted(routes, key=_specific_first)


def _route(operation: Operation, method: str, path: str) -> BaseRoute:
    integers = {
        parameter.name
        for parameter in operation.parameters
        if parameter.location == "path" and parameter.schema.get("type") == "integer"
    }
    for name in integers:
        path = path.replace(f"{{{name}}}", f"{{{name}:int}}")

    async def endpoint(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        return await sandbox.answer(operation, request)

    return Route(f"/{operation.service}{path}", endpoint, methods=[method])


def _specific_first(route: BaseRoute) -> list[int]:
    """Fixed words before numbers before any text, so that no address hides another."""
    assert isinstance(route, Route)
    return [0 if "{" not in part else 1 if part.endswith(":int}") else 2 for part in route.path.split("/")]


def _import_handlers() -> None:
    """Import every module that may register handlers."""
    for package in (nanonets, studio):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
