"""The journal of a server with many callers: each sees and undoes its own, an administrator everybody's."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from conftest import Era, error_of
from docreview_mcp.sandbox import Sandbox
from http_callers import caller, new_key, post, served
from mcp import Client, MCPError
from mcp.types import ResourceTemplateReference

CREATE = "studio_create_project"
SEAL_KEYS = base64.b64encode(bytes(range(32))).decode()
ADMIN = ("docreview:read", "docreview:write", "docreview:admin")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.txt"


def http(keys: Path) -> dict[str, Any]:
    return {"auth": "keys", "keys": keys}


async def created(calling: Client, name: str) -> tuple[int, int]:
    """The id of a new project and the number of its entry."""
    result = (await calling.call_tool(CREATE, {"name": name, "type": "ABSA"})).structured_content
    assert result is not None
    return result["id"], result["docreview"]["entry"]


async def shown(calling: Client, **arguments: Any) -> list[int]:
    result = (await calling.call_tool("review_history", arguments)).structured_content
    assert result is not None
    return [each["entry"] for each in result["entries"]]


async def test_each_sees_and_undoes_its_own_and_an_administrator_everybodys(keys: Path, era: Era) -> None:
    ana, bo, cy = new_key(keys, "Ana"), new_key(keys, "Bo"), new_key(keys, "Cy", *ADMIN)
    sandbox = Sandbox(clock=anyio.current_time)
    async with (
        served(sandbox=sandbox, http=http(keys), journal="sqlite://", toolsets="all") as client,
        caller(client, era, ana) as first,
        caller(client, era, bo) as second,
        caller(client, era, cy) as admin,
    ):
        project, entry = await created(first, "Of Ana")
        _, other = await created(second, "Of Bo")
        assert (await shown(first), await shown(second)) == ([entry], [other])
        assert await shown(admin) == [other, entry]
        assert await shown(second, about=[str(project)]) == []

        for arguments in ({"entry": entry}, {"entry": 99}):
            hidden = error_of(await second.call_tool("review_history", arguments))
            undone = error_of(await second.call_tool("review_undo", arguments))
            # As if it were not there: a number tells nobody what others did.
            assert (hidden["code"], undone["code"]) == ("not_found", "not_found")
            said = f"entry: got {arguments['entry']}, but the journal has no such entry."
            assert hidden["message"].startswith(said)
            assert undone["message"].startswith(said)
        several = {"entries": [entry, other]}
        assert error_of(await second.call_tool("review_undo", several))["code"] == "not_found"
        assert {each.name for each in sandbox.studio.projects.values()} >= {"Of Ana", "Of Bo"}

        undone = await admin.call_tool("review_undo", {"entry": entry})
        assert not undone.is_error, undone.structured_content
        assert not (await second.call_tool("review_undo", {"entry": other})).is_error


async def test_the_journal_resource_and_its_completion_show_own_entries(keys: Path, era: Era) -> None:
    ana, bo, cy = new_key(keys, "Ana"), new_key(keys, "Bo"), new_key(keys, "Cy", *ADMIN)
    sandbox = Sandbox(clock=anyio.current_time)
    reference = ResourceTemplateReference(uri="docreview://journal/{id}")
    async with served(sandbox=sandbox, http=http(keys), journal="sqlite://") as client:

        async def found(key: str, about: int) -> tuple[int, bool]:
            async with caller(client, era, key) as calling:
                read = await calling.read_resource(f"docreview://journal/{about}")
                ids = await calling.complete(reference, {"name": "id", "value": ""})
            entries = json.loads(read.contents[0].text)["entries"]  # type: ignore[union-attr]
            return len(entries), str(about) in ids.completion.values

        async with caller(client, era, ana) as calling:
            project, _ = await created(calling, "Of Ana")
            await calling.call_tool("studio_update_project", {"project_id": project, "name": "Hers"})
        assert [await found(key, project) for key in (ana, bo, cy)] == [(1, True), (0, False), (1, True)]


async def test_a_page_of_the_history_is_full_though_others_wrote_in_between(keys: Path) -> None:
    ana, bo = new_key(keys, "Ana"), new_key(keys, "Bo")
    sandbox = Sandbox(clock=anyio.current_time)
    async with (
        served(sandbox=sandbox, http=http(keys), journal="sqlite://") as client,
        caller(client, "auto", ana) as first,
        caller(client, "auto", bo) as second,
    ):
        own = [(await created(second if number % 3 else first, f"P{number}"))[1] for number in range(9)]
        own = own[::3][::-1]
        result = (await first.call_tool("review_history", {"limit": 2})).structured_content
        assert result is not None
        assert [each["entry"] for each in result["entries"]] == own[:2]
        assert await shown(first, **result["older"]) == own[2:]


async def test_only_an_administrator_is_shown_how_the_server_is_set_up(
    keys: Path, tmp_path: Path, era: Era
) -> None:
    ana, cy = new_key(keys, "Ana"), new_key(keys, "Cy", *ADMIN)
    policy = tmp_path / "policy.toml"
    policy.write_text('[workflows]\nforbidden = ["a-secret-workflow"]\n')
    async with served(http=http(keys), policy=policy) as client:

        async def settings(key: str) -> str:
            async with caller(client, era, key) as calling:
                return (await calling.read_resource("docreview://settings")).contents[0].text  # type: ignore[union-attr]

        told, whole = await settings(ana), await settings(cy)
    for each in ("nanonets_base_url", "app.nanonets.com", "a-secret-workflow", "policy"):
        assert each not in told
        assert each in whole
    assert json.loads(told)["credentials"] == {"nanonets": "set", "studio": "set"}


async def test_only_an_administrator_is_told_where_the_services_are(keys: Path, era: Era) -> None:
    ana, cy = new_key(keys, "Ana"), new_key(keys, "Cy", *ADMIN)
    sandbox = Sandbox(clock=anyio.current_time)
    previewed = {"tool": CREATE, "arguments": {"name": "New", "type": "ABSA"}}
    async with (
        served(sandbox=sandbox, http=http(keys), journal="sqlite://", toolsets="all") as client,
        caller(client, era, ana) as own,
        caller(client, era, cy) as admin,
    ):
        _, entry = await created(own, "Of Ana")
        told = [
            [
                (await calling.call_tool("review_preview", previewed)).structured_content,
                (await calling.call_tool("review_history", {"entry": entry})).structured_content,
            ]
            for calling in (own, admin)
        ]
    to_own, to_admin = (json.dumps(each) for each in told)
    assert "127.0.0.1" not in to_own
    request = told[0][0]["request"]  # type: ignore[index]
    assert request["url"].startswith("/")
    assert told[1][0]["request"]["url"] == f"http://127.0.0.1/studio{request['url']}"  # type: ignore[index]
    assert to_admin.count("http://127.0.0.1/studio") == 2


async def test_an_error_over_http_names_no_host(keys: Path, era: Era) -> None:
    key = new_key(keys, "Ana")

    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route to a-host.internal", request=request)

    base: dict[str, Any] = {"nanonets_base_url": "https://a-host.internal/api/v4"}
    async with (
        served(httpx2.MockTransport(away), http=http(keys), **base) as client,
        caller(client, era, key) as calling,
    ):
        error = error_of(await calling.call_tool("nanonets_list_workflows", {}))
    assert error["code"] == "unreachable"
    assert "could not connect to Nanonets" in error["message"]
    assert "a-host" not in json.dumps(error)


async def test_a_database_that_is_away_is_named_to_administrators_and_in_the_log(
    keys: Path, era: Era, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where its name is away with it, as that of a container is."""
    ana, cy = new_key(keys, "Ana"), new_key(keys, "Cy", *ADMIN)
    database = "postgresql://user@database.test/reviews"
    async with (
        served(
            sandbox=Sandbox(clock=anyio.current_time),
            http=http(keys),
            toolsets="all",
            journal=database,
            seal_keys=SEAL_KEYS,
        ) as client,
        caller(client, era, ana) as own,
        caller(client, era, cy) as admin,
    ):
        for tool, arguments in ((CREATE, {"name": "New", "type": "ABSA"}), ("review_history", {})):
            told = [error_of(await calling.call_tool(tool, arguments)) for calling in (own, admin)]
            assert [each["code"] for each in told] == ["unavailable", "unavailable"]
            assert [each["retryable"] for each in told] == [True, True]
            assert ["database.test" in each["message"] for each in told] == [False, True]
    assert "database.test" in caplog.text


