"""What hosts get wrong is put right where it is plain, and refused with a clear reason where it is not."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from conftest import Era, Network, connected, error_of, reviewing

PDF = base64.b64encode(b"%PDF-1.4").decode()
UPDATE = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f", "value": "v"}
EXTRACT = {"organization_id": 1, "project_id": 2, "model_id": 3}

REFUSED: list[tuple[str, Any, list[str]]] = [
    ("nanonets_update_field", {**UPDATE, "vlaue": "x"}, ["vlaue: unknown argument", "did you mean value?"]),
    ("nanonets_list_workflows", {"zzz": 1}, ["zzz: unknown argument", "page, limit"]),
    (
        "nanonets_update_field",
        {"workflow_id": "w"},
        ["document_id: missing, expected string", "value: missing"],
    ),
    ("nanonets_update_field", {}, ["workflow_id: missing"]),
    ("nanonets_update_field", None, ["workflow_id: missing"]),
    ("nanonets_list_workflows", {"limit": 0}, ["limit: got 0, expected integer from 1 to 100"]),
    ("nanonets_list_workflows", {"limit": 101}, ["limit: got 101"]),
    ("nanonets_list_workflows", {"page": "two"}, ['page: got "two", expected integer']),
    ("nanonets_list_workflows", {"page": True}, ["page: got true, expected integer"]),
    ("nanonets_list_workflows", {"page": 1.5}, ["page: got 1.5"]),
    (
        "studio_get_project",
        {"project_id": None},
        ["project_id: got null, expected integer (omit the argument"],
    ),
    ("studio_get_project", {"project_id": [1]}, ["project_id: got [1]"]),
    ("studio_get_project", {"project_id": ""}, ['project_id: got ""']),
    ("nanonets_update_field", {**UPDATE, "value": 5}, ["value: got 5, expected string"]),
    (
        "studio_create_project",
        {"name": "n", "type": "absa"},
        ['type: got "absa", expected one of ABSA, CLASS'],
    ),
    ("studio_create_project", {"name": {"a": 1}, "type": "ABSA"}, ['name: got {"a": 1}, expected string']),
    ("studio_list_analysis_documents", {"analysis_id": 1, "limit": 1001}, ["limit: got 1001", "1 to 1000"]),
    (
        "studio_list_project_documents",
        {"project_id": 1, "details": "segments,tag"},
        ['details.1: got "tag"'],
    ),
    ("studio_list_projects", {"details": "perhaps"}, ['details: got "perhaps", expected boolean']),
    ("studio_add_hitl", {"project_id": 1, "name": "n" * 121}, ["name: got", "0 to 120 characters"]),
    ("studio_register", {"password": "short"}, ["password: got a secret value, expected string of 8"]),
    ("studio_invite_users", {"organization_id": 1, "role": "USER", "emails": "a@b.c"}, ["emails: got"]),
    (
        "studio_add_classes",
        {"project_id": 1, "classes": [{"nam": "x"}]},
        ["classes.0.nam: unknown", "mean name?"],
    ),
    ("studio_add_classes", {"project_id": 1, "classes": {"name": "x"}}, ["classes: got", "expected array"]),
    (
        "studio_train_model",
        {"project_id": 1, "annotation_ids": []},
        ["annotation_ids: got [], expected array of at"],
    ),
    (
        "studio_mark_document_annotated",
        {"project_id": 1, "annotation_id": 2, "document_id": 3, "name": "DONE"},
        ["ANNOTATED"],
    ),
    (
        "nanonets_update_file_fields",
        {"model_id": "m", "moderated_boxes": [], "page": {"moderated_boxes": []}},
        ["page.moderated_boxes: pass it as the argument moderated_boxes"],
    ),
    (
        "nanonets_update_file_fields",
        {"model_id": "m", "moderated_boxes": [{"xmin": "left"}]},
        ["moderated_boxes.0.xmin"],
    ),
    (
        "nanonets_add_field",
        {**UPDATE, "field_name": "f", "bbox": [1, 2, 3], "field_data_id": "f"},
        ["bbox: got [1, 2, 3], expected array of 4 items", "field_data_id: unknown argument"],
    ),
    ("studio_create_document", {"project_id": 1, "text": "\ud800"}, ["text: contains a lone surrogate"]),
    (
        "nanonets_upload_document",
        {"workflow_id": "w"},
        ["expected exactly one of file_path or file_base64 or document_url"],
    ),
    (
        "nanonets_upload_document",
        {"workflow_id": "w", "file_base64": PDF, "file_name": "a.pdf", "document_url": "https://x"},
        ["file_base64 and document_url: given together"],
    ),
    ("nanonets_upload_document", {"workflow_id": "w", "file_base64": PDF}, ["file_name: missing"]),
    (
        "nanonets_upload_document",
        {"workflow_id": "w", "document_url": "https://x", "file_name": "a.pdf"},
        ["file_name: given without file_base64"],
    ),
    (
        "nanonets_upload_document",
        {"workflow_id": "w", "file_base64": "%%%", "file_name": "a.pdf"},
        ["not base64"],
    ),
    (
        "nanonets_upload_document",
        {"workflow_id": "w", "file_base64": "", "file_name": "a.pdf"},
        ["got an empty value"],
    ),
    (
        "nanonets_upload_document",
        {"workflow_id": "w", "file_base64": PDF, "file_name": "../.a.pdf"},
        ["a name that does not start with a dot"],
    ),
    (
        "nanonets_assign_files",
        {"model_id": "m", "member": "Ada", "file_ids": ["f"]},
        ['member: got "Ada", expected string, an e-mail address'],
    ),
    ("studio_invite_users", {"organization_id": 1, "role": "USER", "emails": ["a"]}, ["emails.0", "e-mail"]),
    (
        "studio_mark_page_annotated",
        {"project_id": 1, "annotation_id": 2, "document_id": 3, "page": -1},
        ["page: got -1"],
    ),
    ("studio_extract_information", {**EXTRACT}, ["expected exactly one of file_path or file_base64"]),
    (
        "studio_extract_information",
        {**EXTRACT, "file_base64": PDF, "file_name": "a.docx"},
        ["file_name: got a .docx file, expected one of pdf, jpeg, jpg, png, tiff, webp"],
    ),
]


@pytest.mark.parametrize(("tool", "arguments", "said"), REFUSED, ids=lambda value: str(value)[:40])
async def test_bad_arguments_are_refused_with_the_reason_and_nothing_is_sent(
    tool: str, arguments: Any, said: list[str], era: Era
) -> None:
    network = Network()
    async with connected(network, era) as client:
        error = error_of(await client.call_tool(tool, arguments))
    assert (error["code"], error["status"], error["retryable"], error["done"]) == (
        "invalid_arguments",
        None,
        False,
        "no",
    )
    for words in said:
        assert words in error["message"]
    assert error["message"].endswith("Nothing was sent.")
    assert error["next"]
    assert network.requests == []


PUT_RIGHT: list[tuple[str, dict[str, Any], str, Any]] = [
    ("studio_get_project", {"project_id": "12"}, "/projects/12", None),
    ("studio_get_project", {"project_id": 12.0}, "/projects/12", None),
    ("nanonets_list_workflows", {"page": "2", "limit": "5"}, "/api/v4/workflows?page=2&limit=5", None),
    ("studio_list_projects", {"details": "true"}, "/projects?details=true", None),
    ("studio_list_projects", {"details": False}, "/projects?details=false", None),
    (
        "studio_list_project_documents",
        {"project_id": 1, "details": "segments, tags"},
        "/projects/1/documents?details=segments%2Ctags",
        None,
    ),
    (
        "studio_list_project_documents",
        {"project_id": 1, "details": '["segments"]'},
        "/projects/1/documents?details=segments",
        None,
    ),
    (
        "studio_list_analysis_documents",
        {"analysis_id": 1, "classes": "1,746", "labels": [110, "111"]},
        "/analyses/1/documents?classes=1%2C746&labels=110%2C111",
        None,
    ),
    (
        "studio_add_classes",
        {"project_id": 1, "classes": '[{"name": "a"}]'},
        "/projects/1/upload-classes",
        [{"name": "a"}],
    ),
    (
        "studio_create_document",
        {"project_id": 1, "text": '{"not": "decoded"}', "segments": '{"text": "s"}'},
        "/projects/1/documents",
        {"text": '{"not": "decoded"}', "segments": {"text": "s"}},
    ),
    (
        "nanonets_add_field",
        {
            **{k: UPDATE[k] for k in ("workflow_id", "document_id", "page_id", "value")},
            "field_name": "n",
            "confidence": "1",
            "bbox": "[1,2,3.5,4]",
        },
        "/api/v4/workflows/w/documents/d/pages/p/fields",
        {"field_name": "n", "value": "v", "confidence": 1, "bbox": [1, 2, 3.5, 4]},
    ),
    (
        "studio_run_adhoc_analysis",
        {"documents": [{"text": "t", "review_source": "own key"}], "split": "true"},
        "/analyze",
        {"documents": [{"text": "t", "review_source": "own key"}], "split": True},
    ),
    (
        "studio_update_project_model",
        {"project_id": 1, "model_id": 2, "id": 2, "body_project_id": 9},
        "/projects/1/models/2",
        {"id": 2, "project_id": 9},
    ),
    (
        "studio_update_label_by_name",
        {"project_id": 1, "name": "POS", "body_name": "GOOD"},
        "/projects/1/labels/POS",
        {"name": "GOOD"},
    ),
]


STATUSES = "/projects/1/annotations/2/documents/3/pages/0/statuses"
FILLED_IN: list[tuple[str, dict[str, Any], str, Any]] = [
    ("nanonets_list_workflows", {"page": None, "limit": None}, "/api/v4/workflows", None),
    ("nanonets_list_workflows", {"page": "", "limit": 5}, "/api/v4/workflows?limit=5", None),
    ("studio_list_projects", {"details": ""}, "/projects", None),
    (
        "studio_list_project_documents",
        {"project_id": 1, "details": "", "annotation_id": "", "search": ""},
        "/projects/1/documents?search=",
        None,
    ),
    (
        "studio_update_class",
        {"project_id": 1, "class_id": 2, "name": "n", "description": "", "id": None},
        "/projects/1/classes/2",
        {"name": "n", "description": ""},
    ),
    (
        "studio_update_notification",
        {"notification_id": 1, "read": None, "created": "", "title": "", "type": "", "text": None},
        "/notifications/1",
        {"read": None, "title": ""},
    ),
    (
        "studio_run_adhoc_analysis",
        {"documents": [{"text": "t", "id": None, "own": None}], "split": None},
        "/analyze",
        {"documents": [{"text": "t", "own": None}]},
    ),
    (
        "nanonets_upload_document",
        {
            "workflow_id": "w",
            "document_url": "https://x/a.pdf",
            "file_path": "",
            "file_base64": "",
            "file_name": "",
            "confirm": "",
            "reason": "",
        },
        "/api/v4/workflows/w/documents",
        {"document_url": "https://x/a.pdf"},
    ),
    (
        "studio_mark_page_annotated",
        {"project_id": 1, "annotation_id": 2, "document_id": 3, "page": 0},
        STATUSES,
        {"name": "ANNOTATED"},
    ),
    (
        "studio_mark_page_annotated",
        {"project_id": 1, "annotation_id": 2, "document_id": 3, "page": 0, "name": None},
        STATUSES,
        {"name": "ANNOTATED"},
    ),
]
"""What strict clients send: null or an empty text for everything that nobody set."""


@pytest.mark.parametrize(
    ("tool", "arguments", "address", "body"), [*PUT_RIGHT, *FILLED_IN], ids=lambda value: str(value)[:40]
)
async def test_what_hosts_commonly_get_wrong_is_put_right(
    tool: str, arguments: dict[str, Any], address: str, body: Any, era: Era
) -> None:
    network = Network()
    async with connected(network, era) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.structured_content
    request = network.requests[0]
    assert sorted(request.url.raw_path.decode().split("?")[1:]) == sorted(
        address.split("?")[1:]
    ) or address.count("&")
    assert request.url.path == address.partition("?")[0]
    assert dict(request.url.params) == dict(type(request.url)(f"https://x{address}").params)
    assert (json.loads(request.content) if request.content else None) == body


async def test_a_path_is_not_opened_before_the_other_arguments_are_right(tmp_path: Any) -> None:
    network = Network()
    async with connected(network, files=(tmp_path,)) as client:
        arguments = {"workflow_id": "", "file_path": str(tmp_path / "missing.pdf")}
        error = error_of(await client.call_tool("nanonets_upload_document", arguments))
    assert "workflow_id" in error["message"]
    assert "missing.pdf" not in error["message"]


async def test_an_unknown_tool_is_a_protocol_error_and_a_hidden_one_is_not(era: Era) -> None:
    from mcp import MCPError

    network = Network()
    async with connected(network, era, read_only=True) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("nanonets_fly", {})
        hidden = error_of(await client.call_tool("nanonets_delete_file", {"model_id": "m", "file_id": "f"}))
        extra = error_of(await client.call_tool("studio_get_health", {}))
    assert caught.value.error.code == -32602
    assert (hidden["code"], hidden["done"]) == ("not_allowed", "no")
    assert "read-only" in hidden["message"]
    assert "--toolsets extra" in extra["message"]
    assert network.requests == []


async def test_an_id_of_another_kind_is_named_where_it_was_shown_as_such(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        workflows = (await client.call_tool("nanonets_list_workflows", {})).structured_content["workflows"]
        workflow = workflows[0]["id"]
        documents = await client.call_tool("nanonets_list_documents", {"workflow_id": workflow})
        document = documents.structured_content["documents"][0]["document_id"]
        swapped = {"workflow_id": document, "document_id": workflow}
        for tool in ("nanonets_get_document", "review_document"):
            error = error_of(await client.call_tool(tool, swapped))
            assert "The value of document_id is a workflow_id." in error["message"]
            assert "The value of workflow_id is a document_id." in error["message"]
        several = {"model_id": document, "file_ids": [workflow], "member": "ada@example.com"}
        error = error_of(await client.call_tool("nanonets_assign_files", several))
        assert "The value of model_id is a document_id." in error["message"]
        assert "file_ids: " not in error["message"]
        missing = {"workflow_id": workflow, "document_id": "never-seen"}
        assert "this is" not in error_of(await client.call_tool("nanonets_get_document", missing))["message"]


@pytest.mark.parametrize(
    ("tool", "given", "suggested"),
    [
        ("nanonets_get_document", "documnt_id", "document_id"),
        ("nanonets_get_file", "file_id", "request_file_id"),
        ("nanonets_get_document", "page_id", ""),
        ("studio_get_correction", "annotation_id", ""),
        ("studio_get_labeling_session", "organization_id", ""),
        ("studio_mark_page_annotated", "page_id", ""),
    ],
)
async def test_another_kind_of_id_is_never_suggested(tool: str, given: str, suggested: str) -> None:
    async with connected(Network()) as client:
        message = error_of(await client.call_tool(tool, {given: 1}))["message"]
    assert (f"{given}: unknown argument; did you mean {suggested}?" in message) == bool(suggested), message
    assert f"{given}: unknown argument" in message


async def test_listed_schemas_hold_nothing_that_hosts_refuse() -> None:
    async with connected(toolsets="all") as client:
        listed = (await client.list_tools()).model_dump_json(by_alias=True)
    assert '"const"' not in listed
    assert '"email"' not in re.findall(r'"format":("[^"]*")', listed)
