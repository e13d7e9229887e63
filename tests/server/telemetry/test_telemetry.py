"""Metrics, traces and lines of log say what was called and what came of it, and nothing a caller chose."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from collector import Collector, attributes_of, collector
from conftest import Era, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.server.settings.settings_error import SettingsError
from docreview_mcp.server.telemetry.telemetry import telemetry
from docreview_mcp.tools.observation import Observer
from http_callers import PING, caller, new_key, post, process, served

ERAS: tuple[Era, ...] = ("legacy", "auto")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
INVENTED = 'no such tool\r\n{"level": "ERROR"} ' + "x" * 300


@contextmanager
def watching(*ways: Literal["otlp", "prometheus"], **environment: str) -> Iterator[tuple[Observer, int]]:
    """An observer for these ways of telemetry; what it has collected is sent at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with telemetry(Settings(telemetry=ways, log_level="WARNING"), ("127.0.0.1", 0)) as (observer, port):
            assert observer is not None
            yield observer, port


@contextmanager
def traced() -> Iterator[tuple[Collector, Observer]]:
    """A collector, and an observer that sends to it when the block ends."""
    with (
        collector() as found,
        watching("otlp", OTEL_EXPORTER_OTLP_ENDPOINT=found.address) as (observer, _),
    ):
        yield found, observer


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_is_a_span_with_one_for_each_request_to_a_service(era: Era, keys: Path) -> None:
    key = new_key(keys, "Ana Lovelace")
    with traced() as (found, observer):
        http = {"auth": "keys", "keys": keys}
        async with (
            served(sandbox=Sandbox(), http=http, observer=observer) as client,
            caller(client, era, key, headers={"traceparent": PARENT}) as calling,
        ):
            await calling.call_tool("nanonets_list_workflows", {})
            missing = await calling.call_tool(
                "nanonets_get_document", {"workflow_id": "w-77", "document_id": "d-88"}
            )
            assert error_of(missing)["code"] == "not_found"
    spans = {span.name: span for span in found.spans}
    assert set(spans) == {
        "tools/call nanonets_list_workflows",
        "tools/call nanonets_get_document",
        "GET nanonets",
    }
    call, refused = spans["tools/call nanonets_list_workflows"], spans["tools/call nanonets_get_document"]
    inner = [span for span in found.spans if span.name == "GET nanonets"]
    assert {span.trace_id.hex() for span in found.spans} == {TRACE}
    assert call.parent_span_id.hex() == "00f067aa0ba902b7"
    assert inner[0].parent_span_id == call.span_id
    assert attributes_of(call) == {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "nanonets_list_workflows",
    }
    assert attributes_of(refused)["error.type"] == "not_found"
    assert attributes_of(inner[-1])["http.response.status_code"] == 404
    for secret in (b"ana", b"Ana", b"w-77", b"d-88", key.encode()):
        assert secret not in found.everything


@pytest.mark.parametrize("era", ERAS)
async def test_the_trace_of_the_message_goes_before_that_of_the_request(era: Era) -> None:
    of_message = PARENT.replace(TRACE, "a" * 32)
    meta: Any = {"traceparent": of_message, "tracestate": "vendor=secret", "baggage": "user=secret"}
    with traced() as (found, observer):
        async with (
            served(sandbox=Sandbox(), observer=observer) as client,
            caller(client, era, headers={"traceparent": PARENT}) as calling,
        ):
            await calling.call_tool("nanonets_list_workflows", {}, meta=meta)
    assert {span.trace_id.hex() for span in found.spans} == {"a" * 32}
    assert b"secret" not in found.everything


async def test_nothing_of_a_trace_goes_to_the_services() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=[])

    with traced() as (_, observer):
        async with (
            served(httpx2.MockTransport(answer), observer=observer) as client,
            caller(client, "auto", headers={"traceparent": PARENT}) as calling,
        ):
            await calling.call_tool("nanonets_list_workflows", {})
    assert seen
    assert not any({"traceparent", "tracestate", "baggage"} & set(request.headers) for request in seen)


