"""Resources: the tool reference, the errors, the journal, page images, and the settings in force."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from mcp.types import (
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from ...schemas import JsonObject, Service, load_own_operations
from ...tools import CallContext, ToolFailure, ToolResult
from ...tools.operation_call import read
from ...tools.own_tools import run_own
from ...tools.results.images import mime_type_of
from ...tools.surface.error_catalogue import render_catalogue
from ...tools.surface.reference import render_tool
from ...tools.surface.tool import PANEL_URI
from ...tools.untrusted import quoted
from ..version import VERSION
from .session import PANEL_MIME_TYPE
from .surface import Surface

__all__ = ["list_resource_templates", "list_resources", "read_resource"]

_SCHEME = "docreview://"
_MARKDOWN, _JSON = "text/markdown", "application/json"
_PANEL_META: dict[str, Any] = {"ui": {"csp": {}, "prefersBorder": True}}
"""The panel loads nothing from anywhere, so no address is named that it may call."""
_MAX_ENTRIES = 100
_OPENS_PANEL = "review_panel"
_SHOWN_SETTINGS = (
    "nanonets_base_url",
    "studio_base_url",
    "sandbox",
    "surface",
    "toolsets",
    "tools",
    "exclude_tools",
    "read_only",
    "confirm",
    "journal_required",
    "timeout",
    "in_flight",
    "answer_limit",
)
"""The settings that are shown: none that is secret, and none that reveals the user's folders."""

_FOR_ADMINISTRATORS = ("nanonets_base_url", "studio_base_url")
"""Those that only an administrator is shown where a server has many callers, as the policy is."""

