"""The MCP server: lists the selected tools and passes each call on its one way.

What calls need is imported with the first one: whoever starts the server waits for its list of tools only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.types import CallToolRequestParams, InputRequiredResult, PaginatedRequestParams

from ...schemas import JsonObject, JsonValue
from ..services.upstream import Services
from ..settings.settings import Settings
from ..version import VERSION
from .handlers import STATIC_LISTS, add_handlers
from .instructions import instructions
from .introduction import introducing
from .session import PANEL_EXTENSION, Context, ServerState, surface_for
from .surface import Surfaces

if TYPE_CHECKING:
    import httpx2

    from ...tools import Guards
    from ...tools.observation import Observer
    from ..shared.state import SharedState

__all__ = ["build_server"]

_LIST_SECONDS = 300


def build_server(
    settings: Settings,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    local: bool = True,
    same_for_all: bool = True,
    shared: SharedState | None = None,
    observer: Observer | None = None,
) -> Server[ServerState]:
    """The docreview server for these settings, for any transport of the SDK or for `mcp.Client(server)`.

    `transport` replaces the network. Without `local`, the server reads and writes no files of its machine.
    `same_for_all`: the lists do not depend on who calls, so that anybody's may be kept for others.
    `shared` is what several servers share, which ends with this one; without it, there is only this process.
    `observer` watches calls.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file or the check file has a fault.
    """
    surfaces = Surfaces(settings)
    every = surfaces.usual.every
    checks = settings.read_checks()

    @asynccontextmanager
    async def lifespan(_: Server[ServerState]) -> AsyncGenerator[ServerState]:
        behind, network = _behind(settings, transport)
        async with AsyncExitStack() as closing:
            if shared is not None:
                closing.push_async_callback(shared.close)
            services = Services(behind, network, local=local, shared=shared)
            closing.push_async_callback(services.close)

            def make_guards() -> Guards:
                from .guarding import guards_for

                return guards_for(settings, checks, services, closing)

            yield ServerState(services, make_guards, has_one_client=local)

    async def list_tools(context: Context, params: PaginatedRequestParams) -> JsonObject:
        # As plain JSON: the SDK makes it what this version of the protocol knows, and checks it by the way.
        surface = surface_for(context, surfaces)
        has_panel = any(tool.panel == "only" for tool in surface.chosen)
        tools: list[JsonValue] = [
            tool.definition(settings.confirm, shows_panels=has_panel) for tool in surface.chosen
        ]
        return {"resultType": "complete", "tools": tools}

    def schema(name: str) -> JsonObject | None:
        return every[name].schema_for(settings.confirm) if name in every else None

    async def call_tool(context: Context, params: CallToolRequestParams) -> JsonObject | InputRequiredResult:
        surface = surface_for(context, surfaces)
        if observer is not None:
            from .calls import answer_watched

            return await answer_watched(observer, context, params, surface)
        from .calls import answer_call

        return await answer_call(context, params, surface)

    scope = "public" if same_for_all and not surfaces.depend_on_client else "private"
    hint = CacheHint(ttl_ms=_LIST_SECONDS * 1000, scope=scope)
    server = Server(
        "docreview",
        version=VERSION,
        title="docreview",
        instructions=instructions(surfaces.usual),
        lifespan=lifespan,
        cache_hints=dict.fromkeys(("tools/list", "server/discover", *STATIC_LISTS), hint),
        get_tool_input_schema=schema,
    )
    server.add_request_handler("tools/list", PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", CallToolRequestParams, call_tool)
    server.extensions[PANEL_EXTENSION] = {}
    # In place of the SDK's own spans, which are named as callers like, and quote errors.
    server.middleware[:] = [introducing(surfaces)]
    add_handlers(server, surfaces)
    return server


def _behind(
    settings: Settings, transport: httpx2.AsyncBaseTransport | None
) -> tuple[Settings, httpx2.AsyncBaseTransport | None]:
    """The settings and transport that calls use: in the sandbox, its own credentials and no network."""
    if not settings.sandbox or transport is not None:
        return settings, transport
    from ..services.sandbox_transport import embedded

    return embedded(settings)
