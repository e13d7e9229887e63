"""What tests of the tools for many items share: the sandbox's invoices, and people who act in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from conftest import Era
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Cell, Document, Field
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client

Act = Callable[[str, str], Any]
"""Called with the method and path of each request: `first` before the sandbox gets it, `then` after."""


class Between(httpx2.AsyncBaseTransport):
    """Hands requests on and lets somebody act before and after each."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, first: Act | None, then: Act | None) -> None:
        self._inner, self._first, self._then = inner, first, then

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._first is not None:
            await _awaited(self._first(request.method, request.url.path))
        response = await self._inner.handle_async_request(request)
        if self._then is not None:
            await _awaited(self._then(request.method, request.url.path))
        return response


async def _awaited(outcome: Any) -> None:
    if outcome is not None:
        await outcome


@asynccontextmanager
async def interrupted(
    era: Era, sandbox: Sandbox, first: Act | None = None, then: Act | None = None, **settings: Any
) -> AsyncGenerator[Client]:
    """A client of a server on the sandbox, with somebody who acts between its requests."""
    given = {"confirm": "never", "journal": "sqlite://", **settings}
    behind, transport = embedded(Settings(**given), sandbox)
    async with Client(build_server(behind, transport=Between(transport, first, then)), mode=era) as client:
        yield client


def invoices(sandbox: Sandbox) -> list[Document]:
    """The invoices in the order of their names."""
    workflow = next(each for each in sandbox.nanonets.workflows.values() if each.workflow_type == "invoice")
    return sorted(sandbox.nanonets.documents_of(workflow), key=lambda document: document.name)


def ready(sandbox: Sandbox) -> list[Document]:
    """The invoices that can be approved and are not yet."""
    return [each for each in invoices(sandbox) if _is_ready(each)]


def _is_ready(document: Document) -> bool:
    is_waiting = document.stage in ("validation passed", "manager approval", "finance approval")
    return is_waiting and not document.decision and not document.failed


def field_of(document: Document, name: str) -> Field:
    """The first value of a field."""
    return next(value for page in document.pages for value in page.fields if value.name == name)


def cells_of(document: Document) -> list[Cell]:
    """All cells of a document."""
    return [cell for page in document.pages for table in page.tables for cell in table.cells]


def sent(sandbox: Sandbox) -> list[str]:
    """The writes that the sandbox received, by operation id."""
    return [each.operation for each in sandbox.received if each.method != "GET"]


class HeldWrites:
    """Holds every write for ever; `begun` is set as soon as there are `enough`."""

    def __init__(self, enough: int) -> None:
        self.begun = anyio.Event()
        self._missing = enough

    def first(self, method: str, path: str) -> Any:
        """What to wait for before a request is answered."""
        return self._hold() if method != "GET" else None

    async def _hold(self) -> None:
        self._missing -= 1
        if not self._missing:
            self.begun.set()
        await anyio.sleep_forever()
