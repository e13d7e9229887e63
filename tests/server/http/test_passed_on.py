"""An address in an argument is passed on to the service and never fetched by docreview."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import Era, Network
from docreview_mcp.schemas import load_operations
from docreview_mcp.server.protocol.surface import OF_A_SESSION
from http_callers import post, served
from samples import check_on_the_wire, holds_id, plain_arguments

SERVICES = {"app.nanonets.com", "api.deepopinion.ai"}


class Listener:
    """A place on this machine that anybody can connect to. `url` is its address."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/file.pdf"

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has connected so far. A connection counts though its client has gone."""
        try:
            self._listening.accept()
        except BlockingIOError:
            return True
        return False


@contextmanager
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield Listener(listening)


def with_address(value: Any, address: str, name: str = "") -> Any:
    """Arguments of `plain_arguments` with this address in place of each free text that holds no id."""
    if isinstance(value, dict):
        return {key: with_address(entry, address, key) for key, entry in value.items()}
    if isinstance(value, list):
        return [with_address(entry, address, name) for entry in value]
    if isinstance(value, str) and value.startswith(name) and " ü" in value and not holds_id(name):
        return address
    return value


async def test_no_address_in_an_argument_is_fetched(era: Era) -> None:
    network = Network()
    passed_on: set[str] = set()
    with listener() as listening:
        async with served(network, http={"rate": "off"}, toolsets="all") as client:
            for operation in load_operations().values():
                for body in range(max(1, len(operation.bodies))):
                    plain = plain_arguments(operation, optional=True, body=body)
                    given = with_address(plain, listening.url)
                    if given == plain or operation.tool in OF_A_SESSION:
                        continue
                    params = {"name": operation.tool, "arguments": given}
                    _, message = await post(client, era, "tools/call", params)
                    assert not message["result"]["isError"], (operation.tool, given, message["result"])
                    sent = network.requests[-1]
                    check_on_the_wire(
                        operation,
                        given,
                        sent.method,
                        sent.url.raw_path,
                        sent.headers.get("content-type", ""),
                        sent.content,
                    )
                    passed_on |= {name for name, value in given.items() if value != plain[name]}
        assert listening.is_untouched
    assert {"document_url", "urls", "webhook_url"} <= passed_on
    assert {request.url.host for request in network.requests} == SERVICES