async def test_what_a_call_was_is_in_the_journal(keys: Path, era: Era) -> None:
    key = new_key(keys, "Ana")
    sandbox = Sandbox(clock=anyio.current_time)
    sent = {"Authorization": f"Bearer {key}", "X-Request-Id": "request-17", "User-Agent": "tester/1"}
    async with served(sandbox=sandbox, http=http(keys), journal="sqlite://") as client:
        params = {"name": CREATE, "arguments": {"name": "New", "type": "ABSA"}}
        response, message = await post(client, era, "tools/call", params, headers=sent)
        assert response.headers["x-request-id"] == "request-17"
        number = message["result"]["structuredContent"]["docreview"]["entry"]
        _, history = await post(
            client,
            era,
            "tools/call",
            {"name": "review_history", "arguments": {"entry": number}},
            headers={**sent, "X-Request-Id": "not an id\x7f"},
        )
    entry = history["result"]["structuredContent"]["entries"][0]
    identity = key.removeprefix("docreview_").partition("_")[0]
    assert entry["by"].startswith(f"{identity}, tester")
    assert entry["call"] == "request-17"
    assert entry["replica"]


@pytest.mark.parametrize("identity", ["../x", "a/b", "..", "%2e%2e", "a%2Fb", ".", "a\\b"])
async def test_ids_that_would_lead_elsewhere_are_refused(keys: Path, era: Era, identity: str) -> None:
    key = new_key(keys, "Ana")
    sandbox = Sandbox(clock=anyio.current_time)
    async with (
        served(sandbox=sandbox, http=http(keys), journal="sqlite://") as client,
        caller(client, era, key) as calling,
    ):
        place = {"workflow_id": identity, "document_id": identity}
        refused = error_of(await calling.call_tool("nanonets_get_document", place))
        assert refused["code"] in ("invalid_arguments", "not_found"), refused
        assert refused["done"] == "no"
        with pytest.raises(MCPError):
            await calling.read_resource(f"docreview://pages/{identity}/{identity}/1")
