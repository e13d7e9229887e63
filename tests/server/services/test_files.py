"""Which files of the user's machine can reach a service."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from conftest import Network, connected, error_of
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.files import MAX_BYTES, default_folders
from mcp import Client
from mcp.types import CallToolResult
from pydantic import SecretStr
from results import blob_of, text_of

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
        stream.truncate(MAX_BYTES + 1)
    (tmp_path / "outside.pdf").write_bytes(CONTENT)
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "allowed-too" / "near.pdf").write_bytes(CONTENT)
    (allowed / "link-out.pdf").symlink_to(tmp_path / "outside.pdf")
    (allowed / "link-hidden.pdf").symlink_to(allowed / ".secret.pdf")
    (allowed / "link-in.pdf").symlink_to(allowed / "invoice.pdf")
    return allowed


async def upload(
    folder: Path, path: str, tool: str = "nanonets_upload_document", **more: object
) -> tuple[Network, CallToolResult]:
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


NARROW = "Screenshot 2026-05-12 at 4.42.48\u202fPM.pdf"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (NARROW, NARROW),
        (NARROW, NARROW.replace("\u202f", " ")),
        ("Re\u0301sume\u0301.pdf", "R\u00e9sum\u00e9.pdf"),
        ("R\u00e9sum\u00e9.pdf", "Re\u0301sume\u0301.pdf"),
        ("Rechnung  7.PDF", "rechnung\u00a07.pdf"),
    ],
)
@pytest.mark.parametrize("form", ["{}", '"{}"', " '{}' ", "file://{}", "file://localhost{}"])
async def test_a_file_is_found_by_the_name_that_people_give(
    folder: Path, stored: str, asked: str, form: str
) -> None:
    (folder / stored).write_bytes(CONTENT)
    path = str(folder / asked)
    network, result = await upload(folder, form.format(quote(path) if form.startswith("file") else path))
    assert not result.is_error, result.structured_content
    assert CONTENT in network.requests[0].content


async def test_the_exact_name_comes_first_and_nothing_is_guessed(folder: Path) -> None:
    (folder / "A b.pdf").write_bytes(b"first")
    (folder / "a\u00a0b.pdf").write_bytes(b"second")
    network, result = await upload(folder, str(folder / "a\u00a0b.pdf"))
    assert b"second" in network.requests[0].content
    network, result = await upload(folder, str(folder / "A\u202fb.pdf"))
    assert b"first" in network.requests[0].content
    (folder / "A\u00a0b.pdf").write_bytes(b"third")
    network, result = await upload(folder, str(folder / "A\u202fb.pdf"))
    assert "does not exist" in error_of(result)["message"]
    for outside in ("file:///etc/passwd", "file://elsewhere/x.pdf", "'/etc/PASSWD'"):
        network, result = await upload(folder, outside)
        assert "outside the allowed folders" in error_of(result)["message"]
        assert network.requests == []


RAW = bytes(range(256)) * 2
ENCODED = base64.b64encode(RAW).decode()


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        base64.encodebytes(RAW).decode(),
        ENCODED.replace("A", "A\r\n"),
        ENCODED.rstrip("="),
        base64.urlsafe_b64encode(RAW).decode(),
        base64.urlsafe_b64encode(RAW).decode().rstrip("="),
        f"data:application/pdf;base64,{ENCODED}",
        f"data:application/pdf;name=a.pdf;BASE64,{ENCODED}\n",
        f"data:;base64,{quote(ENCODED)}",
        f"  {ENCODED}  ",
    ],
)
@pytest.mark.parametrize("name", ["a.pdf", "/home/me/a.pdf", "C:\\Users\\me\\a.pdf", " ../a.pdf"])
async def test_base64_is_taken_in_every_spelling_and_a_name_without_its_folders(text: str, name: str) -> None:
    network = Network(lambda request: httpx2.Response(200, json={"document_id": "d"}))
    arguments = {"workflow_id": "w", "file_base64": text, "file_name": name}
    async with connected(network) as client:
        result = await client.call_tool("nanonets_upload_document", arguments)
    assert not result.is_error, result.structured_content
    assert RAW in network.requests[0].content
    assert b'filename="a.pdf"' in network.requests[0].content


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "A*AA", "data:text/plain,hello", "h\u00e9llo", "====", "data:;base64,"]
)
async def test_what_is_no_base64_is_refused(text: str) -> None:
    network = Network()
    arguments = {"workflow_id": "w", "file_base64": text, "file_name": "a.pdf"}
    async with connected(network) as client:
        error = error_of(await client.call_tool("nanonets_upload_document", arguments))
    assert "file_base64" in error["message"]
    assert network.requests == []


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("Rechnung 12:30.pdf", "Rechnung 12-30.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("nul", "_nul"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT\u00b9.pdf", "_LPT\u00b9.pdf"),
        ("console.pdf", "console.pdf"),
        ("what?.pdf", "what-.pdf"),
        ('a<b>|"c*.pdf', "a-b---c-.pdf"),
        ("ends with a dot.", "ends with a dot"),
        ("a.pdf ", "a.pdf"),
    ],
)
async def test_a_download_has_a_name_that_every_system_takes(tmp_path: Path, name: str, ending: str) -> None:
    headers = {
        "content-type": "application/pdf",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
    }
    network = Network(lambda request: httpx2.Response(200, content=b"%PDF-1.4 x", headers=headers))
    async with connected(network, downloads=tmp_path) as client:
        result = await client.call_tool(
            "nanonets_download_document", {"workflow_id": "w", "document_id": "d"}
        )
    assert Path(json.loads(text_of(result))["path"]) == tmp_path / ending


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits to the size of files")
async def test_a_download_that_a_full_disk_cut_off_is_not_left_behind(tmp_path: Path) -> None:
    import resource

    network = Network(
        lambda request: httpx2.Response(200, content=b"x" * 100, headers={"content-type": "application/zip"})
    )
    place = {"workflow_id": "w", "document_id": "d"}
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with connected(network, downloads=tmp_path) as client:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
            error = error_of(await client.call_tool("nanonets_download_document", place))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))
    assert "cannot be saved" in error["message"]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.pdf", "does not exist"),
        (".secret.pdf", "hidden"),
        (".hidden/invoice.pdf", "hidden"),
        ("link-hidden.pdf", "hidden"),
        ("empty.pdf", "empty"),
        ("folder.pdf", "not a file"),
        ("large.pdf", f"the maximum is {MAX_BYTES}"),
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
    settings = Settings(
        nanonets_api_key=SecretStr("nanonets-key-0123456789"), files=(folder,), downloads=folder / "out"
    )
    async with Client(build_server(settings, transport=network, local=False)) as client:
        arguments = {"workflow_id": "w", "file_path": str(folder / "invoice.pdf")}
        error = error_of(await client.call_tool("nanonets_upload_document", arguments))
        assert "file_base64" in error["message"]
        assert network.requests == []
        arguments = {"workflow_id": "w", "document_id": "d"}
        download = await client.call_tool("nanonets_download_document", arguments)
    assert not (folder / "out").exists()
    assert blob_of(download, 1).mime_type == "application/pdf"
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
