"""Every operation sends exactly the request that its arguments say."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.schemas import Operation, load_operations
from docreview_mcp.tools import ToolFailure, build_request, validate_arguments
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import check_on_the_wire, plain_arguments, sample_arguments

OPERATIONS = list(load_operations().values())
BY_TOOL = {operation.tool: operation for operation in OPERATIONS}
TEXT_PLACES = [
    (operation, each.name)
    for operation in OPERATIONS
    for each in operation.parameters
    if each.location == "path" and each.schema.get("type") == "string"
]


async def test_every_tool_sends_exactly_its_request(era: Era) -> None:
    """Through the whole server: each of the 194 tools, with few and with many arguments."""
    network = Network()
    sent = 0
    async with connected(network, era, toolsets="all") as client:
        for operation in sorted(OPERATIONS, key=lambda operation: operation.ends_session):
            for optional in (False,) if operation.ends_session else (False, True):
                arguments = plain_arguments(operation, optional)
                result = await client.call_tool(operation.tool, arguments)
                assert not result.is_error, (operation.tool, arguments, result.structured_content)
                methods = [each.method for each in network.requests[sent:]]
                # The header of a new cell is compared with the columns that the page has, and a value that
                # this caller wrote before with what it is now.
                is_compared = operation.id == "addTableCell" or operation.present is not None
                assert methods in (
                    [operation.route.method],
                    ["GET", operation.route.method] if is_compared else None,
                ), operation.tool
                sent = len(network.requests)
                request = network.requests[-1]
                assert request.url.host == (
                    "app.nanonets.com" if operation.service == "nanonets" else "api.deepopinion.ai"
                )
                assert ("authorization" in request.headers) == operation.authenticated
                check_on_the_wire(
                    operation,
                    arguments,
                    request.method,
                    request.url.raw_path,
                    request.headers.get("content-type", ""),
                    request.content,
                )


CLIENT = httpx2.Client()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.tool)
def test_any_valid_arguments_come_back_unchanged(operation: Operation) -> None:
    @settings(
        max_examples=max(3, settings().max_examples // 10),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )
    @given(sample_arguments(operation))
    def holds(arguments: dict[str, Any]) -> None:
        values = validate_arguments(operation, arguments)
        assert values == arguments
        request = build_request(operation, values)
        url = httpx2.URL(f"https://host.example{request.path}")
        sent = CLIENT.build_request(request.method, url, params=request.query or None)
        path = sent.url.raw_path.decode().partition("?")[0]
        assert path == request.path, "the HTTP library changed the address"
        assert path.count("/") == operation.route.path.count("/")
        assert sent.url.host == "host.example"

    holds()


@pytest.mark.parametrize("value", ["", ".", ".."])
async def test_no_value_reaches_another_address(value: str, era: Era) -> None:
    network = Network()
    async with connected(network, era, toolsets="all") as client:
        for operation, name in TEXT_PLACES:
            arguments = {**plain_arguments(operation, False), name: value}
            error = error_of(await client.call_tool(operation.tool, arguments))
            assert error["code"] == "invalid_arguments", operation.tool
            assert f"{name}: got" in error["message"]
    assert network.requests == []
    assert len(TEXT_PLACES) > 90


async def test_an_all_digit_label_name_is_refused_because_it_would_be_read_as_an_id() -> None:
    network = Network()
    async with connected(network) as client:
        arguments = {"project_id": 1, "name": "2024", "body_name": "new"}
        error = error_of(await client.call_tool("studio_update_label_by_name", arguments))
    assert "name" in error["message"]
    assert network.requests == []


async def test_left_out_is_not_sent_and_null_only_where_it_means_something(era: Era) -> None:
    network = Network()
    async with connected(network, era) as client:
        await client.call_tool("studio_update_notification", {"notification_id": 3})
        await client.call_tool("studio_update_notification", {"notification_id": 3, "read": None})
        await client.call_tool("studio_update_project", {"project_id": 3, "name": None})
        refused = error_of(await client.call_tool("studio_update_project", {"project_id": None}))
        await client.call_tool("studio_assign_hitl", {"project_id": 3, "hitl_id": 4})
    assert [request.content for request in network.requests] == [b"{}", b'{"read":null}', b"{}", b""]
    assert "project_id: got null" in refused["message"]


@given(st.data())
def test_no_arguments_at_all_crash_the_check(data: st.DataObject) -> None:
    """Whatever a host sends, the answer is a request or a refusal that says why."""
    operation = data.draw(st.sampled_from(OPERATIONS))
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
    names = [each.name for each in operation.parameters] + ["documents", "value", "file_base64", "page", "x"]
    arguments = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=6))
    failure = refusal_of(operation, arguments)
    if failure is not None:
        assert failure.code == "invalid_arguments"
        assert failure.done == "no"
        assert failure.happened == "Nothing was sent."


def refusal_of(operation: Operation, arguments: dict[str, Any]) -> ToolFailure | None:
    """Why these arguments are refused; None if they make a request."""
    try:
        build_request(operation, validate_arguments(operation, arguments))
    except ToolFailure as failure:
        return failure
    return None
