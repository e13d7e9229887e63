"""The sandbox over real HTTP, as tests, people and the services' own clients use it."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
import uvicorn
from conftest import Era, connected, error_of, reviewing, told_beside
from docreview_mcp.sandbox import Fault, Sandbox
from docreview_mcp.schemas import load_operations
from nanonetsclient import NanonetsClient
from results import image_of


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A sandbox on a port of its own."""
    server = uvicorn.Server(
        uvicorn.Config(Sandbox(work_seconds=0.2).application, port=0, log_level="warning")
    )
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@asynccontextmanager
async def over_http(address: str, **settings: Any) -> AsyncGenerator[Any]:
    """A client of a server whose services are the sandbox on its port."""
    accounts = {
        "nanonets_base_url": f"{address}/nanonets",
        "studio_base_url": f"{address}/studio",
        "studio_token": None,
        "studio_email": "you@example.com",
        "studio_password": "anything",
    }
    async with connected(**{**accounts, **settings}) as client:
        yield client


def test_it_answers_every_documented_and_companion_operation() -> None:
    from docreview_mcp.sandbox.service import HANDLERS

    assert Sandbox().application
    assert set(load_operations()) == set(HANDLERS)


def test_the_data_is_what_people_were_promised() -> None:
    sandbox = Sandbox()
    assert len(sandbox.nanonets.workflows) >= 3
    assert len(sandbox.nanonets.documents) >= 40
    assert len(sandbox.studio.workspaces) >= 2
    assert len(sandbox.studio.projects) >= 4
    assert len(sandbox.studio.texts) >= 300


async def test_the_official_nanonets_client_works_unchanged(address: str, tmp_path: Path) -> None:
    def work() -> None:
        official = NanonetsClient("any-key", base_url=f"{address}/nanonets/api/v4").workflows
        workflow = official.list()[0]
        assert official.get(workflow["id"])["id"] == workflow["id"]
        assert official.get_types()
        listed = official.list_documents(workflow["id"], page=2, limit=5)
        assert len(listed) == 5
        document = official.get_document(workflow["id"], listed[0]["document_id"])
        page = document["pages"][0]
        field = next(iter(page["data"]["fields"].values()))[0]
        where = (workflow["id"], document["document_id"], page["page_id"])
        changed = official.update_field_value(*where, field["field_data_id"], "new value")
        assert changed["value"] == "new value"
        verified = official.verify_field(*where, field["field_data_id"], "verified", "checked")
        assert verified["verification_status"] == "verified"
        table = official.add_table(*where, [1, 2, 3, 4], ["a"], "unverified", "", [])
        cell = official.add_table_cell(
            *where, table["table_id"], 0, 0, "a", "x", [1, 2, 3, 4], "unverified", ""
        )
        official.update_table_cell(*where, table["table_id"], cell["cell_id"], "y")
        official.verify_table_cell(*where, table["table_id"], cell["cell_id"], "verified", "")
        official.verify_table(*where, table["table_id"], "verified", "")
        official.delete_table_cell(*where, table["table_id"], cell["cell_id"])
        official.delete_table(*where, table["table_id"])
        official.verify_document(workflow["id"], document["document_id"], "verified", "")
        original = official.get_document_original_file(workflow["id"], document["document_id"])
        assert original.startswith((b"%PDF", b"\x89PNG"))
        file = tmp_path / "again.pdf"
        file.write_bytes(original)
        uploaded = official.upload_document(workflow["id"], str(file), metadata={"from": "test"})
        assert uploaded["status"] == "success"
        official.delete_document(workflow["id"], uploaded["document_id"])
        created = official.create("my workflow", "")
        official.set_fields(created["id"], [{"name": "total"}], [{"name": "item"}])

    with pytest.warns(ResourceWarning):
        await asyncio.to_thread(work)


async def test_without_credentials_nothing_is_answered(address: str) -> None:
    async with httpx2.AsyncClient() as client:
        for path in ("/nanonets/api/v4/workflows", "/studio/projects"):
            assert (await client.get(address + path)).status_code == 401
            assert (
                await client.get(address + path, headers={"Authorization": "Bearer invalid"})
            ).status_code == 401
        assert (await client.get(f"{address}/studio/nothing/here")).status_code == 404
        signed_in = await client.post(
            f"{address}/studio/auth/login", json={"email": "a@b.c", "password": "x"}
        )
        token = signed_in.json()["auth_token"]
        assert token.count(".") == 2
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await client.get(f"{address}/studio/projects", headers=bearer)).status_code == 200
        assert (
            await client.get(f"{address}/studio/users/1/notifications", headers=bearer)
        ).status_code == 200


async def test_a_server_over_http_does_the_review(address: str) -> None:
    async with over_http(address) as client:
        workflows = (await client.call_tool("nanonets_list_workflows", {})).structured_content["workflows"]
        projects = (await client.call_tool("studio_list_projects", {})).structured_content["items"]
    assert len(workflows) >= 3
    assert len(projects) >= 4


