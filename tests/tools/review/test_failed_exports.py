"""Failed exports: found by the queue without counting days, and sent again by the tool that it names."""

from __future__ import annotations

from conftest import Era, reviewing


async def test_failed_exports_are_found_and_sent_again(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        failed = next(each for each in sandbox.nanonets.documents.values() if each.export_status == "failed")
        arguments = {"reasons": ["export_failed"], "since": failed.uploaded_at.isoformat()[:10]}
        told = (await client.call_tool("review_queue", arguments)).structured_content
        (entry,) = [each for each in told["entries"] if each["document_id"] == failed.id]
        assert entry["next"] == "nanonets_retry_exports"
        files = {"model_id": entry["workflow_id"], "file_ids": [entry["document_id"]]}
        assert not (await client.call_tool("nanonets_retry_exports", files)).is_error
        told = (await client.call_tool("review_queue", arguments)).structured_content
        assert failed.id not in [each["document_id"] for each in told["entries"]]
