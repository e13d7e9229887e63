"""What balancers ask: does the process live, and should it get requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import anyio
from mcp.server import Server
from starlette.types import Scope, Send

from ...tools import JournalFault
from ...tools.journal.entries import Journal
from ..protocol.session import ServerState
from ..shared.state import SharedState
from .authentication import Authentication
from .refusals import Refusal, send_json

__all__ = ["Health"]

_LOOK_SECONDS = 1.0
_KNOWN_SECONDS = 5.0


class Health:
    """The health of one server. `is_draining`: it is about to end, and should get no new requests."""

    def __init__(
        self, server: Server[ServerState], shared: SharedState, authentication: Authentication
    ) -> None:
        self._shared = shared
        self._authentication = authentication
        self._redis: Literal["ok", "down", "none"] = "none"
        self.is_draining = False
        self._state: ServerState | None = None
        self._journal: Literal["ok", "down", "none"] = "none"
        self._looked_at: float | None = None
        self._look = anyio.Lock()
        self._watch(server)

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer for `/healthz` or `/readyz`."""
        if scope["method"] not in ("GET", "HEAD"):
            raise Refusal(
                405, "method_not_allowed", "Expected GET.", "Send a GET.", headers={"Allow": "GET, HEAD"}
            )
        if scope["path"] == "/healthz":
            await send_json(send, 200, {"status": "ok"})
        elif self.is_draining or self._state is None:
            await send_json(send, 503, {"status": "draining" if self.is_draining else "starting"})
        else:
            # A database that is away keeps writes from being made; reads go on, here as in every replica.
            # So it is with an issuer: keys that are known go on.
            await self._look_again(self._state)
            state = {
                "journal": self._journal,
                "redis": self._redis,
                "issuer": self._authentication.issuer,
            }
            await send_json(send, 200, {"status": "ready", **state})

    async def _look_again(self, state: ServerState) -> None:
        """Look how journal and Redis are, unless that is some seconds ago: many balancers ask."""
        async with self._look:
            now = anyio.current_time()
            if self._looked_at is None or now - self._looked_at > _KNOWN_SECONDS:
                self._redis = await self._shared.redis_state()
                self._journal = await _state_of(state.guards.journal)
                self._looked_at = anyio.current_time()

    def _watch(self, server: Server[ServerState]) -> None:
        """Know what the server keeps alive, which it makes when it starts."""
        inner = server.lifespan

        @asynccontextmanager
        async def watched(of: Server[ServerState]) -> AsyncGenerator[ServerState]:
            async with inner(of) as state:
                self._state = state
                try:
                    yield state
                finally:
                    self._state = None

        server.lifespan = watched


async def _state_of(journal: Journal | None) -> Literal["ok", "down", "none"]:
    """Whether a journal can be read within a moment."""
    if journal is None:
        return "none"
    with anyio.move_on_after(_LOOK_SECONDS), suppress(JournalFault):
        await journal.entries(limit=1)
        return "ok"
    return "down"
