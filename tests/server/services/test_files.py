"""Which files of the user's machine can reach a service."""

from __future__ import annotations

import os
from pathlib import Path

import httpx2
import pytest
from conftest import Network, connected, error_of
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.files import MOST_BYTES, default_folders
from mcp import Client

CONTENT = b"%PDF-1.4 invoice"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An allowed folder with a good file, beside others that are not allowed."""
    allowed = tmp_path / "allowed"
    (allowed / ".hidden").mkdir(parents=True)
    (allowed / "invoice.pdf").write_bytes(CONTENT)
    (allowed / ".secret.pdf").write_bytes(CONTENT)
    (allowed / ".hidden" / "invoice.pdf").write_bytes(CONTENT)
    (allowed / "empty.pdf").touch()
    (allowed / "folder.pdf").mkdir()
    with (allowed / "large.pdf").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    (tmp_path / "outside.pdf").write_bytes(CONTENT)
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "allowed-too" / "near.pdf").write_bytes(CONTENT)
    (allowed / "link-out.pdf").symlink_to(tmp_path / "outside.pdf")
    (allowed / "link-hidden.pdf").symlink_to(allowed / ".secret.pdf")
    (allowed / "link-in.pdf").symlink_to(allowed / "invoice.pdf")
    return allowed


async def upload(
    folder: Path, path: str, tool: str = "nanonets_upload_document", **more: object
) -> tuple[Network, object]:
    network = Network(lambda request: httpx2.Response(200, json={"document_id": "d"}))
    where = {"workflow_id": "w"} if tool == "nanonets_upload_document" else more
    async with connected(network, files=(folder,)) as client:
        result = await client.call_tool(tool, {**where, "file_path": path})
    return network, result


@pytest.mark.parametrize(
    "name", ["invoice.pdf", "link-in.pdf", "../allowed/invoice.pdf", ".hidden/../invoice.pdf"]
)
async def test_a_file_in_an_allowed_folder_is_sent_whole(folder: Path, name: str) -> None:
    network, result = await upload(folder, str(folder / name))
    assert not result.is_error, result.structured_content
    body = network.requests[0].content
    assert CONTENT in body
    assert b'filename="invoice.pdf"' in body
    assert b"application/pdf" in body


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.pdf", "there is no file"),
        (".secret.pdf", "hidden"),
        (".hidden/invoice.pdf", "hidden"),
        ("link-hidden.pdf", "hidden"),
        ("empty.pdf", "empty"),
        ("folder.pdf", "not a file"),
        ("large.pdf", f"at most {MOST_BYTES}"),
        ("../outside.pdf", "outside the allowed folders"),
        ("../allowed-too/near.pdf", "outside the allowed folders"),
        ("link-out.pdf", "outside the allowed folders"),
        ("/etc/passwd", "outside the allowed folders"),
        ("a\0b.pdf", "cannot be read"),
        ("~nobody-here/x.pdf", "file_path"),
    ],
)
async def test_any_other_file_is_refused_before_anything_is_sent(folder: Path, name: str, said: str) -> None:
    network, result = await upload(folder, name if name.startswith("~") else str(folder / name))
    error = error_of(result)
    assert (error["code"], error["done"]) == ("invalid_arguments", "no")
    assert said in error["message"]
    assert network.requests == []


async def test_a_kind_that_the_operation_does_not_take_is_refused(folder: Path) -> None:
    (folder / "texts.docx").write_bytes(b"x")
    network, result = await upload(
        folder, str(folder / "texts.docx"), "studio_upload_group_file", project_id=1
    )
    assert "expected one of csv, txt, json, jsonl, xlsx" in error_of(result)["message"]
    assert network.requests == []


async def test_a_server_that_is_reached_over_the_network_reads_and_writes_no_file(folder: Path) -> None:
    network = Network(
        lambda request: httpx2.Response(
            200,
            content=b"%PDF",
            headers={
                "content-type": "application/pdf",
                "content-disposition": 'attachment; filename="a.pdf"',
            },
        )
    )
    settings = Settings(nanonets_api_key="nanonets-key-0123456789", files=(folder,), downloads=folder / "out")
    async with Client(build_server(settings, transport=network, local=False)) as client:
        arguments = {"workflow_id": "w", "file_path": str(folder / "invoice.pdf")}
        error = error_of(await client.call_tool("nanonets_upload_document", arguments))
        assert "file_base64" in error["message"]
        assert network.requests == []
        arguments = {"workflow_id": "w", "document_id": "d"}
        download = await client.call_tool("nanonets_download_document", arguments)
    assert not (folder / "out").exists()
    assert download.content[1].resource.mime_type == "application/pdf"
    assert "path" not in download.structured_content


async def test_a_repeated_upload_sends_the_whole_file_again(folder: Path) -> None:
    first = [httpx2.Response(429, headers={"Retry-After": "0"})]
    network = Network(
        lambda request: first.pop() if first else httpx2.Response(200, json={"document_id": "d"})
    )
    async with connected(network, files=(folder,)) as client:
        arguments = {"workflow_id": "w", "file_path": str(folder / "invoice.pdf")}
        assert not (await client.call_tool("nanonets_upload_document", arguments)).is_error
    assert [CONTENT in request.content for request in network.requests] == [True, True]


def test_the_home_directory_itself_and_the_root_are_no_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    names = [tmp_path / "Documents", tmp_path / "Downloads", tmp_path / "Desktop"]
    monkeypatch.chdir(tmp_path)
    assert list(default_folders()) == names
    monkeypatch.chdir("/")
    assert list(default_folders()) == names
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert list(default_folders()) == [*names, tmp_path / "work"]


@pytest.mark.parametrize("swapped", ["file", "folder", "pipe"])
async def test_a_link_put_there_after_the_check_is_not_followed(folder: Path, swapped: str) -> None:
    """The service asks for a new session first, and meanwhile somebody swaps the file."""
    inner = folder / "inner"
    inner.mkdir()
    (inner / "texts.csv").write_bytes(b"good")
    other = folder.parent / "other"
    other.mkdir()
    (other / "texts.csv").write_bytes(b"SECRET")
    path = inner / "texts.csv"

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/login"):
            swap()
            return httpx2.Response(200, json={"auth_token": "a-new-token"})
        return httpx2.Response(200, json={"id": 1})

    def swap() -> None:
        if swapped == "folder":
            inner.rename(folder / "moved")
            inner.symlink_to(other)
            return
        path.unlink()
        if swapped == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(other / "texts.csv")

    network = Network(answer)
    settings = {"studio_token": None, "studio_email": "a@b.example", "studio_password": "pass-word-1"}
    async with connected(network, files=(folder,), toolsets="all", **settings) as client:
        arguments = {"project_id": 1, "file_path": str(path)}
        await client.call_tool("studio_upload_group_file", arguments)
    assert all(b"SECRET" not in request.content for request in network.requests)


async def test_no_cookie_is_kept_or_sent(folder: Path) -> None:
    cookie = {"set-cookie": "session=tracked; Path=/; Max-Age=9999"}
    network = Network(lambda request: httpx2.Response(200, json={"workflows": []}, headers=cookie))
    async with connected(network, files=(folder,)) as client:
        for _ in range(2):
            await client.call_tool("nanonets_list_workflows", {})
            await client.call_tool("studio_list_projects", {})
    assert len(network.requests) == 4
    assert all("cookie" not in request.headers for request in network.requests)
