"""The panel in a browser while the folder of the journal, with the key that seals cookies, cannot be used."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest
from docreview_mcp.sandbox import Sandbox
from http_callers import new_key, served
from panel_calls import OWN, called, place, posted
from review_desk import ready, sent
from test_browser_panel import approval, on_own_machine

FORM = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
SAID = "the key that seals sign-ins cannot be used"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=anyio.current_time)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the journal is to be, which nobody can make: a file is in the way."""
    (tmp_path / "folder").write_text("")
    return tmp_path / "folder"


async def test_a_link_is_not_used_up_while_nobody_can_be_signed_in(sandbox: Sandbox, folder: Path) -> None:
    async with on_own_machine(sandbox, journal=f"sqlite:///{folder}/journal.sqlite") as (client, link):
        refused = await client.get(link)
        assert (refused.status_code, "set-cookie" in refused.headers) == (503, False)
        assert SAID in refused.text
        assert str(folder) not in refused.text
        folder.unlink()
        assert (await client.get(link)).status_code == 303
        assert (await client.get(link)).status_code == 403


@pytest.mark.parametrize("auth", ["keys", "none"])
async def test_nobody_is_signed_in_without_a_seal_and_told_why(
    sandbox: Sandbox, folder: Path, tmp_path: Path, auth: str
) -> None:
    keys, document = tmp_path / "keys.txt", ready(sandbox)[0]
    key = new_key(keys, "Ana")
    http: dict[str, Any] = {"auth": "keys", "keys": keys} if auth == "keys" else {}
    async with served(sandbox=sandbox, http=http, journal=f"sqlite:///{folder}/journal.sqlite") as client:
        refused = (
            await client.post("/panel/sign-in", content=f"key={key}", headers=FORM)
            if auth == "keys"
            else await client.get("/panel")
        )
        assert (refused.status_code, "set-cookie" in refused.headers) == (503, False)
        assert SAID in refused.text
        # Who was signed in is not told to sign in again, which would not help.
        cookies = f"docreview_panel=bG9jYWw.{'A' * 40}; docreview_panel_8000=bG9jYWw.{'A' * 40}"
        call = await posted(client, "review_panel", place(document), headers={"Cookie": cookies})
        assert (call.status_code, call.json()["error"]["data"]["code"]) == (503, "unavailable")
        assert not sent(sandbox)


async def test_an_answer_that_cannot_be_kept_is_no_protocol_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing is written, and what needs no answer is given all the same."""
    document, folder = ready(sandbox)[0], tmp_path / "folder"
    journal = f"sqlite:///{folder}/journal.sqlite"
    async with on_own_machine(sandbox, confirm="writes", journal=journal) as (client, link):
        await client.get(link)
        await called(client, "review_files", approval(document))
        shutil.rmtree(folder)
        folder.write_text("")
        await anyio.sleep(2)
        # An answer without the state of a question is an old one: it counts as a decline at once.
        no = {"inputResponses": {"confirm": {"action": "decline"}}, "requestState": ""}
        told = await called(client, "review_files", approval(document), **no)
        assert told["structuredContent"]["error"]["code"] == "not_configured"
        assert told["structuredContent"]["error"]["done"] == "no"
        read = await called(client, "review_panel", place(document), **no)
        assert not read["isError"]
        assert not sent(sandbox)
