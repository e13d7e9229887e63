"""A log says which tool was called and how it ended, at every level, and not what was said."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from conftest import Era, reviewing
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server.logs import set_up_logging
from docreview_mcp.server.telemetry.call_log import CallLog
from docreview_mcp.tools.observation import SeenCall
from http_callers import caller, served
from mcp import Client

ASKED, ANSWERED = "Plum pie 4711", "Pear cake 4712"
LEVELS = ("DEBUG", "INFO", "WARNING")


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Puts back what setting up logging changes."""
    root, ours = logging.getLogger(), logging.getLogger("docreview_mcp")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = before


async def use(client: Client) -> None:
    """Write, read what others wrote, and make a mistake."""
    created = await client.call_tool("studio_create_project", {"name": ASKED, "type": "LABEL"})
    assert created.structured_content is not None
    assert created.structured_content["name"] == ASKED
    await client.call_tool("studio_update_project", {"project_id": 1, "name": ANSWERED})
    listed = await client.call_tool("studio_list_projects", {})
    assert ANSWERED in str(listed.structured_content)
    assert (await client.call_tool("studio_create_project", {"name": [ASKED], "type": "LABEL"})).is_error


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("is_http", [True, False])
async def test_neither_arguments_nor_answers_are_logged(
    era: Era, level: str, is_http: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(level, lambda: (), "json")
    if is_http:
        async with served(sandbox=Sandbox()) as client, caller(client, era) as calling:
            await use(calling)
    else:
        async with reviewing(era=era) as (calling, _):
            await use(calling)
    logged = capsys.readouterr().err
    assert ASKED not in logged
    assert ANSWERED not in logged
    assert ("HTTP Request: POST" in logged) == (level != "WARNING")


@pytest.mark.usefixtures("as_it_was")
def test_whom_an_issuer_names_is_one_field_of_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("INFO", lambda: ())
    named = 'https://issuer#ada outcome=ok tool="nanonets_approve_file'
    with CallLog().call(SeenCall("review_queue", named, "r-1", "")):
        pass
    line = capsys.readouterr().err
    assert " tool=review_queue outcome=ok " in line
    assert line.count(" outcome=ok") == 2
    assert line.count('"') == 2 + named.count('"')
    assert f"principal={json.dumps(named)}" in line
