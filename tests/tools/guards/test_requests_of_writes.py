"""What a write costs at the service: the state before, the write, and nothing that the answer tells."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.schemas import load_operations
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from mcp import Client
from mcp.types import ElicitResult
from review_desk import field_of, ready
from undo_scenarios import SCENARIOS

from bench.write_requests import WRITES, CostOfWrite, requests_of

JOURNALLED: dict[str, Any] = {"journal": "sqlite://", "toolsets": "review,all"}
READ_AGAIN = {
    "addTable": "the answer has the table without what the service adds to its cells",
    "deleteWorkflowField": "the answer does not say which fields are left",
    "markSegmentCorrected": "the answer does not show which tags were accepted",
    "setDefaultWorkspace": "the answer is empty, and another workspace may have been the default one",
    "updateCorrectionTag": "the answer leaves out what a tag does not have",
    "updateProjectTag": "a new span changes the text, which the answer does not show",
}
"""Writes after which the state is read once more, with the reason; one that adds reads nothing before."""


@pytest.mark.slow
@pytest.mark.parametrize("operation_id", SCENARIOS)
async def test_a_single_write_costs_two_requests(operation_id: str) -> None:
    async with reviewing(**JOURNALLED) as (client, sandbox):

        async def use(operation_id: str, /, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(load_operations()[operation_id].tool, arguments)
            assert not result.is_error, (operation_id, result.structured_content)
            return result.structured_content or {}

        trial = await SCENARIOS[operation_id](use)
        before = len(sandbox.received)
        await use(operation_id, **trial.arguments)
        requests = [each.operation for each in list(sandbox.received)[before:] if each.operation != "login"]
    operation = load_operations()[operation_id]
    files = len(trial.arguments["file_ids"]) if operation.present and operation.present.each else 1
    assert len(requests) <= 1 + files + (operation_id in READ_AGAIN), requests


def test_only_these_read_the_state_once_more() -> None:
    again = {each.id for each in load_operations().values() if each.present and each.present.again}
    assert again == set(READ_AGAIN)


@pytest.mark.parametrize("count", [1, 3, 6])
async def test_changes_on_one_document_cost_two_reads_in_all(count: int, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        fields = document.pages[0].fields[:count]
        changes = [
            {"field_data_id": each.id, "value": f"{each.value}0", "verification_status": "verified"}
            for each in fields
        ]
        result = await client.call_tool(
            "review_apply",
            {"workflow_id": document.workflow_id, "document_id": document.id, "changes": changes},
        )
        assert not result.is_error, result.structured_content
        assert len(sandbox.received) == 2 * count + 2


class Terse(httpx2.AsyncBaseTransport):
    """The sandbox, which says of a new cell no more than its id."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        if request.method != "POST" or not request.url.path.endswith("/cells"):
            return response
        return httpx2.Response(200, json={"cell_id": json.loads(await response.aread())["cell_id"]})


@pytest.mark.parametrize("is_terse", [False, True])
async def test_the_cells_of_a_new_row_cost_two_reads_in_all(is_terse: bool, era: Era) -> None:
    """Where the answer does not tell the state after, it is read anew, so that each can be undone."""
    sandbox = Sandbox(clock=anyio.current_time)
    behind, transport = embedded(Settings(confirm="never", **JOURNALLED), sandbox)
    network = Terse(transport) if is_terse else transport
    document = ready(sandbox)[0]
    table = document.pages[0].tables[0]
    before = [each.text for each in table.cells]
    cells = dict.fromkeys(table.headers[:3], "1")
    async with Client(build_server(behind, transport=network), mode=era) as client:
        result = await client.call_tool(
            "review_apply",
            {
                "workflow_id": document.workflow_id,
                "document_id": document.id,
                "changes": [{"table_id": table.id, "cells": cells}],
            },
        )
        assert not result.is_error, result.structured_content
        assert len(sandbox.received) == 2 + 3 + 3 * is_terse
        history = (await client.call_tool("review_history", {})).structured_content["entries"]
        undone = await client.call_tool("review_undo", {"entries": [each["entry"] for each in history]})
        assert not undone.is_error, undone.structured_content
    assert [each.text for each in table.cells] == before


