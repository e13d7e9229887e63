"""The soak notices each thing that may never happen; whether it happens, `make soak` finds out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.http_calls import ERAS, HttpAnswer
from bench.soak.callers import Caller
from bench.soak.clients import Call, Load, judged
from bench.soak.faults import Fault, schedule
from bench.soak.verdict import Evidence, Remembered, checks

ANA = Caller("ana-1f2e", "account-001", {})
BEN = Caller("ben-3d4c", "account-002", {})
SECONDS = 10.0
KILL_AT = 5.0
MEMORY = "memory of the server that lived on"


def call(number: int, *, is_write: bool, **changed: Any) -> Call:
    name = f"label {number} account-001" if is_write else None
    at = {"began": 1.0, "ended": 2.0, "outcome": "done", **changed}
    return Call(ANA, ERAS[number % 2], name, **at)


def entry(name: str, outcome: str = "done", user: str = ANA.principal) -> dict[str, Any]:
    opening = {"arguments": {"name": name}, "caller": {"user": user}}
    return {"outcome": outcome, "records": [{"payload": opening}]}


def clean() -> Evidence:
    """A soak with a kill, in which all went well."""
    calls = [call(number, is_write=is_write) for is_write in (False, True) for number in range(30)]
    names = [each.name for each in calls if each.name]
    load = Load("127.0.0.1:1", [ANA], 1, 1.0, calls=calls, longest_silence=1.0)
    return Evidence(
        load=load,
        seconds=SECONDS,
        faults=[Fault("kill -9", KILL_AT, 7.0, under_way=1)],
        scheduled=1,
        remembered=Remembered([(name, ANA.account) for name in names], 0),
        entries=[entry(name) for name in names],
        chain="60 records, the chain holds",
        chain_fault="",
        memory=[100 * 2**20] * 10,
    )


def wrong(evidence: Evidence) -> list[str]:
    return [each.label for each in checks(evidence) if each.wrong]


def with_call(**changed: Any) -> Evidence:
    """As if one further write had ended like this; the service and the journal do not know of it."""
    evidence = clean()
    evidence.load.calls.append(call(99, is_write=True, **changed))
    return evidence


def test_nothing_is_wrong_if_all_went_well() -> None:
    assert wrong(clean()) == []


@pytest.mark.parametrize(
    ("evidence", "label"),
    [
        (with_call(), "acknowledged writes lost at the service"),
        (with_call(), "acknowledged writes missing in the journal, or not as they ended"),
        (with_call(outcome="wrong"), "answers or requests of another principal"),
        (with_call(outcome="lost"), "calls under way at a kill that got no outcome"),
        (with_call(outcome="unknown"), "calls under way at a kill that got no outcome"),
        (with_call(outcome="refused"), "calls refused, nothing sent"),
        (replace(clean(), chain_fault="record 3 was changed"), "chain of the journal"),
        (replace(clean(), faults=[]), "calls done"),
        (replace(clean(), seconds=100), "calls done"),
        (
            replace(clean(), faults=[Fault("kill -9", KILL_AT, 7.0, failure="it did not come back")]),
            "servers that ended or came back wrongly",
        ),
        (
            replace(clean(), memory=[100 * 2**20] * 8 + [120 * 2**20] * 2),
            "memory of the server that lived on",
        ),
        (replace(clean(), memory=[200 * 2**20] * 10), MEMORY),
        (replace(clean(), remembered=Remembered([], 1)), "answers or requests of another principal"),
    ],
)
def test_what_may_never_happen_is_wrong(evidence: Evidence, label: str) -> None:
    assert label in wrong(evidence)


def test_a_write_that_the_service_got_twice_is_doubled() -> None:
    evidence = clean()
    evidence.remembered.writes.append(evidence.remembered.writes[0])
    assert wrong(evidence) == ["writes doubled"]


def test_a_write_with_the_account_of_somebody_else_is_wrong() -> None:
    evidence = clean()
    evidence.remembered.writes[0] = (evidence.remembered.writes[0][0], BEN.account)
    assert wrong(evidence) == ["answers or requests of another principal"]


@pytest.mark.parametrize("changed", [{"outcome": "unknown"}, {"user": BEN.principal}])
def test_an_entry_that_is_not_as_the_call_ended_is_wrong(changed: dict[str, str]) -> None:
    evidence = clean()
    name = evidence.remembered.writes[0][0]
    entries = [entry(name, **changed), *evidence.entries[1:]]
    assert wrong(replace(evidence, entries=entries)) == [
        "acknowledged writes missing in the journal, or not as they ended"
    ]


def test_a_kill_explains_the_calls_that_were_under_way_and_no_more_than_these() -> None:
    under_way = {"began": KILL_AT - 1, "ended": KILL_AT + 0.1, "outcome": "lost"}
    evidence = with_call(**under_way)
    assert wrong(evidence) == []
    evidence.load.calls.append(call(100, is_write=False, **under_way))
    assert wrong(evidence) == ["calls under way at a kill that got no outcome"]


def test_a_silence_of_more_than_three_seconds_is_wrong() -> None:
    evidence = clean()
    evidence.load.longest_silence = 3.5
    assert wrong(evidence) == ["longest time without an answer"]


def test_a_short_run_has_each_fault_once_and_a_long_one_more_often() -> None:
    short = [kind for _, kind in schedule(45)]
    assert len(short) == len(set(short)) == 6
    long = [kind for _, kind in schedule(600)]
    assert long.count("kill -9") >= 9
    assert long.count("SIGTERM") >= 4
    assert set(long) == set(short)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"result": {"structuredContent": {"name": "mine of account-001"}}}', "done"),
        (200, b'data: {"result": {"structuredContent": {"name": "mine of account-001"}}}\n\n', "done"),
        (200, b'{"result": {"structuredContent": {"name": "mine of account-002"}}}', "wrong"),
        (200, b'{"result": {"structuredContent": {"error": {"done": "no"}}}}', "refused"),
        (200, b'{"result": {"structuredContent": {"error": {"done": "unknown"}}}}', "unknown"),
        (503, b'{"error": {"data": {"done": "no"}}}', "refused"),
        (502, b"<html>Bad Gateway</html>", "lost"),
        (200, b"", "lost"),
    ],
)
def test_an_answer_is_judged_by_what_is_in_it(status: int, body: bytes, outcome: str) -> None:
    assert judged(HttpAnswer(status, body), {"name": "mine of account-001"})[0] == outcome
