"""The panel's key says where a write came from, and never lets anybody do more."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from conftest import Era, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import Codes
from docreview_mcp.tools.guards.panel_key import PANEL_SECONDS, is_from_panel, new_panel_key
from docreview_mcp.tools.journal.entries import JournalFault
from mcp import Client
from review_desk import field_of, ready, sent

KEY = "docreview/panel"


@asynccontextmanager
async def desk(era: Era, **settings: Any) -> AsyncGenerator[tuple[Client, Sandbox]]:
    sandbox = Sandbox(clock=anyio.current_time)
    given = {"confirm": "never", "journal": "sqlite://", **settings}
    behind, transport = embedded(Settings(**given), sandbox)
    async with Client(build_server(behind, transport=transport), mode=era) as client:
        yield client, sandbox


def place(document: Document) -> dict[str, str]:
    return {"workflow_id": document.workflow_id, "document_id": document.id}


async def key_for(client: Client, document: Document) -> str:
    result = await client.call_tool("review_panel", place(document))
    assert KEY not in str(result.structured_content), "models are not told of it"
    return (result.meta or {})[KEY]


async def changed(client: Client, document: Document, value: str, key: object) -> dict[str, Any]:
    """The newest journal entry after a change that was called with this key."""
    change = {"field_data_id": field_of(document, "total_amount").id, "value": value}
    meta: Any = {} if key is None else {KEY: key}
    result = await client.call_tool("review_apply", {**place(document), "changes": [change]}, meta=meta)
    assert not result.is_error, result.structured_content
    history = await client.call_tool("review_history", {"about": [document.id], "limit": 1})
    (entry,) = history.structured_content["entries"]
    assert entry["arguments"]["value"] == value
    return entry


async def test_a_write_with_the_key_of_its_document_is_recorded_as_the_panels(era: Era) -> None:
    async with desk(era) as (client, sandbox):
        document, other = ready(sandbox)[:2]
        key = await key_for(client, document)
        assert (await changed(client, document, "1.00", key))["via"] == "panel"
        assert (await changed(client, document, "2.00", key))["via"] == "panel", "it is good for half an hour"
        assert "via" not in await changed(client, document, "3.00", None)
        assert "via" not in await changed(client, other, "4.00", key)
        assert key != await key_for(client, document), "each is random"


@pytest.mark.parametrize("key", ["", "x", "A" * 40, "A" * 5_000, 7, None, ["x"], {"x": 1}])
async def test_a_wrong_key_changes_nothing_but_the_record(era: Era, key: object) -> None:
    async with desk(era) as (client, sandbox):
        assert "via" not in await changed(client, ready(sandbox)[0], "1.00", key)


def test_a_key_ends_and_is_good_for_one_user_and_one_document() -> None:
    now = [1_000.0]
    codes = Codes(clock=lambda: now[0])
    key = new_panel_key(codes, "ana", "document")
    assert is_from_panel(codes, key, "ana", ["field", "document"])
    assert not is_from_panel(codes, key, "bo", ["document"])
    assert not is_from_panel(codes, key, "ana", ["another"])
    assert not is_from_panel(codes, key, "ana", [])
    assert not is_from_panel(Codes(clock=lambda: now[0]), key, "ana", ["document"]), (
        "sealed by another server"
    )
    now[0] += PANEL_SECONDS
    assert is_from_panel(codes, key, "ana", ["document"])
    now[0] += 1
    assert not is_from_panel(codes, key, "ana", ["document"])


def test_a_key_of_a_clock_a_second_ahead_is_good() -> None:
    """Two servers need not have quite the same clock."""
    now = [1_000.0]
    codes = Codes(clock=lambda: now[0])
    key = new_panel_key(codes, "ana", "document")
    for ahead, is_good in ((1.0, True), (1.5, False)):
        now[0] = 1_000.0 - ahead
        assert is_from_panel(codes, key, "ana", ["document"]) == is_good


def test_while_the_sealing_key_cannot_be_read_no_key_is_given_out_and_none_is_good() -> None:
    def damaged() -> list[bytes]:
        raise JournalFault("The key cannot be read.")

    codes = Codes(keys=damaged)
    assert new_panel_key(codes, "ana", "document") == ""
    assert is_from_panel(codes, "A" * 40, "ana", ["document"]) is False


async def test_a_key_replaces_no_confirmation_and_no_rule(era: Era, tmp_path: Any) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tools]\nforbidden = ["nanonets_approve_file"]\n')
    async with desk(era, confirm="writes", policy=policy) as (client, sandbox):
        document = ready(sandbox)[0]
        key = await key_for(client, document)
        change = {"field_data_id": field_of(document, "total_amount").id, "value": "1.00"}
        call = {**place(document), "changes": [change]}
        meta: Any = {KEY: key}
        asked = await client.call_tool("review_apply", call, meta=meta)
        assert error_of(asked)["code"] == "needs_confirmation"
        with_key = await client.call_tool("review_apply", {**call, "confirm": key}, meta=meta)
        assert error_of(with_key)["code"] == "needs_confirmation"
        files = {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}
        refused = await client.call_tool("review_files", files, meta=meta)
        assert error_of(refused)["code"] in ("not_allowed", "needs_confirmation")
        assert not sent(sandbox)
        code = asked.structured_content["docreview"]["confirm"]
        done = await client.call_tool("review_apply", {**call, "confirm": code}, meta=meta)
        assert not done.is_error
        history = await client.call_tool("review_history", {"about": [document.id]})
        (entry,) = history.structured_content["entries"]
    assert (entry["via"], entry["agreed"]) == ("panel", "code")
