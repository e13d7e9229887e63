"""Every id that a listed tool requires is shown by a listed tool, so that none of them is of no use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conftest import Era, reviewing
from docreview_mcp.schemas import load_operations

DETAILS = {"details": ["segments", "tags"]}
LABELING = ("studio_list_labeling_documents", {"project_id": 1, "annotation_id": 102, **DETAILS})
SESSIONS = ("studio_list_labeling_sessions", {"project_id": 1})
CORRECTION = ("studio_list_correction_documents", {"project_id": 1, "correction_id": 111, **DETAILS})
DOCUMENT = ("nanonets_get_document", {})
PAGES = ("nanonets_list_file_pages", {})

SHOWN: dict[tuple[str, str], tuple[tuple[str, dict[str, Any]], str]] = {
    ("nanonets", "workflow_id"): (("nanonets_list_workflows", {}), "workflows.id"),
    ("nanonets", "model_id"): (("nanonets_list_workflows", {}), "workflows.id"),
    ("nanonets", "document_id"): (("nanonets_list_documents", {}), "documents.document_id"),
    ("nanonets", "page_id"): (DOCUMENT, "pages.page_id"),
    ("nanonets", "field_data_id"): (DOCUMENT, "field_data_id"),
    ("nanonets", "table_id"): (DOCUMENT, "pages.data.tables.table_id"),
    ("nanonets", "cell_id"): (DOCUMENT, "pages.data.tables.cells.cell_id"),
    ("nanonets", "request_file_id"): (PAGES, "images.request_file_id"),
    ("nanonets", "file_ids"): (PAGES, "images.request_file_id"),
    ("nanonets", "file_id"): (PAGES, "images.request_file_id"),
    ("studio", "project_id"): (("studio_list_projects", {}), "items.id"),
    ("studio", "organization_id"): (("studio_list_projects", {}), "items.organization_id"),
    ("studio", "analysis_id"): (("studio_list_analyses", {}), "items.id"),
    ("studio", "class_id"): (("studio_list_classes", {"project_id": 1}), "items.id"),
    ("studio", "label_id"): (("studio_list_labels", {"project_id": 1}), "items.id"),
    ("studio", "model_id"): (("studio_list_project_models", {"project_id": 1}), "items.id"),
    ("studio", "group_id"): (("studio_list_groups", {"project_id": 1}), "items.id"),
    ("studio", "annotation_id"): (SESSIONS, "items.id"),
    ("studio", "annotation_ids"): (SESSIONS, "items.id"),
    ("studio", "document_id"): (LABELING, "documents.id"),
    ("studio", "segment_id"): (LABELING, "documents.segments.id"),
    ("studio", "correction_id"): (("studio_list_corrections", {"project_id": 1}), "items.id"),
    ("studio", "hitl_id"): (("studio_list_hitls", {"project_id": 5}), "items.id"),
    ("studio", "task_id"): (("studio_list_hitl_reviews", {"project_id": 5, "hitl_id": 1}), "items.task_id"),
    ("studio", "notification_id"): (("studio_list_notifications", {}), "items.id"),
    ("studio", "user_id"): (
        ("studio_list_workspace_permissions", {"organization_id": 1}),
        "items.user_id",
    ),
    ("studio", "permission_id"): (("studio_list_workspace_permissions", {"organization_id": 1}), "items.id"),
    ("studio", "key_id"): (("studio_list_product_keys", {"user_id": 1}), "items.id"),
    ("studio-labeling", "tag_id"): (LABELING, "documents.segments.tags.id"),
    ("studio-corrections", "tag_id"): (CORRECTION, "documents.segments.tags.id"),
    ("studio-corrections", "segment_id"): (CORRECTION, "documents.segments.id"),
    ("studio-corrections", "document_id"): (CORRECTION, "documents.id"),
}
"""By service or toolset and argument: the call that shows such an id, and at the end of which path."""

NOWHERE = {("studio", "credential_id")}
"""Credentials of sources are kept in Studio itself, and its interface lists none of them."""


def required_ids(schema: dict[str, Any]) -> Iterator[str]:
    for name in schema.get("required", []):
        if name == "id" or name.endswith(("_id", "_ids")):
            yield name


def id_paths(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all values in an answer whose names are those of ids, places in lists left out."""
    if isinstance(value, list):
        for entry in value:
            yield from id_paths(entry, path)
    elif isinstance(value, dict):
        for name, entry in value.items():
            inner = f"{path}.{name}"
            if name == "id" or name.endswith("_id"):
                yield inner
            yield from id_paths(entry, inner)


async def test_every_id_that_a_listed_tool_requires_is_shown_by_a_listed_tool(era: Era) -> None:
    toolsets = {each.tool: (each.service, each.toolset) for each in load_operations().values()}
    async with reviewing(era=era) as (client, sandbox):
        document = next(iter(sandbox.nanonets.documents.values()))
        given = {
            "nanonets_list_documents": {"workflow_id": document.workflow_id},
            "nanonets_get_document": {"workflow_id": document.workflow_id, "document_id": document.id},
            "nanonets_list_file_pages": {
                "model_id": document.workflow_id,
                "start_day_interval": 20_700,
                "current_batch_day": 20_800,
            },
        }
        listed = (await client.list_tools()).tools
        needed = {
            (toolset if (toolset, name) in SHOWN else service, name): tool.name
            for tool in listed
            for service, toolset in [toolsets.get(tool.name, ("", ""))]
            if service
            for name in required_ids(tool.input_schema)
        }
        assert needed.keys() - SHOWN.keys() - NOWHERE == set()
        for key in needed.keys() - NOWHERE:
            (tool, arguments), path = SHOWN[key]
            assert tool in {each.name for each in listed}, key
            result = await client.call_tool(tool, {**arguments, **given.get(tool, {})})
            assert not result.is_error, (key, result.structured_content)
            assert any(each.endswith(path) for each in id_paths(result.structured_content)), (key, path)
