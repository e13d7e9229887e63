"""What lives as long as a server runs, and what a handler of the protocol can ask of its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from mcp.server import ServerRequestContext

from ..services.upstream import Services
from .narrowing import NOT_NARROWED
from .principal import RequestOrigin, origin_of
from .surface import Restriction, Surface, Surfaces

if TYPE_CHECKING:
    from ...tools import Guards

__all__ = [
    "PANEL_EXTENSION",
    "PANEL_MIME_TYPE",
    "Context",
    "ServerState",
    "client_of",
    "is_narrowed",
    "is_stateless",
    "shows_panels",
    "surface_for",
    "value_at",
]

PANEL_EXTENSION = "io.modelcontextprotocol/ui"
"""The extension by which hosts show panels; written out, as the SDK's own module for it is slow to import."""

PANEL_MIME_TYPE = "text/html;profile=mcp-app"

_FIRST_STATELESS = "2026-07-28"


class ServerState:
    """The clients of the services, and what guards their writes.

    `has_one_client`: whoever is connected stays so until the server ends; `surface` is the list for it once
    it has asked for something, so that the list stays the same even if the client names itself only at times.
    """

    def __init__(
        self, services: Services, make_guards: Callable[[], Guards], *, has_one_client: bool = False
    ) -> None:
        self.services = services
        self.has_one_client = has_one_client
        self.surface: Surface | None = None
        self._make_guards = make_guards

    @cached_property
    def guards(self) -> Guards:
        """What guards the writes, made for the first call: a start does not wait for what is behind it."""
        return self._make_guards()


Context = ServerRequestContext[ServerState]


def surface_for(context: ServerRequestContext[ServerState, Any], surfaces: Surfaces) -> Surface:
    """The list of tools for the client that sent a request, the same for all requests of a connection.

    Over HTTP each request has its own: less for a caller who may not write, or is in a group for which the
    policy has rules, or has no credentials for a service, or wants less.
    """
    state, origin = context.lifespan_context, origin_of(context)
    if origin is not None:
        is_alone = state.services.state.redis is None
        surfaces = surfaces.restricted(_restriction_of(origin, is_alone=is_alone), origin.principal.groups)
    if state.surface is not None:
        return state.surface
    surface = surfaces.for_client(client_of(context), shows_panels=shows_panels(context))
    if state.has_one_client:
        state.surface = surface
    return surface


def is_narrowed(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether a request asks for less than others get, so that its lists are no good for them."""
    origin = origin_of(context)
    return origin is not None and origin.narrowing is not NOT_NARROWED


def _restriction_of(origin: RequestOrigin, *, is_alone: bool) -> Restriction:
    """What keeps tools from a caller. A session that begins at one of several servers, others do not know."""
    principal, account = origin.principal, origin.account
    services = None if account is None else account.services
    has_session = is_alone and account is not None and account.has_studio
    return Restriction(not principal.may_write, services, has_session, origin.narrowing)


def client_of(context: ServerRequestContext[Any, Any]) -> str:
    """The name that a client gives of itself, in the handshake or with a request; empty if it gives none."""
    params = context.session.client_params
    if params is not None:
        return params.client_info.name
    # While the handshake is answered, its parameters do not stand in the session yet.
    about = (context.params or {}).get("clientInfo")
    name = cast("Mapping[str, object]", about).get("name") if isinstance(about, Mapping) else None
    return name if isinstance(name, str) else ""


def shows_panels(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether a client says that it shows panels (MCP Apps), in the handshake or with a request."""
    capabilities = context.session.client_capabilities
    if capabilities is not None:
        extensions: object = capabilities.extensions
    else:
        # While the handshake is answered, its parameters do not stand in the session yet.
        extensions = value_at(value_at(context.params, "capabilities"), "extensions")
    types = value_at(value_at(extensions, PANEL_EXTENSION), "mimeTypes")
    return isinstance(types, list | tuple) and PANEL_MIME_TYPE in types


def value_at(value: object, key: str) -> object:
    """What stands under a key of an object that a client sent; None where it is none."""
    return cast("Mapping[str, object]", value).get(key) if isinstance(value, Mapping) else None


def is_stateless(context: ServerRequestContext[Any]) -> bool:
    """Whether a request is of the era without handshake and without requests of the server."""
    return context.protocol_version >= _FIRST_STATELESS
