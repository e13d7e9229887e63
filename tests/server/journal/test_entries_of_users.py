"""Entries of one user among those of many: full pages, also of what an earlier version left."""

from __future__ import annotations

from typing import Any

from docreview_mcp.server.journal.migrating import migrate_tables
from docreview_mcp.server.journal.records import word
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings.journal_place import journal_place
from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Opening
from sqlalchemy import create_engine, text

USERS = ("ana", "bo", "cy")
TOOLS = ("nanonets_update_field", "studio_add_label")


def journal_at(url: str) -> StoredJournal:
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    return journal


async def filled(journal: StoredJournal, count: int = 42) -> None:
    """Entries of three users in turn, by one tool and then by the other, all about one of two documents."""
    for number in range(count):
        caller = Caller(user=USERS[number % 3])
        about = ("everything", f"document-{number % 2}")
        await journal.open(Opening(TOOLS[number // 21], {}, about, str(number), caller))


async def pages(journal: StoredJournal, limit: int, **wanted: Any) -> list[list[int]]:
    found: list[list[int]] = []
    before = 0
    while page := await journal.entries(before=before, limit=limit, **wanted):
        found.append([each.number for each in page])
        before = page[-1].number
    return found


async def test_each_page_is_full_whoever_wrote_in_between(url: str) -> None:
    journal = journal_at(url)
    await filled(journal)
    of_bo = await pages(journal, 4, user="bo")
    assert [len(page) for page in of_bo] == [4, 4, 4, 2]
    assert [number for page in of_bo for number in page] == list(range(41, 0, -3))
    by_tool = await pages(journal, 4, user="bo", tool=TOOLS[1])
    assert [len(page) for page in by_tool] == [4, 3]
    assert await pages(journal, 4, user="nobody") == []
    about = await journal.entries(about=("everything", "document-0"), user="bo", tool=TOOLS[0])
    assert [each.number for each in about] == [17, 11, 5]
    assert journal.verify().index == ""
    journal.stop()


def make_earlier(url: str, statement: str = "") -> None:
    """Let a journal be as an earlier version left it, and bring it to this one, as far as a command does."""
    left_out = [word("by", user) for user in USERS] + [word("tool", tool) for tool in TOOLS]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for each in left_out:
            connection.execute(text("DELETE FROM docreview_words WHERE word = :word"), {"word": each})
        if statement:
            connection.execute(text(statement))
        is_file = engine.dialect.name == "sqlite"
        version = "PRAGMA user_version=0" if is_file else "UPDATE docreview_version SET version_num = '0004'"
        connection.execute(text(version))
    engine.dispose()
    if not is_file:
        migrate_tables(journal_place(url, sandbox=False))


async def test_entries_of_an_earlier_version_are_found_by_their_user(url: str) -> None:
    journal = journal_at(url)
    await filled(journal, 6)
    journal.stop()
    make_earlier(url)
    journal = journal_at(url)
    assert await pages(journal, 4, user="bo", tool=TOOLS[0]) == [[5, 2]]
    assert journal.verify().index == ""
    journal.stop()


async def test_records_of_an_earlier_version_that_cannot_be_read_are_left_to_be_verified(url: str) -> None:
    journal = journal_at(url)
    await filled(journal, 7)
    journal.stop()
    broken = ("{", "[]", "{}", '{"caller": []}', '{"caller": {"user": 1}, "tool": null}')
    cases = " ".join(f"WHEN {number} THEN '{payload}'" for number, payload in enumerate(broken, 1))
    make_earlier(url, f"UPDATE docreview_records SET payload = CASE number {cases} END WHERE number < 6")
    journal = journal_at(url)
    assert await pages(journal, 4, user="cy", tool=TOOLS[0]) == [[6]]
    assert await pages(journal, 4, user="ana", tool=TOOLS[0]) == [[7]]
    assert "record 1 was changed" in journal.verify().broken
    journal.stop()
