"""What a connection gets that sends no whole request: an answer in time, and no place kept for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import pytest
import uvicorn
from docreview_mcp.server.http.connections import PatientConnection
from docreview_mcp.server.http.refusals import send_json
from uvicorn.server import ServerState
from virtual_clock import jump_though_sockets_are_open

GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers after 20 s, longer than a head may take."""
    await anyio.sleep(20)
    await send_json(send, 200, {"path": scope["path"]})


@asynccontextmanager
async def listening() -> AsyncGenerator[int]:
    """The port of a server in this event loop."""
    jump_though_sockets_are_open()
    config = uvicorn.Config(
        application, http=PatientConnection, log_config=None, access_log=False, timeout_keep_alive=75
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: PatientConnection(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def everything_from(stream: anyio.abc.SocketStream) -> tuple[bytes, float]:
    """What comes until the server closes the connection, and how many seconds that takes."""
    began = anyio.current_time()
    received = b"".join([part async for part in stream])
    return received, anyio.current_time() - began


async def test_a_connection_on_which_nothing_comes_is_closed_after_15_s() -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        answer, seconds = await everything_from(stream)
    assert answer == b""
    assert 14 < seconds < 17


@pytest.mark.parametrize("begun", [b"P", b"POST /mcp HTT", GET[:-2]])
async def test_a_head_that_does_not_end_is_given_up_after_15_s(begun: bytes) -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(begun)
        answer, seconds = await everything_from(stream)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"Connection: close" in head
    error = json.loads(body)["error"]
    assert (error["data"]["code"], error["data"]["done"]) == ("timeout", "no")
    assert 14 < seconds < 17


async def test_a_head_that_trickles_gets_no_more_time_than_another() -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:

        async def trickle() -> None:
            while True:
                await stream.send(b"X-Padding: 1\r\n")
                await anyio.sleep(1)

        await stream.send(GET[:-2])
        async with anyio.create_task_group() as group:
            group.start_soon(trickle)
            assert (await stream.receive()).startswith(b"HTTP/1.1 408 ")
            group.cancel_scope.cancel()


async def test_a_call_may_take_longer_than_its_head_and_the_connection_may_idle() -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for pause in (40, 0):
            await stream.send(GET)
            assert (await stream.receive()).startswith(b"HTTP/1.1 200 OK")
            await anyio.sleep(pause)


async def test_the_next_request_of_a_connection_has_to_come_in_time_too() -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(GET)
        assert (await stream.receive()).startswith(b"HTTP/1.1 200 OK")
        await stream.send(GET[:-2])
        assert (await stream.receive()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000])
async def test_what_is_no_request_is_refused_in_json(sent: bytes) -> None:
    async with listening() as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(sent)
        answer = await stream.receive()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["error"]["data"]["code"] == "invalid_request"
