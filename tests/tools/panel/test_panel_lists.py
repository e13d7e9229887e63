"""Who is told of the panel's tools, and who gets its page: in both eras, declared or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Era, error_of, own
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.surface.tool import PANEL_URI
from mcp import Client, MCPError
from mcp.client.extension import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from results import meta_of
from review_desk import invoices

DECLARED = [advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})]
CALLED = {
    "review_panel",
    "review_panel_page",
    "review_apply",
    "review_undo",
    "review_history",
    "review_files",
    "review_queue",
    "review_region",
}


@asynccontextmanager
async def host(
    era: Era, *, declares: bool, local: bool = True, **settings: Any
) -> AsyncGenerator[tuple[Client, Sandbox]]:
    """A host that says that it shows panels, or does not."""
    sandbox = Sandbox()
    behind, transport = embedded(Settings(**{"journal": "none", **settings}), sandbox)
    server = build_server(behind, transport=transport, local=local)
    async with Client(server, mode=era, extensions=DECLARED if declares else []) as client:
        yield client, sandbox


async def listed(client: Client) -> dict[str, Any]:
    tools = (await client.list_tools(cache_mode="bypass")).tools
    return {tool.name: tool for tool in tools}


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("surface", ["full", "core"])
async def test_hosts_that_show_panels_are_told_what_a_panel_may_call(
    era: Era, surface: str, local: bool
) -> None:
    async with host(era, declares=True, local=local, surface=surface) as (client, _):
        tools = await listed(client)
    visibility = {name: set(tool.meta["ui"]["visibility"]) for name, tool in tools.items()}
    assert {name for name, who in visibility.items() if "app" in who} == CALLED
    assert {name for name, who in visibility.items() if "model" not in who} == {"review_panel_page"}
    assert tools["review_panel"].meta["ui"]["resourceUri"] == PANEL_URI
    assert tools["review_panel"].meta["ui/resourceUri"] == PANEL_URI
    assert not any("resourceUri" in tool.meta["ui"] for name, tool in tools.items() if name != "review_panel")


async def test_other_hosts_are_told_of_review_panel_alone(era: Era) -> None:
    async with host(era, declares=False) as (client, _):
        tools = await listed(client)
    assert tools["review_panel"].meta["ui"]["resourceUri"] == PANEL_URI
    assert "review_panel_page" not in tools
    assert [name for name, tool in tools.items() if tool.meta] == ["review_panel"]


async def test_a_setting_tells_every_host(era: Era) -> None:
    async with host(era, declares=False, panel=True) as (client, _):
        tools = await listed(client)
    assert tools["review_panel_page"].meta["ui"]["visibility"] == ["app"]


@pytest.mark.parametrize("declares", [True, False])
async def test_the_lean_list_finds_the_panel_by_search(era: Era, declares: bool) -> None:
    async with host(era, declares=declares, surface="lean") as (client, sandbox):
        tools = await listed(client)
        found = own(
            await client.call_tool("find_tools", {"query": "show the document to a person in a panel"})
        )
        document = invoices(sandbox)[0]
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        inside = {"tool": "review_panel", "arguments": place}
        through = await client.call_tool("run_read_tool", inside)
        page = await client.call_tool("review_panel_page", {**place, "page_number": 1})
    assert not {"review_panel", "review_panel_page"} & set(tools)
    assert "review_panel" in [each["tool"] for each in found["tools"]]
    assert "review_panel_page" not in [each["tool"] for each in found["tools"]]
    assert meta_of(through)["docreview/panel"]
    assert page.structured_content["values"], "what the panel calls is called over any host"


async def test_settings_and_policy_hold_for_the_panel(era: Era, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tools]\nforbidden = ["review_panel*"]\n')
    reading = {tool.name for tool in load_tools() if tool.panel and tool.effect == "read"}
    async with host(era, declares=True, read_only=True) as (client, sandbox):
        assert {name for name in await listed(client) if name in CALLED} == reading
        document = invoices(sandbox)[2]
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        told = own(await client.call_tool("review_panel", place))
        assert told["document"]["read_only"]
        assert told["against_approval"] == ["This server does not offer to approve files here."]
    narrowed: list[dict[str, Any]] = [{"policy": policy}, {"exclude_tools": "review_panel"}]
    for settings in narrowed:
        async with host(era, declares=True, **settings) as (client, sandbox):
            assert not {"review_panel", "review_panel_page"} & set(await listed(client))
            document = invoices(sandbox)[0]
            place = {"workflow_id": document.workflow_id, "document_id": document.id, "page_number": 1}
            for tool in ("review_panel", "review_panel_page"):
                assert error_of(await client.call_tool(tool, place))["code"] == "not_allowed"
            with pytest.raises(MCPError):
                await client.read_resource(PANEL_URI)
            assert PANEL_URI not in [each.uri for each in (await client.list_resources()).resources]


async def test_the_extension_is_advertised_where_the_protocol_can() -> None:
    async with host("auto", declares=False) as (client, _):
        capabilities = client.server_capabilities
    assert capabilities is not None
    assert capabilities.extensions == {EXTENSION_ID: {}}


@pytest.mark.parametrize("declares", [True, False])
async def test_the_page_is_one_content_that_loads_nothing(era: Era, declares: bool) -> None:
    async with host(era, declares=declares) as (client, _):
        read = await client.read_resource(PANEL_URI)
        assert (await client.read_resource(PANEL_URI)).contents == read.contents
        resources = {each.uri: each for each in (await client.list_resources()).resources}
        for other in ("ui://docreview/", f"{PANEL_URI}?x", "ui://docreview/other.html", "docreview://review"):
            with pytest.raises(MCPError):
                await client.read_resource(other)
    assert len(read.contents) == 1
    content: Any = read.contents[0]
    assert content.uri == PANEL_URI
    assert content.mime_type == APP_MIME_TYPE
    assert content.meta == {"ui": {"csp": {}, "prefersBorder": True}}
    assert content.text.lower().startswith("<!doctype html>")
    assert resources[PANEL_URI].mime_type == APP_MIME_TYPE
