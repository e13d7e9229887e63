"""What an entry says of a write: how it ended by the service's own words, and no secret or file."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, Network, connected, error_of, reviewing
from docreview_mcp.server.journal.store import StoredJournal
from docreview_mcp.tools.journal.entries import Closing, JournalFault
from http_callers import new_key, post, served
from review_desk import field_of, ready, sent

FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}
PAGE = {"data": {"fields": {"total": [{"field_data_id": "f", "value": "10"}]}, "tables": []}}
UPDATE = ("nanonets_update_field", {**FIELD, "value": "12"})
CREATE = ("studio_add_label", {"project_id": 1, "name": "late"})


def service(answer: httpx2.Response, page: Any = PAGE) -> Network:
    """A service that shows a page to every read and gives this answer to every write."""
    return Network(lambda request: httpx2.Response(200, json=page) if request.method == "GET" else answer)


async def entry_of(network: Network, call: tuple[str, dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """The entry that a call leaves."""
    async with connected(network, journal="sqlite://", **settings) as client:
        await client.call_tool(*call)
        return (await client.call_tool("review_history", {"entry": 1})).structured_content["entries"][0]


async def test_the_answer_of_the_service_is_on_record() -> None:
    headers = {"x-request-id": "request-17"}
    done = await entry_of(service(httpx2.Response(200, headers=headers, json={"value": "12"})), UPDATE)
    assert (done["status"], done["request_id"]) == (200, "request-17")
    refused = await entry_of(service(httpx2.Response(409, json={"message": "it is closed"})), UPDATE)
    assert (refused["outcome"], refused["status"]) == ("not done", 409)
    assert "it is closed" in refused["message"]


async def test_neither_files_nor_long_texts_are_kept() -> None:
    content = base64.b64encode(b"%PDF-1.4 " + b"x" * 90).decode()
    upload = {"workflow_id": "w", "file_base64": content, "file_name": "invoice.pdf"}
    entry = await entry_of(
        service(httpx2.Response(200, json={"document_id": "d"})), ("nanonets_upload_document", upload)
    )
    assert content not in json.dumps(entry)
    assert entry["arguments"]["file_base64"] == f"[{len(json.dumps(content))} characters]"
    text = "y" * 20_001
    entry = await entry_of(service(httpx2.Response(200, json={})), (UPDATE[0], {**FIELD, "value": text}))
    assert entry["arguments"]["value"] == f"[{len(text) + 2} characters]"


async def test_what_held_a_secret_is_not_kept_and_so_not_undone() -> None:
    page = {"data": {"fields": {"total": [{"field_data_id": "f", "value": "nanonets-key-0123456789"}]}}}
    entry = await entry_of(service(httpx2.Response(200, json={"value": "12"}), page), UPDATE)
    assert entry["undoable"] is False
    assert "contains a secret" in entry["not_undoable"]
    assert "nanonets-key" not in json.dumps(entry)


@pytest.mark.slow
async def test_a_journal_that_is_locked_for_a_moment_is_worth_another_call(era: Era, tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    network = service(httpx2.Response(201, json={"id": 7, "name": "late"}))
    async with connected(network, era, journal=f"sqlite:///{file}", timeout=1) as client:
        assert not (await client.call_tool(*CREATE)).is_error
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            error = error_of(await client.call_tool(*CREATE))
            assert (error["code"], error["done"], error["retryable"]) == ("unavailable", "no", True)
            assert "in a few seconds" in error["next"]
            other.execute("ROLLBACK")
        assert not (await client.call_tool(*CREATE)).is_error
    assert len(network.requests) == 2


async def test_an_entry_of_an_earlier_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Such an entry lacks what was not recorded then."""
    file = tmp_path / "journal.sqlite"
    network = service(httpx2.Response(200, json={"value": "12"}))
    async with connected(network, journal=f"sqlite:///{file}") as client:
        await client.call_tool(*UPDATE)
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute(
                "UPDATE docreview_records SET payload = json_remove(payload, '$.agreed', '$.via', '$.reason',"
                " '$.until', '$.left_unverified', '$.request_id', '$.caller.replica', '$.later')"
            )
        (entry,) = (await client.call_tool("review_history", {"entry": 1})).structured_content["entries"]
    assert (entry["outcome"], entry["undoable"], entry["after"]) == ("done", True, {"value": "12"})


