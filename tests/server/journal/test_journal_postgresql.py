"""What is special about a journal in PostgreSQL; all that it remembers is tested beside SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings import Settings
from docreview_mcp.tools.guards.journal import Caller, Closing, JournalFault, Opening
from postgresql import PASSWORD, Cluster, running_cluster

OPENING = Opening("a_tool", {"text": "value of a document"}, ("d1",), "fingerprint", Caller())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


def journal_at(url: str) -> StoredJournal:
    journal = open_journal(Settings(journal=url), tuple)
    assert journal is not None
    return journal


async def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    journal = journal_at(f"postgresql://user:{PASSWORD}@127.0.0.1:1/reviews")
    for work in (journal.open(OPENING), journal.close(1, Closing("done")), journal.entries()):
        with pytest.raises(
            JournalFault, match=r"^The journal in PostgreSQL \(reviews at 127.0.0.1\)"
        ) as caught:
            await work
        assert PASSWORD not in str(caught.value)
        assert "\n" not in str(caught.value)


async def test_the_journal_works_again_when_the_database_is_back(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    number = await journal.open(OPENING)
    cluster.stop()
    try:
        with pytest.raises(JournalFault, match="cannot be written"):
            await journal.close(number, Closing("done"))
        with pytest.raises(JournalFault, match="cannot be read"):
            await journal.entry(number)
    finally:
        cluster.start()
    await journal.close(number, Closing("done"))
    cluster.stop()
    cluster.start()
    entry = await journal.entry(number)
    assert entry is not None
    assert entry.outcome == "done"
    journal.stop()


async def test_a_role_that_may_only_read_and_add_is_enough(cluster: Cluster) -> None:
    owner = journal_at(cluster.url)
    await owner.open(OPENING)
    with psycopg.connect(cluster.url) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("GRANT SELECT, INSERT ON docreview_records, docreview_words TO clerk")
    clerk = journal_at(cluster.url.replace("//docreview:", "//clerk:"))
    await clerk.close(await clerk.open(OPENING), Closing("done"))
    assert not owner.verify().broken
    for journal in (owner, clerk):
        journal.stop()