Contents = TextResourceContents | BlobResourceContents


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a resource is read from."""

    uri: str
    parts: tuple[str, ...]
    surface: Surface
    call_context: CallContext

    def text(self, mime_type: str, text: str) -> TextResourceContents:
        """The resource as text."""
        return TextResourceContents(uri=self.uri, mime_type=mime_type, text=text)

    def require(self, tool: str) -> None:
        """Fail unless a tool may be called: nothing is read that a tool may not read."""
        if tool not in self.surface.reached:
            raise self.not_there()

    def not_there(self) -> ToolFailure:
        """The failure for an address at which there is nothing."""
        return ToolFailure(
            "not_found",
            f"The resource {quoted(self.uri)} does not exist.",
            next_step="List the resources and the resource templates.",
        )


def list_resources(surface: Surface) -> ListResourcesResult:
    """The resources that have no ids in their address."""
    toolsets = sorted({tool.toolset for tool in surface.offered})
    panel = Resource(
        uri=PANEL_URI,
        name="review-panel",
        title="Review panel",
        description="The page that hosts show for review_panel.",
        mime_type=PANEL_MIME_TYPE,
        _meta=_PANEL_META,
    )
    return ListResourcesResult(
        resources=[
            *([panel] if _OPENS_PANEL in surface.reached else []),
            Resource(
                uri=f"{_SCHEME}errors",
                name="errors",
                title="Error catalogue",
                description="Every error code: what happened, what to do, and which tool to call next.",
                mime_type=_MARKDOWN,
            ),
            Resource(
                uri=f"{_SCHEME}settings",
                name="settings",
                title="Settings and policy in force",
                description="What this server is allowed to do. Contains no secrets.",
                mime_type=_JSON,
            ),
            *(
                Resource(
                    uri=f"{_SCHEME}tools/{toolset}",
                    name=f"tools-{toolset}",
                    title=f"Tools: {toolset}",
                    description=f"The tools of {toolset} with their arguments.",
                    mime_type=_MARKDOWN,
                )
                for toolset in toolsets
            ),
        ]
    )


def list_resource_templates(surface: Surface) -> ListResourceTemplatesResult:
    """The resources that are found by ids, as far as they can be read here."""
    templates = [
        ResourceTemplate(
            uri_template=f"{_SCHEME}tools/{{toolset}}",
            name="tools",
            title="Tool reference",
            description="The tools of one toolset with their arguments.",
            mime_type=_MARKDOWN,
        )
    ]
    if "review_history" in surface.reached:
        templates.append(
            ResourceTemplate(
                uri_template=f"{_SCHEME}journal/{{id}}",
                name="journal",
                title="Journal of a document",
                description="The changes that this server made to a document, file, project or other item.",
                mime_type=_JSON,
            )
        )
    if "nanonets_get_document" in surface.reached:
        templates.append(
            ResourceTemplate(
                uri_template=f"{_SCHEME}pages/{{workflow_id}}/{{document_id}}/{{page_number}}",
                name="pages",
                title="Page image",
                description="The image of one page of a Nanonets document, counted from 1.",
            )
        )
    return ListResourceTemplatesResult(resource_templates=templates)


async def read_resource(surface: Surface, call_context: CallContext, uri: str) -> ReadResourceResult:
    """A resource.

    Raises:
        ToolFailure: `not_found` where there is none of this address, otherwise why it could not be had.
    """
    if uri == PANEL_URI and _OPENS_PANEL in surface.reached:
        from ..panel.page import review_html

        page = TextResourceContents(uri=uri, mime_type=PANEL_MIME_TYPE, text=review_html(), _meta=_PANEL_META)
        return ReadResourceResult(contents=[page])
    kind, *parts = [unquote(part) for part in uri.removeprefix(_SCHEME).split("/")]
    reading = _Reading(uri, tuple(parts), surface, call_context)
    reader = _READERS.get((kind, len(parts)))
    if reader is None or not uri.startswith(_SCHEME) or not all(parts):
        raise reading.not_there()
    return ReadResourceResult(contents=[await reader(reading)])


async def _tools(reading: _Reading) -> Contents:
    toolset = reading.parts[0]
    offered = reading.surface.offered
    tools = [tool for tool in offered if tool.toolset == toolset and tool.panel != "only"]
    if not tools:
        raise reading.not_there()
    lines = [f"# {toolset}"]
    for tool in tools:
        lines += render_tool(reading.surface.operation(tool), tool)
    return reading.text(_MARKDOWN, "\n".join(lines) + "\n")


async def _errors(reading: _Reading) -> Contents:
    return reading.text(_MARKDOWN, render_catalogue())


async def _journal(reading: _Reading) -> Contents:
    reading.require("review_history")
    history = load_own_operations()["reviewHistory"]
    result = await run_own(
        history, {"about": list(reading.parts), "limit": _MAX_ENTRIES}, reading.call_context
    )
    assert isinstance(result, ToolResult), "reviewHistory answers itself"
    return reading.text(_JSON, result.text)


async def _page(reading: _Reading) -> Contents:
    reading.require("nanonets_get_document")
    workflow_id, document_id, number = reading.parts
    found = await read(
        reading.call_context, "getDocument", {"workflow_id": workflow_id, "document_id": document_id}
    )
    pages = cast("Sequence[JsonObject]", found.get("pages") or ())
    page = next((each for each in pages if str(each.get("page_number")) == number), None)
    if page is None or not page.get("image_url"):
        raise reading.not_there()
    content = await reading.call_context.upstream.picture(str(page["image_url"]))
    mime_type = mime_type_of(content)
    if not mime_type:
        raise ToolFailure(
            "upstream_error",
            "The page's file is not an image.",
            next_step="Rely on the values, or let a person look at the document.",
        )
    return BlobResourceContents(uri=reading.uri, mime_type=mime_type, blob=base64.b64encode(content).decode())


async def _settings(reading: _Reading) -> Contents:
    settings, is_admin = reading.surface.settings, reading.call_context.is_admin
    values = settings.model_dump(mode="json", include=set(_SHOWN_SETTINGS))
    names = [name for name in _SHOWN_SETTINGS if is_admin or name not in _FOR_ADMINISTRATORS]
    about: JsonObject = {
        "version": VERSION,
        "settings": {name: values[name] for name in names},
        "tool_list": {"chosen": reading.surface.name, "why": reading.surface.why},
        "credentials": _credentials(reading),
        "journal": "kept" if reading.call_context.guards.journal is not None else "none",
        "tools_listed": len(reading.surface.chosen),
        "tools_offered": len(reading.surface.reached),
    }
    if is_admin:
        about["policy"] = reading.call_context.policy.as_object()
    return reading.text(_JSON, json.dumps(about, ensure_ascii=False, indent=1))


def _credentials(reading: _Reading) -> JsonObject:
    """For each service, whether there are any for this caller."""
    settings, kept = reading.surface.settings, reading.surface.restriction
    there = kept.services if kept is not None and kept.services is not None else settings.with_credentials
    services: tuple[Service, ...] = ("nanonets", "studio")
    return {
        name: "sandbox" if settings.sandbox else "set" if name in there else "missing" for name in services
    }


_READERS: dict[tuple[str, int], Callable[[_Reading], Awaitable[Contents]]] = {
    ("tools", 1): _tools,
    ("errors", 0): _errors,
    ("journal", 1): _journal,
    ("pages", 3): _page,
    ("settings", 0): _settings,
}
"""How each kind of resource is read, by its name and the number of parts after it."""
