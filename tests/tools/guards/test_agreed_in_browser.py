"""How a person agreed is on record, and a policy can let nothing count but the browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.server.settings.policy_file import PolicyFileError, read_policy
from mcp import Client
from mcp.types import ElicitResult
from pydantic import SecretStr
from review_desk import field_of, ready, sent

APPROVE = '[confirmation]\nwhere = "browser"\ntools = ["nanonets_approve_file", "nanonets_update_*"]\n'
URL = "https://mcp.example.com/panel"


@asynccontextmanager
async def host(
    era: Era, asked: list[Any], sandbox: Sandbox | None = None, **settings: Any
) -> AsyncGenerator[tuple[Client, Sandbox]]:
    """A host whose person agrees to everything, and that notes what it was asked."""
    sandbox = sandbox or Sandbox(clock=anyio.current_time)
    given = {"confirm": "destructive", "journal": "sqlite://", **settings}
    behind, transport = embedded(Settings(**given), sandbox)

    async def agree(context: Any, params: Any) -> ElicitResult:
        asked.append(params)
        return ElicitResult(action="accept", content={"confirm": True})

    server = build_server(behind, transport=transport)
    async with Client(server, mode=era, elicitation_callback=agree) as client:
        yield client, sandbox


def rule(tmp_path: Path, text: str = APPROVE) -> Path:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    return policy


def place(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


def approval(document: Document) -> dict[str, Any]:
    return {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}


async def agreed(client: Client, document: Document) -> list[str | None]:
    history = await client.call_tool("review_history", {"about": [document.id]})
    return [entry.get("agreed") for entry in history.structured_content["entries"]]


async def test_the_journal_says_how_a_person_agreed(era: Era) -> None:
    asked: list[Any] = []
    async with host(era, asked, confirm="writes") as (client, sandbox):
        document = ready(sandbox)[0]
        assert not (await client.call_tool("review_files", approval(document))).is_error
        assert await agreed(client, document) == ["host"]
    assert len(asked) == 1
    async with host(era, [], confirm="never") as (client, sandbox):
        document = ready(sandbox)[0]
        assert not (await client.call_tool("review_files", approval(document))).is_error
        assert await agreed(client, document) == [None]


@pytest.mark.parametrize("index", range(4))
async def test_an_agreement_by_code_is_on_record_as_that(index: int, era: Era) -> None:
    async with reviewing(era=era, confirm="writes", journal="sqlite://") as (client, sandbox):
        document = ready(sandbox)[0]
        tool, arguments = calls(document)[index]
        asked = await client.call_tool(tool, arguments)
        code = asked.structured_content["docreview"]["confirm"]
        assert not (await client.call_tool(tool, {**arguments, "confirm": code})).is_error
        assert await agreed(client, document) == ["code"]


def calls(document: Document) -> list[tuple[str, dict[str, Any]]]:
    total = field_of(document, "total_amount").id
    change = {"field_data_id": total, "value": "1.00"}
    field = {**place(document), "page_id": document.pages[0].id, **change}
    file = {"model_id": document.workflow_id, "request_file_id": document.id}
    return [
        ("review_files", approval(document)),
        ("nanonets_approve_file", file),
        ("review_apply", {**place(document), "changes": [change]}),
        ("nanonets_update_field", field),
        ("run_write_tool", {"tool": "nanonets_approve_file", "arguments": file}),
    ]


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("confirm", ["never", "destructive", "writes"])
async def test_elsewhere_nothing_counts_but_the_browser(
    era: Era, tmp_path: Path, index: int, confirm: str
) -> None:
    asked: list[Any] = []
    settings = {"policy": rule(tmp_path), "panel_url": URL, "confirm": confirm}
    surface = "core" if index == 4 else "full"
    async with host(era, asked, surface=surface, **settings) as (client, sandbox):
        document = ready(sandbox)[0]
        tool, arguments = calls(document)[index]
        refused = await client.call_tool(tool, arguments)
        error = error_of(refused)
        assert error["code"] == "needs_confirmation"
        assert "(confirmation.where)" in error["message"]
        assert f"{URL}?workflow_id={document.workflow_id}&document_id={document.id}" in error["next"]
        assert "confirm" not in refused.structured_content["docreview"]
        assert not sent(sandbox)
    assert [params.mode for params in asked] == ["url"], "the host shows the link and asks for nothing else"


async def test_the_rule_may_stand_in_a_section_for_some_callers(era: Era, tmp_path: Path) -> None:
    policy = rule(tmp_path, APPROVE.replace("[confirmation]", "[others.confirmation]"))
    async with host(era, [], policy=policy, confirm="never") as (client, sandbox):
        document = ready(sandbox)[0]
        refused = await client.call_tool("review_files", approval(document))
        assert error_of(refused)["code"] == "needs_confirmation"
        assert "(others.confirmation.where)" in error_of(refused)["message"]
        assert not sent(sandbox)


async def test_a_code_of_another_rule_does_not_open_this_one(era: Era, tmp_path: Path) -> None:
    """The code is from a server without the rule, with the same keys: even so it does not count."""
    import base64

    sandbox, keys = Sandbox(clock=anyio.current_time), base64.b64encode(b"k" * 32).decode()
    document = ready(sandbox)[0]
    behind, transport = embedded(
        Settings(confirm="writes", journal="sqlite://", seal_keys=SecretStr(keys)), sandbox
    )
    async with Client(build_server(behind, transport=transport), mode=era) as client:
        asked = await client.call_tool("review_files", approval(document))
    code = asked.structured_content["docreview"]["confirm"]
    settings = {"policy": rule(tmp_path), "seal_keys": keys, "confirm": "writes"}
    async with host(era, [], sandbox, **settings) as (client, _):
        refused = await client.call_tool("review_files", {**approval(document), "confirm": code})
        assert error_of(refused)["code"] == "needs_confirmation"
        assert "docreview-mcp panel" in error_of(refused)["next"], "where no address is known"
    assert not sent(sandbox)


async def test_other_tools_are_confirmed_as_before(era: Era, tmp_path: Path) -> None:
    asked: list[Any] = []
    async with host(era, asked, policy=rule(tmp_path), confirm="writes") as (client, sandbox):
        document = ready(sandbox)[0]
        total = field_of(document, "total_amount").id
        changes = [{"field_data_id": total, "verification_status": "verified"}]
        assert not (await client.call_tool("review_apply", {**place(document), "changes": changes})).is_error
        assert await agreed(client, document) == ["host"]
    assert [params.mode for params in asked] == ["form"]


async def test_without_tools_the_rule_is_about_what_is_confirmed_anyhow(era: Era, tmp_path: Path) -> None:
    policy = rule(tmp_path, '[confirmation]\nwhere = "browser"\n')
    async with host(era, [], policy=policy) as (client, sandbox):
        document = ready(sandbox)[0]
        assert not (await client.call_tool("review_files", approval(document))).is_error
        total = field_of(document, "total_amount").id
        field = {**place(document), "page_id": document.pages[0].id, "field_data_id": total}
        refused = await client.call_tool("nanonets_delete_field", field)
        assert error_of(refused)["code"] == "needs_confirmation"
        assert "confirmation.where" in error_of(refused)["message"]


async def test_a_preview_and_the_settings_say_so(era: Era, tmp_path: Path) -> None:
    async with host(era, [], policy=rule(tmp_path), confirm="never") as (client, sandbox):
        document = ready(sandbox)[0]
        tool, arguments = calls(document)[1]
        shown = await client.call_tool("review_preview", {"tool": tool, "arguments": arguments})
        settings: Any = (await client.read_resource("docreview://settings")).contents[0]
    assert shown.structured_content["needs_confirmation"] is True
    assert '"where": "browser"' in settings.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[confirmation]\n", "confirmation.where: missing"),
        ('[confirmation]\nwhere = "host"\n', "confirmation.where"),
        ('[confirmation]\nwhere = "browser"\ntools = ["review_files"]\n', "write tool of a service"),
        ('[confirmation]\nwhere = "browser"\ntools = ["nanonets_aprove_file"]\n', "nanonets_approve_file"),
        ('[confirmation]\nwhere = "browser"\ntool = []\n', "tools"),
    ],
)
def test_a_fault_in_the_rule_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyFileError, match=said):
        read_policy(rule(tmp_path, text))
