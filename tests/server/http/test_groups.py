"""Sections of the policy for groups: who is in one is known by a claim of the token or by the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Era, connected, error_of
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server.settings.settings_error import SettingsError
from http_callers import PING, caller, new_key, served
from issuers import Issuer, bearer, signing_in, token
from review_desk import ready

CREATE = "studio_create_project"
POLICY = """
[tools]
forbidden = ["studio_delete_*"]

[group.interns.tools]
forbidden = ["studio_create_*"]

[group."/deep/auditors".toolsets]
allowed = ["review", "nanonets-documents"]

[others.tools]
allowed = ["nanonets_get_*"]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


async def names_for(client: Any, era: Era, shown: str, **headers: str) -> set[str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with caller(client, era, shown, sent) as calling:
        return {tool.name for tool in (await calling.list_tools()).tools}


async def test_each_group_is_shown_what_its_rules_leave(policy: Path, era: Era) -> None:
    http = signing_in(oauth_group_claim="groups")
    async with served(http=http, issuer=Issuer(), policy=policy, toolsets="all", surface="full") as client:

        async def names(**more: Any) -> set[str]:
            return await names_for(client, era, token(**more))

        interns = await names(groups=["interns", "everybody"])
        auditors = await names(groups="/deep/auditors")
        both = await names(groups=["/deep/auditors", "interns"])
        others = await names(groups=["everybody"])
        assert others == await names() == await names(groups=[])
    assert not {name for name in interns if name.startswith(("studio_delete_", "studio_create_"))}
    assert {"studio_list_projects", "nanonets_get_document", "review_queue"} <= interns
    assert both == auditors & interns
    assert "nanonets_get_document" in both
    assert "studio_list_projects" not in auditors
    assert others
    assert all(name.startswith("nanonets_get_") for name in others)


async def test_a_call_is_judged_by_the_groups_of_its_caller(policy: Path, era: Era) -> None:
    policy.write_text(
        "[limits]\nmax_writes_per_hour = 2\n"
        "[group.interns.limits]\nmax_writes_per_hour = 1\n"
        "[group.auditors.projects]\nallowed = [1]\n"
    )
    http = signing_in(oauth_group_claim="https://example.com/teams")
    sandbox = Sandbox(clock=anyio.current_time)
    async with served(
        sandbox=sandbox, http=http, issuer=Issuer(), policy=policy, journal="sqlite://"
    ) as client:

        async def refusals(subject: str, *groups: str) -> list[str]:
            shown = token(**{"sub": subject, "https://example.com/teams": list(groups)})
            said: list[str] = []
            async with caller(client, era, shown) as calling:
                for number in range(3):
                    made = await calling.call_tool(CREATE, {"name": f"{subject} {number}", "type": "ABSA"})
                    said.append(error_of(made)["message"] if made.is_error else "")
            return said

        nobody, intern = await refusals("ana"), await refusals("bo", "interns")
        assert [bool(each) for each in nobody] == [False, False, True]
        assert "(limits.max_writes_per_hour)" in nobody[2]
        assert [bool(each) for each in intern] == [False, True, True]
        assert "(group.interns.limits.max_writes_per_hour)" in intern[1]

        may = "docreview:read docreview:admin"
        auditor = token(**{"sub": "cleo", "scope": may, "https://example.com/teams": ["auditors"]})
        async with caller(client, era, auditor) as calling:
            refused = await calling.call_tool("studio_get_project", {"project_id": 2})
            assert "(group.auditors.projects.allowed)" in error_of(refused)["message"]
            history = (await calling.call_tool("review_history", {})).structured_content
            shown = await calling.read_resource("docreview://settings")
        assert history is not None
        assert '"group.auditors"' in shown.contents[0].text  # type: ignore[union-attr]


async def test_an_approval_has_to_meet_the_rules_of_every_group(policy: Path, era: Era) -> None:
    policy.write_text(
        "[approval]\nmin_confidence = 0.01\n[group.interns.approval]\nall_verified = true\n"
        "[group.clerks.approval]\nchecks = 'all'\n"
    )
    http, sandbox = signing_in(oauth_group_claim="groups"), Sandbox(clock=anyio.current_time)
    document = ready(sandbox)[0]
    approve = {"model_id": document.workflow_id, "request_file_id": document.id}
    async with served(sandbox=sandbox, http=http, issuer=Issuer(), policy=policy) as client:
        async with caller(client, era, token(groups=["clerks", "interns"])) as calling:
            refused = error_of(await calling.call_tool("nanonets_approve_file", approve))
            assert "(group.interns.approval.all_verified)" in refused["message"]
        async with caller(client, era, token()) as calling:
            done = await calling.call_tool("nanonets_approve_file", approve)
            assert not done.is_error, done.structured_content


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": 7},
        {"groups": {"interns": True}},
        {"groups": ["interns", 7]},
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph"}}},
    ],
)
async def test_groups_that_cannot_be_read_let_nobody_past_their_rules(
    policy: Path, claims: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    http = signing_in(oauth_group_claim="groups")
    async with served(http=http, issuer=Issuer(), policy=policy) as client:
        response = await client.post("/mcp", json=PING, headers=bearer(token(**claims)))
    assert response.status_code == 401
    assert "its token was not accepted: groups: " in caplog.text


async def test_a_key_may_be_in_groups(policy: Path, tmp_path: Path, era: Era) -> None:
    from docreview_mcp.server.http.keys import add_key

    keys = tmp_path / "keys.txt"
    both = frozenset(("docreview:read", "docreview:write"))
    intern = add_key(keys, "Ana", both, ["interns", "/deep/auditors"])
    other = new_key(keys, "Bo")
    with pytest.raises(SettingsError, match="--group: got 'a b', expected"):
        add_key(keys, "Cleo", both, ["a b"])
    http = {"auth": "keys", "keys": keys}
    async with served(http=http, policy=policy, toolsets="all", surface="full") as client:
        shown = [await names_for(client, era, each) for each in (intern, other)]
    assert "nanonets_get_document" in shown[0] & shown[1]
    assert "review_queue" in shown[0] - shown[1]
    assert "studio_list_projects" not in shown[0]


async def test_what_a_client_leaves_out_and_the_rules_of_its_group_both_hold(policy: Path, era: Era) -> None:
    http = signing_in(oauth_group_claim="groups")
    more: dict[str, Any] = {"policy": policy, "toolsets": "all", "surface": "full"}
    async with served(http=http, issuer=Issuer(), **more) as client:
        whole = await names_for(client, era, token(groups=["interns"]))
        narrow = {"X_Docreview_Toolsets": "studio-projects"}
        interns = await names_for(client, era, token(groups=["interns"]), **narrow)
        others = await names_for(client, era, token(), **narrow)
        reads = {**narrow, "X_Docreview_Read_Only": "true"}
        reading = await names_for(client, era, token(groups=["interns"]), **reads)
    assert {"studio_list_projects", "studio_update_project"} <= interns < whole
    assert "studio_create_project" not in interns
    assert "studio_list_projects" in reading < interns
    assert "studio_update_project" not in reading
    assert not any(name.startswith("studio_") for name in others)


async def test_rules_for_groups_need_a_claim(policy: Path) -> None:
    with pytest.raises(SettingsError, match="DOCREVIEW_OAUTH_GROUP_CLAIM: expected the token claim"):
        async with served(http=signing_in(), issuer=Issuer(), policy=policy):
            pass


async def test_over_stdio_and_without_sign_in_everybody_is_one_of_the_others(policy: Path, era: Era) -> None:
    settings: dict[str, Any] = {"policy": policy, "toolsets": "all", "surface": "full"}
    async with served(**settings) as client, connected(era=era, **settings) as over_stdio:
        names = await names_for(client, era, "")
        assert names == {tool.name for tool in (await over_stdio.list_tools()).tools}
    assert names
    assert all(name.startswith("nanonets_get_") for name in names)
