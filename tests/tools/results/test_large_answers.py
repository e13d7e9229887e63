"""A large document stops nobody: others are answered meanwhile; too much is refused with what to ask."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Network, connected, error_of

DOCUMENT = {"workflow_id": "w", "document_id": "d"}
PLENTY = 10
"""Pings that come through while one call works; they are a handful where it keeps all others waiting."""


def cell(number: int) -> dict[str, Any]:
    return {
        "cell_id": f"c{number}",
        "row": number // 8,
        "col": number % 8,
        "header": "amount",
        "text": f"{number} EUR",
        "bbox": [1.5, 2.5, 3.5, 4.5],
        "confidence": 0.91,
        "verification_status": "success",
    }


def document(cells: int) -> bytes:
    """A document with so many cells, a hundred of them on a page."""
    pages = [
        {
            "page_id": f"page-{start // 100}",
            "page_number": start // 100 + 1,
            "data": {
                "fields": {},
                "tables": [
                    {"table_id": f"t{start}", "cells": [cell(start + number) for number in range(100)]}
                ],
            },
        }
        for start in range(0, cells, 100)
    ]
    return json.dumps({"document_id": "d", "status": "success", "pages": pages}).encode()


LARGE = document(10_000)
CALLS = [
    ("nanonets_get_document", DOCUMENT),
    ("review_document", DOCUMENT),
    ("review_apply", {**DOCUMENT, "changes": [{"cell_id": "c5", "value": "5 EUR"}]}),
]


@pytest.mark.filterwarnings("ignore:ping is removed")
@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=lambda value: str(value)[:30])
async def test_others_are_answered_while_a_large_document_is_worked_on(
    tool: str, arguments: dict[str, Any]
) -> None:
    network = Network(lambda request: httpx2.Response(200, content=LARGE))
    answered = 0
    async with connected(network, "legacy") as client, anyio.create_task_group() as group:

        async def ping() -> None:
            nonlocal answered
            while True:
                await client.send_ping()
                answered += 1

        group.start_soon(ping)
        result = await client.call_tool(tool, arguments)
        group.cancel_scope.cancel()
        assert not result.is_error, result.content
    assert answered >= PLENTY


@pytest.mark.parametrize("tool", ["nanonets_get_document", "review_document"])
async def test_more_values_than_are_taken_are_refused_with_what_to_ask_instead(tool: str) -> None:
    network = Network(lambda request: httpx2.Response(200, content=document(40_000)))
    async with connected(network) as client:
        error = error_of(await client.call_tool(tool, DOCUMENT))
    assert (error["code"], error["status"], error["done"]) == ("too_large", 200, "no")
    assert "500,000 values" in error["message"]
    assert "“page-0”, “page-1”" in error["message"]
    assert "It has 400 pages" in error["message"]
    assert "nanonets_get_page" in error["next"]


async def test_commas_and_brackets_inside_texts_are_no_values() -> None:
    text = 'a "quoted", {text} [with] \\ signs, ' * 60_000
    content = json.dumps({"document_id": "d", "name": text}).encode()
    network = Network(lambda request: httpx2.Response(200, content=content))
    async with connected(network) as client:
        result = await client.call_tool("nanonets_get_document", DOCUMENT)
    assert not result.is_error
    assert result.structured_content["name"] == text[: len(result.structured_content["name"])]
