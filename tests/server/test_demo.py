"""`docreview-mcp demo`: it does what it says, whatever the user has set, and fails where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import reviewing
from docreview_mcp.server.demo_story import POLICY, tell
from docreview_mcp.server.demo_transcript import DemoProblem, Transcript

STORY = (
    "review_queue",
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
    "each did what it says",
    "For real: ",
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
    assert 60 <= len(shown.splitlines()) <= 95
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, ""),
        ({"policy": None}, "review_files was expected to be refused as not_allowed"),
        ({"confirm": "writes"}, "review_apply failed"),
        ({"confirm": "never"}, "nanonets_delete_field was expected to be refused as needs_confirmation"),
        ({"journal": "none"}, "could not be undone"),
        ({"exclude_tools": ("review_history",)}, ""),
    ],
)
async def test_a_step_that_does_not_do_what_it_says_ends_the_story(
    tmp_path: Path, settings: dict[str, Any], problem: str
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    usual = {"policy": policy, "confirm": "destructive", "journal": "sqlite://"}
    async with reviewing(**{**usual, **settings}) as (client, _):
        if problem:
            with pytest.raises(DemoProblem, match=problem):
                await tell(Transcript(client, pause=0.0))
        else:
            await tell(Transcript(client, pause=0.0))
