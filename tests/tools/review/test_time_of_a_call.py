"""DOCREVIEW_TIMEOUT is the time of a whole call, also of the tools that send many requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, connected, error_of

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
