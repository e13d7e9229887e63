"""Our own tools declare what they answer: typed clients keep declared properties only."""

from __future__ import annotations

from typing import Any

from conftest import Era, reviewing
from docreview_mcp.tools import load_tools
from review_desk import field_of, invoices

SESSION = {"kind": "labeling_session", "project_id": 1, "id": 102}
HITL = {"kind": "hitl_review", "project_id": 5, "id": 1}
SET_UP = {"name": "New", "type": "CLASS", "classes": [{"name": "A"}], "texts": ["One."]}


async def test_every_property_of_a_result_is_declared(era: Era) -> None:
    declared: dict[str, Any] = {
        tool.name: tool.output_schema["properties"] for tool in load_tools() if tool.output_schema
    }
    async with reviewing(era=era, journal="sqlite://") as (client, sandbox):
        document = invoices(sandbox)[2]
        place = {"workflow_id": document.workflow_id, "document_id": document.id}
        total = field_of(document, "total_amount")
        changes = {**place, "changes": [{"field_data_id": total.id, "value": "4,898.29"}]}
        text = (await client.call_tool("review_texts", SESSION)).structured_content["texts"][0]
        tagging = {**SESSION, "changes": [{"document_id": text["document_id"], "done": True}]}
        approval = {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("review_queue", {}),
            ("review_document", place),
            ("review_check", {"workflow_id": document.workflow_id}),
            ("review_preview", {"tool": "review_apply", "arguments": changes}),
            ("review_preview", {"tool": "review_set_up", "arguments": SET_UP}),
            ("review_apply", changes),
            ("review_files", approval),
            ("review_wait", {"kind": "labeling_session", "project_id": 1, "id": 102}),
            ("review_texts", SESSION),
            ("review_texts", HITL),
            ("review_tag", tagging),
            ("review_set_up", SET_UP),
            ("review_set_up", {**SET_UP, "send": True}),
            ("review_history", {"limit": 2}),
            ("review_undo", {"since": "2020-01-01", "about": [document.id]}),
        ]
        for tool, arguments in calls:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, (tool, result.structured_content)
            properties = result.structured_content.keys()
            assert properties <= declared[tool].keys(), (tool, properties - declared[tool].keys())
