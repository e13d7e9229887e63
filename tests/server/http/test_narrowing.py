"""A request can ask for fewer tools than it is offered, by headers or in its URL, and never for more."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era
from docreview_mcp.tools import load_tools
from http_callers import new_key, post, served

EVERY = {tool.name: tool for tool in load_tools()}
FINDING = {name for name, tool in EVERY.items() if tool.tier == "lean"}


async def listed(
    client: httpx2.AsyncClient, era: Era = "legacy", path: str = "/mcp", **headers: str
) -> set[str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response, message = await post(client, era, "tools/list", path=path, headers=sent)
    assert response.status_code == 200, message
    return {tool["name"] for tool in message["result"]["tools"]}


def of_toolset(*toolsets: str, among: Iterable[str]) -> set[str]:
    return {name for name in among if EVERY[name].toolset in toolsets}


async def test_each_header_and_parameter_leaves_less(era: Era) -> None:
    async with served() as client:
        whole = await listed(client, era)
        documents = of_toolset("nanonets-documents", among=whole)
        reading = {name for name in whole if EVERY[name].effect == "read"}
        assert documents
        assert reading < whole
        for path, headers in (
            ("/mcp", {"X_Docreview_Toolsets": "nanonets-documents"}),
            ("/mcp?toolsets=nanonets-documents", {}),
            ("/mcp?X-Docreview-Toolsets=nanonets-documents", {}),
            ("/mcp?toolsets=nanonets-documents", {"X_Docreview_Toolsets": "documented, companion"}),
            ("/mcp?toolsets=documented,companion", {"x_docreview_toolsets": "nanonets-documents"}),
            ("/mcp?toolsets=all&toolsets=nanonets-documents", {}),
        ):
            assert await listed(client, era, path, **headers) == documents, (path, headers)
        assert await listed(client, era, X_Docreview_Read_Only="1") == reading
        assert await listed(client, era, "/mcp?read_only=true") == reading
        assert await listed(client, era, "/mcp?read-only=true", X_Docreview_Read_Only="0") == reading
        one = {"X_Docreview_Tools": "nanonets_list_workflows"}
        assert await listed(client, era, **one) == {"nanonets_list_workflows"}
        assert await listed(client, era, "/mcp?toolsets=studio-projects", **one) == set()
        lean = await listed(client, era, X_Docreview_Surface="lean")
        core = await listed(client, era, "/mcp?surface=core")
        assert FINDING < lean < core
        assert await listed(client, era, "/mcp?surface=core", X_Docreview_Surface="lean") == lean


async def test_nothing_widens(era: Era) -> None:
    """Whatever is asked for, nothing may be called that the settings do not offer."""
    chance = random.Random(3)
    names, toolsets = sorted(EVERY), sorted({tool.toolset for tool in EVERY.values()} - {"lean"})
    asked: list[dict[str, str]] = []
    for _ in range(20):
        headers = {
            "X_Docreview_Toolsets": ",".join(chance.sample([*toolsets, "all", "extra"], 2)),
            "X_Docreview_Tools": ",".join(chance.sample(names, 30)),
            "X_Docreview_Read_Only": chance.choice(["0", "1", "false"]),
            "X_Docreview_Surface": chance.choice(["auto", "full", "core", "lean"]),
        }
        asked.append({name: headers[name] for name in chance.sample(sorted(headers), chance.randint(1, 4))})
    cases: list[dict[str, Any]] = [
        {"read_only": True},
        {"toolsets": "nanonets-documents"},
        {"surface": "lean"},
    ]
    for settings in cases:
        async with served(**settings) as client:
            whole = await listed(client, era)
            for headers in asked:
                left = await listed(client, era, **headers)
                assert left <= whole | FINDING, (settings, headers)
                assert FINDING & left <= whole or "X_Docreview_Surface" in headers


async def test_what_is_left_out_cannot_be_called_either_way(era: Era) -> None:
    network_calls: list[str] = []

    class Network(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            network_calls.append(request.url.path)
            return httpx2.Response(200, json={})

    create = {"name": "studio_create_project", "arguments": {"name": "N", "type": "ABSA"}}
    inside = {
        "name": "run_write_tool",
        "arguments": {"tool": create["name"], "arguments": create["arguments"]},
    }
    async with served(Network()) as client:
        for params in (create, inside):
            headers = {"X-Docreview-Read-Only": "1", "X-Docreview-Surface": "lean"}
            _, message = await post(client, era, "tools/call", params, headers=headers)
            error = message["result"]["structuredContent"]["error"]
            assert error["code"] == "not_allowed"
        _, message = await post(
            client, era, "tools/call", create, headers={"X-Docreview-Tools": "review_queue"}
        )
        assert "X-Docreview-" in message["result"]["structuredContent"]["error"]["message"]
    assert not network_calls


@pytest.mark.parametrize(
    ("path", "headers", "named", "near"),
    [
        ("/mcp", {"X-Docreview-Toolsets": "nanonets-document"}, "nanonets-document", "nanonets-documents"),
        ("/mcp", {"X-Docreview-Tools": "studio_list_project"}, "studio_list_project", "studio_list_projects"),
        ("/mcp?tools=xyz,studio_list_projects", {}, "xyz", "_"),
        ("/mcp", {"X-Docreview-Tool": "studio_list_projects"}, "X-Docreview-Tool", "X-Docreview-Tools"),
        ("/mcp?tool=studio_list_projects", {}, "tool", "tools"),
        ("/mcp?utm_source=x", {}, "utm_source", "surface"),
        ("/mcp", {"X-Docreview-Surface": "leen"}, "leen", "lean"),
        ("/mcp", {"X-Docreview-Surface": "lean,core"}, "lean,core", ""),
        ("/mcp", {"X-Docreview-Read-Only": "perhaps"}, "perhaps", "true"),
        ("/mcp?toolsets=", {}, "toolsets", "names"),
        ("/mcp", {"X-Docreview-Tools": " , "}, "X-Docreview-Tools", "names"),
    ],
)
async def test_an_unknown_name_is_refused_with_the_nearest_one(
    path: str, headers: dict[str, str], named: str, near: str, era: Era
) -> None:
    async with served() as client:
        response, message = await post(client, era, "ping", path=path, headers=headers)
        assert response.status_code == 400
        assert "?." not in message["error"]["message"]
        error = message["error"]
        assert named in error["message"]
        assert near in error["message"]
        assert error["data"]["code"] == "unknown_name"


async def test_lists_are_public_only_where_they_are_the_same_for_all(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    key = {"Authorization": f"Bearer {new_key(keys, 'Ana')}"}

    async def scopes(http: dict[str, Any], headers: dict[str, str], path: str = "/mcp") -> set[str]:
        async with served(http=http, surface="full", panel=True) as client:
            found: set[str] = set()
            for method in ("tools/list", "server/discover", "prompts/list", "resources/list"):
                _, message = await post(client, "auto", method, path=path, headers=headers)
                found.add(message["result"]["cacheScope"])
            return found

    # With the tools of the panel for everybody, what a host shows makes no difference.
    assert await scopes({}, {}) == {"public"}
    assert await scopes({}, {"X-Docreview-Read-Only": "1"}) == {"private"}
    assert await scopes({}, {}, "/mcp?toolsets=documented") == {"private"}
    assert await scopes({"auth": "keys", "keys": keys}, key) == {"private"}
    assert await scopes({"credentials": "headers"}, {}) == {"private"}
