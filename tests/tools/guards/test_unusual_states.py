"""What stands where a write goes is odd, gone, slow, or known only to the answer: the record stays true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.tools.guards import seen_ids, seen_values, single_flight
from mcp import Client
from review_desk import field_of, interrupted, ready, sent

PLACE = {"workflow_id": "w", "document_id": "d", "page_id": "p"}
FIELD = {**PLACE, "field_data_id": "f"}
UPDATE = ("nanonets_update_field", {**FIELD, "value": "12"})
VERIFY = ("nanonets_verify_field", {**FIELD, "verification_status": "verified"})

ASSIGN = ("nanonets_assign_files", {"model_id": "w", "file_ids": ["d"], "member": "ada@example.com"})


def page(fields: Any) -> dict[str, Any]:
    """A page with these fields."""
    return {"page_id": "p", "data": {"fields": fields, "tables": []}}


def total(**given: Any) -> dict[str, Any]:
    """The page with one field."""
    return page({"total": [{"field_data_id": "f", "value": "10", **given}]})


def service(read: Any, written: Any = None, status: int = 200) -> Network:
    """A service that answers every read with one thing and every write with another."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(status, json=read)
        return httpx2.Response(200, json=written or {})

    return Network(answer)


async def entry_of(client: Client, call: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """The entry of a write that is carried out."""
    result = await client.call_tool(*call)
    assert not result.is_error, result.structured_content
    return (await client.call_tool("review_history", {"entry": 1})).structured_content["entries"][0]


STATES: dict[str, tuple[Network, tuple[str, dict[str, Any]], str]] = {
    "gone": (service({"message": "no"}, status=404), UPDATE, "Nothing was there before."),
    "not among the fields": (service(page({"total": "none"})), UPDATE, "Nothing was there before."),
    "no page": (service({"page_id": "p", "data": [1]}), UPDATE, "Nothing was there before."),
    "a file that is gone": (service({"message": "no"}, status=404), ASSIGN, "Nothing was there before."),
    "a file of another form": (
        service({"moderated_images": ["text"], "unmoderated_images": []}),
        ASSIGN,
        "The previous state could not be read: getPredictionFileByFileId returns it in another form.",
    ),
    "no fields": (service(page("none")), UPDATE, "Nothing was there before."),
    "a number for fields": (service(page(7)), UPDATE, "Nothing was there before."),
    "empty": (
        service(total(value=None)),
        UPDATE,
        "value was empty, which no call can set.",
    ),
    "no choice": (
        service(total(verification_status="odd")),
        VERIFY,
        "verification_status was something else, which no call can set.",
    ),
    "no text": (
        service(total(value={"amount": 10})),
        UPDATE,
        "nanonets_update_field does not accept the previous value.",
    ),
}


@pytest.mark.parametrize("state", STATES)
async def test_why_an_odd_state_cannot_be_put_back_is_on_record(state: str, era: Era) -> None:
    network, call, said = STATES[state]
    async with connected(network, era, journal="sqlite://") as client:
        entry = await entry_of(client, call)
    assert (entry["outcome"], entry["undoable"], entry["not_undoable"]) == ("done", False, said)


FORMS: dict[str, Any] = {
    "a map to lists": {"total": [{"field_data_id": "f", "value": "10"}]},
    "a map to values": {"total": {"field_data_id": "f", "value": "10"}},
    "a list": [{"field_name": "total", "field_data_id": "f", "value": "10"}],
}


@pytest.mark.parametrize("form", FORMS)
async def test_a_value_is_found_in_every_form_of_the_fields(form: str, era: Era) -> None:
    network = service(page(FORMS[form]), {"field_data_id": "f", "value": "12"})
    async with connected(network, era, journal="sqlite://") as client:
        given = {**UPDATE[1], "expected_value": "11"}
        error = error_of(await client.call_tool(UPDATE[0], given))
        assert error["code"] == "conflict"
        assert "the current value is “10”" in error["message"]
        entry = await entry_of(client, UPDATE)
    assert (entry["before"], entry["undoable"]) == ({"value": "10"}, True)


async def test_a_state_that_the_answer_does_not_tell_is_read_once_more(era: Era) -> None:
    there = {"id": "w", "fields": [{"id": "1", "name": "total"}], "table_headers": []}
    network = service(there)
    call = ("nanonets_set_workflow_fields", {"workflow_id": "w", "fields": [{"name": "sum"}]})
    async with connected(network, era, journal="sqlite://", toolsets="all") as client:
        entry = await entry_of(client, call)
    assert entry["after"] == {"fields": there["fields"], "table_headers": []}
    assert [request.method for request in network.requests][-1] == "GET"


async def test_a_state_afterwards_that_cannot_be_read_is_not_made_up(era: Era) -> None:
    """The entry does not say that nothing is there, and its undo says what it does not know."""
    written: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            written.append(request.method)
            return httpx2.Response(200, json={"table_id": "t"})
        tables = [{"table_id": "t", "cells": []}] if written else []
        body = {"page_id": "p", "data": {"fields": {}, "tables": tables}}
        return httpx2.Response(500 if written and is_down else 200, json=body)

    is_down = True
    call = ("nanonets_add_table", {**PLACE, "bbox": [1, 1, 9, 9], "headers": ["net"]})
    async with connected(Network(answer), era, journal="sqlite://") as client:
        entry = await entry_of(client, call)
        undone = error_of(await client.call_tool("review_undo", {"entry": 1}))
        is_down = False
        again = error_of(await client.call_tool("review_undo", {"entry": 1}))
    assert (entry["outcome"], "after" in entry) == ("done", False)
    assert (undone["code"], undone["done"], undone["retryable"]) == ("upstream_error", "no", True)
    assert undone["message"] == (
        "Entry 1 was not undone: the current state could not be read (nanonets_get_page failed"
        " (upstream_error)). Nothing was sent."
    )
    assert undone["next"] == "Call again later."
    assert (again["code"], again["done"]) == ("conflict", "no")
    assert again["message"] == (
        "Entry 1 cannot be undone: the state after it is not known. Nothing was sent."
    )
    assert written == ["POST"]


async def test_the_new_text_of_a_cell_is_read_where_the_answer_does_not_tell_it(era: Era) -> None:
    cell: dict[str, Any] = {"cell_id": "c", "text": "10", "row": 0, "col": 0, "header": "net"}
    there = {"page_id": "p", "data": {"fields": {}, "tables": [{"table_id": "t", "cells": [cell]}]}}

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            cell["text"] = "12"
        return httpx2.Response(200, json=there if request.method == "GET" else {})

    call = ("nanonets_update_cell", {**PLACE, "table_id": "t", "cell_id": "c", "value": "12"})
    async with connected(Network(answer), era, journal="sqlite://") as client:
        entry = await entry_of(client, call)
    assert (entry["before"], entry["after"], entry["undoable"]) == ({"text": "10"}, {"text": "12"}, True)


async def test_a_slow_read_of_the_state_before_does_not_stop_a_write(era: Era) -> None:
    class Slow(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.method == "GET":
                await anyio.sleep_forever()
            return httpx2.Response(200, json={"field_data_id": "f", "value": "12"})

    async with connected(Slow(), era, journal="sqlite://") as client:
        entry = await entry_of(client, UPDATE)
        expecting = {**UPDATE[1], "expected_value": "10"}
        error = error_of(await client.call_tool(UPDATE[0], expecting))
    assert entry["undoable"] is False
    assert error["done"] == "no"
    assert "cannot be compared: no answer within 8 seconds" in error["message"]


@pytest.mark.parametrize("rule", ["max_writes", "max_approvals"])
async def test_the_limit_holds_though_each_call_was_judged_before_one_was_counted(
    rule: str, tmp_path: Path, era: Era
) -> None:
    """All calls have been looked at before one of them is counted."""
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[session]\n{rule} = 1\n[approval]\nmin_confidence = 0\n")
    sandbox = Sandbox()
    documents = ready(sandbox)[:3]
    waiting, all_read = [*documents], anyio.Event()

    async def first(method: str, path: str) -> None:
        if method == "GET" and not all_read.is_set():
            waiting.pop()
            if not waiting:
                all_read.set()
            await all_read.wait()

    results: list[Any] = []
    async with interrupted(era, sandbox, first, policy=policy) as client, anyio.create_task_group() as tasks:

        async def approve(ids: dict[str, str]) -> None:
            results.append(await client.call_tool("nanonets_approve_file", ids))

        for each in documents:
            tasks.start_soon(approve, {"model_id": each.workflow_id, "request_file_id": each.id})
    assert sorted(each.is_error for each in results) == [False, True, True]
    for each in results:
        if each.is_error:
            assert f"session.{rule}" in error_of(each)["message"]
    assert sent(sandbox) == ["verifyFile"]


@pytest.mark.parametrize("required", [True, False])
async def test_no_code_counts_while_nobody_can_say_whether_it_was_used(
    required: bool, tmp_path: Path, era: Era
) -> None:
    (tmp_path / "journal").mkdir()
    kept: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal'}", "journal_required": required}
    async with reviewing(era=era, confirm="destructive", **kept) as (client, sandbox):
        document = ready(sandbox)[0]
        field = {
            "workflow_id": document.workflow_id,
            "document_id": document.id,
            "page_id": document.pages[0].id,
            "field_data_id": field_of(document, "total_amount").id,
        }
        given = (await client.call_tool("nanonets_delete_field", field)).structured_content["docreview"]
        code = {"confirm": given["confirm"]}
        error = error_of(await client.call_tool("nanonets_delete_field", {**field, **code}))
        assert (error["code"], error["done"]) == ("not_configured", "no")
        assert sent(sandbox) == []


async def test_only_so_many_unclear_calls_are_remembered_without_a_journal(
    monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    monkeypatch.setattr(single_flight, "_MAX_UNCLEAR", 1)
    network = Network(lambda request: httpx2.Response(500, text="broken"))
    async with connected(network, era) as client:
        for name in ("a", "b", "b", "a"):
            await client.call_tool("studio_add_label", {"project_id": 1, "name": name})
    assert len(network.requests) == 3, "the second b is stopped; the first a is forgotten"


async def test_only_so_many_values_and_ids_are_remembered(monkeypatch: pytest.MonkeyPatch, era: Era) -> None:
    monkeypatch.setattr(seen_values, "_MAX_VALUES", 1)
    monkeypatch.setattr(seen_ids, "_MAX_IDS", 1)

    def two(text: str) -> dict[str, Any]:
        return page({name: [{"field_data_id": name, "value": text}] for name in "fg"})

    read = two("10")
    network = Network(
        lambda request: httpx2.Response(200, json=read if request.method == "GET" else {"value": "12"})
    )
    async with connected(network, era, journal="sqlite://") as client:
        assert not (await client.call_tool("nanonets_get_page", PLACE)).is_error
        read = two("11")
        results = [await client.call_tool(UPDATE[0], {**UPDATE[1], "field_data_id": each}) for each in "gf"]
    assert error_of(results[0])["code"] == "conflict"
    assert not results[1].is_error, "the first value is forgotten"


async def test_of_a_long_answer_only_so_many_ids_are_remembered(
    monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    monkeypatch.setattr(seen_ids, "_MAX_NOTED", 1)
    listed = {"workflows": [{"id": "first", "uuid": "x"}, {"id": "second", "uuid": "y"}]}

    def answer(request: httpx2.Request) -> httpx2.Response:
        return (
            httpx2.Response(200, json=listed) if "documents" not in request.url.path else httpx2.Response(404)
        )

    async with connected(Network(answer), era) as client:
        await client.call_tool("nanonets_list_workflows", {})
        for identity, is_known in (("first", True), ("second", False)):
            ids = {"workflow_id": "w", "document_id": identity}
            error = error_of(await client.call_tool("nanonets_get_document", ids))
            assert ("The value of document_id is a workflow_id." in error["message"]) == is_known


@pytest.mark.parametrize("whose", ["approval", "group.clerks.approval"])
@pytest.mark.parametrize("identity", [None, 7, ""])
async def test_a_page_whose_file_has_no_readable_id_is_not_changed(
    identity: Any, whose: str, tmp_path: Path, era: Era
) -> None:
    """With a rule about anybody's approvals, since the journal could not say which document it was."""
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[{whose}]\nmin_confidence = 0\n")
    boxes = [{"id": "b", "label": "total", "ocr_text": "1", "score": 0.9}]
    network = service({"result": [{"id": "q", "request_file_id": identity, "moderated_boxes": boxes}]})
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        given = {"model_id": "w", "moderated_boxes": boxes, "page": {"id": "q"}}
        error = error_of(await client.call_tool("nanonets_update_file_fields", given))
    assert (error["code"], error["done"]) == ("not_allowed", "no")
    assert {request.method for request in network.requests} == {"GET"}
