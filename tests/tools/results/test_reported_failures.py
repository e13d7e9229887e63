"""An answer whose status says success while its body says that the call failed."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from conftest import Era, Network, answers, connected, error_of, own

GET = ("nanonets_get_document", {"workflow_id": "w", "document_id": "d"})
FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
UPDATE = ("nanonets_update_field", {**FIELD, "value": "12"})
DELETE = ("nanonets_delete_field", FIELD)
PLACE = {"workflow_id": "w", "document_id": "d", "page_id": "p", "table_id": "t", "cell_id": "c"}
CELL = ("nanonets_update_cell", {**PLACE, "value": "12"})
RETRY = ("nanonets_retry_exports", {"model_id": "m", "file_ids": ["f"]})

FAILED: list[Any] = [
    {"success": False, "message": "document is locked"},
    {"success": "false", "error": "document is locked"},
    {"ok": False, "reason": "document is locked"},
    {"code": 400, "message": "document is locked"},
    {"code": "400", "message": "document is locked"},
    {"status": "error", "message": "document is locked"},
    {"status": "FAILED", "message": "document is locked"},
    {"status": 400, "error": "Bad Request", "message": "document is locked"},
    {"statusCode": 400, "message": "document is locked"},
    {"errors": [{"detail": "document is locked"}]},
    {"errors": {"value": ["document is locked"]}, "data": {"a": 1}},
    {"error": {"code": 400, "message": "document is locked"}},
    {"code": "invalid_request", "message": "document is locked", "details": {}},
]


SEEN = {
    "no": ("The item was read again and is unchanged.", "Follow the service's message"),
    "yes": ("The item was read again and shows the change.", "Do not repeat the call"),
    "unknown": ("", ""),
}
"""What a message says at its end of what was seen, and how the next step begins."""


def page(value: str | None) -> dict[str, Any]:
    fields = {} if value is None else {"total": [{"field_data_id": "f", "value": value}]}
    return {"data": {"fields": fields, "tables": []}}


def table(text: str) -> dict[str, Any]:
    return {"data": {"fields": {}, "tables": [{"table_id": "t", "cells": [{"cell_id": "c", "text": text}]}]}}


async def result_of(answer: Any, call: tuple[str, dict[str, Any]] = GET, status: int = 200) -> Any:
    async with connected(Network(answers(httpx2.Response(status, json=answer)))) as client:
        return await client.call_tool(*call)


@pytest.mark.parametrize("body", FAILED)
async def test_it_is_an_error_with_the_reason_of_the_service(body: Any, era: Era) -> None:
    for call, done in ((GET, "no"), (RETRY, "unknown")):
        network = Network(answers(httpx2.Response(200, json=body)))
        async with connected(network, era) as client:
            error = error_of(await client.call_tool(*call))
        assert "document is locked" in error["message"]
        assert (error["status"], error["done"]) == (200, done)
        assert len(network.requests) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": 401, "message": "x"}, "unauthorized"),
        ({"code": 404, "message": "x"}, "not_found"),
        ({"error": {"code": 429}}, "rate_limited"),
        ({"code": "rate_limit_exceeded", "message": "x", "details": {"retry_after": 60}}, "rate_limited"),
        ({"success": False}, "upstream_error"),
    ],
)
async def test_the_code_is_that_of_the_status_in_the_body(body: Any, code: str) -> None:
    assert error_of(await result_of(body))["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        {"document_id": "d", "status": "failure", "verification_status": "failed"},
        {"document_id": "d", "status": "failure", "error": "no text on the page"},
        {"success": True, "code": 200, "message": "done"},
        {"errors": [], "error": None, "status": "success"},
        {"error": False, "code": 0},
        {"code": "X-401", "name": "a"},
        {"code": 4010},
        {"items": [{"status": "error", "errors": ["x"]}]},
    ],
)
async def test_what_an_item_says_of_itself_is_no_failure_of_the_call(body: Any) -> None:
    assert own(await result_of(body)) == body


async def test_of_several_results_one_failure_is_told() -> None:
    body = {
        "results": [{"id": "a", "status": 200}, {"id": "b", "status": 409, "message": "already exported"}]
    }
    error = error_of(await result_of(body, RETRY, 207))
    assert (error["done"], error["status"], error["code"]) == ("unknown", 207, "conflict")
    assert "already exported" in error["message"]
    assert own(await result_of({"results": [{"id": "a", "status": 200}]}, RETRY, 207))["results"]


@pytest.mark.parametrize(
    ("call", "before", "after", "done", "outcome"),
    [
        (UPDATE, page("10"), page("10"), "no", "not done"),
        (UPDATE, page("10"), page("12"), "yes", "done"),
        (UPDATE, page("10"), page("11"), "unknown", "unknown"),
        (UPDATE, page("10"), {"success": False}, "unknown", "unknown"),
        (UPDATE, page("12"), page("12"), "unknown", "unknown"),
        (DELETE, page("10"), page("10"), "no", "not done"),
        (DELETE, page("10"), page(None), "yes", "done"),
        (CELL, table("10"), table("10"), "no", "not done"),
        (CELL, table("10"), table("11"), "unknown", "unknown"),
    ],
)
async def test_the_item_shows_whether_a_write_was_made_and_the_journal_says_so(
    call: Any, before: Any, after: Any, done: str, outcome: str, era: Era
) -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=after if sent else before)
        sent.append(request)
        return httpx2.Response(200, json={"success": False, "message": "document is locked"})

    async with connected(Network(answer), era, journal="sqlite://") as client:
        result = await client.call_tool(*call)
        error = error_of(result)
        assert (error["code"], error["status"], error["done"]) == ("upstream_error", 200, done)
        assert "document is locked" in error["message"]
        said, next_step = SEEN[done]
        assert error["message"].endswith(said)
        assert error["next"].startswith(next_step)
        history = await client.call_tool("review_history", {})
    (entry,) = history.structured_content["entries"]
    assert result.structured_content["docreview"]["entry"] == entry["entry"]
    assert entry["outcome"] == outcome
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("call", "before", "status"),
    [
        (UPDATE, {"message": "forbidden"}, 200),
        (DELETE, page(None), 200),
        (UPDATE, page("10"), 500),
    ],
    ids=["state before not known", "nothing there before", "an answer that says one thing"],
)
async def test_where_a_second_look_could_not_tell_nothing_is_read_again(
    call: Any, before: Any, status: int, era: Era
) -> None:
    methods: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        methods.append(request.method)
        if request.method == "GET":
            is_closed = "message" in before
            return httpx2.Response(403 if is_closed else 200, json=before)
        return httpx2.Response(status, json={"success": False, "message": "document is locked"})

    async with connected(Network(answer), era, journal="sqlite://") as client:
        error = error_of(await client.call_tool(*call))
    assert (error["status"], error["done"]) == (status, "unknown")
    assert methods.count("GET") == 1


async def test_a_token_refused_under_a_success_is_renewed_for_a_read() -> None:
    tokens: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/login"):
            return httpx2.Response(200, json={"auth_token": "second-token-0123456789"})
        tokens.append(request.headers["authorization"])
        if "second" in tokens[-1]:
            return httpx2.Response(200, json={"id": 7})
        return httpx2.Response(200, json={"code": 401, "message": "token expired"})

    login: dict[str, Any] = {"studio_email": "a@example.com", "studio_password": "pass-word-1"}
    async with connected(Network(answer), **login) as client:
        result = await client.call_tool("studio_get_project", {"project_id": 7})
    assert own(result) == {"id": 7}
    assert len(tokens) == 2
