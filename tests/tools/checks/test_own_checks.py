"""Checks of the user's own: expressions over a document, within limits, in a file whose faults are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Era, Run, error_of, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.settings.settings_error import SettingsError
from review_desk import field_of, invoices, ready, sent


def written(folder: Path, *checks: str, head: str = "") -> Path:
    """A check file with one check for each text of keys, named `own_0` and so on."""
    path = folder / "checks.toml"
    tables = [f'[[checks]]\nname = "own_{number}"\n{keys}\n' for number, keys in enumerate(checks)]
    path.write_text("\n".join([head, *tables]), encoding="utf-8")
    return path


async def found(path: Path, number: int = 2, era: Era = "auto", **further: Any) -> dict[str, dict[str, Any]]:
    """The findings of own checks in one invoice of the sandbox, by check."""
    async with reviewing(era=era, checks=path) as (client, sandbox):
        paper = invoices(sandbox)[number]
        arguments = {"workflow_id": paper.workflow_id, "document_ids": [paper.id], **further}
        result = await client.call_tool("review_check", arguments)
    assert not result.is_error, result.structured_content
    told = [each for entry in result.structured_content["documents"] for each in entry["findings"]]
    return {each["check"]: each for each in told if each["check"].startswith("own_")}


async def test_an_own_check_fails_with_its_message_and_values(tmp_path: Path, era: Era) -> None:
    path = written(
        tmp_path,
        "expect = 'money(fields.total_amount) < 1000.0'\nmessage = 'above the limit'\nseverity = 'warning'",
        "expect = 'close(sum(columns.amount), money(fields.subtotal))'",
        "when = 'fields.currency == \"XXX\"'\nexpect = 'false'",
        "expect = 'false'\nworkflows = ['another']",
    )
    told = await found(path, era=era)
    assert set(told) == {"own_0"}
    assert (told["own_0"]["message"], told["own_0"]["severity"]) == ("above the limit", "warning")
    assert told["own_0"]["values"][0][:2] == ["total_amount", "4,398.29"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("fields.nothing == ''", "there is no nothing"),
        ("money(fields.vendor_name) > 1.0", "is not a number"),
        ("date(fields.vendor_name) < today", "is not a date"),
        ("money(fields.total_amount)", "expected true or false"),
        ("money(fields.total_amount) * 2 > 1.0", "do not match"),
        (
            "[1].map(x, 'aaaaaaaaaa')" + ".map(x, x+x+x+x+x+x+x+x+x+x)" * 12 + ".size() == 1",
            "too much memory",
        ),
        ("(" * 200 + "true" + ")" * 200, "nested too deeply"),
        ("1 +", "cannot be evaluated"),
    ],
)
async def test_what_cannot_be_judged_is_a_finding_and_not_passed(
    tmp_path: Path, expression: str, words: str
) -> None:
    path = written(tmp_path, f"expect = {json.dumps(expression)}", "expect = 'true'", "expect = 'false'")
    told = await found(path, number=3)
    assert words in told["own_0"]["message"]
    assert told["own_0"]["message"].startswith("cannot be judged: ")
    assert set(told) == {"own_0", "own_2"}, "the other checks are made all the same"


@pytest.mark.parametrize(
    "expression",
    [
        "number('1.234,56', 'de') == 1234.56",
        "money('CHF 1’234.50', 'de_CH') == 1234.5",
        "money('१२३') == 123.0",
        "date('03/04/2026', 'en_US') < date('03/04/2026', 'en_GB')",
        "date('5 octobre 2026') == timestamp('2026-10-05T00:00:00Z')",
        "iban('DE89 3704 0044 0532 0130 00') && !iban('DE88 3704 0044 0532 0130 00')",
        "vat('DE136695976') && lei('213800KUD8LAJWSQ9D15') && isbn('978-0-471-11709-4')",
        "fields.vendor_name.matches('^[A-Z]') && document.name.endsWith('.pdf')",
        "size(tables) == 1 && size(rows) == 30 && rows[0].unit_price == rows[0]['unit_price']",
        "count_of('currency', fields.currency) == 1",
        "close(1.004, 1.0) && !close(1.004, 1.0, 0.001)",
    ],
)
async def test_functions_of_ours_and_of_cel(tmp_path: Path, expression: str) -> None:
    assert await found(written(tmp_path, f"expect = {json.dumps(expression)}"), number=3) == {}


async def test_what_takes_too_long_is_not_tried_on_the_other_documents(tmp_path: Path) -> None:
    loops = "rows.all(a, rows.all(b, rows.all(c, rows.all(d, rows.all(e, a.amount != '')))))"
    path = written(tmp_path, f"expect = {json.dumps('size(rows) < 30 || ' + loops)}", "expect = 'false'")
    async with reviewing(checks=path) as (client, sandbox):
        papers = invoices(sandbox)[:20]
        place = {"workflow_id": papers[0].workflow_id, "document_ids": [each.id for each in papers]}
        arguments = {**place, "checks": ["own_0", "own_1"]}
        answer = (await client.call_tool("review_check", arguments)).structured_content
    findings = [each for entry in answer["documents"] for each in entry["findings"]]
    messages = [each["message"] for each in findings if each["check"] == "own_0"]
    assert messages == ["cannot be judged: it takes more than 2 s or too much memory"] * 17
    others = [each for each in findings if each["check"] == "own_1"]
    assert len(others) == 20, "the other checks are made all the same"


async def test_values_of_other_documents_can_be_counted(tmp_path: Path, era: Era) -> None:
    path = written(tmp_path, "expect = \"count_of('buyer_name', fields.buyer_name) == 1\"")
    async with reviewing(era=era, checks=path) as (client, sandbox):
        papers = invoices(sandbox)[:3]
        field_of(papers[0], "buyer_name").value = "Only once"
        for paper in papers[1:]:
            field_of(paper, "buyer_name").value = "Twice"
        place = {"workflow_id": papers[0].workflow_id, "document_ids": [each.id for each in papers]}
        answer = (await client.call_tool("review_check", {**place, "checks": ["own_0"]})).structured_content
    assert [entry["document_id"] for entry in answer["documents"]] == [each.id for each in papers[1:]]


async def test_expressions_see_no_setting_of_the_server(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NANONETS_API_KEY", "hidden-0123456789")
    path = written(tmp_path, "expect = 'env.NANONETS_API_KEY == \"\"'")
    told = (await found(path))["own_0"]["message"]
    assert "hidden" not in told


async def test_a_file_skips_checks_and_adds_names(tmp_path: Path, era: Era) -> None:
    head = 'skip = ["total"]\n[fields]\nsupplier = ["buyer_name"]\n'
    path = tmp_path / "checks.toml"
    path.write_text(head, encoding="utf-8")
    async with reviewing(era=era, checks=path) as (client, sandbox):
        paper = invoices(sandbox)[2]
        place = {"workflow_id": paper.workflow_id, "document_ids": [paper.id]}
        answer = (await client.call_tool("review_check", place)).structured_content
        refused = await client.call_tool("review_check", {**place, "checks": ["total"]})
    assert answer["documents"] == []
    assert "there is no such check" in error_of(refused)["message"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = = 1", "is not valid TOML: Invalid value (at line 1, column 5)"),
        ("", "is empty"),
        ("[[checks]]\nname = 'a_b'\n", "line 1: checks.expect: missing, expected an expression"),
        (
            "[[checks]]\nname = 'a_b'\nexpct = 'true'\nexpect = 'true'",
            "line 3: checks.expct: unknown; did you mean",
        ),
        (
            "[[checks]]\nname = 'total'\nexpect = 'true'",
            'line 2: checks.name: got "total", expected another name',
        ),
        ("[[checks]]\nname = 'a_b'\nexpect = 1", "line 3: checks.expect: got 1, expected an expression"),
        (
            "skip = ['totl']",
            'line 1: skip: got "totl", there is no such built-in check; did you mean total?',
        ),
        ("locale = 'xx_YY'", "line 1: locale: got \"xx_YY\", there is no locale 'xx_YY'"),
        ("[fields]\ntotl = ['x']", "fields.totl: unknown; did you mean total?"),
        (
            "[[checks]]\nname='a_b'\nexpect='true'\n\n[[checks]]\nname = 'a_b'\nexpect='true'",
            "line 6: name: two checks are called a_b",
        ),
    ],
)
def test_a_fault_of_the_file_keeps_the_server_from_starting(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "checks.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        build_server(Settings(checks=path))
    assert str(raised.value).startswith(f"DOCREVIEW_CHECKS: {path}: {said}")


def test_the_command_names_line_and_column_of_a_faulty_expression(tmp_path: Path, run: Run) -> None:
    text = "expect = '''\nclose(1.0,\n      sume([1.0]))\n'''"
    path = written(tmp_path, "expect = 'fields.x == '", text, "expect = 'feilds.x == 1'")
    checked = run("check", path)
    assert checked.returncode == 1
    lines = checked.output.splitlines()
    assert lines[0].startswith(f"{path}: line 4, column 23: expect of own_0: Syntax error")
    assert lines[1].startswith(f"{path}: line 10, column 7: expect of own_1: there is no function sume")
    assert lines[2].startswith(f"{path}: line 15, column 11: expect of own_2: there is no variable feilds")
    doctor = run("doctor", "--sandbox", DOCREVIEW_CHECKS=str(path))
    assert f"fault checks: {path}: line 4, column 23" in doctor.output


def test_the_command_tries_the_checks_on_a_document(tmp_path: Path, run: Run) -> None:
    path = written(
        tmp_path, "expect = 'false'\nmessage = 'no'", "expect = 'true'", "expect = 'fields.no == \"\"'"
    )
    document_id = invoices(Sandbox())[2].id
    tried = run("check", path, "--document", document_id, "--sandbox")
    assert tried.returncode == 1
    for words in (
        "failed   own_0: no",
        "passed   own_1",
        "unjudged own_2: there is no no",
        "failed   total: ",
    ):
        assert words in tried.output
    assert run("check", path, "--document", "nope", "--sandbox").returncode == 2
    saved = tmp_path / "document.json"
    fields = {"no": [{"field_data_id": "f", "value": ""}]}
    saved.write_text(json.dumps({"pages": [{"data": {"fields": fields}}]}), encoding="utf-8")
    assert "passed   own_2" in run("check", path, "--document", saved).output


def policy(folder: Path, rule: str) -> Path:
    """A policy file with a rule on checks."""
    path = folder / "policy.toml"
    path.write_text(f"[approval]\nchecks = {rule}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("rule", ['"all"', '["total", "line_sum"]'])
async def test_the_policy_approves_only_what_passes_its_checks(tmp_path: Path, era: Era, rule: str) -> None:
    async with reviewing(era=era, policy=policy(tmp_path, rule)) as (client, sandbox):
        wrong = invoices(sandbox)[2]
        right = next(each for each in ready(sandbox) if each.name == "invoice-008.pdf")
        for tool, place in (
            ("nanonets_approve_file", {"model_id": wrong.workflow_id, "request_file_id": wrong.id}),
            (
                "nanonets_verify_document",
                {
                    "workflow_id": wrong.workflow_id,
                    "document_id": wrong.id,
                    "verification_status": "verified",
                },
            ),
        ):
            error = error_of(await client.call_tool(tool, place))
            assert error["code"] == "not_allowed"
            assert (
                "only if the document passes the checks (approval.checks); 1 fail: total (subtotal + tax"
                in error["message"]
            )
        assert sent(sandbox) == []
        field_of(wrong, "total_amount").value = "4,898.29"
        for paper in (wrong, right):
            place = {"model_id": paper.workflow_id, "file_ids": [paper.id]}
            approved = await client.call_tool("review_files", {"action": "approve", **place})
            assert not approved.is_error, approved.structured_content


async def test_a_named_check_that_has_nothing_to_look_at_is_not_passed(tmp_path: Path, era: Era) -> None:
    async with reviewing(era=era, policy=policy(tmp_path, '["vat_id"]')) as (client, sandbox):
        paper = ready(sandbox)[0]
        place = {"model_id": paper.workflow_id, "request_file_id": paper.id}
        error = error_of(await client.call_tool("nanonets_approve_file", place))
    assert "vat_id (not checked: no field for vat_id)" in error["message"]


async def test_an_own_check_that_cannot_be_judged_stops_an_approval(tmp_path: Path, era: Era) -> None:
    checks = written(tmp_path, "expect = 'fields.nothing == \"\"'")
    settings: dict[str, Any] = {"checks": checks, "policy": policy(tmp_path, '"all"')}
    async with reviewing(era=era, **settings) as (client, sandbox):
        paper = next(each for each in ready(sandbox) if each.name == "invoice-008.pdf")
        place = {"model_id": paper.workflow_id, "request_file_id": paper.id}
        error = error_of(await client.call_tool("nanonets_approve_file", place))
    assert "own_0 (cannot be judged: there is no nothing)" in error["message"]
    assert sent(sandbox) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('["totl"]', 'approval.checks: got "totl", but there is no such check; did you mean total?'),
        ('["duplicate"]', "approval.checks: duplicate compares documents"),
        ('"some"', 'approval.checks: got "some", expected "all"'),
    ],
)
def test_a_rule_on_checks_that_cannot_hold_is_refused_at_the_start(
    tmp_path: Path, rule: str, said: str
) -> None:
    path = policy(tmp_path, rule)
    with pytest.raises(SettingsError) as raised:
        build_server(Settings(policy=path))
    assert str(raised.value).startswith(f"DOCREVIEW_POLICY: {path}: {said}")