async def test_retries_bytes_and_a_missing_answer_are_measured() -> None:
    answers = iter(
        (httpx2.Response(503), httpx2.ReadError("cut"), httpx2.Response(200, json={"workflows": []}))
    )

    def answer(request: httpx2.Request) -> httpx2.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    with watching("prometheus") as (observer, port):
        async with (
            served(httpx2.MockTransport(answer), observer=observer) as client,
            caller(client, "auto") as calling,
        ):
            await calling.call_tool("nanonets_list_workflows", {})
        shown = await metrics_at(port)
    tool = 'tool="nanonets_list_workflows"'
    assert f'docreview_tool_calls_total{{outcome="ok",{tool}}} 1.0' in shown
    for status in ("5xx", "none", "2xx"):
        assert f'docreview_upstream_requests_total{{status="{status}",{tool}}} 1.0' in shown
    assert f'docreview_upstream_retries_total{{status="5xx",{tool}}} 1.0' in shown
    assert f'docreview_upstream_retries_total{{status="none",{tool}}} 1.0' in shown
    assert f'docreview_upstream_bytes_total{{direction="received",{tool}}} 16.0' in shown
    assert "docreview_budget_wait_seconds_count" in shown


async def test_writes_measure_the_journal(tmp_path: Path) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.db'}"
    with watching("prometheus") as (observer, port):
        async with (
            served(sandbox=Sandbox(), observer=observer, journal=journal) as client,
            caller(client, "auto") as calling,
        ):
            made = await calling.call_tool("studio_create_project", {"name": "Reviews", "type": "CLASS"})
        shown = await metrics_at(port)
    assert not made.is_error
    for work in ("open", "close"):
        assert f'docreview_journal_seconds_count{{outcome="ok",work="{work}"}} 1.0' in shown


@pytest.mark.parametrize("era", ERAS)
async def test_a_tool_that_was_run_through_another_counts_by_its_own_name(era: Era) -> None:
    with traced() as (found, observer):
        async with (
            served(sandbox=Sandbox(), observer=observer, surface="lean") as client,
            caller(client, era) as calling,
        ):
            await calling.call_tool("run_read_tool", {"tool": "studio_list_projects", "arguments": {}})
    assert "tools/call studio_list_projects" in {span.name for span in found.spans}


@pytest.mark.slow
async def test_ten_thousand_invented_tools_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.address)
        with watching("otlp", "prometheus") as (observer, port):
            async with served(observer=observer, http={"rate": None}) as client:
                for number in range(TIMES):
                    _, message = await post(client, "legacy", "tools/call", {"name": f"{number} {INVENTED}"})
                    assert message["error"]["code"] == -32602
            shown = await metrics_at(port)
    assert f'docreview_tool_calls_total{{outcome="unknown_tool",tool="unknown"}} {TIMES:.1f}' in shown
    assert {span.name for span in found.spans} <= {"tools/call unknown"}
    assert found.metrics["docreview_tool_calls"] == [{"tool": "unknown", "outcome": "unknown_tool"}]
    assert b"no such tool" not in found.everything
    assert "no such tool" not in shown


TIMES = 10_000 if os.environ.get("DOCREVIEW_TESTS") == "full" else 300


