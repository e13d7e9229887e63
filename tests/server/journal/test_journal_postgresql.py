"""What is special about a journal in PostgreSQL; all that it remembers is tested beside SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.server.journal.store import StoredJournal, open_journal
from docreview_mcp.server.settings import Settings
from docreview_mcp.tools.journal.entries import Caller, Closing, JournalFault, Opening
from postgresql import PASSWORD, Cluster, migrate, running_cluster

OPENING = Opening("a_tool", {"text": "value of a document"}, ("d1",), "fingerprint", Caller())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        migrate(cluster.url)
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


FIELD = {"workflow_id": "w", "document_id": "d", "page_id": "p", "field_data_id": "f"}


def page(value: str) -> dict[str, Any]:
    """The page of the field as the service shows it."""
    return {"data": {"fields": {"total": [{"field_data_id": "f", "value": value}]}, "tables": []}}


async def test_while_the_database_restarts_nothing_is_sent_and_afterwards_the_outcome_is_recorded(
    cluster: Cluster, era: Era
) -> None:
    """The database stops while a write is under way."""
    writes: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json=page("12" if writes else "10"))
        if not writes:
            cluster.stop()
        writes.append(request.method)
        return httpx2.Response(200, json={"field_data_id": "f", "value": "12"})

    async with connected(Network(answer), era, journal=cluster.url) as client:
        try:
            written = await client.call_tool("nanonets_update_field", {**FIELD, "value": "12"})
            assert not written.is_error, "the write was carried out"
            note = written.structured_content["docreview"]
            assert "could not record" in note["journal"]
            for tool, arguments in (
                ("nanonets_update_field", {**FIELD, "value": "13"}),
                ("review_history", {}),
                ("review_undo", {"entry": note["entry"]}),
            ):
                error = error_of(await client.call_tool(tool, arguments))
                assert (error["code"], error["retryable"], error["done"]) == ("unavailable", True, "no"), tool
                assert "Nothing was sent" in error["message"]
                assert PASSWORD not in str(error)
            assert len(writes) == 1
        finally:
            cluster.start()
        again = await client.call_tool("nanonets_update_field", {**FIELD, "value": "13"})
        assert not again.is_error
        history = (await client.call_tool("review_history", {})).structured_content["entries"]
        assert [each["outcome"] for each in history[:2]] == ["done", "done"]
        assert history[1]["entry"] == note["entry"]
    journal = journal_at(cluster.url)
    assert not journal.verify().broken
    journal.stop()


async def test_a_server_that_ends_records_the_outcomes_that_it_knows(cluster: Cluster) -> None:
    journal = journal_at(cluster.url)
    numbers = [await journal.open(OPENING) for _ in range(3)]
    cluster.stop()
    try:
        for number in reversed(numbers):
            with pytest.raises(JournalFault) as caught:
                await journal.close(number, Closing("done"))
            assert caught.value.is_away
    finally:
        cluster.start()
    journal.stop()
    reader = journal_at(cluster.url)
    found = [await reader.entry(number) for number in reversed(numbers)]
    assert [entry.outcome for entry in found if entry] == ["done"] * 3
    ended = [entry.closed_at for entry in found if entry]
    assert ended == sorted(ended), "in the order in which the calls ended"
    reader.stop()


@pytest.mark.parametrize(
    ("user", "database"), [("nobody-of-that-name", "postgres"), ("docreview", "no-such-database")]
)
async def test_a_database_that_lets_nobody_in_is_not_taken_for_away(
    user: str, database: str, cluster: Cluster
) -> None:
    url = cluster.url.replace("//docreview:", f"//{user}:").replace("/postgres?", f"/{database}?")
    with pytest.raises(JournalFault) as caught:
        await journal_at(url).open(OPENING)
    assert not caught.value.is_away


async def test_a_role_that_may_only_read_and_add_is_enough(cluster: Cluster) -> None:
    owner = journal_at(cluster.url)
    await owner.open(OPENING)
    with psycopg.connect(cluster.url) as connection:
        connection.execute("CREATE ROLE clerk LOGIN")
        connection.execute("GRANT SELECT, INSERT ON docreview_records, docreview_words TO clerk")
        connection.execute("GRANT SELECT ON docreview_version TO clerk")
        connection.execute("GRANT ALL ON docreview_marks, docreview_counts TO clerk")
    clerk = journal_at(cluster.url.replace("//docreview:", "//clerk:"))
    await clerk.close(await clerk.open(OPENING), Closing("done"))
    assert not owner.verify().broken
    for journal in (owner, clerk):
        journal.stop()
