"""Which connections to a service are opened and kept, on a server of the test's own behind a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from conftest import connected

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"workflows":[]}'


@dataclass
class Service:
    """Answers once `together` requests have come; `connections` counts those that were opened and closed."""

    address: str = ""
    together: int = 1
    opened: int = 0
    closed: int = 0
    requests: int = 0
    _waiting: list[asyncio.Event] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                mine = asyncio.Event()
                self._waiting.append(mine)
                if len(self._waiting) >= self.together:
                    for each in self._waiting:
                        each.set()
                    self._waiting.clear()
                await mine.wait()
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            self.closed += 1
            writer.close()


@asynccontextmanager
async def service() -> AsyncGenerator[Service]:
    served = Service()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()


async def test_calls_one_after_another_share_a_connection_and_calls_at_once_have_their_own() -> None:
    async with service() as served:
        async with connected(nanonets_base_url=served.address) as client:

            async def list_workflows() -> None:
                result = await client.call_tool("nanonets_list_workflows", {})
                assert not result.is_error, result.structured_content

            for _ in range(3):
                await list_workflows()
            assert (served.requests, served.opened) == (3, 1)

            served.together = 3
            async with anyio.create_task_group() as calls:
                for _ in range(3):
                    calls.start_soon(list_workflows)
            assert (served.requests, served.opened) == (6, 3)

            served.together = 1
            for _ in range(3):
                await list_workflows()
            assert (served.requests, served.opened, served.closed) == (9, 3, 0)
        while served.closed < served.opened:
            await anyio.lowlevel.checkpoint()


async def test_a_call_after_a_while_has_a_connection_that_the_service_cannot_have_closed() -> None:
    async with service() as served, connected(nanonets_base_url=served.address) as client:
        served.together = 2
        async with anyio.create_task_group() as calls:
            for _ in range(2):
                calls.start_soon(client.call_tool, "nanonets_list_workflows", {})
        served.together = 1
        asyncio.get_running_loop().pass_time(60)  # type: ignore[attr-defined]
        await client.call_tool("nanonets_list_workflows", {})
        # Those that lay idle are closed by us, whether or not a request needed them again.
        while served.closed < 1:
            await anyio.lowlevel.checkpoint()
        await client.call_tool("nanonets_list_workflows", {})
        assert served.requests == 4