@pytest.mark.slow
async def test_the_command_logs_calls_as_json_and_shows_metrics(keys: Path) -> None:
    key = new_key(keys, "Ana Lovelace")
    settings = {
        "DOCREVIEW_AUTH": "keys",
        "DOCREVIEW_KEYS": str(keys),
        "DOCREVIEW_LOG_FORMAT": "",
        "DOCREVIEW_TELEMETRY": "prometheus",
        "DOCREVIEW_METRICS_ADDRESS": "127.0.0.1:0",
        "DOCREVIEW_HTTP_DRAIN": "0,20",
        "DOCREVIEW_JOURNAL": "none",
    }
    with process("--sandbox", **settings) as server:
        port = re.search(r":(\d+)/metrics", server.next_line())
        async with httpx2.AsyncClient(base_url=server.address) as client:
            headers = {"Accept": "application/json, text/event-stream", "X-Request-Id": "r-1"}
            known = {**headers, "Authorization": f"Bearer {key}"}
            await post(client, "auto", "tools/call", {"name": "nanonets_list_workflows"}, headers=known)
            await post(client, "legacy", "tools/call", {"name": INVENTED}, headers=known)
            refused = await client.post("/mcp", json=PING, headers=headers)
            assert (await client.get("/metrics", headers=known)).status_code == 404
        assert port is not None
        shown = await metrics_at(int(port[1]))
        server.terminate()
        status, logged = server.ended()
    assert (status, refused.status_code) == (0, 401)
    lines = [json.loads(line) for line in logged.splitlines()]
    calls = [line for line in lines if line.get("event") == "call"]
    assert [(each["tool"], each["outcome"], each["request"]) for each in calls] == [
        ("nanonets_list_workflows", "ok", "r-1"),
        ("unknown", "unknown_tool", "r-1"),
    ]
    assert all(each["principal"].startswith("ana-lovelace-") and each["milliseconds"] >= 0 for each in calls)
    assert [(each["outcome"], each["status"]) for each in lines if each.get("event") == "refused"] == [
        ("unauthorized", 401),
        ("not_found", 404),
    ]
    assert "no such tool" not in logged
    assert key not in logged
    assert 'docreview_http_refusals_total{code="unauthorized",status="401"} 1.0' in shown
    assert "process_resident_memory_bytes" in shown
    assert not any(word in shown for word in ("Ana", "ana-", "r-1"))


def test_a_collector_that_is_down_does_not_keep_a_server_from_ending() -> None:
    with watching(
        "otlp", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1"
    ) as found:
        assert found[1] == 0


@pytest.mark.parametrize(
    ("given", "fault"),
    [("jaeger", "expected off, otlp, prometheus, or otlp,prometheus"), ("off,otlp", "expected off")],
)
def test_a_wrong_setting_says_what_is_wanted(monkeypatch: pytest.MonkeyPatch, given: str, fault: str) -> None:
    monkeypatch.setenv("DOCREVIEW_TELEMETRY", given)
    with pytest.raises(SettingsError, match=f"DOCREVIEW_TELEMETRY: {fault}"):
        read_settings()


def test_what_cannot_be_had_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Settings(telemetry=("prometheus",))
    with pytest.raises(SettingsError, match="over stdio"), telemetry(asked):
        pass
    with (
        watching("prometheus") as (_, port),
        pytest.raises(SettingsError, match="DOCREVIEW_METRICS_ADDRESS"),
        telemetry(asked, ("127.0.0.1", port)),
    ):
        pass
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "docreview_mcp.server.telemetry.prometheus", raising=False)
    with (
        pytest.raises(SettingsError, match=r"install docreview-mcp\[telemetry\]"),
        telemetry(asked, ("127.0.0.1", 0)),
    ):
        pass


async def metrics_at(port: int) -> str:
    """What Prometheus would fetch."""
    async with httpx2.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/metrics")).text


@pytest.mark.slow
def test_over_stdio_what_is_left_is_sent_when_stdin_ends() -> None:
    params = {"name": "nanonets_list_workflows", "arguments": {}, "_meta": {"traceparent": PARENT}}
    handshake = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    messages = (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": handshake},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params},
    )
    with collector() as found:
        settings = {"DOCREVIEW_TELEMETRY": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": found.address}
        with subprocess.Popen(
            [sys.executable, "-m", "docreview_mcp.server", "stdio", "--sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **settings, "DOCREVIEW_JOURNAL": "none"},
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write("".join(f"{json.dumps(message)}\n" for message in messages))
            server.stdin.flush()
            # A call is cancelled if stdin ends before its answer.
            answers = [json.loads(server.stdout.readline()) for _ in (1, 2)]
            server.stdin.close()
        assert server.returncode == 0
    assert [answer["id"] for answer in answers if "result" in answer] == [1, 2]
    assert {span.trace_id.hex() for span in found.spans} == {TRACE}
    assert {span.name for span in found.spans} == {"tools/call nanonets_list_workflows", "GET nanonets"}