class Full:
    """A disk that is full by the time an entry is to be closed."""

    async def close(self, number: int, closing: Closing) -> None:
        raise JournalFault("The journal cannot be written: the disk is full.")


def note_of(result: Any) -> str:
    """What a result that was carried out says of the journal."""
    assert not result.get("isError"), result
    told = result["structuredContent"]["docreview"]
    assert told["entry"] == 1
    assert not told["undoable"]
    return told["journal"]


async def test_a_result_says_that_its_end_is_not_on_record_and_why_only_to_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredJournal, "close", Full.close)
    keys, call = tmp_path / "keys.txt", {"name": CREATE[0], "arguments": CREATE[1]}
    scopes = ("docreview:read", "docreview:write")
    for further in ((), ("docreview:admin",)):
        network = Network(lambda request: httpx2.Response(201, json={"id": 7, "name": "late"}))
        headers = {"Authorization": f"Bearer {new_key(keys, 'Ada', *scopes, *further)}"}
        async with served(network, http={"auth": "keys", "keys": keys}, journal="sqlite://") as client:
            _, told = await post(client, "auto", "tools/call", call, headers=headers)
        why = " (The journal cannot be written: the disk is full.)" if further else ""
        assert note_of(told["result"]) == (
            f"The journal could not record the outcome of this call{why}. The outcome is recorded once the"
            " journal is writable again, unless this server stops first."
        )


@pytest.mark.parametrize(("status", "counts"), [(403, False), (500, True)])
async def test_a_run_counts_what_may_have_been_done(
    status: int, counts: bool, era: Era, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[session]\nmax_writes = 1\n")
    network = service(httpx2.Response(status, json={"message": "no"}))
    async with connected(network, era, journal="sqlite://", policy=policy) as client:
        await client.call_tool(*UPDATE)
        other = {**FIELD, "document_id": "another", "value": "12"}
        error = error_of(await client.call_tool("nanonets_update_field", other))
    assert (error["code"] == "not_allowed") == counts


@pytest.mark.parametrize("change", ["mark", "failed", "changed"])
async def test_a_code_is_bound_to_the_marks_of_the_values_too(change: str, era: Era) -> None:
    async with reviewing(era=era, confirm="writes", journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        call = {"model_id": document.workflow_id, "request_file_id": document.id}
        total = field_of(document, "total_amount")
        total.verification_status = "unverified"
        first = await client.call_tool("nanonets_approve_file", call)
        code = first.structured_content["docreview"]["confirm"]
        if change == "changed":
            total.is_moderated = True
        else:
            total.verification_status = "verified" if change == "mark" else "failed"
        error = error_of(await client.call_tool("nanonets_approve_file", {**call, "confirm": code}))
        assert error["code"] == "needs_confirmation"
        assert sent(sandbox) == []


async def test_limits_do_not_let_a_call_pass_that_another_server_is_sending(tmp_path: Path) -> None:
    """Both look at the journal in the moment in which the entry is opened."""
    policy = tmp_path / "policy.toml"
    policy.write_text("[limits]\nmax_writes_per_hour = 9\n")
    begun, let_go = anyio.Event(), anyio.Event()

    class Held(Network):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.requests.append(request)
            begun.set()
            await let_go.wait()
            return httpx2.Response(201, json={"id": 7, "name": "late"})

    network, here = Held(), Network()
    settings: dict[str, Any] = {"journal": f"sqlite:///{tmp_path / 'journal.sqlite'}", "policy": policy}
    with anyio.fail_after(60):
        async with (
            connected(network, **settings) as elsewhere,
            connected(here, **settings) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(elsewhere.call_tool, *CREATE)
            await begun.wait()
            error = error_of(await client.call_tool(*CREATE))
            let_go.set()
            assert error["code"] == "conflict"
    assert here.requests == []


async def test_a_number_that_no_id_can_be_is_no_id_in_the_journal() -> None:
    given = {"project_id": 1, "source": "csv", "credential_id": 2.5}
    network = service(httpx2.Response(200, json={}))
    async with connected(network, journal="sqlite://", toolsets="all") as client:
        result = await client.call_tool("studio_connect_labeling_source", given)
        assert not result.is_error, result.structured_content
        for about, found in (("1", 1), ("2.5", 0)):
            told = await client.call_tool("review_history", {"about": [about]})
            assert len(told.structured_content["entries"]) == found
