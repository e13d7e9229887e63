"""The small surface: few tools listed, all the others run through two of them as if called directly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Era, connected, error_of, own, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import load_tools
from mcp import Client
from mcp.types import ElicitResult

MAX_TOKENS = 3_500
OWN = [tool for tool in load_tools() if tool.tier in ("review", "lean")]


def tokens(tools: list[Any]) -> float:
    """The cost of a tool list as a host receives it, output schemas and hints included."""
    listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    return sum(len(json.dumps(tool, separators=(",", ":"), ensure_ascii=False)) for tool in listed) / 4


async def first_workflow(client: Client) -> str:
    found = await client.call_tool("run_read_tool", {"tool": "nanonets_list_workflows"})
    return found.structured_content["workflows"][0]["id"]


async def first_document(client: Client) -> dict[str, str]:
    workflow = await first_workflow(client)
    arguments = {"workflow_id": workflow, "limit": 1}
    found = await client.call_tool(
        "run_read_tool", {"tool": "nanonets_list_documents", "arguments": arguments}
    )
    return {"workflow_id": workflow, "document_id": found.structured_content["documents"][0]["document_id"]}


@pytest.mark.parametrize("confirm", ["never", "destructive", "writes"])
async def test_the_whole_list_is_small(era: Era, confirm: str) -> None:
    async with connected(era=era, surface="lean", confirm=confirm, toolsets="all") as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [tool.name for tool in OWN]
    assert tokens(tools) < MAX_TOKENS


async def test_the_list_stays_the_same_whatever_is_called(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        before = await client.list_tools(cache_mode="bypass")
        await client.call_tool("find_tools", {"query": "delete a document"})
        await first_document(client)
        await client.call_tool("run_write_tool", {"tool": "studio_create_project", "arguments": {}})
        after = await client.list_tools(cache_mode="bypass")
    assert before.tools == after.tools


async def test_read_only_lists_and_runs_only_what_changes_nothing(era: Era) -> None:
    async with reviewing(era=era, surface="lean", read_only=True) as (client, _):
        names = {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("run_read_tool", {"tool": "nanonets_update_field", "arguments": {}})
        hidden = await client.call_tool("run_write_tool", {"tool": "nanonets_update_field", "arguments": {}})
    assert names == {tool.name for tool in OWN if tool.effect == "read"}
    for result in (refused, hidden):
        error = error_of(result)
        assert error["code"] == "not_allowed"
        assert "read-only" in error["message"]


async def test_the_answer_is_that_of_a_direct_call(era: Era) -> None:
    sandbox = Sandbox()
    async with reviewing(sandbox, era, surface="lean") as (lean, _), reviewing(sandbox, era) as (full, _):
        document = await first_document(lean)
        for name, arguments in (
            ("nanonets_get_document", document),
            ("nanonets_get_document", {"workflow_id": "nope", "document_id": "nope"}),
            ("nanonets_get_document", {"workflow": "nope"}),
            ("studio_list_projects", {}),
        ):
            through = await lean.call_tool("run_read_tool", {"tool": name, "arguments": arguments})
            direct = await full.call_tool(name, arguments)
            assert through.content == direct.content
            assert through.structured_content == direct.structured_content
            assert through.is_error == direct.is_error
            assert (through.meta or {}).keys() == (direct.meta or {}).keys()


async def test_pictures_and_files_come_through(era: Era) -> None:
    behind, transport = embedded(Settings(surface="lean", journal="none"), Sandbox())
    async with Client(build_server(behind, transport=transport, local=False), mode=era) as client:
        document = await first_document(client)
        download = {"tool": "nanonets_download_document", "arguments": document}
        file = await client.call_tool("run_read_tool", download)
        region = {"tool": "review_region", "arguments": {**document, "page_number": 1}}
        picture = await client.call_tool("run_read_tool", region)
    assert [content.type for content in file.content] == ["text", "resource"]
    assert [content.type for content in picture.content] == ["text", "image"]


async def test_arguments_may_come_as_text(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        arguments = {"tool": "nanonets_list_workflows", "arguments": '{"limit": "1"}'}
        found = await client.call_tool("run_read_tool", arguments)
        assert len(own(found)["workflows"]) == 1
        broken = {"tool": "studio_login", "arguments": '{"password": "hidden-1234"'}
        unreadable = error_of(await client.call_tool("run_write_tool", broken))
        assert "arguments: got" in unreadable["message"]
        assert "hidden-1234" not in unreadable["message"]


async def test_each_runner_names_the_right_one_and_sends_nothing(era: Era) -> None:
    async with reviewing(era=era, surface="lean", toolsets="all") as (client, _):
        before = await first_document(client)
        for tool in load_tools():
            if tool.toolset == "lean":
                continue
            wrong, right = ("run_write_tool", "run_read_tool")[:: 1 if tool.effect == "read" else -1]
            error = error_of(await client.call_tool(wrong, {"tool": tool.name, "arguments": {}}))
            assert (error["code"], error["done"]) == ("not_allowed", "no")
            assert "Nothing was sent." in error["message"]
            assert right in error["next"]
        assert await first_document(client) == before


async def test_a_tool_that_is_not_listed_names_its_runner_when_called_directly(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        for name, runner in (
            ("studio_list_projects", "run_read_tool"),
            ("studio_create_project", "run_write_tool"),
        ):
            error = error_of(await client.call_tool(name, {}))
            assert error["code"] == "not_allowed"
            assert runner in error["next"]


async def test_own_tools_run_through_the_runners_but_these_not_through_themselves(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        document = await first_document(client)
        through = await client.call_tool("run_read_tool", {"tool": "review_document", "arguments": document})
        direct = await client.call_tool("review_document", document)
        assert through.structured_content == direct.structured_content
        assert not through.is_error
        for name in ("find_tools", "run_read_tool", "run_write_tool"):
            for runner in ("run_read_tool", "run_write_tool"):
                error = error_of(await client.call_tool(runner, {"tool": name, "arguments": {}}))
                assert error["code"] == "not_allowed"
                assert error["next"] == f"Call {name} directly."


async def test_an_unknown_tool_is_a_failure_that_names_the_nearest(era: Era) -> None:
    async with reviewing(era=era, surface="lean") as (client, _):
        result = await client.call_tool("run_read_tool", {"tool": "nanonets_list_workflow", "arguments": {}})
    error = error_of(result)
    assert error["code"] == "invalid_arguments"
    assert "nanonets_list_workflows" in error["message"]


async def test_a_write_through_the_runner_is_in_the_journal_as_itself(era: Era) -> None:
    async with reviewing(era=era, surface="lean", journal="sqlite://") as (client, _):
        arguments = {"name": "Journalled", "type": "CLASS", "reason": "a test"}
        made = await client.call_tool(
            "run_write_tool", {"tool": "studio_create_project", "arguments": arguments}
        )
        assert not made.is_error
        assert made.structured_content["docreview"]["undoable"]
        entry = (await client.call_tool("run_read_tool", {"tool": "review_history"})).structured_content[
            "entries"
        ][0]
    assert entry["tool"] == "studio_create_project"
    assert entry["reason"] == "a test"
    assert entry["entry"] == made.structured_content["docreview"]["entry"]


async def test_a_code_is_asked_for_and_taken_inside_the_arguments(era: Era) -> None:
    async with reviewing(era=era, surface="lean", confirm="destructive") as (client, _):
        document = await first_document(client)
        call = {"tool": "nanonets_delete_document", "arguments": document}
        asked = await client.call_tool("run_write_tool", call)
        assert error_of(asked)["code"] == "needs_confirmation"
        code = asked.structured_content["docreview"]["confirm"]
        for wrong in ({"confirm": code + "A"}, {"confirm": "nonsense"}):
            refused = await client.call_tool("run_write_tool", {**call, "arguments": {**document, **wrong}})
            assert error_of(refused)["code"] == "needs_confirmation"
        done = await client.call_tool("run_write_tool", {**call, "arguments": {**document, "confirm": code}})
        assert not done.is_error
        assert await first_document(client) != document


@pytest.mark.parametrize("answer", [True, False])
async def test_a_host_that_can_ask_does_so_for_the_tool_inside(era: Era, answer: bool) -> None:
    asked: list[str] = []

    async def ask(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": answer})

    settings = Settings(confirm="destructive", surface="lean", journal="none")
    behind, transport = embedded(settings, Sandbox())
    server = build_server(behind, transport=transport)
    async with Client(server, mode=era, elicitation_callback=ask) as client:
        document = await first_document(client)
        call = {"tool": "nanonets_delete_document", "arguments": document}
        result = await client.call_tool("run_write_tool", call)
        assert len(asked) == 1
        assert asked[0].startswith("Delete document")
        assert (await first_document(client) != document) is answer
    assert result.is_error is not answer
    if not answer:
        assert error_of(result)["code"] == "not_allowed"


async def test_the_full_surface_has_no_runners(era: Era) -> None:
    async with connected(era=era, toolsets="all") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        error = error_of(await client.call_tool("find_tools", {"query": "x"}))
    assert not names & {"find_tools", "run_read_tool", "run_write_tool"}
    assert error["code"] == "not_allowed"
    assert "DOCREVIEW_SURFACE" in error["message"]


@pytest.mark.parametrize("settings", [{}, {"toolsets": "all", "sandbox": True}])
def test_the_instructions_say_how_to_reach_the_others(settings: dict[str, Any]) -> None:
    text = build_server(Settings(surface="lean", journal="none", **settings)).instructions or ""
    assert len(text) <= 1_500
    assert all(
        name in text for name in ("find_tools", "run_read_tool", "nanonets-moderation", "studio-models")
    )
