"""One-time marks that hold for every server that shares a journal, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.marks import StoredMarks
from docreview_mcp.server.journal.store import open_journal
from postgresql import empty

Server = Callable[[], StoredMarks]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The marks of one more server on the same journal."""
    url = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster").url
        empty(url)
    opened = [open_journal(Settings(journal=url), tuple) for _ in range(3)]
    journals = [each for each in opened if each is not None]
    unused = iter(journals)
    yield lambda: StoredMarks(next(unused))
    for each in journals:
        each.stop()


async def test_a_mark_is_claimed_once_by_whichever_server(server: Server) -> None:
    one, two = server(), server()
    assert [await each.claim("code 1", 60) for each in (one, two, one)] == [True, False, False]
    assert await two.claim("code 2", 60)


async def test_of_many_that_claim_a_mark_at_once_one_gets_it(server: Server) -> None:
    claimed: list[bool] = []

    async def claim(marks: StoredMarks) -> None:
        claimed.append(await marks.claim("code", 60))

    async with anyio.create_task_group() as tasks:
        for marks in (server(), server(), server()):
            for _ in range(4):
                tasks.start_soon(claim, marks)
    assert sorted(claimed) == [False] * 11 + [True]


async def test_a_mark_that_is_put_again_has_the_later_moment(server: Server) -> None:
    one, two = server(), server()
    assert await two.moment_of("declined") is None
    for marks, moment in ((one, 1.0), (two, 2.0)):
        await marks.put("declined", moment, 60)
        assert [await each.moment_of("declined") for each in (one, two)] == [moment, moment]


async def test_a_mark_that_is_over_can_be_claimed_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, now = server(), time.time()
    assert await marks.claim("code", 60)
    monkeypatch.setattr(time, "time", lambda: now + 59)
    assert not await marks.claim("code", 60)
    monkeypatch.setattr(time, "time", lambda: now + 70)
    assert await marks.moment_of("code") is None
    assert await marks.claim("code", 60)
