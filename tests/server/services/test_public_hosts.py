"""A picture on another host comes from the internet only, from the very address that was checked."""

from __future__ import annotations

import io
import socket
from typing import Any

import httpx2
import pytest
from conftest import ACCOUNT, error_of
from docreview_mcp.server import Settings, build_server
from mcp import Client
from PIL import Image

REGION = ("review_region", {"workflow_id": "w", "document_id": "d", "field_data_id": "f"})
OWN = ("198.51.100.77", "8.8.4.4")
SEEN = "2.22.22.2"


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(content, "PNG")
    return content.getvalue()


def document() -> dict[str, Any]:
    field = {"field_data_id": "f", "value": "10", "confidence": 0.5, "bbox": [10, 10, 60, 30]}
    page = {
        "page_id": "p",
        "page_number": 1,
        "image_url": "https://pictures.example/p.png",
        "data": {"fields": {"total": [field]}, "tables": []},
    }
    return {"document_id": "d", "status": "success", "pages": [page]}


class World:
    """The names of the internet and what its hosts were asked, in place of both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.requests: list[httpx2.Request] = []
        self.closed: set[str] = set()

        def look_up(host: Any, *_: Any, **__: Any) -> list[Any]:
            name = host.decode() if isinstance(host, bytes) else str(host)
            known = {"pictures.example": addresses, socket.gethostname(): OWN}
            if name not in known:
                raise socket.gaierror(-2, "not known")
            families = ((socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in known[name])
            return [(family, socket.SOCK_STREAM, 6, "", (each, 443)) for family, each in families]

        async def answer(_: Any, request: httpx2.Request) -> httpx2.Response:
            if "nanonets" in request.url.host:
                return httpx2.Response(200, json=document())
            self.requests.append(request)
            if request.url.host in self.closed:
                raise httpx2.ConnectError("closed", request=request)
            return httpx2.Response(200, content=picture(), headers={"content-type": "image/png"})

        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", answer)

    async def region(self) -> Any:
        settings = Settings(**ACCOUNT, confirm="never", journal="none")
        async with Client(build_server(settings)) as client:
            return await client.call_tool(*REGION)


async def test_the_address_that_was_checked_is_called_under_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, SEEN, "2606:4700::1111")
    result = await world.region()
    assert not result.is_error, result.content
    (request,) = world.requests
    assert request.url.host == SEEN
    assert request.headers["host"] == "pictures.example"
    assert request.extensions["sni_hostname"] == "pictures.example"
    assert "authorization" not in request.headers


async def test_the_next_address_is_tried_where_one_takes_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, SEEN, "2.22.22.3")
    world.closed.add(SEEN)
    assert not (await world.region()).is_error
    assert [request.url.host for request in world.requests] == [SEEN, "2.22.22.3"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.251",
        "255.255.255.255",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "ff02::fb",
        "::ffff:192.168.1.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        *OWN,
    ],
)
async def test_a_name_that_leads_to_the_own_network_is_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch, SEEN, address)
    error = error_of(await world.region())
    assert error["code"] == "not_allowed"
    assert world.requests == []


async def test_a_public_address_behind_nat64_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not (await World(monkeypatch, "64:ff9b::808:808").region()).is_error


async def test_a_name_that_nobody_knows_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    assert error_of(await world.region())["code"] == "unreachable"
