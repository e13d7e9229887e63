"""What settles more for good than its arguments name is confirmed like a deletion, with what it settles."""

from __future__ import annotations

import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.schemas import load_operations
from docreview_mcp.tools import load_tools


def test_only_what_nothing_takes_back_is_irreversible() -> None:
    found = [each for each in load_operations().values() if each.irreversible]
    assert [each.tool for each in found] == ["studio_mark_segment_corrected"]
    assert all(each.not_undoable and each.present for each in found)


@pytest.mark.parametrize("confirm", ["destructive", "writes", "never"])
async def test_closing_a_segment_that_accepts_predictions_is_confirmed(confirm: str, era: Era) -> None:
    async with reviewing(era=era, confirm=confirm, journal="sqlite://", toolsets="all") as (client, sandbox):
        projects = (await client.call_tool("studio_list_projects", {})).structured_content
        where = None
        for project in projects.get("projects", projects.get("items", [])):
            ids = {"project_id": project["id"]}
            listed = (await client.call_tool("studio_list_corrections", ids)).structured_content
            for each in listed.get("corrections", listed.get("annotations", listed.get("items", []))):
                found = await client.call_tool(
                    "studio_list_correction_documents",
                    {**ids, "correction_id": each["id"], "details": ["segments", "tags"], "limit": 100},
                )
                for document in found.structured_content.get("documents", []):
                    for segment in document.get("segments", []):
                        if len(segment.get("tags", [])) > 1 and where is None:
                            where = {**ids, "correction_id": each["id"], "document_id": document["id"]}
                            where["segment_id"] = segment["id"]
        assert where is not None, "the sandbox has no such segment"
        before = len(sandbox.received)
        result = await client.call_tool("studio_mark_segment_corrected", {**where, "name": "ANNOTATED"})
        writes = [each for each in list(sandbox.received)[before:] if each.method != "GET"]
        if confirm == "never":
            assert not result.is_error, result.structured_content
            assert len(writes) == 1
        else:
            assert error_of(result)["code"] == "needs_confirmation"
            assert "entries" in result.structured_content["docreview"]["summary"]
            assert writes == []
    tool = next(each for each in load_tools() if each.name == "studio_mark_segment_corrected")
    assert "confirm" in str(tool.schema_for("destructive"))
    assert not tool.definition()["annotations"]["readOnlyHint"]
