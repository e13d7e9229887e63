"""What was renamed keeps working under its former name, in calls, prompts, settings and policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Era
from docreview_mcp.server import Settings, build_server
from docreview_mcp.tools import load_tools
from docreview_mcp.tools.surface import former_names
from mcp import Client
from results import text_of

FORMER, NAME = "nanonets_workflows", "nanonets_list_workflows"


@pytest.fixture(autouse=True)
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a release had renamed a tool; the table of the project may be empty."""
    monkeypatch.setitem(former_names.FORMER_TOOLS, FORMER, NAME)


async def test_a_former_name_answers_and_says_the_new_one(era: Era) -> None:
    async with Client(build_server(Settings(sandbox=True)), mode=era) as client:
        old, new = await client.call_tool(FORMER, {}), await client.call_tool(NAME, {})
        failed = await client.call_tool(FORMER, {"limit": 0})
        listed = [tool.name for tool in (await client.list_tools()).tools]
    assert not old.is_error
    assert old.structured_content is not None
    assert new.structured_content is not None
    assert old.structured_content["workflows"] == new.structured_content["workflows"]
    assert old.structured_content["docreview"]["renamed"] == f"{FORMER} was renamed to {NAME}"
    assert json.loads(text_of(old)) == old.structured_content  # type: ignore[union-attr]
    assert failed.is_error
    assert NAME in str(failed.structured_content)
    assert FORMER not in listed


async def test_the_runner_takes_a_former_name() -> None:
    async with Client(build_server(Settings(sandbox=True, surface="lean"))) as client:
        result = await client.call_tool("run_read_tool", {"tool": FORMER, "arguments": {}})
    assert not result.is_error


async def test_a_prompt_answers_to_its_former_name() -> None:
    arguments = {"workflow_id": "w", "document_id": "d"}
    async with Client(build_server(Settings(sandbox=True))) as client:
        names = [prompt.name for prompt in (await client.list_prompts()).prompts]
        for former, name in former_names.FORMER_PROMPTS.items():
            assert (name in names, former in names) == (True, False)
            assert await client.get_prompt(former, arguments) == await client.get_prompt(name, arguments)


@pytest.mark.parametrize(
    ("setting", "is_listed"),
    [({"tools": (FORMER,)}, True), ({"exclude_tools": (FORMER,)}, False), ({"policy": "forbidden"}, False)],
)
async def test_settings_and_policies_take_a_former_name(
    setting: dict[str, object], is_listed: bool, tmp_path: Path
) -> None:
    if "policy" in setting:
        setting = {"policy": tmp_path / "policy.toml"}
        (tmp_path / "policy.toml").write_text(f'[tools]\nforbidden = ["{FORMER}"]\n')
    async with Client(build_server(Settings(sandbox=True, **setting))) as client:  # type: ignore[arg-type]
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert (NAME in names) == is_listed


def test_no_former_name_hides_a_tool() -> None:
    names = {tool.name for tool in load_tools()}
    assert not names & former_names.FORMER_TOOLS.keys()
    assert names >= set(former_names.FORMER_TOOLS.values())
