"""Who calls is known by a key: it decides what may be done, and nothing of one caller reaches another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, answers, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from http_callers import MODERN, PING, caller, new_key, post, served
from mcp.types import ElicitResult, Implementation
from review_desk import field_of, ready

CREATE = "studio_create_project"
SCOPES = ("docreview:read", "docreview:write", "docreview:admin")


def deletion(sandbox: Sandbox) -> tuple[str, dict[str, Any]]:
    """A call that a person has to confirm."""
    document = ready(sandbox)[0]
    return "nanonets_delete_field", total_of(document)


def total_of(document: Document) -> dict[str, str]:
    place = {"workflow_id": document.workflow_id, "document_id": document.id}
    found = field_of(document, "total_amount").id
    return {**place, "page_id": document.pages[0].id, "field_data_id": found}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.txt"


def with_keys(keys: Path, **more: Any) -> dict[str, Any]:
    return {"auth": "keys", "keys": keys, **more}


@pytest.mark.parametrize("version", [{}, MODERN], ids=["legacy", "modern"])
async def test_without_a_key_the_answer_says_what_is_wanted(keys: Path, version: dict[str, str]) -> None:
    new_key(keys, "Ana")
    async with served(http=with_keys(keys)) as client:
        response = await client.post("/mcp", json=PING, headers=version)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer scope="docreview:read docreview:write"'
        assert response.json()["error"]["data"]["code"] == "unauthorized"


async def test_a_wrong_key_is_told_nothing_but_that(keys: Path) -> None:
    key = new_key(keys, "Ana")
    identity = key.removeprefix("docreview_").partition("_")[0]
    wrong = [
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        f"Bearer docreview_{identity}_{'a' * 43}",
        f"Bearer docreview_nobody-12345678_{'a' * 43}",
        f"Bearer {identity}",
        "Bearer",
        "Bearer \xe9",
    ]
    async with served(http=with_keys(keys)) as client:
        said = [
            await client.post("/mcp", json=PING, headers={b"Authorization": each.encode("latin-1")})
            for each in wrong
        ]
        twice = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
        said.append(await client.post("/mcp", json=PING, headers=[*client.headers.items(), *twice]))
        right = await client.post("/mcp", json=PING, headers={"Authorization": f"bearer {key}"})
    assert right.status_code == 200
    assert {each.status_code for each in said} == {401}
    assert {each.headers["www-authenticate"] for each in said} == {'Bearer error="invalid_token"'}
    assert len({each.text for each in said}) == 1


async def test_the_file_holds_no_key_and_is_read_anew(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = new_key(keys, "Ana Lovelace")
    assert first[-43:] not in keys.read_text()
    assert keys.stat().st_mode & 0o077 == 0

    async with served(http=with_keys(keys)) as client:

        async def status(key: str) -> int:
            response = await client.post("/mcp", json=PING, headers={"Authorization": f"Bearer {key}"})
            return response.status_code

        assert await status(first) == 200
        second = new_key(keys, "Bo")
        assert (await status(first), await status(second)) == (200, 200)
        lines = keys.read_text().splitlines()
        keys.write_text("# Ana left\nnonsense\n" + lines[1])
        assert (await status(first), await status(second)) == (401, 200)
        assert "line 2" in caplog.text
        keys.unlink()
        assert await status(second) == 401
    assert not any(key[-43:] in caplog.text for key in (first, second))


async def test_a_key_that_only_reads_is_shown_and_can_do_no_more(keys: Path, era: Era) -> None:
    reads, writes = new_key(keys, "Ana", "docreview:read"), new_key(keys, "Bo")
    async with served(sandbox=Sandbox(clock=anyio.current_time), http=with_keys(keys)) as client:
        async with caller(client, era, reads) as reading, caller(client, era, writes) as writing:
            shown = {tool.name for tool in (await reading.list_tools()).tools}
            every = {tool.name for tool in (await writing.list_tools()).tools}
            assert "nanonets_list_workflows" in shown
            assert CREATE in every - shown
            assert not (await reading.call_tool("nanonets_list_workflows", {})).is_error

        call = {"name": CREATE, "arguments": {"name": "New", "type": "ABSA"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        response = await client.post("/mcp", json=message, headers={"Authorization": f"Bearer {reads}"})
        assert response.status_code == 403
        challenge = response.headers["www-authenticate"]
        assert challenge == 'Bearer error="insufficient_scope", scope="docreview:read docreview:write"'
        assert response.json()["error"]["data"]["done"] == "no"


async def test_a_key_without_any_scope_for_reading_is_refused(keys: Path) -> None:
    key = new_key(keys, "Ana", "docreview:write")
    async with served(http=with_keys(keys)) as client:
        response = await client.post("/mcp", json=PING, headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == 403
        assert 'scope="docreview:read"' in response.headers["www-authenticate"]


async def test_the_journal_names_the_caller_and_the_program(keys: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    http = with_keys(keys)
    async with served(sandbox=Sandbox(clock=anyio.current_time), http=http, journal="sqlite://") as client:
        for key in (ana, bo):
            async with caller(client, era, key) as calling:
                name = key.removeprefix("docreview_").partition("_")[0]
                result = await calling.call_tool(CREATE, {"name": f"Of {name}", "type": "ABSA"})
                assert not result.is_error, result.structured_content
        async with caller(client, era, new_key(keys, "Cy", *SCOPES)) as calling:
            history = (await calling.call_tool("review_history", {})).structured_content
    assert history is not None
    by = [entry["by"] for entry in history["entries"]]
    names = [key.removeprefix("docreview_").partition("_")[0] for key in (bo, ana)]
    assert [each.partition(", ")[0] for each in by] == names
    assert all(len(each.split(", ")) == 3 for each in by), by


async def test_a_code_is_good_for_the_caller_who_got_it_only(keys: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    sandbox, http = Sandbox(clock=anyio.current_time), with_keys(keys)
    async with served(sandbox=sandbox, http=http, confirm="destructive") as client:
        name, arguments = deletion(sandbox)
        async with caller(client, era, ana) as first, caller(client, era, bo) as second:
            asked = await first.call_tool(name, arguments)
            assert error_of(asked)["code"] == "needs_confirmation"
            code = (asked.structured_content or {})["docreview"]["confirm"]
            taken = error_of(await second.call_tool(name, {**arguments, "confirm": code}))
            assert taken["code"] == "needs_confirmation"
            assert "does not match this call" in taken["message"]
            done = await first.call_tool(name, {**arguments, "confirm": code})
            assert not done.is_error, done.structured_content


async def test_a_request_state_is_good_for_the_caller_who_got_it_only(keys: Path) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    sandbox = Sandbox(clock=anyio.current_time)
    async with served(sandbox=sandbox, http=with_keys(keys), confirm="destructive") as client:
        name, arguments = deletion(sandbox)
        call = {"name": name, "arguments": arguments}

        async def answer(key: str, **more: Any) -> dict[str, Any]:
            sent = {"Authorization": f"Bearer {key}"}
            able = {"elicitation": {"form": {}}}
            params = {**call, **more}
            _, message = await post(client, "auto", "tools/call", params, headers=sent, capabilities=able)
            return message["result"]

        asked = await answer(ana)
        assert asked["resultType"] == "input_required"
        agreed = {"confirm": {"action": "accept", "content": {"confirm": True}}}
        given = {"inputResponses": agreed, "requestState": asked["requestState"]}
        taken = (await answer(bo, **given))["structuredContent"]["error"]
        assert taken["code"] == "needs_confirmation"
        assert "does not match this call" in taken["message"]
        assert not (await answer(ana, **given))["isError"]


async def test_what_a_session_may_do_is_counted_for_each_caller(keys: Path, tmp_path: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_writes = 1\n")
    codes: list[str] = []
    sandbox = Sandbox(clock=anyio.current_time)
    async with served(sandbox=sandbox, http=with_keys(keys), policy=policy) as client:
        for number, key in enumerate((ana, bo, ana)):
            async with caller(client, era, key) as calling:
                result = await calling.call_tool(CREATE, {"name": f"Project {number}", "type": "ABSA"})
                codes.append(error_of(result)["code"] if result.is_error else "done")
    assert codes == ["done", "done", "not_allowed"]


async def test_nobody_takes_all_requests_to_a_service(keys: Path) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    ended: list[str] = []

    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await anyio.sleep(1)
            return httpx2.Response(200, json={"workflows": []})

    async with served(Slow(), http=with_keys(keys), in_flight=2) as client:

        async def look(name: str, key: str) -> None:
            params = {"name": "nanonets_list_workflows", "arguments": {}}
            sent = {"Authorization": f"Bearer {key}"}
            _, message = await post(client, "auto", "tools/call", params, headers=sent)
            assert not message["result"]["isError"]
            ended.append(name)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(look, "Ana", ana)
            await anyio.sleep(0.5)
            group.start_soon(look, "Bo", bo)
    assert "Bo" in ended[:4]
    assert len(ended) == 21


async def test_the_host_asks_the_person_in_the_era_without_handshake() -> None:
    asked: list[str] = []

    async def agree(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"confirm": True})

    sandbox = Sandbox(clock=anyio.current_time)
    async with served(sandbox=sandbox, confirm="destructive") as client:
        name, arguments = deletion(sandbox)
        async with caller(client, "auto", elicitation_callback=agree) as calling:
            result = await calling.call_tool(name, arguments)
            assert not result.is_error, result.structured_content
    assert len(asked) == 1


async def test_a_caller_is_told_of_changes_since_its_own_look_only(keys: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    sandbox = Sandbox(clock=anyio.current_time)
    async with served(sandbox=sandbox, http=with_keys(keys), journal="sqlite://") as client:
        document = ready(sandbox)[0]
        look = {"workflow_id": document.workflow_id, "document_id": document.id}
        async with caller(client, era, ana) as first, caller(client, era, bo) as second:
            assert not (await first.call_tool("nanonets_get_document", look)).is_error
            field_of(document, "total_amount").value = "999"
            write = {**total_of(document), "value": "101"}
            assert not (await second.call_tool("nanonets_update_field", write)).is_error
            refused = error_of(await first.call_tool("nanonets_update_field", {**write, "value": "102"}))
            assert (refused["code"], "“101”" in refused["message"]) == ("conflict", True)


async def test_what_one_program_saw_another_of_the_same_caller_did_not(keys: Path, era: Era) -> None:
    """A program names itself in each request, or in the era with a handshake by its `User-Agent`."""
    key, sandbox = new_key(keys, "Ana"), Sandbox(clock=anyio.current_time)
    async with served(sandbox=sandbox, http=with_keys(keys), journal="sqlite://") as client:

        def program(name: str) -> Any:
            named = {"User-Agent": name} if era == "legacy" else {}
            return caller(client, era, key, named, client_info=Implementation(name=name, version="1"))

        document = ready(sandbox)[0]
        look = {"workflow_id": document.workflow_id, "document_id": document.id}
        async with program("one") as first, program("other") as second:
            assert not (await first.call_tool("nanonets_get_document", look)).is_error
            field_of(document, "total_amount").value = "999"
            write = {**total_of(document), "value": "101"}
            assert not (await second.call_tool("nanonets_update_field", write)).is_error
            refused = error_of(await first.call_tool("nanonets_update_field", {**write, "value": "102"}))
            assert refused["code"] == "conflict"


async def test_an_identical_write_of_somebody_else_is_a_conflict_and_not_sent(keys: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    results: list[Any] = []
    posts: list[str] = []

    class Slow(httpx2.AsyncBaseTransport):
        """Takes a while to create what is asked for."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            posts.append(request.url.path)
            await anyio.sleep(5)
            return httpx2.Response(200, json={"id": 1, "name": "The same"})

    async with served(Slow(), http=with_keys(keys)) as client:

        async def create(key: str) -> None:
            async with caller(client, era, key) as calling:
                results.append(await calling.call_tool(CREATE, {"name": "The same", "type": "ABSA"}))

        async with anyio.create_task_group() as group:
            for key in (ana, ana, bo):
                group.start_soon(create, key)
                await anyio.sleep(1)
    refused = [error_of(each) for each in results if each.is_error]
    assert [each["code"] for each in refused] == ["conflict"]
    assert "another caller" in refused[0]["message"]
    assert refused[0]["done"] == "no"
    assert len(posts) == 1


