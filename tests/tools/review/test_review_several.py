"""Several documents in one call: told without repeats, corrected without mixing them up."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from conftest import Era, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.faults import Fault
from docreview_mcp.sandbox.nanonets.state import Document
from mcp import Client
from results import text_of
from review_desk import cells_of, field_of, interrupted, invoices, ready, sent

JOURNAL: dict[str, Any] = {"journal": "sqlite://"}
SHARED = ("next", "reading")


def change(document: Document, name: str, **further: Any) -> dict[str, Any]:
    """A change of a field that names its document."""
    return {"document_id": document.id, "field_data_id": field_of(document, name).id, **further}


def corrections(documents: list[Document]) -> list[dict[str, Any]]:
    """Two changes of each document."""
    return [
        change(each, name, value=f"{number} of {each.name}", verification_status="verified")
        for each in documents
        for number, name in enumerate(("vendor_name", "buyer_name"))
    ]


async def apply(client: Client, changes: list[dict[str, Any]], sandbox: Sandbox, **further: Any) -> Any:
    workflow_id = invoices(sandbox)[0].workflow_id
    return await client.call_tool("review_apply", {"workflow_id": workflow_id, "changes": changes, **further})


async def look(client: Client, documents: list[Document], **further: Any) -> Any:
    place = {"workflow_id": documents[0].workflow_id, "document_ids": [each.id for each in documents]}
    return await client.call_tool("review_document", {**place, **further})


async def look_at_one(client: Client, document: Document, **further: Any) -> dict[str, Any]:
    place = {"workflow_id": document.workflow_id, "document_id": document.id}
    return (await client.call_tool("review_document", {**place, **further})).structured_content


def alone(reviewed: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """A document out of an answer on several, with what was said for all."""
    shared = {name: common[name] for name in SHARED if name in common}
    usual = {**common["unless_given"], **reviewed.get("unless_given", {})}
    if not reviewed.get("tables"):
        shared.pop("reading", None)
        usual.pop("cell_confidence", None)
    return {**shared, **reviewed, "unless_given": usual}


async def test_each_document_is_told_as_if_it_had_been_asked_for_alone(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        documents = [invoices(sandbox)[number] for number in (19, 2, 4, 20, 7)]
        result = await look(client, [*documents, documents[0]])
        told = result.structured_content
        assert [each["document_id"] for each in told["documents"]] == [each.id for each in documents]
        singles = [await look_at_one(client, each) for each in documents]
        for each, single in zip(told["documents"], singles, strict=True):
            del single["docreview"]
            assert alone(each, told) == single
        assert "left_out" not in told
        assert "documents[].fields[]: name, value" in told["docreview"]["outside"]
        text = text_of(result)
        assert text.count("A cell is [text, cell_id]") == 1
        assert text.count("cell_confidence") == 1
        doubtful = (await look(client, documents, show="doubtful")).structured_content
        for each, document in zip(doubtful["documents"], documents, strict=True):
            single = await look_at_one(client, document, show="doubtful")
            assert each["fields"] == single["fields"]
            assert each.get("tables") == single.get("tables")


async def test_documents_in_different_states_keep_what_is_different(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        documents = invoices(sandbox)[:3]
        for value in (*documents[1].pages[0].fields, *cells_of(documents[1])):
            value.verification_status = "verified"
        told = (await look(client, documents)).structured_content
        singles = [await look_at_one(client, each) for each in documents]
        assert told["unless_given"]["status"] == "unverified"
        statuses = [each["fields"][0].get("status", "unverified") for each in told["documents"]]
        assert statuses == ["unverified", "verified", "unverified"]
        assert "next" not in told
        steps = [each["next"] for each in told["documents"]]
        assert steps == [each["next"] for each in singles]


async def test_a_document_that_cannot_be_read_has_its_error_in_its_place(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        first, second = invoices(sandbox)[:2]
        place = {"workflow_id": first.workflow_id}
        result = await client.call_tool(
            "review_document", {**place, "document_ids": [first.id, "unknown", second.id]}
        )
        one, lost, other = result.structured_content["documents"]
        assert not result.is_error
        assert (one["document_id"], other["document_id"]) == (first.id, second.id)
        assert (lost["document_id"], lost["error"]["code"]) == ("unknown", "not_found")
        assert "documents[].error.message" in result.structured_content["docreview"]["outside"]
        pages = (await look(client, [invoices(sandbox)[4], first], page_number=3)).structured_content
        assert [each.get("error", {}).get("code") for each in pages["documents"]] == [
            None,
            "invalid_arguments",
        ]
        none = await client.call_tool("review_document", {**place, "document_ids": ["no", "none"]})
        assert error_of(none)["code"] == "not_found"
        assert "no document could be read" in error_of(none)["message"]


async def test_exactly_one_way_to_name_documents_is_wanted(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        document = invoices(sandbox)[0]
        place = {"workflow_id": document.workflow_id}
        neither = error_of(await client.call_tool("review_document", place))
        assert (neither["code"], "got neither" in neither["message"]) == ("invalid_arguments", True)
        assert "got both" in error_of(await look(client, [document], document_id=document.id))["message"]
        assert error_of(await look(client, [document] * 21))["code"] == "invalid_arguments"
        assert not sandbox.received


@pytest.mark.parametrize("limit", [6_000, 15_000, 30_000])
async def test_what_does_not_fit_is_left_out_as_a_whole_and_to_be_had(limit: int, era: Era) -> None:
    async with reviewing(era=era, answer_limit=limit) as (client, sandbox):
        documents = invoices(sandbox)[:8]
        left = [each.id for each in documents]
        found: dict[str, dict[str, Any]] = {}
        calls = 0
        while left:
            calls += 1
            asked = {"workflow_id": documents[0].workflow_id, "document_ids": left}
            result = await client.call_tool("review_document", asked)
            told = result.structured_content
            assert len(text_of(result)) <= limit
            shown = [each["document_id"] for each in told["documents"]]
            left = told.get("left_out", [])
            assert shown
            assert sorted([*shown, *left]) == sorted(asked["document_ids"])
            assert ("rest" in told) == bool(left)
            for each in told["documents"]:
                # Only a document that is too long even alone is cut inside.
                is_cut = "cut" in told["docreview"]
                assert not is_cut or len(told["documents"]) == 1
                found[each["document_id"]] = {} if is_cut else alone(each, told)
        assert calls > 1
        assert set(found) == {each.id for each in documents}
        for document in documents:
            single = await look_at_one(client, document)
            assert ("cut" in single["docreview"]) <= (not found[document.id])
            assert not found[document.id] or found[document.id]["fields"] == single["fields"]


async def test_documents_that_are_not_read_in_time_are_left_out(era: Era) -> None:
    sandbox = Sandbox()
    quick, slow = invoices(sandbox)[:2]

    def first(method: str, path: str) -> Any:
        return anyio.sleep_forever() if path.endswith(slow.id) else None

    async with interrupted(era, sandbox, first=first) as client:
        told = (await look(client, [slow, quick])).structured_content
        assert [each["document_id"] for each in told["documents"]] == [quick.id]
        assert told["left_out"] == [slow.id]
    async with interrupted(era, sandbox, first=first) as client:
        assert error_of(await look(client, [slow]))["code"] == "timeout"
        changes = corrections([quick, slow])
        error = error_of(await apply(client, changes, sandbox))
        assert (error["code"], error["done"]) == ("timeout", "no")
        assert slow.id in error["message"]
        assert sent(sandbox) == []


async def test_changes_of_mixed_documents_are_made_and_told_by_document(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        one, two, three = ready(sandbox)[:3]
        cell = cells_of(three)[0]
        changes = [
            change(one, "vendor_name", value="A"),
            {
                "field_data_id": field_of(two, "vendor_name").id,
                "value": "B",
                "verification_status": "verified",
            },
            change(one, "buyer_name", value="C"),
            {"document_id": three.id, "cell_id": cell.id, "value": "D"},
        ]
        result = await apply(client, changes, sandbox, document_id=two.id, verify_document=True)
        told = result.structured_content
        assert not result.is_error
        assert [field_of(each, "vendor_name").value for each in (one, two)] == ["A", "B"]
        assert (field_of(one, "buyer_name").value, cell.text) == ("C", "D")
        assert told["summary"] == "7 of 7 changes made."
        assert told["counts"] == {"done": 7}
        assert {name: list(part["done"]) for name, part in told["documents"].items()} == {
            one.id: [changes[0]["field_data_id"], changes[2]["field_data_id"], "verify_document"],
            two.id: [changes[1]["field_data_id"], "verify_document"],
            three.id: [cell.id, "verify_document"],
        }
        assert told["next"].startswith("review_files approves them")
        entry = told["documents"][three.id]["done"][cell.id]
        history = await client.call_tool("review_history", {"about": [three.id, cell.id]})
        assert [each["entry"] for each in history.structured_content["entries"]] == [entry]
        assert {each.verification_status for each in (one, two, three)} == {"verified"}


async def test_the_same_id_in_two_documents_is_two_values(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        one, two = ready(sandbox)[:2]
        first, second = field_of(one, "vendor_name"), field_of(two, "vendor_name")
        second.id = first.id
        changes = [change(one, "vendor_name", value="One"), change(two, "vendor_name", value="Two")]
        told = (await apply(client, changes, sandbox)).structured_content
        assert (first.value, second.value) == ("One", "Two")
        done = [told["documents"][each.id]["done"][first.id] for each in (one, two)]
        assert len(set(done)) == 2
        changes[1]["value"] = "Three"
        sandbox.faults.add(Fault("status", "updateFieldValue", status=400))
        told = (await apply(client, changes, sandbox)).structured_content
        assert told["documents"][one.id] == {"already": [first.id]}
        assert told["documents"][two.id]["failed"][0]["ids"] == [first.id]
        assert "documents.*.failed[].message" in told["docreview"]["outside"]


async def test_a_document_that_cannot_be_read_stops_all_before_anything_is_sent(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        one, two = ready(sandbox)[:2]
        changes = [
            *corrections([one, two]),
            {**change(one, "total_amount", value="1"), "document_id": "unknown"},
        ]
        error = error_of(await apply(client, changes, sandbox))
        assert (error["code"], error["done"]) == ("not_found", "no")
        assert "1 of 3 documents could not be read: unknown." in error["message"]
        assert sent(sandbox) == []


async def test_changes_without_their_document_are_faults(era: Era) -> None:
    async with reviewing(era=era) as (client, sandbox):
        one, two, three = ready(sandbox)[:3]
        nameless = {"field_data_id": field_of(one, "total_amount").id, "value": "1"}
        error = error_of(await apply(client, [*corrections([one]), nameless], sandbox))
        assert "changes.2: names no document, expected document_id in the change" in error["message"]
        error = error_of(await apply(client, corrections([one]), sandbox, document_id=two.id))
        assert "document_id: every change names a different document" in error["message"]
        many = [{**nameless, "document_id": str(number)} for number in range(51)]
        assert "51 documents, expected at most 50" in error_of(await apply(client, many, sandbox))["message"]
        assert not sandbox.received
        lost = {**change(one, "total_amount", value="1"), "document_id": two.id}
        twice = change(three, "total_amount", value="1")
        changes = [*corrections([one]), lost, twice, {**twice, "value": "2"}]
        message = error_of(await apply(client, changes, sandbox))["message"]
        assert f"is not in the document “{two.id}”; it is in “{one.id}”" in message
        assert "changes.4.field_data_id: already given in changes.3" in message
        assert sent(sandbox) == []


async def test_each_document_is_verified_only_if_its_own_changes_are_settled(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        rejected, good = invoices(sandbox)[5], ready(sandbox)[0]
        changes = corrections([rejected, good])
        result = await apply(client, changes, sandbox, verify_document=True, stop_after=9)
        told = result.structured_content
        assert not result.is_error
        assert told["counts"] == {"done": 3, "failed": 2, "not_tried": 1}
        assert told["documents"][rejected.id]["not_tried"] == ["verify_document"]
        assert "verify_document" in told["documents"][good.id]["done"]
        assert good.verification_status == "verified"
        assert sent(sandbox).count("verifyDocument") == 1


async def test_failures_stop_the_rest_and_a_repeated_call_does_just_that(era: Era) -> None:
    async with reviewing(era=era, **JOURNAL) as (client, sandbox):
        documents = ready(sandbox)[:6]
        changes = corrections(documents)
        sandbox.faults.add(Fault("status", "verifyField", status=400))
        told = (await apply(client, changes, sandbox, verify_document=True)).structured_content
        assert told["counts"]["failed"] == 1
        assert told["counts"]["not_tried"] >= 18 - 4
        assert told["summary"].endswith("stopped after a failure.")
        again = (await apply(client, changes, sandbox, verify_document=True)).structured_content
        assert again["counts"]["done"] + again["counts"].get("already", 0) == 18
        assert {each.verification_status for each in documents} == {"verified"}
        sandbox.received.clear()
        third = (await apply(client, changes, sandbox, verify_document=True)).structured_content
        assert third["counts"] == {"already": 18}
        assert [each.operation for each in sandbox.received] == ["getDocument"] * 6


async def test_when_the_time_is_up_whole_documents_are_done(era: Era) -> None:
    sandbox = Sandbox()
    documents = ready(sandbox)[:3]

    def first(method: str, path: str) -> Any:
        return anyio.sleep_forever() if method != "GET" and documents[1].id in path else None

    async with interrupted(era, sandbox, first=first) as client:
        told = (await apply(client, corrections(documents), sandbox, verify_document=True)).structured_content
    assert told["counts"]["unknown"] == 2
    assert len(told["documents"][documents[0].id]["done"]) == 3
    assert documents[0].verification_status == "verified"
    assert told["documents"][documents[1].id]["not_tried"] == ["verify_document"]


async def test_one_confirmation_is_for_all_documents_and_their_states(era: Era) -> None:
    async with reviewing(era=era, confirm="writes", **JOURNAL) as (client, sandbox):
        one, two = ready(sandbox)[:2]
        changes = corrections([one, two])

        async def code() -> str:
            asked = await apply(client, changes, sandbox, verify_document=True)
            assert error_of(asked)["code"] == "needs_confirmation"
            note = asked.structured_content["docreview"]
            assert f"vendor_name of {two.name}" in note["summary"]
            return str(note["confirm"])

        given = await code()
        fewer = await apply(client, changes[:2], sandbox, verify_document=True, confirm=given)
        assert error_of(fewer)["code"] == "needs_confirmation"
        field_of(two, "buyer_name").value = "Somebody"
        stale = await apply(client, changes, sandbox, verify_document=True, confirm=given)
        assert error_of(stale)["code"] == "needs_confirmation"
        assert sent(sandbox) == []
        result = await apply(client, changes, sandbox, verify_document=True, confirm=await code())
        assert result.structured_content["counts"] == {"done": 6}
        # Nothing is left to do, so nobody has to agree.
        again = await apply(client, changes, sandbox, verify_document=True)
        assert again.structured_content["counts"] == {"already": 6}


async def test_an_answer_on_many_documents_stays_within_the_limit(era: Era) -> None:
    async with reviewing(era=era, answer_limit=2_000, **JOURNAL) as (client, sandbox):
        documents = ready(sandbox)
        result = await apply(client, corrections(documents), sandbox, verify_document=True)
        assert not result.is_error
        assert result.structured_content["counts"] == {"done": len(documents) * 3}
        assert len(text_of(result)) <= 2_000
        assert json.loads(text_of(result))["docreview"]["cut"]["left_out"]
