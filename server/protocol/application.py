"""The MCP server: lists the selected tools and passes each call on its one way."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from mcp import MCPError
from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.types import (
    INVALID_PARAMS,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from mcp.types import Tool as ListedTool

from ...schemas import JsonObject
from ...tools import (
    Codes,
    ConfirmMode,
    Guards,
    MemoryMarks,
    Policy,
    Tool,
    ToolFailure,
    ToolResult,
    call_tool,
    failure_result,
)
from ...tools.checks.checker import Checker
from ...tools.checks.own_check import CheckFile
from ...tools.json_text import compact
from ...tools.observation import Observer, SeenCall, Unobserved
from ...tools.results.result import MAX_ATTACHED_BYTES
from ...tools.surface.former_names import current_tool
from ...tools.untrusted import with_notes
from ..journal.marks import StoredMarks
from ..journal.seal_keys import seal_keys
from ..journal.store import StoredJournal, open_journal
from ..services.upstream import Services, secrets_of_caller
from ..settings import Settings
from ..version import VERSION
from .elicitation import InputRequired, asking
from .handlers import STATIC_LISTS, add_handlers
from .instructions import instructions
from .introduction import introducing
from .session import Context, ServerState, call_context_for, surface_for
from .surface import Surface, Surfaces
from .watched_calls import outcome_of, watched

if TYPE_CHECKING:
    import httpx2

__all__ = ["build_server"]

_log = logging.getLogger(__name__)
_LIST_SECONDS = 300


def _guards(settings: Settings, policy: Policy, journal: StoredJournal | None, checks: CheckFile) -> Guards:
    """What guards the writes of a server with these settings."""
    marks = MemoryMarks() if journal is None else StoredMarks(journal)
    return Guards(
        settings.confirm,
        journal,
        settings.journal_required,
        policy,
        codes=Codes(keys=seal_keys(settings), marks=marks),
        marks=marks,
        checks=Checker(checks),
    )


def build_server(
    settings: Settings,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    local: bool = True,
    same_for_all: bool = True,
    observer: Observer | None = None,
) -> Server[ServerState]:
    """The docreview server for these settings, for any transport of the SDK or for `mcp.Client(server)`.

    `transport` replaces the network. Without `local`, the server reads and writes no files of its machine.
    `same_for_all`: the lists do not depend on who calls, so that anybody's may be kept for others.
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
        services = Services(behind, network, local=local)
        journal = open_journal(settings, lambda: (*services.own.secrets, *secrets_of_caller()))
        try:
            guards = _guards(settings, surfaces.policy, journal, checks)
            try:
                yield ServerState(services, guards, has_one_client=local)
            finally:
                await guards.checks.close()
        finally:
            await services.close()
            if journal is not None:
                journal.stop()

    async def list_tools(context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        surface = surface_for(context, surfaces)
        return ListToolsResult(tools=[_listed(tool, settings.confirm) for tool in surface.chosen])

    def schema(name: str) -> JsonObject | None:
        return every[name].schema_for(settings.confirm) if name in every else None

    watching = observer or Unobserved()

    async def answer_call(
        context: Context, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        tool = every.get(current_tool(params.name))
        with watched(watching, context, tool) as seen:
            if tool is None:
                raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name}")
            return await answer_known(tool, context, params, seen)

    async def answer_known(
        tool: Tool, context: Context, params: CallToolRequestParams, seen: SeenCall
    ) -> CallToolResult | InputRequiredResult:
        surface = surface_for(context, surfaces)
        if tool.name not in surface.listed:
            failure = surface.hidden(tool)
            result = failure_result(failure, context.lifespan_context.services.own.secrets)
        else:
            try:
                result = await _answer(tool, surface, params, context, seen)
            except InputRequired as question:
                seen.outcome = "input_required"
                return question.result
        if seen.outcome == "ok":
            seen.outcome = outcome_of(result)
        if tool.name != params.name:
            result = _with_new_name(result, params.name, tool.name)
        meta = {**result.meta, "docreview/sandbox": True} if settings.sandbox else result.meta
        return _as_mcp(result, meta)

    scope = "public" if same_for_all and not surfaces.depend_on_client else "private"
    hint = CacheHint(ttl_ms=_LIST_SECONDS * 1000, scope=scope)
    server = Server(
        "docreview",
        version=VERSION,
        title="docreview",
        instructions=instructions(surfaces.usual),
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=answer_call,
        cache_hints=dict.fromkeys(("tools/list", "server/discover", *STATIC_LISTS), hint),
        get_tool_input_schema=schema,
    )
    # In place of the SDK's own spans, which are named as callers like, and quote errors.
    server.middleware[:] = [introducing(surfaces)]
    add_handlers(server, surfaces)
    return server


@cache
def _listed(tool: Tool, confirm: ConfirmMode) -> ListedTool:
    """A tool as it is listed, checked once for all servers of this process."""
    return ListedTool.model_validate(tool.definition(confirm))


async def _answer(
    tool: Tool, surface: Surface, params: CallToolRequestParams, context: Context, seen: SeenCall
) -> ToolResult:
    state = context.lifespan_context
    steps = 0

    async def report(message: str) -> None:
        nonlocal steps
        steps += 1
        _log.info("%s: %s", tool.name, message)
        await context.session.report_progress(steps, None, message)

    how = await asking(context, params, state.guards.codes)
    call_context = call_context_for(context, surface, report, how.ask, how.code)
    try:
        return await call_tool(surface.operation(tool), params.arguments, call_context)
    except InputRequired:
        raise
    except Exception:
        _log.exception("%s failed inside docreview", tool.name)
        seen.outcome = "fault"
        failure = ToolFailure(
            "upstream_error",
            f"{tool.name}: a fault inside docreview ended the call.",
            done="no" if tool.effect == "read" else "unknown",
            next_step="Read the item first; the server's log has details.",
        )
        return failure_result(failure, state.services.own.secrets)


def _with_new_name(result: ToolResult, former: str, name: str) -> ToolResult:
    """An answer that tells who called a tool by a former name what it is called now."""
    structured = with_notes(result.structured, (), {"renamed": f"{former} is called {name} now"})
    return replace(result, structured=structured, text=compact(structured))


def _as_mcp(result: ToolResult, meta: JsonObject) -> CallToolResult:
    """The same JSON in both channels, then pictures and an attached file.

    Beside a picture the JSON is text only: hosts that take the structured result drop all other content.
    """
    structured = None if result.pictures else result.structured
    content: list[ContentBlock] = [TextContent(type="text", text=result.text)]
    content += [
        ImageContent(type="image", data=picture.base64, mime_type=picture.mime_type)
        for picture in result.pictures
    ]
    attached = result.attachment
    if attached is not None:
        if len(attached.content) > MAX_ATTACHED_BYTES:
            failure = ToolFailure(
                "too_large",
                f"The file has {len(attached.content)} bytes, over HTTP at most {MAX_ATTACHED_BYTES}.",
                next_step="Download it with a server that runs over stdio on the user's machine.",
            )
            return _as_mcp(failure_result(failure, ()), meta)
        blob = BlobResourceContents(
            uri=f"docreview://downloads/{attached.file_name}",
            mime_type=attached.mime_type,
            blob=base64.b64encode(attached.content).decode(),
        )
        content.append(EmbeddedResource(type="resource", resource=blob))
    return CallToolResult(
        content=content, structured_content=structured, is_error=result.is_error, _meta=meta or None
    )


def _behind(
    settings: Settings, transport: httpx2.AsyncBaseTransport | None
) -> tuple[Settings, httpx2.AsyncBaseTransport | None]:
    """The settings and transport that calls use: in the sandbox, its own credentials and no network."""
    if not settings.sandbox or transport is not None:
        return settings, transport
    from ..services.sandbox_transport import embedded

    return embedded(settings)