async def test_nobody_changes_the_account_of_all(era: Era) -> None:
    async with served(toolsets="all") as client, caller(client, era) as calling:
        names = {tool.name for tool in (await calling.list_tools()).tools}
        assert names & {"studio_login", "studio_logout", "studio_register"} == set()
        refused = error_of(await calling.call_tool("studio_logout", {}))
        assert refused["code"] == "not_allowed"


async def test_lists_are_for_one_caller_only_where_they_differ(keys: Path) -> None:
    key = new_key(keys, "Ana")
    scopes: list[str] = []
    for http, own in (({}, ""), (with_keys(keys), key)):
        async with served(http=http, surface="lean") as client, caller(client, "auto", own) as calling:
            scopes.append(str((await calling.list_tools()).cache_scope))
    assert scopes == ["public", "private"]


def test_a_key_is_printed_once(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from docreview_mcp.server.command_line import command_line

    os.environ["DOCREVIEW_KEYS"] = str(keys)
    try:
        with pytest.raises(SystemExit) as ended:
            command_line.main(["key", "new", "Ana Ä", "--scope", "docreview:write"], "docreview-mcp")
    finally:
        del os.environ["DOCREVIEW_KEYS"]
    key = capsys.readouterr().out.strip()
    assert ended.value.code == 0
    assert key.startswith("docreview_ana-")
    identity, hashed, scopes, name = keys.read_text().strip().split(" ", 3)
    assert f"docreview_{identity}_" in key
    assert len(hashed) == 64
    assert (scopes, name) == ("docreview:read,docreview:write", "Ana Ä")


async def test_a_limit_of_the_policy_counts_each_caller_alone(keys: Path, tmp_path: Path, era: Era) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 1\n")
    sandbox, settings = Sandbox(clock=anyio.current_time), {"policy": policy, "journal": "sqlite://"}
    codes: list[str] = []
    async with served(sandbox=sandbox, http=with_keys(keys), **settings) as client:
        for number, key in enumerate((ana, ana, bo)):
            async with caller(client, era, key) as calling:
                result = await calling.call_tool(CREATE, {"name": f"Project {number}", "type": "ABSA"})
                codes.append(error_of(result)["code"] if result.is_error else "done")
    assert codes == ["done", "not_allowed", "done"]


async def test_files_of_the_server_are_neither_read_nor_written(tmp_path: Path, era: Era) -> None:
    file, downloads = tmp_path / "page.pdf", tmp_path / "downloads"
    file.write_bytes(b"%PDF-1.4")
    pdf = httpx2.Response(200, content=b"%PDF", headers={"content-type": "application/pdf"})
    network = Network(answers(pdf))
    settings = {"files": str(tmp_path), "downloads": downloads}
    async with served(network, **settings) as client, caller(client, era) as calling:
        given = {"workflow_id": "w", "file_path": str(file)}
        refused = error_of(await calling.call_tool("nanonets_upload_document", given))
        assert "file_base64" in refused["message"]
        assert not network.requests
        document = {"workflow_id": "w", "document_id": "d"}
        result = await calling.call_tool("nanonets_download_document", document)
        assert not result.is_error, result.structured_content
        assert result.content[-1].type == "resource"
    assert not downloads.exists()
