"""Resources: the reference, the errors, the journal, page images, the settings in force."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest
from conftest import ACCOUNT, Era, Network, answers, connected, reviewing
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.failure import ErrorCode
from docreview_mcp.tools.surface.error_catalogue import CATALOGUE
from mcp import Client, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

NOT_FOUND = {"legacy": -32002, "auto": INVALID_PARAMS}
NAMES = {tool.name for tool in load_tools()}


async def text_of(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert content.uri == uri
    return content.text  # type: ignore[union-attr]


async def document_of(client: Client, name: str) -> dict[str, str]:
    workflows = await client.call_tool("nanonets_list_workflows", {})
    workflow = workflows.structured_content["workflows"][0]["id"]
    listed = await client.call_tool("nanonets_list_documents", {"workflow_id": workflow, "limit": 100})
    documents = listed.structured_content["documents"]
    found = next(each["document_id"] for each in documents if each["original_document_name"].startswith(name))
    return {"workflow_id": workflow, "document_id": found}


def page_uri(document: dict[str, str], number: object) -> str:
    return f"docreview://pages/{document['workflow_id']}/{document['document_id']}/{number}"


async def test_everything_listed_can_be_read(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        capabilities = client.server_capabilities
        resources = (await client.list_resources()).resources
        shown = {tool.toolset for tool in load_tools() if tool.tier not in ("extra", "lean", "app")}
        wanted = {
            "docreview://errors",
            "docreview://settings",
            "ui://docreview/review.html",
            *(f"docreview://tools/{name}" for name in shown),
        }
        assert {resource.uri for resource in resources} == wanted
        for resource in resources:
            assert resource.title
            assert resource.description
            (content,) = (await client.read_resource(resource.uri)).contents
            assert content.mime_type == resource.mime_type
        templates = (await client.list_resource_templates()).resource_templates
    assert capabilities.resources is not None
    assert [template.name for template in templates] == ["tools", "journal", "pages"]


@pytest.mark.parametrize("settings", [{}, {"surface": "lean"}, {"read_only": True}, {"toolsets": "all"}])
async def test_the_reference_has_the_tools_that_can_be_called(settings: dict[str, Any]) -> None:
    told: set[str] = set()
    async with connected(**settings) as client:
        for resource in (await client.list_resources()).resources:
            if resource.uri.startswith("docreview://tools/"):
                told |= set(re.findall(r"^### `(\w+)`$", await text_of(client, resource.uri), re.MULTILINE))
        listed = {tool.name for tool in (await client.list_tools()).tools}
    if settings.get("surface") == "lean":
        assert told > listed
        assert "nanonets_update_field" in told
    else:
        assert told == listed


def test_the_error_catalogue_has_every_code_and_names_tools_that_exist() -> None:
    assert set(CATALOGUE) == set(get_args(ErrorCode))
    for meaning in CATALOGUE.values():
        assert meaning.happened
        assert meaning.to_do
        assert set(meaning.tools) <= NAMES


async def test_the_error_catalogue_is_shown_as_a_table(era: Era) -> None:
    async with connected(era=era) as client:
        text = await text_of(client, "docreview://errors")
    for code in get_args(ErrorCode):
        assert f"| `{code}` | " in text


async def test_the_journal_of_an_item(era: Era) -> None:
    async with reviewing(era=era, journal="sqlite://") as (client, _):
        assert json.loads(await text_of(client, "docreview://journal/4"))["entries"] == []
        await client.call_tool("studio_update_project", {"project_id": 4, "name": "Feedback"})
        await client.call_tool("studio_update_project", {"project_id": 3, "name": "Urgent"})
        entries = json.loads(await text_of(client, "docreview://journal/4"))["entries"]
    assert [(each["tool"], each["arguments"]["name"]) for each in entries] == [
        ("studio_update_project", "Feedback")
    ]


async def test_without_a_journal_the_error_says_so(era: Era) -> None:
    async with reviewing(era=era, journal="none") as (client, _):
        with pytest.raises(MCPError) as failure:
            await client.read_resource("docreview://journal/4")
    assert failure.value.code == INTERNAL_ERROR
    assert "DOCREVIEW_JOURNAL" in str(failure.value)


async def test_page_images(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        document = await document_of(client, "invoice-005")
        pictures: set[str] = set()
        for number in (1, 2, 3):
            (content,) = (await client.read_resource(page_uri(document, number))).contents
            assert content.mime_type == "image/png"
            assert base64.b64decode(content.blob).startswith(b"\x89PNG")  # type: ignore[union-attr]
            pictures.add(content.blob)  # type: ignore[union-attr]
    assert len(pictures) == 3


async def test_what_is_not_there_is_told_as_the_protocol_says(era: Era) -> None:
    async with reviewing(era=era) as (client, _):
        document = await document_of(client, "invoice-005")
        for uri in (
            page_uri(document, 4),
            page_uri(document, "one"),
            page_uri({**document, "document_id": "00000000-0000-0000-0000-000000000000"}, 1),
            page_uri({**document, "document_id": ".."}, 1),
            page_uri({**document, "document_id": ""}, 1),
            "docreview://tools/nothing",
            "docreview://tools/studio-models/more",
            "docreview://nothing",
            "docreview://",
            "docreview:/errors",
            "https://example.com/errors",
            "errors",
            "",
        ):
            with pytest.raises(MCPError) as failure:
                await client.read_resource(uri)
            assert failure.value.code == NOT_FOUND[era], uri
            assert failure.value.error.data == {"uri": uri}


async def test_a_failure_of_a_service_is_told_without_secrets(era: Era) -> None:
    key = ACCOUNT["nanonets_api_key"]
    network = Network(answers(httpx2.Response(403, json={"message": f"key {key} may not"})))
    async with connected(network, era) as client:
        with pytest.raises(MCPError) as failure:
            await client.read_resource("docreview://pages/w/d/1")
    assert failure.value.code == INTERNAL_ERROR
    assert failure.value.error.data["error"]["code"] == "forbidden"
    assert "may not" in str(failure.value)
    assert key not in json.dumps(failure.value.error.model_dump())


async def test_what_comes_for_a_page_has_to_be_a_picture(era: Era) -> None:
    document = {"pages": [{"page_number": 1, "image_url": "https://pictures.example/1.png"}]}
    pages = answers(httpx2.Response(200, json=document), httpx2.Response(200, text="<html>not here"))
    async with connected(Network(pages), era) as client:
        with pytest.raises(MCPError) as failure:
            await client.read_resource("docreview://pages/w/d/1")
    assert failure.value.code == INTERNAL_ERROR


async def test_what_tools_may_not_read_resources_may_not_either(era: Era) -> None:
    network = Network()
    hidden = "nanonets_get_document,review_history"
    async with connected(network, era, exclude_tools=hidden) as client:
        templates = (await client.list_resource_templates()).resource_templates
        for uri in ("docreview://pages/w/d/1", "docreview://journal/4"):
            with pytest.raises(MCPError) as failure:
                await client.read_resource(uri)
            assert failure.value.code == NOT_FOUND[era]
    assert [template.name for template in templates] == ["tools"]
    assert network.requests == []


async def test_settings_and_policy_are_shown_without_secrets_and_folders(era: Era, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tools]\nforbidden = ["studio_delete_*"]\n[session]\nmax_approvals = 20\n')
    given: dict[str, Any] = {
        "studio_email": "somebody@example.com",
        "studio_password": "password-0123456789",
        "journal": "postgresql://user:journal-password@db.example/journal",
        "policy": policy,
        "files": (tmp_path,),
        "downloads": tmp_path,
        "toolsets": "all",
        "read_only": True,
        "nanonets_api_key": None,
    }
    async with connected(era=era, **given) as client:
        text = await text_of(client, "docreview://settings")
    shown = json.loads(text)
    assert shown["settings"]["read_only"] is True
    assert shown["settings"]["toolsets"] == ["all"]
    assert shown["settings"]["confirm"] == "never"
    assert shown["credentials"] == {"nanonets": "missing", "studio": "set"}
    assert shown["journal"] == "kept"
    assert shown["policy"] == {"tools": {"forbidden": ["studio_delete_*"]}, "session": {"max_approvals": 20}}
    hidden = [*ACCOUNT.values(), "somebody@example.com", "password", "db.example", str(tmp_path)]
    assert not [value for value in hidden if value in text]
