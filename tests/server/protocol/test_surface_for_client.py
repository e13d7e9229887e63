"""Which list of tools a client gets: chosen by the user, or by what is known of the client."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from conftest import Era, error_of, own
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import load_tools
from mcp import Client
from mcp.types import Implementation

FULL = [tool.name for tool in load_tools() if tool.tier not in ("extra", "lean", "app")]
RUNNERS = ["find_tools", "run_read_tool", "run_write_tool"]


@asynccontextmanager
async def a_client(era: Era, name: str, *, local: bool = True, **settings: Any) -> AsyncGenerator[Client]:
    """A client that calls itself so, of a server on a sandbox."""
    behind, transport = embedded(Settings(**{"confirm": "never", "journal": "none", **settings}), Sandbox())
    server = build_server(behind, transport=transport, local=local)
    async with Client(server, mode=era, client_info=Implementation(name=name, version="1.0")) as client:
        yield client


async def names_of(client: Client) -> list[str]:
    return [tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools]


async def settings_of(client: Client) -> dict[str, Any]:
    read = await client.read_resource("docreview://settings")
    return json.loads(read.contents[0].text)  # type: ignore[union-attr]


def tokens(tools: list[Any]) -> float:
    """What a list costs as it is sent, output schemas and hints included."""
    listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    return sum(len(json.dumps(tool, separators=(",", ":"), ensure_ascii=False)) for tool in listed) / 4


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("cursor-vscode", "Cursor"),
        ("cursor-vscode (via mcp-remote 0.1.18)", "Cursor"),
        ("Windsurf", "Windsurf"),
        ("windsurf-client", "Windsurf"),
        ("antigravity-client", "Antigravity"),
        ("Visual Studio Code - Insiders", "VS Code"),
    ],
)
async def test_a_client_with_a_low_limit_gets_the_core_list(era: Era, name: str, host: str) -> None:
    async with a_client(era, name) as client:
        names = await names_of(client)
        about = await settings_of(client)
        instructions = client.instructions or ""
    assert len(names) <= 30
    assert {*RUNNERS, "review_document", "nanonets_list_documents"} <= set(names)
    assert about["settings"]["surface"] == "auto"
    assert about["tool_list"]["chosen"] == "core"
    assert host in about["tool_list"]["why"]
    assert about["tools_listed"] == len(names)
    assert f"Tool list: core ({about['tool_list']['why']})." in instructions
    assert "find_tools" in instructions
    assert len(instructions) < 1_500


@pytest.mark.parametrize("name", ["claude-code", "codex-mcp-client", "cursory", ""])
async def test_every_other_client_gets_all_tools(era: Era, name: str) -> None:
    async with a_client(era, name) as client:
        assert await names_of(client) == FULL
        about = await settings_of(client)
        assert "Tool list: full (the client has no known limit)." in (client.instructions or "")
    assert about["tool_list"] == {"chosen": "full", "why": "the client has no known limit"}


async def test_a_list_that_fits_is_not_cut(era: Era) -> None:
    async with a_client(era, "cursor-vscode", toolsets="review") as client:
        names = await names_of(client)
        about = await settings_of(client)
    assert set(names) == {
        tool.name for tool in load_tools() if tool.toolset == "review" and tool.tier != "app"
    }
    assert about["tool_list"] == {"chosen": "full", "why": "Cursor allows at most 40 tools"}


@pytest.mark.parametrize("surface", ["full", "core", "lean"])
async def test_what_the_user_sets_holds_for_every_client(era: Era, surface: str) -> None:
    lists: list[list[str]] = []
    for name in ("cursor-vscode", "claude-code"):
        async with a_client(era, name, surface=surface) as client:
            lists.append(await names_of(client))
            about = await settings_of(client)
            scope = (await client.list_tools(cache_mode="bypass")).cache_scope
        assert about["tool_list"] == {"chosen": surface, "why": "set by the user"}
        assert scope == ("public" if surface == "lean" else "private") or era == "legacy"
    assert lists[0] == lists[1]


@pytest.mark.parametrize("confirm", ["never", "destructive", "writes"])
async def test_the_core_list_is_small(era: Era, confirm: str) -> None:
    async with a_client(era, "x", surface="core", confirm=confirm, toolsets="all") as client:
        tools = (await client.list_tools()).tools
    assert len(tools) <= 30
    assert tokens(tools) < 9_000


async def test_a_list_that_depends_on_the_client_is_not_shared_by_caches() -> None:
    for name in ("cursor-vscode", "claude-code"):
        async with a_client("auto", name) as client:
            assert (await client.list_tools()).cache_scope == "private"
        async with a_client("auto", name, toolsets="review") as client:
            assert (await client.list_tools()).cache_scope == "private", "some show panels"
        async with a_client("auto", name, toolsets="review", panel=True) as client:
            assert (await client.list_tools()).cache_scope == "public"


async def test_the_list_stays_the_same_during_a_connection(era: Era) -> None:
    async with a_client(era, "cursor-vscode") as client:
        before = await names_of(client)
        await client.call_tool("find_tools", {"query": "delete a document"})
        await client.call_tool("run_read_tool", {"tool": "studio_list_models", "arguments": {}})
        assert await names_of(client) == before


async def test_each_client_of_a_shared_server_gets_its_own_list(era: Era) -> None:
    behind, transport = embedded(Settings(journal="none"), Sandbox())
    server = build_server(behind, transport=transport, local=False)
    cursor, other = (Implementation(name=name, version="1") for name in ("cursor-vscode", "another"))
    async with Client(server, mode=era, client_info=cursor) as few:
        assert len(await names_of(few)) <= 30
    async with Client(server, mode=era, client_info=other) as all_of_them:
        assert await names_of(all_of_them) == FULL


async def test_all_other_tools_run_through_the_core_list(era: Era) -> None:
    async with a_client(era, "cursor-vscode") as client:
        through = await client.call_tool("run_read_tool", {"tool": "studio_list_models", "arguments": {}})
        direct = await client.call_tool("studio_list_projects", {})
        hidden = error_of(await client.call_tool("studio_list_models", {}))
        found = own(await client.call_tool("find_tools", {"query": "list projects"}))
    assert not through.is_error
    assert not direct.is_error
    assert "core" in hidden["message"]
    assert "run_read_tool" in hidden["next"]
    told = {tool["tool"]: tool["call_with"] for tool in found["tools"]}
    assert told["studio_list_projects"] == "studio_list_projects"
