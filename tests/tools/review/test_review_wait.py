"""Waiting: until it is done, no longer than asked, through trouble that passes, for what was named."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.application import Fault
from docreview_mcp.tools.review.wait_targets import AWAITED, Awaited, state_of
from mcp import Client

URL = "https://files.example/new.pdf"

WORDS = {
    "getDocument": "pending running, success done, failure failed",
    "getOcrModel": "training running, trained done",
    "getModel": "CREATED QUEUED TRAINING running, FAILED failed, READY ACTIVE PUBLISHED done",
    "getAnalysis": "CREATED STARTED ANALYZING running, FINISHED done, FAILED failed",
    "getProjectTask": "STARTED CLONING running, CREATED FINISHED done, FAILED failed",
    "getGroup": "PROCESSING running, CREATED done, FAILED DELETING failed",
    "getLabelingSession": "STARTED PREDICTING running, CREATED ANNOTATING ready,"
    " FINISHED done, FAILED failed",
    "getCorrection": "CREATED STARTED SAMPLING PREDICTING running, ANNOTATING ready,"
    " FINISHED done, FAILED failed",
}
"""The words that the services document or, where they document none, that their clients meet."""


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content or {}


async def begin(client: Client, sandbox: Sandbox, kind: str) -> dict[str, Any]:
    """Start something that takes its time, and give the arguments to wait for it."""
    workflow_id = next(iter(sandbox.nanonets.workflows))
    if kind == "document":
        made = await call(
            client,
            "nanonets_upload_document",
            **{"workflow_id": workflow_id, "document_url": URL, "async": True},
        )
        return {"kind": kind, "workflow_id": workflow_id, "document_id": made["document_id"]}
    if kind == "nanonets model":
        sandbox.nanonets.workflows[workflow_id].trained_at = (
            sandbox.nanonets.clock() + sandbox.nanonets.work_seconds
        )
        return {"kind": "model", "model_id": workflow_id}
    in_project: dict[str, Any] = {"project_id": 1}
    tool, arguments, key = {
        "model": ("studio_train_model", {**in_project, "annotation_ids": [101]}, "id"),
        "analysis": (
            "studio_create_batch_analysis",
            {"model_id": 11, "documents": [{"text": "Good."}]},
            "id",
        ),
        "task": ("studio_clone_project", in_project, "task_id"),
        "group": ("studio_create_group", {**in_project, "documents": [{"text": "Good."}]}, "id"),
        "correction": ("studio_create_correction", {**in_project, "model_id": 11}, "id"),
    }[kind]
    made = await call(client, tool, **arguments)
    if kind == "task":
        in_project = {"project_id": made["id"]}
    shared = in_project if kind in ("task", "group", "correction") else {}
    return {"kind": kind, "id": made[key], **shared}


@pytest.mark.parametrize(
    "kind", ["document", "nanonets model", "model", "analysis", "task", "group", "correction"]
)
async def test_the_wait_ends_when_it_is_done(kind: str, era: Era) -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=0.3), era=era) as (client, sandbox):
        wanted = await begin(client, sandbox, kind)
        answer = await call(client, "review_wait", **wanted)
        assert answer["status"] == ("ready" if kind == "correction" else "done"), answer
        assert answer["state"]
        assert answer["next"]
        assert "failed_reads" not in answer


@pytest.mark.parametrize(
    "kind", ["document", "nanonets model", "model", "analysis", "task", "group", "correction"]
)
async def test_what_takes_longer_is_still_running(kind: str) -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=600)) as (client, sandbox):
        wanted = await begin(client, sandbox, kind)
        answer = await call(client, "review_wait", **wanted, seconds=1)
        assert answer["status"] == "running", answer
        assert answer["next"] == "Call review_wait again with the same arguments."


async def test_what_is_there_already_is_said_at_once() -> None:
    async with reviewing() as (client, sandbox):
        finished = next(entry for entry in sandbox.nanonets.documents.values() if entry.failed)
        ids = {"workflow_id": finished.workflow_id, "document_id": finished.id}
        answer = await call(client, "review_wait", kind="document", **ids)
        assert (answer["status"], answer["state"]) == ("failed", "failure")
        assert answer["message"] == "The file could not be read"
        assert answer["docreview"]["outside"] == ["state", "message"]
        answer = await call(client, "review_wait", kind="model", id=13)
        assert (answer["status"], answer["state"]) == ("failed", "FAILED")
        answer = await call(client, "review_wait", kind="labeling_session", project_id=1, id=103)
        assert (answer["status"], answer["state"]) == ("ready", "CREATED")


async def test_progress_is_told_while_it_lasts() -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=1)) as (client, sandbox):
        wanted = await begin(client, sandbox, "model")
        told: list[str] = []

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            told.append(message or "")

        await client.call_tool("review_wait", wanted, progress_callback=tell)
        assert any("READY" in message for message in told)
        assert all(message.startswith("model: ") for message in told)
        assert len(told) > 1


async def test_trouble_that_passes_is_ridden_out_and_told() -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=0.01)) as (client, sandbox):
        wanted = await begin(client, sandbox, "group")
        sandbox.studio.groups[wanted["id"]].status = "PROCESSING"
        sandbox.faults.add(Fault("status", "getGroup", status=500))
        answer = await call(client, "review_wait", **wanted)
        assert (answer["status"], answer["failed_reads"]) == ("done", 1)
        assert "500" in answer["last_failure"]


async def test_trouble_that_stays_or_cannot_pass_is_the_answer() -> None:
    async with reviewing() as (client, sandbox):
        sandbox.faults.add(Fault("status", "getGroup", times=1000, status=500))
        result = await client.call_tool(
            "review_wait", {"kind": "group", "project_id": 1, "id": 18, "seconds": 1}
        )
        assert error_of(result)["code"] == "upstream_error"
        sandbox.faults.clear()
        result = await client.call_tool("review_wait", {"kind": "group", "project_id": 1, "id": 99999})
        assert error_of(result)["code"] == "not_found"


async def test_a_slow_answer_does_not_make_the_wait_longer() -> None:
    async with reviewing() as (client, sandbox):
        sandbox.faults.add(Fault("latency", "getAnalysis", seconds=30))
        with anyio.fail_after(20):
            answer = await call(client, "review_wait", kind="analysis", id=31, seconds=1)
        assert answer["status"] == "running"
        assert "state" not in answer


async def test_a_wait_can_be_given_up() -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=600)) as (client, sandbox):
        wanted = await begin(client, sandbox, "group")
        with anyio.fail_after(20):
            with anyio.move_on_after(0.2) as scope:
                await client.call_tool("review_wait", wanted)
            assert scope.cancelled_caught
            assert (await call(client, "review_wait", kind="analysis", id=31))["status"] == "done"


@pytest.mark.parametrize("awaited", AWAITED, ids=lambda awaited: awaited.read)
def test_every_word_of_the_services_has_its_outcome(awaited: Awaited) -> None:
    for part in WORDS[awaited.read].split(", "):
        *words, outcome = part.split()
        for word in words:
            for written in (word.lower(), word.upper()):
                state = state_of(awaited, {"status": written})
                assert (state.outcome, state.word, state.is_known) == (outcome, written, True)


@pytest.mark.parametrize("awaited", AWAITED, ids=lambda awaited: awaited.read)
def test_no_word_has_two_outcomes_and_unknown_ones_are_running(awaited: Awaited) -> None:
    assert not awaited.done & awaited.failed
    assert not awaited.running & (awaited.done | awaited.failed)
    answers: list[dict[str, Any]] = [
        {"status": "PONDERING"},
        {"status": 7},
        {},
        {"status": None, "finished": ""},
    ]
    for answer in answers:
        state = state_of(awaited, answer)
        assert (state.outcome, state.is_known) == ("running", False)
    over: dict[str, Any] = {"status": "PONDERING", "finished": "2026-11-16T09:00:00Z"}
    assert state_of(awaited, over).outcome == "done"


def test_the_state_is_found_in_each_form_of_an_answer() -> None:
    model = next(entry for entry in AWAITED if entry.read == "getModel")
    task = next(entry for entry in AWAITED if entry.read == "getProjectTask")
    trained = next(entry for entry in AWAITED if entry.read == "getOcrModel")
    assert state_of(model, {"models": [{"status": "READY"}], "count": 1}).outcome == "done"
    assert state_of(model, {"status": "READY"}).outcome == "done"
    assert state_of(task, {"status": "CLONING"}).outcome == "running"
    assert state_of(task, {"status": "CREATED", "task": {"status": "STARTED"}}).outcome == "running"
    assert state_of(trained, {"state": 5, "status": "Ready to use"}).outcome == "done"


IDS: dict[str, Any] = {
    "workflow_id": "w",
    "document_id": "d",
    "model_id": "m",
    "id": 1,
    "project_id": 1,
}


async def test_the_number_of_a_studio_model_is_no_model_id() -> None:
    async with reviewing() as (client, sandbox):
        for given in ({"model_id": "390"}, {"model_id": "390", "project_id": 6}, {"project_id": 6}):
            error = error_of(await client.call_tool("review_wait", {"kind": "model", **given}))
            assert error["code"] == "invalid_arguments"
            assert "as id" in error["message"] or "id (Studio)" in error["message"]
        assert not sandbox.received


@pytest.mark.parametrize("awaited", AWAITED, ids=lambda awaited: awaited.read)
async def test_ids_that_are_missing_or_do_not_belong_are_named(awaited: Awaited) -> None:
    needed = {name: IDS[name] for name in awaited.arguments}
    other_way = {
        name for entry in AWAITED if entry.kind == awaited.kind for name in entry.arguments
    } - needed.keys()
    async with reviewing() as (client, sandbox):
        for name in needed:
            given = {other: value for other, value in needed.items() if other != name}
            error = error_of(await client.call_tool("review_wait", {"kind": awaited.kind, **given}))
            assert error["code"] == "invalid_arguments"
            assert name in error["message"]
        for name in IDS.keys() - needed.keys() - other_way:
            given = {"kind": awaited.kind, **needed, name: IDS[name]}
            assert name in error_of(await client.call_tool("review_wait", given))["message"]
        assert not sandbox.received
