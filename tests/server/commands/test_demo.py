"""`docreview-mcp demo`: it does what it says, whatever the user has set, and fails where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from conftest import reviewing
from docreview_mcp.server.commands.demo.story import POLICY, tell
from docreview_mcp.server.commands.demo.transcript import DemoProblem, Transcript
from mcp import Client
from mcp.types import CallToolResult

STORY = (
    "review_queue",
    "review_check",
    "subtotal + tax is 4,898.29, but the total is 4,398.29",
    "review_document",
    "review_region",
    "review_preview",
    "not_allowed: ",
    "conflict: ",
    "review_apply",
    "read back: 4,898.29, verified",
    "review_files",
    "read back: approved",
    "review_history",
    "value 4,398.29 -> 4,898.29",
    "review_undo",
    "read back: 4,398.29, unverified, not approved",
    "nanonets_delete_field",
    "for the person: Delete field value",
    "the field is still there",
    "studio_run_adhoc_analysis",
    "review_set_up",
    "review_texts",
    "review_tag",
    "read back: Praise, Complaint; the session is FINISHED",
    "each of them verified",
    "To use your own account",
)
"""What the transcript tells, in this order."""

OF_THE_USER = {
    "NANONETS_API_KEY": "key-of-the-user",
    "NANONETS_BASE_URL": "http://127.0.0.1:9",
    "DOCREVIEW_POLICY": "/there/is/no/such/file.toml",
    "DOCREVIEW_CONFIRM": "writes",
    "DOCREVIEW_JOURNAL": "none",
    "DOCREVIEW_READ_ONLY": "1",
    "DOCREVIEW_SURFACE": "lean",
}


def run_demo(home: Path, **environment: str) -> str:
    """The transcript of the command in a home directory of its own."""
    homes = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME", "TMPDIR"), str(home))
    done = subprocess.run(
        [sys.executable, "-m", "docreview_mcp.server", "demo"],
        env={**os.environ, **homes, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode(environment["PYTHONIOENCODING"])


@pytest.mark.parametrize(
    ("encoding", "settings", "arrow"), [("utf-8", {}, "→"), ("cp1252", OF_THE_USER, "->")]
)
def test_the_demo_does_what_it_says_and_leaves_nothing_behind(
    tmp_path: Path, encoding: str, settings: dict[str, str], arrow: str
) -> None:
    shown = run_demo(tmp_path, PYTHONIOENCODING=encoding, **settings)
    place = 0
    for words in STORY:
        place = shown.find(words.replace("->", arrow), place)
        assert place >= 0, f"{words} is not told, or not in its place"
    assert "\x1b[" not in shown, "plain when piped"
    assert 60 <= len(shown.splitlines()) <= 105
    assert list(tmp_path.iterdir()) == []


async def test_the_demo_is_not_content_with_a_server_that_lacks_a_guard(tmp_path: Path) -> None:
    for settings, problem in (
        ({"policy": None}, "review_files was expected to be refused as not_allowed"),
        ({"confirm": "never"}, "nanonets_delete_field was expected to be refused as needs_confirmation"),
    ):
        async with on_the_sandbox(tmp_path, **settings) as client:
            with pytest.raises(DemoProblem, match=problem):
                await tell(Transcript(client, pause=0.0))


@pytest.mark.parametrize(
    ("tool", "truthful_calls", "lie", "problem"),
    [
        ("review_queue", 0, {"entries": [], "total": 0}, "the queue is not in order"),
        ("review_check", 0, {"checked": 0, "passed": 0, "documents": []}, "every total adds up"),
        ("review_region", 0, {}, "gave no picture"),
        ("review_apply", 1, {}, "the corrected value is not there"),
        ("review_files", 1, {}, "the file is not approved"),
        ("review_history", 0, {"entries": []}, "the history is another one"),
        ("review_undo", 0, {"calls": []}, "the value is not put back"),
        ("nanonets_delete_field", 0, {}, "expected to be refused"),
        ("review_tag", 0, {}, "a text is still open"),
    ],
)
async def test_the_demo_believes_no_answer_that_it_has_not_read_back(
    tmp_path: Path, tool: str, truthful_calls: int, lie: dict[str, Any], problem: str
) -> None:
    async with on_the_sandbox(tmp_path) as client:
        lying = Lying(client, tool, truthful_calls, lie)
        with pytest.raises(DemoProblem, match=problem):
            await tell(Transcript(cast("Client", lying), pause=0.0))


class Lying:
    """A client of a server whose one tool says that it did its work and does nothing."""

    def __init__(self, client: Client, tool: str, truthful_calls: int, lie: dict[str, Any]) -> None:
        self._client = client
        self._tool = tool
        self._truthful_calls = truthful_calls
        self._lie = lie

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == self._tool:
            self._truthful_calls -= 1
            if self._truthful_calls < 0:
                return CallToolResult(content=[], structured_content=self._lie)
        return await self._client.call_tool(name, arguments)


@asynccontextmanager
async def on_the_sandbox(folder: Path, **settings: Any) -> AsyncGenerator[Client]:
    """A client of a server that is set as the demo sets it, but for these settings."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    usual = {"policy": policy, "confirm": "destructive", "journal": "sqlite://"}
    async with reviewing(**{**usual, **settings}) as (client, _):
        yield client
