"""A session that began meanwhile is as secret as a key of the settings, in every channel."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.server import Settings
from docreview_mcp.server.logs import set_up_logging
from docreview_mcp.server.services.upstream import secrets_known
from docreview_mcp.tools.redaction import REMOVED
from http_callers import caller, served
from mcp import Client
from mcp.types import ResourceTemplateReference
from results import text_of

SESSION = "opaque-session-9988776655"
"""Not a JSON Web Token, which is known by its form."""

LOGIN: dict[str, Any] = {
    "studio_token": None,
    "studio_email": "ada@example.com",
    "studio_password": "correct horse battery",
    "toolsets": "all",
}
TEMPLATE = ResourceTemplateReference(uri="docreview://pages/{workflow_id}/{document_id}/{page_number}")
EARLIER = "sessions-of-before-0123456789"


def echo(request: httpx2.Request) -> httpx2.Response:
    """A service that names the session wherever it can."""
    path = request.url.path
    if path.endswith("/login"):
        return httpx2.Response(200, json={"auth_token": SESSION, "message": "in"})
    if path.endswith("/projects"):
        return httpx2.Response(403, json={"message": f"no rights for {SESSION}"})
    said = f"{EARLIER} {SESSION}"
    return httpx2.Response(200, json={"id": 5, "status": f"RUNNING {SESSION}", "message": f"ended {said}"})


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Puts back what setting up logging changes."""
    root, ours = logging.getLogger(), logging.getLogger("docreview_mcp")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = before


async def use(client: Client) -> str:
    """All that calls say: results, errors and progress."""
    said: list[str] = []
    calls: list[tuple[str, dict[str, Any]]] = [
        ("studio_list_projects", {}),
        ("review_wait", {"kind": "analysis", "id": 5, "seconds": 1}),
        ("studio_get_analysis", {"analysis_id": 5}),
    ]

    async def told(progress: float, total: float | None, message: str | None) -> None:
        said.append(message or "")

    await client.complete(TEMPLATE, {"name": "project_id", "value": ""})
    for tool, arguments in calls:
        result = await client.call_tool(tool, arguments, progress_callback=told)
        said.append(text_of(result))
    assert any(each.startswith("analysis: ") for each in said)
    return "\n".join(said)


@pytest.mark.usefixtures("as_it_was")
async def test_no_channel_names_a_session(era: Era, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("DEBUG", secrets_known(Settings(**LOGIN)))
    async with connected(Network(echo), era, **LOGIN) as client:
        said = await use(client)
    logged = capsys.readouterr().err
    assert REMOVED in said
    assert f"no rights for {REMOVED}" in logged
    assert f"RUNNING {REMOVED}" in logged
    assert SESSION not in said + logged


@pytest.mark.usefixtures("as_it_was")
async def test_no_log_of_a_server_for_many_names_a_session(
    era: Era, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("DEBUG", secrets_known(Settings(**LOGIN)))
    async with served(Network(echo), **LOGIN) as http, caller(http, era) as client:
        said = await use(client)
    logged = capsys.readouterr().err
    assert f"RUNNING {REMOVED}" in logged
    assert SESSION not in said + logged


async def test_a_session_that_has_ended_is_still_secret(era: Era) -> None:
    async with connected(Network(echo), era, **LOGIN) as client:
        await client.call_tool("studio_list_projects", {})
        ended = await client.call_tool("studio_logout", {})
        assert ended.structured_content["message"].endswith(REMOVED)
        assert SESSION not in text_of(ended)


async def test_a_session_that_another_login_replaced_is_still_secret(era: Era) -> None:
    async with connected(Network(echo), era, **{**LOGIN, "studio_token": EARLIER}) as client:
        await client.call_tool("studio_login", {"email": "ada@example.com", "password": "another one"})
        shown = await client.call_tool("studio_get_analysis", {"analysis_id": 5})
    assert SESSION not in text_of(shown)
    assert EARLIER not in text_of(shown)


@pytest.mark.parametrize("token", ["a\r\nX-Other: b", "to\u200bken-0123456789", "a token", "tök-0123456789"])
async def test_a_session_that_no_header_can_hold_is_none(token: str, era: Era) -> None:
    network = Network(lambda request: httpx2.Response(200, json={"auth_token": token}))
    async with connected(network, era, **LOGIN) as client:
        result = await client.call_tool("studio_list_projects", {})
    error = error_of(result)
    assert error["code"] == "upstream_error"
    assert "Studio answered without a session token" in error["message"]
    assert len(network.requests) == 1
