"""Whatever line a host writes: every request gets an answer, and the next line works."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602
LIST = "nanonets_list_workflows"
DEEP = "[" * 5000 + "]" * 5000


class Host:
    """A host that writes raw lines and takes what comes back."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)

    async def write(self, line: bytes | str) -> None:
        await self._stdin.send((line.encode() if isinstance(line, str) else line) + b"\n")

    async def answer(self) -> dict[str, Any]:
        with anyio.fail_after(30):
            return json.loads(await self._stdout.receive_until(b"\n", 10_000_000))

    async def ask(self, line: bytes | str) -> dict[str, Any]:
        await self.write(line)
        return await self.answer()


@asynccontextmanager
async def host(version: str = "2025-06-18") -> AsyncGenerator[Host]:
    """A host that has greeted the server."""
    command = [sys.executable, "-m", "docreview_mcp.server", "--sandbox"]
    hello = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    async with await anyio.open_process(command, stderr=None, env=dict(os.environ)) as process:
        each = Host(process)
        assert (await each.ask(request("initialize", json.dumps(hello), 0)))["id"] == 0
        await each.write('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        yield each
        assert await each.ask(request("ping", "{}", 99)) == {"jsonrpc": "2.0", "id": 99, "result": {}}
        assert process.stdin is not None
        await process.stdin.aclose()


def request(method: str, params: str, number: int = 5) -> str:
    return f'{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{params}}}'


def call(arguments: str, tool: str = LIST) -> str:
    return request("tools/call", f'{{"name":"{tool}","arguments":{arguments}}}')


REFUSED_ARGUMENTS = {
    "a lone surrogate": (call(r'{"workflow_id":"\ud83d"}', "nanonets_get_workflow"), "surrogate"),
    "its other half": (call(r'{"workflow_id":"a\ude00b"}', "nanonets_get_workflow"), "surrogate"),
    "half a character in a name": (call(r'{"\ud83d":1}'), "unknown argument"),
    "a number of 5,000 digits": (call('{"limit":' + "9" * 5000 + "}"), "limit"),
    "an id of 5,000 digits": (
        call('{"workflow_id":' + "9" * 5000 + "}", "nanonets_get_workflow"),
        "workflow_id",
    ),
    "5,000 levels of lists": (call(f'{{"limit":{DEEP}}}'), "levels"),
    "5,000 levels of objects": (call('{"limit":' + '{"a":' * 5000 + "1" + "}" * 5001), "levels"),
}


async def test_arguments_that_nothing_can_carry_are_refused_by_name() -> None:
    async with host() as each:
        for line, said in REFUSED_ARGUMENTS.values():
            answer = await each.ask(line)
            assert answer["id"] == 5
            error = answer["result"]["structuredContent"]["error"]
            assert (error["code"], error["done"]) == ("invalid_arguments", "no")
            assert said in error["message"]


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18"])
async def test_every_request_of_a_batch_is_answered(version: str) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": LIST}},
        {"jsonrpc": "2.0", "id": 3},
    ]
    async with host(version) as each:
        await each.write(json.dumps(batch))
        got = {answer["id"]: answer for answer in [await each.answer() for _ in range(3)]}
        assert got[1]["result"] == {}
        assert "workflows" in got["b"]["result"]["structuredContent"]
        assert got[3]["error"]["code"] == INVALID_REQUEST


async def test_arguments_as_json_text_are_decoded() -> None:
    async with host() as each:
        for arguments in (r'"{\"limit\": 1}"', '""', '" "', r'" {} "', "null"):
            answer = await each.ask(call(arguments))
            assert answer["id"] == 5, arguments
            assert "workflows" in answer["result"]["structuredContent"], arguments


NO_REQUESTS: list[tuple[bytes | str, Any, int]] = [
    ('{"jsonrpc":"2.0","id":5,"method":"tools/call","par', 5, PARSE_ERROR),
    ('{"jsonrpc":"2.0","method":"tools/call","params":{"id":7,"name":"x"},"id":"a","x', "a", PARSE_ERROR),
    ('{"jsonrpc":"2.0","method":"tools/call","params":{"id":7,"na', None, PARSE_ERROR),
    ('{"jsonrpc":"2.0","id":12', None, PARSE_ERROR),
    ("no json", None, PARSE_ERROR),
    (b"\xff\xfe\x00{", None, PARSE_ERROR),
    ("[" * 5000, None, PARSE_ERROR),
    ("[]", None, INVALID_REQUEST),
    ("5", None, INVALID_REQUEST),
    ("[5]", None, INVALID_REQUEST),
    ('{"jsonrpc":"2.0","id":5}', 5, INVALID_REQUEST),
    ('{"id":5,"method":"ping"}', 5, INVALID_REQUEST),
    ('{"jsonrpc":"2.0","id":null,"method":"ping"}', None, INVALID_REQUEST),
    ('{"jsonrpc":"2.0","id":1.5,"method":"ping"}', None, INVALID_REQUEST),
    ('{"jsonrpc":"2.0","id":true,"method":"ping"}', None, INVALID_REQUEST),
    (request("ping", "[1]"), 5, INVALID_PARAMS),
    (call("[1]"), 5, INVALID_PARAMS),
    (call('"no object"'), 5, INVALID_PARAMS),
    (request("tools/call", r'{"name":"\ud83d"}'), 5, INVALID_PARAMS),
    (request("prompts/get", r'{"name":"x","arguments":{"a":"\ud83d"}}'), 5, INVALID_PARAMS),
]


async def test_what_is_no_request_is_answered_with_its_id_where_it_can_be_told() -> None:
    async with host() as each:
        for line, identifier, code in NO_REQUESTS:
            answer = await each.ask(line)
            assert (answer["id"], answer["error"]["code"]) == (identifier, code), line


async def test_what_needs_no_answer_gets_none() -> None:
    async with host() as each:
        for line in (
            "",
            "  \r",
            '{"jsonrpc":"2.0","method":"notifications/progress","params":[1]}',
            '{"jsonrpc":"2.0","id":1,"result":5}',
            '{"jsonrpc":"2.0","id":1,"error":"no"}',
        ):
            await each.write(line)
        assert (await each.ask(b"\xef\xbb\xbf" + request("ping", "null", 6).encode()))["id"] == 6
        deep = '{"jsonrpc":"2.0","method":"ping","params":{"a":' + DEEP + '},"id":7}'
        assert (await each.ask(deep))["id"] == 7
