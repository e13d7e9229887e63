"""Text of others in what is kept and told again: seen values, the journal, undo, resources, logs."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from click.testing import CliRunner
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.logs import MaskingFormatter
from docreview_mcp.server.services.sandbox_transport import embedded
from hostile_text import HOSTILE, astray, is_tame, sentences
from mcp import Client, MCPError
from mcp.types import ElicitResult, ResourceTemplateReference
from review_desk import field_of, ready
from untrusted_answers import hidden_in

UPDATE, APPROVE, DELETE = "nanonets_update_field", "nanonets_approve_file", "nanonets_delete_document"


def place(document: Document) -> dict[str, Any]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


def update(document: Document, **more: Any) -> dict[str, Any]:
    field = field_of(document, "total_amount")
    return {**place(document), "page_id": document.pages[0].id, "field_data_id": field.id, **more}


def check(content: dict[str, Any]) -> None:
    """Nothing is hidden in a result, each place of the text is named, and every sentence is tame."""
    assert hidden_in(content) == 0
    assert astray(content) == []
    for sentence in sentences({name: part for name, part in content.items() if name != "entries"}):
        assert is_tame(sentence), sentence


async def test_history_and_undo_name_what_others_wrote(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        total = field_of(document, "total_amount")
        total.value = HOSTILE
        first = await client.call_tool(UPDATE, update(document, value="1", reason=HOSTILE))
        entry = first.structured_content["docreview"]["entry"]
        for arguments in ({}, {"entry": entry}, {"about": [document.id]}):
            content = (await client.call_tool("review_history", arguments)).structured_content
            assert "approve everything" in json.dumps(content["entries"])
            check(content)
        total.value = f"{HOSTILE}!"
        changed = await client.call_tool("review_undo", {"entry": entry, "reason": HOSTILE})
        assert error_of(changed)["code"] == "conflict"
        assert "approve everything" in error_of(changed)["message"]
        check(changed.structured_content)
        total.value = "1"
        undone = await client.call_tool("review_undo", {"entry": entry, "reason": HOSTILE})
        assert not undone.is_error, undone.structured_content
        check(undone.structured_content)
        assert total.value == HOSTILE


async def test_questions_show_it_in_marks(era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount")
    total.value, total.verification_status, document.name = HOSTILE, "unverified", HOSTILE
    async with reviewing(sandbox, era, journal="sqlite://", confirm="writes") as (client, _):
        v2 = {"model_id": document.workflow_id, "request_file_id": document.id}
        files = {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}
        changes = [{"field_data_id": total.id, "value": "1"}]
        whole = {**place(document), "changes": changes, "verify_document": True}
        for tool, arguments in (
            (UPDATE, update(document, value="1", reason=HOSTILE)),
            (APPROVE, {**v2, "reason": HOSTILE}),
            (DELETE, place(document)),
            ("review_files", {**files, "reason": HOSTILE}),
            ("review_apply", {**whole, "reason": HOSTILE}),
        ):
            content = (await client.call_tool(tool, arguments)).structured_content
            assert content["error"]["code"] == "needs_confirmation", content
            assert "approve everything" in content["docreview"]["summary"], tool
            check(content)


async def test_the_question_of_an_undo_shows_it_in_marks(era: Era, tmp_path: Path) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    field_of(document, "total_amount").value = HOSTILE
    journal = f"sqlite:///{tmp_path}/journal.sqlite"
    async with reviewing(sandbox, era, journal=journal) as (client, _):
        written = await client.call_tool(UPDATE, update(document, value="1"))
        entry = written.structured_content["docreview"]["entry"]
    async with reviewing(sandbox, era, journal=journal, confirm="writes") as (client, _):
        content = (await client.call_tool("review_undo", {"entry": entry})).structured_content
    assert content["error"]["code"] == "needs_confirmation", content
    assert "approve everything" in content["docreview"]["summary"]
    check(content)


async def test_values_with_one_name_or_a_name_of_ours_are_all_shown(era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    fields = [each for page in document.pages for each in page.fields][:4]
    for number, (each, name) in enumerate(zip(fields, ("total", "total", "verified", "url"), strict=True)):
        each.name, each.value, each.verification_status = name, f"value-{number}", "unverified"
        each.confidence = 0.1
    async with reviewing(sandbox, era, confirm="writes") as (client, _):
        content = (await client.call_tool(DELETE, place(document))).structured_content
    for number in range(4):
        assert f"value-{number}" in content["docreview"]["summary"]


async def test_a_conflict_with_what_was_seen_shows_it_in_marks(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        await client.call_tool("review_document", place(document))
        field_of(document, "total_amount").value = HOSTILE
        content = (await client.call_tool(UPDATE, update(document, value="1"))).structured_content
    assert content["error"]["code"] == "conflict"
    assert "approve everything" in content["error"]["message"]
    check(content)


@pytest.mark.parametrize("tool", [UPDATE, "review_files"])
async def test_a_conflict_with_what_was_agreed_to_shows_it_in_marks(tool: str, era: Era) -> None:
    sandbox = Sandbox()
    document = ready(sandbox)[0]
    questions: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        field_of(document, "total_amount").value = HOSTILE
        return ElicitResult(action="accept", content={"confirm": True})

    behind, transport = embedded(Settings(confirm="writes", journal="sqlite://"), sandbox)
    server = build_server(behind, transport=transport)
    files = {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}
    async with Client(server, mode=era, elicitation_callback=person) as client:
        arguments = update(document, value="1") if tool == UPDATE else files
        content = (await client.call_tool(tool, arguments)).structured_content
    assert questions
    assert ("conflict" if era == "legacy" else "needs_confirmation") in json.dumps(content)
    check(content)


async def test_resources_name_what_others_wrote(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        field_of(document, "total_amount").value = HOSTILE
        await client.call_tool(UPDATE, update(document, value="1", reason=HOSTILE))
        (found,) = (await client.read_resource(f"docreview://journal/{document.id}")).contents
    content = json.loads(found.text)  # type: ignore[union-attr]
    assert "approve everything" in json.dumps(content)
    check(content)


async def test_a_resource_that_cannot_be_had_says_why_in_a_tame_sentence(era: Era) -> None:
    network = Network(lambda request: httpx2.Response(500, json={"message": HOSTILE}))
    async with connected(network, era) as client:
        with pytest.raises(MCPError) as failed:
            await client.read_resource("docreview://pages/w/d/1")
    assert "approve everything" in str(failed.value)
    assert is_tame(str(failed.value))


async def test_a_line_of_the_log_is_one_line(era: Era) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(MaskingFormatter(tuple))
    logger = logging.getLogger("docreview_mcp")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        network = Network(lambda request: httpx2.Response(403, json={"message": HOSTILE}))
        async with connected(network, era) as client:
            template = "docreview://pages/{workflow_id}/{document_id}/{page_number}"
            argument = {"name": "workflow_id", "value": ""}
            await client.complete(ResourceTemplateReference(uri=template), argument)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    said = [line for line in lines.getvalue().split("\n") if line]
    assert any("approve everything" in line for line in said)
    assert all(is_tame(line) and " INFO docreview_mcp." in line for line in said), said


def test_commands_of_the_journal_print_an_entry_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = f"sqlite:///{tmp_path}/journal.sqlite"
    monkeypatch.setenv("DOCREVIEW_JOURNAL", journal)

    async def write() -> None:
        async with reviewing(journal=journal) as (client, sandbox):
            document = ready(sandbox)[0]
            field_of(document, "total_amount").value = HOSTILE
            await client.call_tool(UPDATE, update(document, value="1", reason=HOSTILE))

    anyio.run(write)
    for command in (("list",), ("export",)):
        printed = CliRunner().invoke(command_line, ["journal", *command], prog_name="docreview-mcp").stdout
        (line,) = printed.split("\n")[:-1]
        assert "approve everything" in line
        assert line.replace("\t", "").isprintable()
        assert hidden_in(line) == 0
