"""One-time marks that hold for every server that shares a journal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from docreview_mcp.server import Settings
from docreview_mcp.server.journal import marks_table
from docreview_mcp.server.journal.marks import StoredMarks
from docreview_mcp.server.journal.store import open_journal


def marks_of(folder: Path) -> StoredMarks:
    """The marks of one of the servers."""
    journal = open_journal(Settings(journal=f"sqlite:///{folder / 'journal.sqlite'}"), tuple)
    assert journal is not None
    return StoredMarks(journal)


async def test_a_mark_is_claimed_once_by_whichever_server(tmp_path: Path) -> None:
    one, two = marks_of(tmp_path), marks_of(tmp_path)
    assert [await each.claim("code 1", 60) for each in (one, two, one)] == [True, False, False]
    assert await two.claim("code 2", 60)


async def test_a_mark_that_is_put_again_has_the_later_moment(tmp_path: Path) -> None:
    one, two = marks_of(tmp_path), marks_of(tmp_path)
    assert await two.moment_of("declined") is None
    for server, moment in ((one, 1.0), (two, 2.0)):
        await server.put("declined", moment, 60)
        assert [await each.moment_of("declined") for each in (one, two)] == [moment, moment]


async def test_a_mark_that_is_over_can_be_claimed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, now = marks_of(tmp_path), time.time()
    assert await marks.claim("code", 60)
    monkeypatch.setattr(marks_table.time, "time", lambda: now + 59)
    assert not await marks.claim("code", 60)
    monkeypatch.setattr(marks_table.time, "time", lambda: now + 70)
    assert await marks.moment_of("code") is None
    assert await marks.claim("code", 60)
