"""What a host can ask for besides tools: prompts, completion, resources.

The modules behind are imported when a host first asks, so that a start does not wait for them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from typing import TypeVar, cast

from mcp import MCPError
from mcp.server import Server
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from ...tools.failure import ToolFailure
from .session import Context, ServerState, is_stateless, surface_for
from .surface import Surfaces

__all__ = ["STATIC_LISTS", "add_handlers"]

STATIC_LISTS = ("prompts/list", "resources/list", "resources/templates/list")
"""The lists that stay the same as long as a server runs."""

_log = logging.getLogger(__name__)
_NO_SUCH = ("not_found", "invalid_arguments")
"""The codes of a resource that is not there; a service refuses ids that it cannot have given as invalid."""
_NOT_FOUND_BEFORE_2026 = -32002
_Result = TypeVar("_Result")


def add_handlers(server: Server[ServerState], surfaces: Surfaces) -> None:
    """Let a server answer for prompts, completion and resources, as far as these tools go."""

    async def list_prompts(context: Context, params: PaginatedRequestParams) -> ListPromptsResult:
        from .prompts import list_prompts

        return list_prompts(surface_for(context, surfaces))

    async def get_prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult:
        from .prompts import get_prompt

        return get_prompt(surface_for(context, surfaces), params)

    async def complete(context: Context, params: CompleteRequestParams) -> CompleteResult:
        from .call_context import call_context_for
        from .completion import complete

        surface = surface_for(context, surfaces)
        return await _safely(complete(surface, call_context_for(context, surface), params))

    async def list_resources(context: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        from .resources import list_resources

        return list_resources(surface_for(context, surfaces))

    async def list_templates(context: Context, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
        from .resources import list_resource_templates

        return list_resource_templates(surface_for(context, surfaces))

    async def read_resource(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        from .call_context import call_context_for
        from .resources import read_resource

        surface = surface_for(context, surfaces)
        call_context = call_context_for(context, surface)
        try:
            return await _safely(read_resource(surface, call_context, params.uri))
        except ToolFailure as failure:
            raise _as_error(failure, params.uri, context, call_context.upstream.secrets) from None

    server.add_request_handler("prompts/list", PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", GetPromptRequestParams, get_prompt)
    server.add_request_handler("completion/complete", CompleteRequestParams, complete)
    server.add_request_handler("resources/list", PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", ReadResourceRequestParams, read_resource)


async def _safely(answer: Awaitable[_Result]) -> _Result:
    """An answer; a fault inside docreview is reported without its text, which the SDK would pass on."""
    try:
        return await answer
    except (MCPError, ToolFailure):
        raise
    except Exception:
        _log.exception("a request failed inside docreview")
        raise MCPError(INTERNAL_ERROR, "An internal docreview error ended the request.") from None


def _as_error(failure: ToolFailure, uri: str, context: Context, secrets: Sequence[str]) -> MCPError:
    """Why a resource could not be read, as the protocol of this connection says it."""
    from ...tools.call import failure_result

    if failure.code in _NO_SUCH:
        code = INVALID_PARAMS if is_stateless(context) else _NOT_FOUND_BEFORE_2026
        return MCPError(code, "This resource does not exist.", {"uri": uri})
    structured = failure_result(failure, secrets).structured or {}
    error = cast("dict[str, str]", structured["error"])
    return MCPError(INTERNAL_ERROR, f"{error['message']} {error['next']}", structured)
