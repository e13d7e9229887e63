"""An id is what it looks like: one in disguise is refused before a policy or a service sees it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, Network, connected, error_of
from docreview_mcp.schemas import JsonObject, load_operations
from docreview_mcp.tools.requests.arguments import arguments_of
from hypothesis import given
from hypothesis import strategies as st
from samples import holds_id, is_plain_id, plain_arguments

DISGUISES = [
    "bad/",
    "/bad",
    "x/../bad",
    "../bad",
    "bad\\",
    "bad\u200b",
    "\u2060bad",
    "ba\u00add",
    "bad\0",
    "bad\n",
    "bad\x7f",
    "bad\u2028",
    "bad\u00a0",
    "bad\u202e",
    "bad\ufeff",
    "bad\u3164",
    "bad\U000e0041",
    ".",
    "..",
    "x%2f..%2Fbad",
    "bad%252f",
    "bad%5c",
    "bad%00",
    "%2e%2E",
]
EVERYTHING: dict[str, Any] = {"toolsets": "all", "confirm": "never", "journal": "none"}


def disguised(schema: JsonObject, value: Any, bad: str, is_an_id: bool, where: str) -> list[tuple[str, Any]]:
    """Each id inside a value: its name in a message, and the value with that id in disguise."""
    if isinstance(value, list):
        items: Any = schema.get("items", {})
        return [
            (named, [*value[:index], changed, *value[index + 1 :]])
            for index, entry in enumerate(value)
            for named, changed in disguised(items, entry, bad, is_an_id, f"{where}.{index}")
        ]
    if isinstance(value, dict):
        properties: Any = schema.get("properties", {})
        return [
            (named, {**value, key: changed})
            for key, entry in value.items()
            if key in properties
            for named, changed in disguised(properties[key], entry, bad, holds_id(key), f"{where}.{key}")
        ]
    return [(where, bad)] if is_an_id and isinstance(value, str) else []


async def test_no_operation_takes_an_id_in_disguise_at_any_place() -> None:
    network = Network()
    tried = 0
    async with connected(network, **EVERYTHING) as client:
        for operation in load_operations().values():
            arguments = plain_arguments(operation, True)
            schemas = {each.name: each.schema for each in arguments_of(operation)}
            for number, (name, value) in enumerate(arguments.items()):
                bad = DISGUISES[(tried + number) % len(DISGUISES)]
                for named, changed in disguised(schemas[name], value, bad, holds_id(name), name):
                    tried += 1
                    result = await client.call_tool(operation.tool, {**arguments, name: changed})
                    error = error_of(result)
                    assert error["code"] == "invalid_arguments", (operation.tool, named, bad)
                    assert f"{named}: got " in error["message"], (operation.tool, named, bad)
    assert network.requests == []
    assert tried > 100


@pytest.mark.parametrize("bad", DISGUISES)
async def test_a_rule_is_not_got_round_by_a_disguise(bad: str, era: Era, tmp_path: Any) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[workflows]\nforbidden = ["bad"]\n')
    network = Network()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("nanonets_get_document", {"workflow_id": bad, "document_id": "d"}),
        ("nanonets_assign_files", {"model_id": bad, "member": "a@b.example", "file_ids": ["f"]}),
        ("nanonets_assign_files", {"model_id": "m", "member": "a@b.example", "file_ids": ["f", bad]}),
        ("review_document", {"workflow_id": bad, "document_id": "d"}),
        ("review_document", {"workflow_id": "w", "document_ids": ["d", bad]}),
        (
            "review_apply",
            {"workflow_id": "w", "changes": [{"document_id": bad, "cell_id": "c", "value": "1"}]},
        ),
        ("review_files", {"action": "approve", "model_id": "m", "file_ids": [bad]}),
        (
            "review_preview",
            {"tool": "nanonets_approve_file", "arguments": {"model_id": bad, "request_file_id": "f"}},
        ),
    ]
    async with connected(network, era, policy=policy, toolsets="all", confirm="never") as client:
        for tool, arguments in calls:
            error = error_of(await client.call_tool(tool, arguments))
            assert error["code"] == "invalid_arguments", (tool, error)
            assert "expected an id" in error["message"] or "expected string" in error["message"], error
    assert network.requests == []


PLAIN = "a7f3c2d1-4b5e-4f60-8a91-0c2d3e4f5a6b"
BARE = PLAIN.replace("-", "")
WIDE = {ord(each): ord(each) + 0xFEE0 for each in "0123456789abcdef"}
SPELLINGS = [
    PLAIN.upper(),
    BARE,
    f"{{{PLAIN}}}",
    f"urn:uuid:{PLAIN}",
    f"uuid:{PLAIN}",
    f" {PLAIN} ",
    f"({PLAIN})",
    "-".join(BARE[at : at + 4] for at in range(0, len(BARE), 4)),
    PLAIN.replace("-", "_"),
    PLAIN.replace("-", "\u2010"),
    PLAIN.replace("a", "%61"),
    PLAIN.replace("-", "%252D"),
    PLAIN.translate(WIDE),
    PLAIN.replace("7", "\u0667"),
]


@pytest.mark.parametrize("spelled", SPELLINGS)
async def test_another_spelling_of_a_uuid_is_the_same_id_to_a_rule(
    spelled: str, era: Era, tmp_path: Any
) -> None:
    policy = tmp_path / "policy.toml"
    network = Network()
    for forbidden, asked in ((PLAIN, spelled), (spelled, PLAIN)):
        policy.write_text(f'[workflows]\nforbidden = ["{forbidden}"]\n')
        async with connected(network, era, policy=policy) as client:
            ids = {"workflow_id": asked, "document_id": "d"}
            assert error_of(await client.call_tool("nanonets_get_document", ids))["code"] == "not_allowed"
    assert network.requests == []


@pytest.mark.parametrize(
    "number", [7, "7", "07", 7.0, "7.0", "+7", "7e0", "0_7", "\uff17", "\u0667", "%37", [7]]
)
@pytest.mark.parametrize("key", ["project_id", "projectId", "Project-ID", "project id"])
async def test_a_forbidden_number_is_seen_in_every_spelling_under_every_key(
    number: Any, key: str, tmp_path: Any
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[projects]\nforbidden = [7]\n")
    network = Network()
    session = {"project_id": 1, "name": "s", "source": "drive"}
    async with connected(network, policy=policy, **EVERYTHING) as client:
        for parameters in ({key: number}, {"inside": [{key: number}]}):
            arguments = {**session, "parameters": parameters}
            error = error_of(await client.call_tool("studio_create_labeling_session", arguments))
            assert (error["code"], "projects.forbidden" in error["message"]) == ("not_allowed", True)
        assert network.requests == []
        arguments = {**session, "parameters": {key: "a project of another service"}}
        assert not (await client.call_tool("studio_create_labeling_session", arguments)).is_error


async def test_a_model_whose_name_is_a_number_is_not_taken_for_the_model_of_that_id(tmp_path: Any) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[models]\nforbidden = [12]\n")
    network = Network()
    async with connected(network, policy=policy, **EVERYTHING) as client:
        for name in ("13", "13.0", "hotels"):
            error = error_of(await client.call_tool("studio_download_model_by_name", {"model": name}))
            assert error["code"] == "not_allowed"
        assert network.requests == []
        assert not (await client.call_tool("studio_get_model", {"model_id": 13})).is_error


@pytest.mark.parametrize("tool", ["studio_update_model", "studio_update_project_model"])
async def test_an_update_does_not_name_a_forbidden_model_in_its_body(
    tool: str, era: Era, tmp_path: Any
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[models]\nforbidden = [12]\n")
    network = Network()
    place = {"project_id": 1} if tool == "studio_update_project_model" else {}
    async with connected(network, era, policy=policy, **EVERYTHING) as client:
        arguments = {**place, "model_id": 13, "display_name": "Hotels"}
        error = error_of(await client.call_tool(tool, {**arguments, "id": 12}))
        assert (error["code"], "id: the policy forbids model '12'" in error["message"]) == (
            "not_allowed",
            True,
        )
        assert network.requests == []
        assert not (await client.call_tool(tool, {**arguments, "id": 13})).is_error


@given(text=st.text(min_size=1, max_size=20))
def test_whatever_is_seen_as_it_is_passes(text: str) -> None:
    from docreview_mcp.tools.requests.id_faults import is_plain_id as passes

    assert passes(text) == is_plain_id(text)


async def test_what_only_the_caller_knows_may_be_called_an_id_and_be_any_text() -> None:
    page = {"customer_id": "2024/17", "id": "C:\\x"}
    operation = next(each for each in load_operations().values() if each.id == "updateFileFields")
    network = Network()
    async with connected(network, **EVERYTHING) as client:
        arguments = {**plain_arguments(operation, False), "page": page}
        result = await client.call_tool(operation.tool, arguments)
    assert not result.is_error, result.structured_content
    assert b"2024/17" in network.requests[-1].content
