"""What waits for a person: everything that does, once, in order, whatever one of the services does."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from datetime import timedelta
from typing import Any

import anyio
import pytest
from conftest import Era, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.application import Fault
from docreview_mcp.schemas import load_operations
from docreview_mcp.server.services.sandbox_transport import SandboxTransport
from docreview_mcp.tools import load_tools
from mcp import Client
from results import text_of

DECIDED = ("approved", "rejected")
SANDBOX: dict[str, Any] = {
    "nanonets_base_url": "http://127.0.0.1/nanonets",
    "studio_base_url": "http://127.0.0.1/studio",
}


async def queue(client: Client, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("review_queue", arguments)
    assert not result.is_error, result.structured_content
    return result.structured_content or {}


def waiting_documents(sandbox: Sandbox) -> set[str]:
    return {entry.id for entry in sandbox.nanonets.documents.values() if entry.decision not in DECIDED}


def requests(sandbox: Sandbox) -> Counter[str]:
    return Counter(entry.operation for entry in sandbox.received)


async def test_the_queue_holds_what_waits_in_both_services(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        answer = await queue(client, limit=100)
        entries = answer["entries"]
        assert answer["total"] == len(entries) == sum(answer["by_kind"].values())
        assert "problems" not in answer
        documents = [entry for entry in entries if entry["kind"] == "document"]
        assert {entry["document_id"] for entry in documents} == waiting_documents(sandbox)
        sessions = {session.id: session for session in sandbox.studio.sessions.values()}
        for kind, mode, name in (
            ("labeling_session", "ANNOTATION", "annotation_id"),
            ("correction", "CORRECTION", "correction_id"),
        ):
            open_ones = {
                number
                for number, session in sessions.items()
                if session.mode == mode and session.status in ("CREATED", "STARTED", "ANNOTATING")
            }
            assert {entry[name] for entry in entries if entry["kind"] == kind} == open_ones
        reviews = [entry for entry in entries if entry["kind"] == "hitl_review"]
        assert len(reviews) == len(sandbox.studio.reviews)
        moments = [entry["waiting_since"] for entry in entries]
        assert moments == sorted(moments)
        assert "getDocument" not in requests(sandbox)
        unread = [entry for entry in documents if entry["reasons"] != ["failed"]]
        assert answer["not_looked_at"]["documents_not_read"] == len(unread)
        assert "order=least_confident" in answer["not_looked_at"]["next"]
        assert "not_looked_at" not in await queue(client, order="least_confident")
        assert "not_looked_at" not in await queue(client, reasons=["failed"], kinds=[])
        named = ["entries[].name", "entries[].label", "entries[].stage", "entries[].assigned_to[]"]
        assert answer["docreview"]["outside"] == named


async def test_each_entry_names_a_tool_that_takes_its_ids() -> None:
    taken: dict[str, Any] = {tool.name: tool.input_schema["properties"] for tool in load_tools()}
    async with reviewing() as (client, _):
        entries = (await queue(client, limit=100))["entries"]
        found = {(entry["kind"], entry["next"]): entry for entry in entries}
        assert len(found) == 5
        for (_, name), entry in found.items():
            known = [each for each in taken[name] if each in entry]
            arguments = {**{each: entry[each] for each in known}, **entry.get("next_with", {})}
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.structured_content


async def test_work_in_studio_leads_to_the_tool_that_shows_what_is_open() -> None:
    async with reviewing() as (client, _):
        entries = (await queue(client, limit=100))["entries"]
        studio = [each for each in entries if each["kind"] != "document"]
        for each in studio:
            name = {"hitl_review": "hitl_id", "correction": "correction_id"}.get(
                each["kind"], "annotation_id"
            )
            assert each["next"] == "review_texts"
            assert each["next_with"] == {"kind": each["kind"], "id": each[name]}
        review = next(each for each in studio if each["kind"] == "hitl_review")
        arguments = {"project_id": review["project_id"], **review["next_with"]}
        told = (await client.call_tool(review["next"], arguments)).structured_content
        assert any(each.keys() >= {"value", "confidence"} for each in told["reviews"])
        assert "review_tag" in told["next"]


async def test_without_our_tool_for_texts_the_queue_leads_to_those_of_the_service() -> None:
    async with reviewing(exclude_tools="review_texts") as (client, _):
        entries = (await queue(client, limit=100))["entries"]
        found = {each["kind"]: each for each in entries}
        assert found["hitl_review"]["next"] == "studio_list_hitl_reviews"
        assert found["hitl_review"]["next_with"] == {"with_full_data": True}
        assert found["correction"]["next"] == "studio_list_correction_documents"
        assert found["labeling_session"]["next_with"] == {"details": ["segments", "tags"]}


async def test_pages_follow_on_each_other_without_gaps() -> None:
    async with reviewing() as (client, _):
        whole = (await queue(client, limit=100))["entries"]
        collected: list[Any] = []
        answer: dict[str, Any] = {"next_offset": 0}
        while "next_offset" in answer:
            answer = await queue(client, limit=7, offset=answer["next_offset"])
            collected += answer["entries"]
        assert collected == whole


async def test_a_page_that_is_too_long_for_the_host_is_cut_between_entries() -> None:
    async with reviewing(answer_limit=2_000) as (client, _):
        answer: dict[str, Any] = {"next_offset": 0}
        seen = 0
        while "next_offset" in answer:
            result = await client.call_tool("review_queue", {"limit": 100, "offset": answer["next_offset"]})
            answer = result.structured_content or {}
            assert len(text_of(result)) <= 2_000
            seen += len(answer["entries"])
        assert seen == answer["total"]


async def test_the_least_confident_come_first_and_their_confidence_is_true() -> None:
    async with reviewing() as (client, sandbox):
        entries = (await queue(client, order="least_confident", limit=100))["entries"]
        told = [entry.get("lowest_confidence", 2) for entry in entries]
        assert told == sorted(told)
        for entry in entries:
            if entry["kind"] != "document" or entry["reasons"] == ["failed"]:
                continue
            document = sandbox.nanonets.documents[entry["document_id"]]
            values = [
                value
                for page in document.pages
                for value in (*page.fields, *(cell for table in page.tables for cell in table.cells))
            ]
            assert entry["lowest_confidence"] == min(value.confidence for value in values)
            assert entry.get("unverified", 0) == len(values)
            assert ("doubtful" in entry["reasons"]) == (entry["doubtful"] > 0)
            assert ("doubtful_names" in entry) == (entry["doubtful"] > 0)
            if entry["name"] == "invoice-003.pdf":
                assert entry["doubtful_names"] == ["total_amount"]
        assert {entry["name"] for entry in entries[:3]} >= {"invoice-010.pdf", "receipt-006.png"}


@pytest.mark.parametrize(
    "reason",
    ["doubtful", "unverified", "failed_validation", "not_approved", "failed", "pending", "in_progress"],
)
async def test_reasons_choose_entries(reason: str) -> None:
    async with reviewing() as (client, sandbox):
        chosen = await queue(client, reasons=[reason], limit=100)
        assert chosen["entries"]
        assert all(reason in entry["reasons"] for entry in chosen["entries"])
        assert ("getDocument" in requests(sandbox)) == (reason in ("doubtful", "unverified"))


async def test_min_confidence_says_what_is_doubtful() -> None:
    async with reviewing() as (client, _):
        counts = [
            (await queue(client, reasons=["doubtful"], min_confidence=least))["total"]
            for least in (0.0, 0.45, 0.8, 1.0)
        ]
        # What failed a check of the service is doubtful however sure it is of what it read.
        assert counts == sorted(counts)
        assert counts[0] < counts[-1]


async def test_a_document_leaves_the_queue_when_it_is_decided() -> None:
    async with reviewing() as (client, sandbox):
        entry = next(
            entry
            for entry in (await queue(client, kinds=["document"], limit=100))["entries"]
            if entry["name"] == "invoice-003.pdf"
        )
        ids = {name: entry[name] for name in ("workflow_id", "document_id")}
        await client.call_tool("nanonets_verify_document", {**ids, "verification_status": "verified"})
        after = await queue(client, workflow_id=ids["workflow_id"], order="least_confident", limit=100)
        same = next(entry for entry in after["entries"] if entry["document_id"] == ids["document_id"])
        assert same["reasons"] == ["failed_check", "not_approved"], "its total is verified and still wrong"
        assert same["unverified"] == same["doubtful"] == 0
        sandbox.nanonets.documents[ids["document_id"]].decision = "approved"
        last = await queue(client, workflow_id=ids["workflow_id"], limit=100)
        assert ids["document_id"] not in {entry["document_id"] for entry in last["entries"]}


async def test_a_document_that_is_being_read_does_not_wait() -> None:
    async with reviewing(Sandbox(clock=anyio.current_time, work_seconds=60)) as (client, sandbox):
        workflow_id = next(iter(sandbox.nanonets.workflows))
        before = (await queue(client, workflow_id=workflow_id))["total"]
        await client.call_tool(
            "nanonets_upload_document",
            {"workflow_id": workflow_id, "document_url": "https://files.example/new.pdf", "async": True},
        )
        assert (await queue(client, workflow_id=workflow_id))["total"] == before


@pytest.mark.parametrize(
    ("narrowing", "service"),
    [("workflow_id", "nanonets"), ("project_id", "studio"), ("kinds", "studio"), ("reasons", "nanonets")],
)
async def test_what_is_not_wanted_is_not_asked_for(narrowing: str, service: str) -> None:
    async with reviewing() as (client, sandbox):
        value = {
            "workflow_id": next(iter(sandbox.nanonets.workflows)),
            "project_id": 1,
            "kinds": ["correction"],
            "reasons": ["not_approved"],
        }[narrowing]
        answer = await queue(client, **{narrowing: value})
        assert answer["total"]
        assert {load_operations()[name].service for name in requests(sandbox)} == {service}


@pytest.mark.parametrize("member", ["accounting", "3"])
async def test_only_the_work_of_one_reviewer(member: str) -> None:
    async with reviewing() as (client, sandbox):
        reviewers = Counter(name for entry in sandbox.nanonets.documents.values() for name in entry.reviewers)
        wanted = member if member == "3" else next(iter(reviewers)).upper()
        entries = (await queue(client, assigned_to=wanted, limit=100))["entries"]
        assert entries
        assert all(wanted.casefold() in map(str.casefold, entry["assigned_to"]) for entry in entries)


@pytest.mark.parametrize(
    ("operation", "status", "part", "lost"),
    [
        ("listHitls", 404, "HITLs", {"hitl_review"}),
        ("listHitlReviews", 404, "HITL reviews", {"hitl_review"}),
        ("listProjects", 401, "projects", {"hitl_review", "labeling_session", "correction"}),
        ("listWorkflows", 401, "workflows", {"document"}),
        ("listDocuments", 500, "documents", {"document"}),
    ],
)
async def test_what_fails_hides_nothing_else(operation: str, status: int, part: str, lost: set[str]) -> None:
    async with reviewing() as (client, sandbox):
        everything = (await queue(client))["by_kind"]
        sandbox.faults.add(Fault("status", operation, times=1000, status=status))
        answer = await queue(client)
        assert answer["by_kind"] == {kind: count for kind, count in everything.items() if kind not in lost}
        (problem,) = answer["problems"]
        assert problem["part"] == part
        assert problem["service"] == load_operations()[operation].service
        assert problem["message"]
        assert problem["next"]


async def test_documents_that_cannot_be_read_are_listed_and_told() -> None:
    async with reviewing() as (client, sandbox):
        total = (await queue(client, kinds=["document"]))["total"]
        sandbox.faults.add(Fault("status", "getDocument", times=2, status=404))
        answer = await queue(client, kinds=["document"], order="least_confident")
        assert answer["total"] == total
        assert answer["not_looked_at"]["documents_not_read"] == 2
        assert [(each["part"], each["times"]) for each in answer["problems"]] == [("values of documents", 2)]


async def test_a_service_without_an_account_is_told_beside() -> None:
    transport = SandboxTransport(Sandbox())
    async with connected(transport, **SANDBOX, studio_token=None) as client:
        answer = await queue(client)
        assert set(answer["by_kind"]) == {"document"}
        assert [problem["code"] for problem in answer["problems"]] == ["not_configured"]


async def test_without_any_answer_the_failure_is_the_answer() -> None:
    async with reviewing() as (client, sandbox):
        sandbox.faults.add(Fault("status", times=1000, status=401))
        assert error_of(await client.call_tool("review_queue", {}))["code"] == "unauthorized"
    async with reviewing() as (client, _):
        result = await client.call_tool("review_queue", {"workflow_id": "no-such-workflow"})
        assert error_of(result)["code"] == "not_found"


async def test_a_long_queue_is_read_in_parts_that_follow_on_each_other() -> None:
    async with reviewing() as (client, sandbox):
        state = sandbox.nanonets
        pattern = next(entry for entry in state.documents.values() if entry.name == "receipt-003.png")
        for number in range(120):
            copy = deepcopy(pattern)
            copy.id, copy.name = f"copy-{number}", f"copy-{number}.png"
            copy.uploaded_at = pattern.uploaded_at + timedelta(minutes=number)
            state.documents[copy.id] = copy
        of_workflow = {"workflow_id": pattern.workflow_id, "reasons": ["doubtful"], "limit": 100}
        seen: set[str] = set()
        answer = await queue(client, **of_workflow)
        while True:
            assert requests(sandbox)["getDocument"] <= 40
            seen |= {entry["document_id"] for entry in answer["entries"]}
            if "not_looked_at" not in answer:
                break
            since = answer["not_looked_at"]["next"].partition("since=")[2].partition(" ")[0]
            sandbox.received.clear()
            answer = await queue(client, **of_workflow, since=since)
        assert seen >= {f"copy-{number}" for number in range(120)}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"since": "yesterday"}, "since"),
        ({"kinds": ["correction"], "reasons": ["not_approved"]}, "reasons"),
        ({"kinds": ["document"], "project_id": 1}, "kinds and project_id:"),
        ({"limit": 0}, "limit"),
    ],
)
async def test_arguments_that_cannot_be_used_are_named(arguments: dict[str, Any], named: str) -> None:
    async with reviewing() as (client, sandbox):
        error = error_of(await client.call_tool("review_queue", arguments))
        assert error["code"] == "invalid_arguments"
        assert named in error["message"]
        assert not sandbox.received
