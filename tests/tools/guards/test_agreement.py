"""What is judged, shown and agreed to is one state, whoever writes while a person thinks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from mcp.types import ElicitResult
from review_desk import Between, field_of, invoices, ready, sent

YES = ElicitResult(action="accept", content={"confirm": True})
NO = ElicitResult(action="accept", content={"confirm": False})
STATE: dict[str, Any] = {"confirm": "writes", "journal": "sqlite://"}


def place_of(document: Document) -> dict[str, str]:
    return {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "page_id": document.pages[0].id,
    }


def total_of(document: Document) -> dict[str, str]:
    return {**place_of(document), "field_data_id": field_of(document, "total_amount").id}


def v2(document: Document) -> dict[str, str]:
    return {"model_id": document.workflow_id, "request_file_id": document.id}


def asking(
    sandbox: Sandbox, era: Era, person: Callable[[str], Awaitable[ElicitResult] | ElicitResult]
) -> Client:
    """A client whose person answers each question by `person`."""

    async def answer(context: Any, params: Any) -> ElicitResult:
        given = person(params.message)
        return given if isinstance(given, ElicitResult) else await given

    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://"), sandbox)
    server = build_server(behind, transport=transport)
    return Client(server, mode=era, elicitation_callback=answer)


def _code_in(result: Any) -> str:
    """The code of a call that a person has to agree to."""
    assert error_of(result)["code"] == "needs_confirmation"
    return result.structured_content["docreview"]["confirm"]


CALLS: dict[str, Callable[[Document], dict[str, Any]]] = {
    "nanonets_update_field": lambda document: {**total_of(document), "value": "1.00"},
    "nanonets_verify_field": lambda document: {**total_of(document), "verification_status": "verified"},
    "nanonets_delete_field": total_of,
    "nanonets_approve_file": v2,
    "nanonets_verify_document": lambda document: {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "verification_status": "verified",
    },
    "nanonets_delete_document": lambda document: {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
    },
    "nanonets_delete_file": lambda document: {"model_id": document.workflow_id, "file_id": document.id},
    "review_files": lambda document: {
        "model_id": document.workflow_id,
        "file_ids": [document.id],
        "action": "approve",
    },
    "review_apply": lambda document: {
        "workflow_id": document.workflow_id,
        "document_id": document.id,
        "changes": [{"field_data_id": field_of(document, "total_amount").id, "value": "1.00"}],
    },
}


@pytest.mark.parametrize("tool", CALLS)
async def test_what_changes_while_the_person_is_asked_is_not_written_over(tool: str, era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")

    def person(question: str) -> ElicitResult:
        total.value = "999.00"
        return YES

    async with asking(sandbox, era, person) as client:
        result = await client.call_tool(tool, CALLS[tool](document))
        assert result.is_error, result.structured_content
        told = result.structured_content
        codes = {each["error"]["code"] for each in told.get("results", [told]) if "error" in each}
        assert codes <= {"conflict", "needs_confirmation"}
        assert codes
        assert told["error"]["done"] == "no"
        if told["error"]["code"] == "conflict" and tool != "review_files":
            assert "999.00" in told["error"]["message"]
            assert told["error"]["message"].endswith("Nothing was sent.")
            assert told["error"]["next"].startswith("Read the item again.")
            assert "error.message" in told["docreview"]["outside"], "it shows values"
    assert sent(sandbox) == []
    assert total.value == "999.00"


@pytest.mark.parametrize("journal", ["sqlite://", "none"])
@pytest.mark.parametrize("tool", CALLS)
async def test_a_code_is_void_once_a_value_that_the_call_touches_is_another_one(
    tool: str, journal: str, era: Era
) -> None:
    async with reviewing(era=era, **{**STATE, "journal": journal}) as (client, sandbox):
        document = ready(sandbox)[0]
        arguments = CALLS[tool](document)
        code = (await client.call_tool(tool, arguments)).structured_content["docreview"]["confirm"]
        field_of(document, "total_amount").value = "999.00"
        error = error_of(await client.call_tool(tool, {**arguments, "confirm": code}))
        assert error["code"] == "needs_confirmation"
        assert sent(sandbox) == []


@pytest.mark.parametrize("mark", ["failed", "verified", "is_moderated", "confidence", "name"])
@pytest.mark.parametrize("tool", ["nanonets_approve_file", "nanonets_verify_document", "review_files"])
async def test_a_code_is_void_once_a_mark_of_a_value_is_another_one(tool: str, mark: str) -> None:
    """The person was shown how many values are doubtful, and which ones."""
    async with reviewing(**STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        arguments = CALLS[tool](document)
        total = field_of(document, "total_amount")
        total.verification_status, total.is_moderated = "unverified", False
        code = (await client.call_tool(tool, arguments)).structured_content["docreview"]["confirm"]
        if mark == "is_moderated":
            total.is_moderated = True
        elif mark == "confidence":
            total.confidence /= 2
        elif mark == "name":
            total.name = "net_amount"
        else:
            total.verification_status = mark
        error = error_of(await client.call_tool(tool, {**arguments, "confirm": code}))
        assert error["code"] == "needs_confirmation"
        assert sent(sandbox) == []


@pytest.mark.parametrize("tool", CALLS)
async def test_the_question_shows_the_value_that_is_judged_and_the_reason(tool: str, era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")
    total.value, total.verification_status, total.confidence = "4,444.44", "unverified", 0.11
    questions: list[str] = []

    def person(question: str) -> ElicitResult:
        questions.append(question)
        return YES

    async with asking(sandbox, era, person) as client:
        result = await client.call_tool(tool, {**CALLS[tool](document), "reason": "the paper says so"})
        assert not result.is_error, result.structured_content
    assert len(questions) == 1
    assert "the paper says so" in questions[0]
    if tool != "review_files":
        assert "4,444.44" in questions[0]
    else:
        assert "not verified" in questions[0]


@pytest.mark.parametrize("argument", ["reason", "stop_after"])
async def test_a_code_is_bound_to_the_reason_and_the_stop_rule(argument: str, era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        document = ready(sandbox)[0]
        arguments = {**CALLS["review_files"](document), "reason": "first", "stop_after": 1}
        first = await client.call_tool("review_files", arguments)
        code = first.structured_content["docreview"]["confirm"]
        other = {"reason": "second"} if argument == "reason" else {"stop_after": 9}
        error = error_of(await client.call_tool("review_files", {**arguments, **other, "confirm": code}))
        assert error["code"] == "needs_confirmation"
        done = await client.call_tool("review_files", {**arguments, "confirm": code})
        assert not done.is_error, done.structured_content


async def test_a_decline_voids_every_code_of_the_call(era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    answers: list[ElicitResult] = [ElicitResult(action="cancel"), NO]

    async with asking(sandbox, era, lambda question: answers.pop(0)) as client:
        code = (await client.call_tool("nanonets_delete_field", total_of(document))).structured_content[
            "docreview"
        ]["confirm"]
        declined = error_of(await client.call_tool("nanonets_delete_field", total_of(document)))
        assert declined["code"] == "not_allowed"
        error = error_of(
            await client.call_tool("nanonets_delete_field", {**total_of(document), "confirm": code})
        )
        assert "declined" in error["message"]
        assert sent(sandbox) == []


async def test_an_undo_asks_with_the_value_now_and_the_one_to_be_put_back(era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    before = field_of(document, "total_amount").value
    questions: list[str] = []

    def person(question: str) -> ElicitResult:
        questions.append(question)
        return YES

    async with asking(sandbox, era, person) as client:
        written = await client.call_tool("nanonets_update_field", CALLS["nanonets_update_field"](document))
        entry = written.structured_content["docreview"]["entry"]
        undone = await client.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
    assert field_of(document, "total_amount").value == before
    for part in ("total_amount", "1.00", before, document.id):
        assert part in questions[-1]


async def test_a_code_to_put_a_mark_back_is_void_once_the_marked_value_is_another_one(era: Era) -> None:
    async with reviewing(era=era, **STATE) as (client, sandbox):
        total = field_of(ready(sandbox)[0], "total_amount")
        total.verification_status = "verified"
        place = {**total_of(ready(sandbox)[0]), "verification_status": "unverified"}
        asked = _code_in(await client.call_tool("nanonets_verify_field", place))
        entry = await client.call_tool("nanonets_verify_field", {**place, "confirm": asked})
        undo = {"entry": entry.structured_content["docreview"]["entry"]}
        code = _code_in(await client.call_tool("review_undo", undo))
        total.value = "999"
        error = error_of(await client.call_tool("review_undo", {**undo, "confirm": code}))
        assert error["code"] == "needs_confirmation"
        assert total.verification_status == "unverified"


async def test_a_table_is_shown_as_rows(era: Era) -> None:
    sandbox = Sandbox()
    document = next(each for each in invoices(sandbox) if each.pages and each.pages[0].tables)
    table = document.pages[0].tables[0]
    questions: list[str] = []

    def person(question: str) -> ElicitResult:
        questions.append(question)
        return NO

    async with asking(sandbox, era, person) as client:
        await client.call_tool("nanonets_delete_table", {**place_of(document), "table_id": table.id})
    first = [
        cell.text for cell in sorted(table.cells, key=lambda cell: (cell.row, cell.column)) if cell.row == 0
    ]
    assert " | ".join(f"“{text}”" for text in first) in questions[0]
    assert "cell_id" not in questions[0]


@pytest.mark.parametrize("approve", ["nanonets_approve_file", "review_files", "nanonets_verify_document"])
async def test_a_write_waits_for_the_approval_that_has_judged_the_document(
    approve: str, tmp_path: Path, era: Era
) -> None:
    """Nothing lands between the reading of good values and the approval; other documents do not wait."""
    policy = tmp_path / "policy.toml"
    policy.write_text("[approval]\nall_verified = true\n")
    sandbox = Sandbox()
    one, other = ready(sandbox)[:2]
    for page in one.pages:
        for value in [*page.fields, *(cell for table in page.tables for cell in table.cells)]:
            value.verification_status = "verified"
    order: list[str] = []
    judged, other_done = anyio.Event(), anyio.Event()

    async def first(method: str, path: str) -> None:
        if method != "GET":
            order.append(f"{method} {'other' if other.id in path else 'one'}")
        if method != "GET" and one.id in path and not judged.is_set():
            judged.set()
            await other_done.wait()

    settings = Settings(confirm="never", journal="sqlite://", policy=policy)
    behind, transport = embedded(settings, sandbox)
    server = build_server(behind, transport=Between(transport, first, None))
    async with Client(server, mode=era) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, approve, CALLS[approve](one))
        await judged.wait()
        tasks.start_soon(client.call_tool, "nanonets_update_field", CALLS["nanonets_update_field"](one))
        await client.call_tool("nanonets_update_field", CALLS["nanonets_update_field"](other))
        await anyio.sleep(1)
        order.append("let go")
        other_done.set()
    assert order[0].endswith("one")
    assert order[1:] == ["PATCH other", "let go", "PATCH one"]


async def test_a_write_waits_for_one_that_spells_the_id_of_its_document_in_another_way(era: Era) -> None:
    order: list[str] = []
    held, let_go = anyio.Event(), anyio.Event()

    async def service(request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            order.append("begins")
            if not held.is_set():
                held.set()
                await let_go.wait()
            order.append("ends")
        return httpx2.Response(200, json={"page_id": "p", "data": {"fields": {}, "tables": []}})

    document = "a7f3c2d1-4b5e-4f60-8a91-0c2d3e4f5a6b"
    place = {"workflow_id": "w", "page_id": "p", "field_data_id": "f", "value": "1"}
    network = httpx2.MockTransport(service)
    async with connected(network, era, journal="sqlite://") as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "nanonets_update_field", {**place, "document_id": document})
        await held.wait()
        upper = {**place, "document_id": document.upper()}
        tasks.start_soon(client.call_tool, "nanonets_update_field", upper)
        await anyio.sleep(1)
        let_go.set()
    assert order == ["begins", "ends", "begins", "ends"]
