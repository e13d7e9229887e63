"""DOCREVIEW_TIMEOUT is the time of a whole call, also of the tools that send many requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest
from conftest import ACCOUNT, Era, connected, error_of
from docreview_mcp.server import Settings, build_server
from mcp import Client
from mcp.types import ElicitResult

WORKFLOWS = [{"id": f"w{number}"} for number in range(12)]
LISTED = {
    "document_id": "d",
    "original_document_name": "a.pdf",
    "status": "success",
    "verification_status": "failed",
    "verification_stage": "validation passed",
}


class Hanging(httpx2.AsyncBaseTransport):
    """A service that answers nothing to the requests that hang, and these answers to the others."""

    def __init__(self, hangs: Callable[[str], bool], answer: Callable[[str], Any]) -> None:
        self._hangs = hangs
        self._answer = answer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._hangs(request.url.path):
            await anyio.sleep_forever()
        return httpx2.Response(200, json=self._answer(request.url.path))


def nanonets(path: str) -> Any:
    if path.endswith("/workflows"):
        return {"workflows": WORKFLOWS}
    return {"documents": [LISTED] if "/w0/" in path else []}


async def result_of(service: Hanging, tool: str, arguments: dict[str, Any], era: Era = "auto") -> Any:
    async with connected(service, era, timeout=0.5, studio_token=None) as client:
        with anyio.fail_after(5):
            return await client.call_tool(tool, arguments)


async def test_the_queue_tells_what_it_found_and_what_it_did_not_read(era: Era) -> None:
    service = Hanging(lambda path: path.endswith("/documents") and "/w0/" not in path, nanonets)
    result = await result_of(service, "review_queue", {"kinds": ["document"]}, era)
    assert not result.is_error, result.content
    told = result.structured_content
    assert [entry["document_id"] for entry in told["entries"]] == ["d"]
    assert told["not_looked_at"]["workflows"] == len(WORKFLOWS) - 1


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("review_queue", {"kinds": ["document"]}),
        ("review_document", {"workflow_id": "w", "document_id": "d"}),
        ("review_document", {"workflow_id": "w", "document_ids": ["a", "b", "c", "d", "e", "f"]}),
        ("review_region", {"workflow_id": "w", "document_id": "d", "field_data_id": "f"}),
    ],
)
async def test_a_service_that_hangs_is_told_as_such(tool: str, arguments: dict[str, Any]) -> None:
    result = await result_of(Hanging(lambda path: True, nanonets), tool, arguments)
    assert result.is_error
    told = result.structured_content
    codes = [told["error"]["code"]] if "error" in told else [each["error"]["code"] for each in told["failed"]]
    assert set(codes) == {"timeout"}


async def test_a_picture_that_does_not_come_in_time_is_told_as_such(era: Era) -> None:
    address = "https://app.nanonets.com/files/pages/p.png"
    field = {"field_data_id": "f", "value": "1", "bbox": [1, 1, 9, 9]}
    page = {"page_id": "p", "page_number": 1, "image_url": address, "data": {"fields": {"total": [field]}}}
    service = Hanging(lambda path: path.endswith(".png"), lambda path: {"document_id": "d", "pages": [page]})
    arguments = {"workflow_id": "w", "document_id": "d", "field_data_id": "f"}
    result = await result_of(service, "review_region", arguments, era)
    error = error_of(result)
    assert (error["code"], error["done"], error["retryable"]) == ("timeout", "no", True)


async def test_a_wait_ends_with_the_call_and_tells_the_last_state() -> None:
    reads: list[str] = []

    def hangs(path: str) -> bool:
        reads.append(path)
        return len(reads) > 1

    service = Hanging(hangs, lambda path: {"document_id": "d", "status": "pending"})
    arguments = {"kind": "document", "workflow_id": "w", "document_id": "d", "seconds": 40}
    told = (await result_of(service, "review_wait", arguments)).structured_content
    assert (told["status"], told["state"]) == ("running", "pending")


class Studio(httpx2.AsyncBaseTransport):
    """A service that takes a while for each write."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.names: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.names.append(json.loads(request.content)["name"])
            await anyio.sleep(self._seconds)
        return httpx2.Response(200, json={"id": 7, "name": "x", "items": [], "data": {}})


async def test_a_write_that_the_time_cuts_off_may_have_been_done_and_none_follows(era: Era) -> None:
    service = Studio(30)
    arguments = {"project_id": 5, "labels": ["a", "b", "c"], "send": True}
    async with connected(service, era, timeout=50, journal="sqlite://") as client:
        result = await client.call_tool("review_set_up", arguments)
        history = await client.call_tool("review_history", {})
    error = error_of(result)
    assert (
        "add_label: the call's time limit of 50 seconds ran out before an answer arrived." in error["message"]
    )
    assert (error["code"], error["done"], error["retryable"]) == ("timeout", "unknown", False)
    assert service.names == ["a", "b"]
    outcomes = [each["outcome"] for each in history.structured_content["entries"]]
    assert outcomes == ["unknown", "done"]


async def test_the_time_in_which_a_person_thinks_does_not_count() -> None:
    """The era with handshake, in which a person is asked within the call."""
    questions: list[str] = []

    async def agree(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        await anyio.sleep(20)
        return ElicitResult(action="accept", content={"confirm": True})

    service = Studio(0.2)
    settings = Settings(**{**ACCOUNT, "confirm": "writes", "journal": "sqlite://", "timeout": 0.5})
    arguments = {"project_id": 5, "labels": ["a", "b", "c"], "send": True}
    server = build_server(settings, transport=service)
    async with Client(server, mode="legacy", elicitation_callback=agree) as client:
        result = await client.call_tool("review_set_up", arguments)
    assert len(questions) == 1
    assert "Set up text sorting" in questions[0]
    assert service.names == ["a", "b", "c"], "the time of the person is added"
    assert error_of(result)["done"] == "unknown", "the third one ends 0.6 seconds after the person agreed"