@pytest.mark.parametrize(
    ("fault", "code", "done"),
    [
        ({"kind": "status", "status": 500}, "upstream_error", "unknown"),
        ({"kind": "status", "status": 503}, "upstream_error", "no"),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "90"}}, "rate_limited", "no"),
        ({"kind": "cut"}, "unreachable", "unknown"),
        ({"kind": "html"}, "upstream_error", "unknown"),
        ({"kind": "broken_json"}, "upstream_error", "yes"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_faults_on_request_reach_the_agent_as_what_they_are(
    address: str, fault: dict[str, Any], code: str, done: str
) -> None:
    async with httpx2.AsyncClient() as control:
        await control.post(
            f"{address}/sandbox/faults", json={"operation": "retryAllExports", "times": 9, **fault}
        )
        async with over_http(address) as client:
            listed = (await client.call_tool("nanonets_list_workflows", {})).structured_content["workflows"]
            documents = await client.call_tool("nanonets_list_documents", {"workflow_id": listed[0]["id"]})
            file_id = documents.structured_content["documents"][0]["document_id"]
            arguments = {"model_id": listed[0]["id"], "file_ids": [file_id]}
            error = error_of(await client.call_tool("nanonets_retry_exports", arguments))
        await control.delete(f"{address}/sandbox/faults")
    assert (error["code"], error["done"]) == (code, done)


async def test_an_answer_that_is_late_is_a_timeout() -> None:
    async with reviewing() as (client, sandbox):
        sandbox.faults.add(Fault("latency", "updateProject", seconds=600, times=9))
        arguments = {"project_id": 1, "name": "Renamed"}
        error = error_of(await client.call_tool("studio_update_project", arguments))
    assert (error["code"], error["done"]) == ("timeout", "unknown")


async def test_a_fault_that_is_no_fault_is_told(address: str) -> None:
    async with httpx2.AsyncClient() as control:
        assert (await control.post(f"{address}/sandbox/faults", json={"knd": "cut"})).status_code == 400


async def test_page_images_are_pictures_and_need_no_credentials(address: str) -> None:
    async with over_http(address) as client, httpx2.AsyncClient() as browser:
        listed = (await client.call_tool("nanonets_list_workflows", {})).structured_content["workflows"]
        documents = await client.call_tool("nanonets_list_documents", {"workflow_id": listed[0]["id"]})
        entry = documents.structured_content["documents"][0]
        where = {"workflow_id": listed[0]["id"], "document_id": entry["document_id"]}
        document = (await client.call_tool("nanonets_get_document", where)).structured_content
        image = await browser.get(document["pages"][0]["image_url"])
    assert document["raw_document_url"].startswith(f"{address}/nanonets/files/documents/")
    assert image.headers["content-type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")


async def test_an_embedded_sandbox_names_no_address_of_this_machine() -> None:
    sandbox = Sandbox()
    document = next(iter(sandbox.nanonets.documents.values()))
    path = f"/nanonets/api/v4/workflows/{document.workflow_id}/documents/{document.id}"
    transport = httpx2.ASGITransport(sandbox.application)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", auth=("key", "")
    ) as client:
        shown = (await client.get(path)).json()
    files = "https://sandbox.docreview.example/nanonets/files"
    assert shown["raw_document_url"] == f"{files}/documents/{document.id}"
    assert shown["pages"][0]["image_url"] == f"{files}/pages/{document.pages[0].id}.png"


async def test_annotated_pages_arrive_as_pictures(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        project = next(each for each in sandbox.studio.projects.values() if each.name == "Supplier invoices")
        models = await client.call_tool("studio_list_project_models", {"project_id": project.id})
        arguments = {
            "organization_id": project.workspace_id,
            "project_id": project.id,
            "model_id": models.structured_content["items"][0]["id"],
            "return_annotated_pages": "true",
            "file_base64": base64.b64encode(b"%PDF-1.4 any").decode(),
            "file_name": "invoice.pdf",
        }
        result = await client.call_tool("studio_extract_information", arguments)
    assert told_beside(result)["documents"][0]["annotated_pages"] == ["[picture 1]"]
    assert image_of(result, 1).mime_type == "image/png"


async def test_the_refused_faults_do_not_change_anything() -> None:
    async with reviewing() as (client, sandbox):
        sandbox.faults.add(Fault("status", "updateProject", status=503, headers={"Retry-After": "0"}))
        sandbox.faults.add(Fault("cut", "updateProject", after=True))
        first = error_of(await client.call_tool("studio_create_project", {"name": "", "type": "NONE"}))
        assert first["code"] == "invalid_arguments"
        await client.call_tool("studio_update_project", {"project_id": 1, "name": "Renamed"})
        project = (await client.call_tool("studio_get_project", {"project_id": 1})).structured_content
    assert project["name"] == "Renamed"
    assert [received.operation for received in sandbox.received].count("updateProject") == 3