@pytest.mark.parametrize("action", ["approve", "assign"])
async def test_files_cost_a_read_and_a_write_each(action: str, era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        files = ready(sandbox)[:5]
        member = {"member": "someone@norwick.example"} if action == "assign" else {}
        arguments = {"model_id": files[0].workflow_id, "file_ids": [each.id for each in files], **member}
        result = await client.call_tool("review_files", {**arguments, "action": action})
        assert not result.is_error, result.structured_content
        assert len(sandbox.received) <= 2 * len(files) + 1


async def test_several_files_are_assigned_with_one_write(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        files = ready(sandbox)[:3]
        arguments = {"member": "someone@norwick.example", "file_ids": [each.id for each in files]}
        await client.call_tool("nanonets_assign_files", {"model_id": files[0].workflow_id, **arguments})
        assert [each.operation for each in sandbox.received].count("assignFiles") == 1
        assert len(sandbox.received) == len(files) + 1
        assert field_of(files[0], "total_amount")


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
async def test_what_the_benchmark_reports_is_no_more_than_it_should_be(write: CostOfWrite) -> None:
    assert await requests_of(write) <= write.max_requests


@pytest.mark.parametrize("corrects", [True, False])
async def test_a_table_that_is_verified_after_other_changes_costs_one_read_more(
    corrects: bool, era: Era
) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        page = document.pages[0]
        changes: list[dict[str, Any]] = [
            {"table_id": page.tables[0].id, "verification_status": "verified"},
            *([{"field_data_id": page.fields[0].id, "value": "new"}] if corrects else []),
        ]
        result = await client.call_tool(
            "review_apply",
            {"workflow_id": document.workflow_id, "document_id": document.id, "changes": changes},
        )
        assert not result.is_error, result.structured_content
        assert len(sandbox.received) == len(changes) + 2 + corrects


@pytest.mark.parametrize("tool", ["review_apply", "review_files", "nanonets_approve_file"])
async def test_for_the_answer_of_a_person_each_is_read_once_more(tool: str) -> None:
    sandbox = Sandbox(clock=anyio.current_time)
    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://"), sandbox)
    files = ready(sandbox)[:3]
    first = files[0]
    changes = [{"field_data_id": each.id, "value": "new"} for each in first.pages[0].fields[:3]]
    arguments, count = {
        "review_apply": (
            {"workflow_id": first.workflow_id, "document_id": first.id, "changes": changes},
            len(changes) + 3,
        ),
        "review_files": (
            {"model_id": first.workflow_id, "file_ids": [each.id for each in files], "action": "approve"},
            3 * len(files),
        ),
        "nanonets_approve_file": ({"model_id": first.workflow_id, "request_file_id": first.id}, 3),
    }[tool]

    async def person(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"confirm": True})

    server = build_server(behind, transport=transport)
    async with Client(server, mode="legacy", elicitation_callback=person) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    assert len(sandbox.received) == count


@pytest.mark.parametrize("count", [1, 4])
async def test_a_project_and_its_tags_cost_one_read_beside_their_writes(count: int, era: Era) -> None:
    async with reviewing(era=era, **JOURNALLED) as (client, sandbox):
        await client.call_tool("studio_list_projects", {})  # signs in

        async def cost_of(tool: str, arguments: dict[str, Any]) -> tuple[int, Any]:
            before = len(sandbox.received)
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.structured_content
            return len(sandbox.received) - before, result.structured_content

        texts, labels = [f"text {n}" for n in range(count)], [f"label {n}" for n in range(count)]
        described = {"name": "a", "type": "CLASSLABEL", "classes": [{"name": "c"}], "labels": labels}
        cost, made = await cost_of("review_set_up", {**described, "texts": texts, "send": True})
        assert cost == 1 + made["made"] == 1 + 3 + count
        place = {"kind": "labeling_session", "project_id": made["project_id"], "id": made["annotation_id"]}
        _, seen = await cost_of("review_texts", place)
        segments = [each["segment_id"] for text in seen["texts"] for each in text["segments"]]
        tags = [{"class": "c", "label": "label 0"}]
        changes = [{"segment_id": each, "tags": tags, "done": True} for each in segments]
        cost, _ = await cost_of("review_tag", {**place, "changes": changes})
        assert cost == 1 + 2 * count
        cost, _ = await cost_of("review_tag", {**place, "changes": changes})
        assert cost == 1
