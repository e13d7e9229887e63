"""The review panel in a browser: who gets in, what its page may send, and that a person is asked there."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.sandbox.nanonets.state import Document
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.panel import panel_application
from docreview_mcp.server.http.keys import add_key
from docreview_mcp.server.http.settings import read_http_settings
from docreview_mcp.server.panel.page import panel_tools
from docreview_mcp.server.services.sandbox_transport import embedded
from http_callers import ADDRESS, HEADERS, MODERN, PING, caller, new_key, served
from issuers import Issuer, bearer, signing_in, token
from panel_calls import META, OWN, called, place, posted
from review_desk import field_of, ready, sent


def approval(document: Document) -> dict[str, Any]:
    return {"action": "approve", "model_id": document.workflow_id, "file_ids": [document.id]}


@asynccontextmanager
async def on_own_machine(sandbox: Sandbox, **settings: Any) -> AsyncGenerator[tuple[httpx2.AsyncClient, str]]:
    """A browser without cookies and the path of the link that `docreview-mcp panel` prints."""
    given = Settings(**{"confirm": "never", "journal": "sqlite://", **settings})
    behind, transport = embedded(given, sandbox)
    application, token = panel_application(behind, read_http_settings(), 8000, transport=transport)
    async with application.running():
        over = httpx2.ASGITransport(application)
        async with httpx2.AsyncClient(transport=over, base_url=ADDRESS, headers=HEADERS) as client:
            yield client, f"/panel/open?once={token}"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=anyio.current_time)


async def test_the_link_signs_in_once(sandbox: Sandbox) -> None:
    document = ready(sandbox)[0]
    async with on_own_machine(sandbox) as (client, link):
        assert (await posted(client, "review_panel", place(document))).status_code == 401
        assert (await client.get("/panel/open?once=wrong")).status_code == 403
        opened = await client.get(f"{link}&workflow_id=a%26b&document_id=c")
        assert opened.status_code == 303
        assert opened.headers["location"] == "/panel?workflow_id=a%26b&document_id=c"
        cookie = opened.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/panel"} <= set(cookie.split("; "))
        told = await called(client, "review_panel", place(document))
        assert told["structuredContent"]["document"]["document_id"] == document.id
        client.cookies.clear()
        second = await client.get(link)
        assert second.status_code == 403
        assert "set-cookie" not in second.headers
        assert "already been used" in second.text
        assert (await posted(client, "review_panel", place(document))).status_code == 401
        assert (await client.post("/panel/sign-in", content=b"key=x", headers=OWN)).status_code == 403


async def test_a_cookie_that_was_made_up_or_has_ended_lets_nobody_in(sandbox: Sandbox) -> None:
    document = ready(sandbox)[0]
    async with on_own_machine(sandbox) as (client, link):
        await client.get(link)
        ((name, value),) = client.cookies.items()
        client.cookies.clear()
        identity, _, code = value.partition(".")
        for made_up in (
            f"{identity}.{'A' * 40}",
            f"bm9ib2R5.{code}",
            code,
            "x" * 5_000,
            f"{identity}.{code[:-1]}",
            "é",
        ):
            headers = {"Cookie": f"{name}={made_up}".encode()}
            response = await posted(client, "review_panel", place(document), headers=headers)
            assert response.status_code == 401, made_up


async def test_pages_are_framed_by_nobody_and_the_framed_one_reaches_nothing(sandbox: Sandbox) -> None:
    async with on_own_machine(sandbox) as (client, link):
        await client.get(link)
        page, app = await client.get("/panel"), await client.get("/panel/app")
        another = await client.get("/panel")
        sign_in = await client.get("/panel/sign-in")
        unknown = await client.get("/panel/other")
        # What the framed page would send: its origin is null, and it has no cookie of a page at /panel.
        for headers in ({"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}):
            for path in ("/panel/mcp", "/mcp"):
                response = await client.post(path, json=PING, headers={**MODERN, **headers})
                assert response.status_code == 403
    for shown in (page, app, sign_in):
        assert shown.status_code == 200
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["x-content-type-options"] == "nosniff"
    referrers = [shown.headers["referrer-policy"] for shown in (page, app, sign_in)]
    assert referrers == ["no-referrer", "no-referrer", "same-origin"]
    policies = [shown.headers["content-security-policy"] for shown in (page, app, sign_in)]
    assert all("default-src 'none'" in policy for policy in policies)
    assert "frame-ancestors 'none'" in policies[0]
    assert "connect-src 'self'" in policies[0]
    assert "unsafe" not in policies[0]
    (nonce,) = set(re.findall(r"nonce-([\w-]+)", policies[0]))
    assert page.text.count(f'nonce="{nonce}"') == 2
    assert "{{" not in page.text
    assert nonce not in another.text
    assert policies[1].startswith("sandbox allow-scripts; ")
    assert "connect-src" not in policies[1]
    assert unknown.status_code == 404
    assert json.dumps(sorted(panel_tools())) in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
async def test_a_call_from_another_page_is_refused_before_anything_is_read(
    sandbox: Sandbox, headers: dict[str, str | None]
) -> None:
    document = ready(sandbox)[0]
    async with on_own_machine(sandbox) as (client, link):
        await client.get(link)
        before = len(sandbox.received)
        response = await posted(client, "review_panel", place(document), headers=headers)
        assert response.status_code in (403, 421)
        assert len(sandbox.received) == before


async def test_only_the_tools_of_the_panel_are_called(sandbox: Sandbox) -> None:
    document = ready(sandbox)[0]
    async with on_own_machine(sandbox) as (client, link):
        await client.get(link)
        before = len(sandbox.received)
        for tool in ("nanonets_list_workflows", "nanonets_approve_file", "run_write_tool", "nothing", ""):
            response = await posted(client, tool, place(document))
            assert response.status_code == 403
        for method in ("tools/list", "resources/read", "initialize", "server/discover"):
            message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META}}
            headers = {**OWN, **MODERN, "Mcp-Method": method}
            assert (await client.post("/panel/mcp", json=message, headers=headers)).status_code == 403
        assert (await client.post("/mcp", json=PING, headers=MODERN)).status_code == 403
        assert len(sandbox.received) == before


@pytest.mark.parametrize("said", ["accept", "decline", "cancel", "to another question"])
async def test_the_page_asks_the_person_and_the_journal_says_so(sandbox: Sandbox, said: str) -> None:
    document, other = ready(sandbox)[:2]
    async with on_own_machine(sandbox, confirm="writes") as (client, link):
        await client.get(link)
        asked = await called(client, "review_files", approval(document))
        assert asked["resultType"] == "input_required"
        question = asked["inputRequests"]["confirm"]["params"]
        assert document.name in question["message"]
        assert not sent(sandbox)
        if said == "to another question":
            asked = await called(client, "review_files", approval(other))
        action = said if said in ("decline", "cancel") else "accept"
        answer = {"action": action, **({"content": {"confirm": True}} if action == "accept" else {})}
        answered = await called(
            client,
            "review_files",
            approval(document),
            inputResponses={"confirm": answer},
            requestState=asked["requestState"],
        )
        history = await called(client, "review_history", {"about": [document.id]})
    entries = history["structuredContent"]["entries"]
    if said == "accept":
        assert not answered["isError"]
        assert document.decision == "approved"
        assert [entry["agreed"] for entry in entries] == ["browser"]
    else:
        assert entries == []
        assert document.decision == ""


@pytest.mark.parametrize("rule", ["", '[confirmation]\nwhere = "browser"\n'])
async def test_no_code_stands_for_an_answer_in_the_browser(
    sandbox: Sandbox, tmp_path: Path, rule: str
) -> None:
    """Neither the code of a question that timed out, nor one that the same person got elsewhere."""
    policy, keys, document = tmp_path / "policy.toml", tmp_path / "keys.txt", ready(sandbox)[0]
    policy.write_text(rule)
    key = new_key(keys, "Ana")
    settings = {"confirm": "writes", "journal": "sqlite://", "policy": policy if rule else None}
    async with served(sandbox=sandbox, http={"auth": "keys", "keys": keys}, **settings) as client:
        form = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
        signed_in = await client.post("/panel/sign-in", content=f"key={key}", headers=form)
        own = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
        client.cookies.clear()
        asked = await called(client, "review_files", approval(document), headers=own)
        timed_out = await called(
            client,
            "review_files",
            approval(document),
            headers=own,
            inputResponses={"confirm": {"action": "cancel"}},
            requestState=asked["requestState"],
        )
        told = timed_out["structuredContent"]
        assert told["error"]["code"] == "needs_confirmation"
        assert told["error"]["done"] == "no"
        assert told["error"]["message"].startswith(
            "review_files: the question was not answered. Confirmation required: Decide on files:"
        )
        assert told["error"]["message"].endswith("Nothing was sent.")
        assert told["error"]["next"] == "Try again, and answer the question on the page."
        assert told["docreview"]["outside"] == ["error.message", "docreview.summary"]
        assert set(told["docreview"]) == {"outside", "summary"}
        assert document.name in told["docreview"]["summary"]
        codes = [asked["requestState"]]
        async with caller(client, "auto", key) as elsewhere:
            refused = await elsewhere.call_tool("review_files", approval(document))
            assert refused.structured_content is not None
            codes.append(refused.structured_content["docreview"].get("confirm", ""))
        assert bool(codes[1]) == (not rule)
        again: dict[str, Any] = {}
        for code in filter(None, codes):
            again = await called(client, "review_files", {**approval(document), "confirm": code}, headers=own)
            assert again["resultType"] == "input_required"
        assert not sent(sandbox)
        done = await called(
            client,
            "review_files",
            {**approval(document), "confirm": codes[0]},
            headers=own,
            inputResponses={"confirm": {"action": "accept", "content": {"confirm": True}}},
            requestState=again["requestState"],
        )
        assert not done["isError"]
        history = await called(client, "review_history", {"about": [document.id]}, headers=own)
        assert [entry["agreed"] for entry in history["structuredContent"]["entries"]] == ["browser"]


async def test_over_http_people_sign_in_with_their_key(sandbox: Sandbox, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    reads, writes = new_key(keys, "Ana", "docreview:read"), new_key(keys, "Bo")
    document = ready(sandbox)[0]
    total = field_of(document, "total_amount").id
    changes = {**place(document), "changes": [{"field_data_id": total, "value": "1.00"}]}
    http = {"auth": "keys", "keys": keys, "url": "https://mcp.example.com/mcp"}
    async with served(sandbox=sandbox, http=http, journal="sqlite://") as client:
        assert 'type="password"' in (await client.get("/panel/sign-in")).text
        assert "set-cookie" not in (await client.get("/panel")).headers
        form = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
        for wrong in ("x", writes[:-1], ""):
            refused = await client.post("/panel/sign-in", content=f"key={wrong}", headers=form)
            assert refused.status_code == 403
            assert "set-cookie" not in refused.headers
        elsewhere = {**form, "Origin": "https://evil.example"}
        assert (
            await client.post("/panel/sign-in", content=f"key={writes}", headers=elsewhere)
        ).status_code == 403
        where = "/panel/sign-in?workflow_id=w&document_id=d&other=x"
        signed_in = await client.post(where, content=f"key={writes}", headers=form)
        assert signed_in.headers["location"] == "/panel?workflow_id=w&document_id=d"
        assert "Secure" in signed_in.headers["set-cookie"]
        cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
        reader = await client.post("/panel/sign-in", content=f"key={reads}", headers=form)
        reading = {"Cookie": reader.headers["set-cookie"].partition(";")[0]}
        client.cookies.clear()

        told = await called(client, "review_panel", place(document), headers=cookie)
        assert told["structuredContent"]["browser"].startswith("https://mcp.example.com/panel?")
        assert not (await called(client, "review_apply", changes, headers=cookie))["isError"]
        assert (await posted(client, "review_apply", changes, headers=reading)).status_code == 403
        seen = await called(client, "review_panel", place(document), headers=reading)
        assert seen["structuredContent"]["document"]["read_only"]
        assert (await client.post("/mcp", json=PING, headers={**MODERN, **cookie})).status_code == 401
        history = await called(client, "review_history", {"about": [document.id]}, headers=cookie)
        assert history["structuredContent"]["entries"][0]["by"].startswith("bo-")

        lines = keys.read_text().splitlines()
        keys.write_text(f"{lines[0]}\n")
        assert (await posted(client, "review_panel", place(document), headers=cookie)).status_code == 401
        assert (await posted(client, "review_panel", place(document), headers=reading)).status_code == 200


async def test_a_key_in_a_group_is_bound_by_its_rules_in_the_browser_too(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    policy, keys, document = tmp_path / "policy.toml", tmp_path / "keys.txt", ready(sandbox)[0]
    policy.write_text('[group.interns.tools]\nforbidden = ["nanonets_approve_*"]\n')
    scopes = frozenset(("docreview:read", "docreview:write"))
    shown = [add_key(keys, "Ana", scopes, groups) for groups in (["interns"], [])]
    form = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    found: list[Any] = []
    async with served(sandbox=sandbox, http={"auth": "keys", "keys": keys}, policy=policy) as client:
        for key in shown:
            signed_in = await client.post("/panel/sign-in", content=f"key={key}", headers=form)
            cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
            client.cookies.clear()
            told = await called(client, "review_panel", place(document), headers=cookie)
            found.append(told["structuredContent"]["against_approval"])
    assert found[0] == ["the policy forbids nanonets_approve_* (group.interns.tools.forbidden)."]
    assert "forbids" not in str(found[1])


async def test_where_callers_sign_in_the_panel_is_closed() -> None:
    async with served(http=signing_in(), issuer=Issuer()) as client:
        page = await client.get("/panel/sign-in")
        refused = await client.post("/panel/mcp", json=PING, headers={**OWN, **MODERN, **bearer(token())})
    assert "is not set up for that" in page.text
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers


async def test_without_keys_whoever_reaches_the_server_uses_the_panel(sandbox: Sandbox) -> None:
    document = ready(sandbox)[0]
    async with served(sandbox=sandbox) as client:
        assert (await posted(client, "review_panel", place(document))).status_code == 401
        assert (await client.get("/panel")).status_code == 200
        told = await called(client, "review_panel", place(document))
        assert told["structuredContent"]["browser"].startswith(f"{ADDRESS}/panel?")
        assert (await client.post("/panel", headers=OWN)).status_code == 405
