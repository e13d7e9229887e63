"""An answer is what its body is, whatever its label says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, answers, connected, error_of, own
from results import text_of

GET = ("nanonets_get_document", {"workflow_id": "w", "document_id": "d"})
APPROVAL = ("nanonets_approve_file", {"model_id": "m", "request_file_id": "f"})
DOWNLOAD = ("nanonets_download_document", {"workflow_id": "w", "document_id": "d"})
BODY = '{"name": "Größe"}'
READ = {"name": "Größe"}
JSON = "application/json"


def response(content: bytes, kind: str = "") -> httpx2.Response:
    return httpx2.Response(200, content=content, headers={"content-type": kind} if kind else {})


async def result_of(answer: httpx2.Response, call: tuple[str, dict[str, Any]] = GET, **settings: Any) -> Any:
    async with connected(Network(answers(answer)), **settings) as client:
        return await client.call_tool(*call)


@pytest.mark.parametrize(
    "answer",
    [
        response(BODY.encode("utf-8-sig"), f"{JSON}; charset=utf-8"),
        response(BODY.encode("utf-8-sig"), "text/html; charset=UTF-8"),
        response(BODY.encode(), "text/html"),
        response(BODY.encode(), "text/html; charset=iso-8859-1"),
        response(BODY.encode(), "application/octet-stream"),
        response(b"\n  " + BODY.encode(), "application/xhtml+xml"),
        response(BODY.encode("utf-16"), JSON),
        response(BODY.encode("utf-16-le"), f"{JSON}; charset=utf-8"),
        response(BODY.encode("utf-32"), JSON),
        response(BODY.encode("latin-1"), f"{JSON}; charset=iso-8859-1"),
        response(BODY.encode(), f"{JSON}; charset=no-such-set"),
    ],
)
async def test_json_is_json_under_any_label(answer: httpx2.Response, era: Era) -> None:
    async with connected(Network(answers(answer)), era) as client:
        result = await client.call_tool(*GET)
    assert own(result) == READ
    assert "characters" not in result.structured_content.get("docreview", {})


@pytest.mark.parametrize(
    "answer",
    [response(b'{"done": true}', "text/html"), response(b"", "text/html"), response(b"OK", "text/html")],
)
async def test_a_write_that_was_answered_is_not_sent_a_second_time(answer: httpx2.Response) -> None:
    network = Network(answers(answer))
    async with connected(network) as client:
        result = await client.call_tool(*APPROVAL)
    assert not result.is_error, result.structured_content
    assert len(network.requests) == 1


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><p>Sign in",
        b"\xef\xbb\xbf<!DOCTYPE html><title>x",
        b"<!-- proxy --><html>",
        "<html>".encode("utf-16"),
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x">',
        b"<center>502</center>",
    ],
)
@pytest.mark.parametrize("kind", ["text/html", JSON, "text/plain", ""])
async def test_a_page_is_a_page_under_any_label(page: bytes, kind: str) -> None:
    error = error_of(await result_of(response(page, kind)))
    assert (error["code"], error["done"]) == ("upstream_error", "no")
    assert "HTML page" in error["message"]
    error = error_of(await result_of(response(page, kind), APPROVAL))
    assert error["done"] == "unknown"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (BODY.encode("latin-1"), "Größe"),
        ('{"name": "Größe – 5 €"}'.encode("cp1252"), "Größe – 5 €"),
    ],
)
@pytest.mark.parametrize("kind", [JSON, f"{JSON}; charset=utf-8", "text/plain; charset=ascii"])
async def test_text_in_an_unknown_character_set_is_read_as_best_it_can_be_and_said(
    content: bytes, read: str, kind: str
) -> None:
    result = await result_of(response(content, kind))
    assert own(result)["name"] == read
    assert "not valid UTF-8" in result.structured_content["docreview"]["characters"]


async def test_a_review_tool_says_it_too() -> None:
    document = '{"document_id": "d", "original_document_name": "Müller.pdf", "pages": []}'.encode("latin-1")
    result = await result_of(response(document, JSON), ("review_document", GET[1]))
    assert "Müller.pdf" in text_of(result)
    assert "not valid UTF-8" in result.structured_content["docreview"]["characters"]


async def test_a_word_is_a_text_and_broken_json_is_not() -> None:
    assert own(await result_of(response(b"all good", JSON))) == {"text": "all good"}
    assert error_of(await result_of(response(b'{"a": [1,', "text/plain")))["code"] == "upstream_error"


async def test_a_download_is_a_file_unless_it_is_an_answer(tmp_path: Path) -> None:
    table = await result_of(response(b"a,b\n1,2\n", JSON), DOWNLOAD, downloads=tmp_path)
    assert table.structured_content["bytes"] == 8
    assert own(await result_of(response(b'{"url": "x"}', "text/html"), DOWNLOAD)) == {"url": "x"}
