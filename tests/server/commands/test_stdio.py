"""The real program over real pipes, as hosts start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from conftest import Era
from docreview_mcp.tools import load_tools
from mcp import Client, StdioServerParameters

SERVER = [sys.executable, "-m", "docreview_mcp.server"]


def environment(**more: str) -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | more


def exchange(
    *messages: dict[str, Any], arguments: tuple[str, ...] = ("--sandbox",), **env: str
) -> tuple[list[Any], str, int]:
    """Write messages, close stdin, and give every line of stdout, stderr and the exit status."""
    text = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
    done = subprocess.run(
        [*SERVER, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(**env),
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr, done.returncode


INITIALIZE: dict[str, Any] = {
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


async def test_a_client_lists_and_calls(era: Era) -> None:
    server = StdioServerParameters(
        command=SERVER[0], args=[*SERVER[1:], "stdio", "--sandbox"], env=environment()
    )
    async with Client(server, mode=era) as client:
        assert len((await client.list_tools()).tools) == sum(
            tool.tier not in ("extra", "lean", "app") for tool in load_tools()
        )
        result = await client.call_tool("nanonets_list_workflows", {"limit": 1})
    assert len(result.structured_content["workflows"]) == 1


def test_nothing_but_messages_on_stdout_and_a_clean_end_when_stdin_closes() -> None:
    lines, errors, status = exchange(
        INITIALIZE,
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "nanonets_list_workflows", "arguments": None}},
        {"id": 3, "method": "tools/call", "params": {"name": "nanonets_get_workflow", "arguments": {}}},
        DOCREVIEW_LOG_LEVEL="DEBUG",
    )
    assert status == 0
    assert {line.get("id") for line in lines} >= {1}
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert "Traceback" not in errors


def test_placeholders_that_a_host_did_not_fill_count_as_not_set() -> None:
    lines, _, status = exchange(
        INITIALIZE,
        arguments=(),
        NANONETS_API_KEY="${user_config.nanonets_api_key}",
        DOCREVIEW_TIMEOUT="",
        DOCREVIEW_READ_ONLY="${user_config.read_only}",
    )
    assert status == 0
    assert lines[0]["result"]["serverInfo"]["name"] == "docreview"


def test_starting_imports_no_second_http_stack_and_nothing_that_stdio_does_not_need() -> None:
    late = ("httpx", "PIL", "tenacity", "jwt", "rich.table", "yaml", "jsonschema", "docreview_mcp.sandbox")
    asked_for = ("server.prompts", "server.resources", "server.completion")
    searched = ("tools.lean.tool_search", "tools.lean.intents", "tools.lean.run_tool")
    telemetry = ("opentelemetry.sdk", "opentelemetry.exporter", "prometheus_client", "google.protobuf")
    late = (
        *late,
        *telemetry,
        "snowballstemmer",
        *(f"docreview_mcp.{name}" for name in (*asked_for, *searched)),
    )
    program = (
        "import sys; from docreview_mcp.server import Settings, build_server; build_server(Settings());"
        f"print([name for name in {late!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
        check=True,
    )
    assert done.stdout.strip() == "[]"
