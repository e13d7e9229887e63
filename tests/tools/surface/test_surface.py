"""What every host sees: names, hints, schemas and their cost."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from conftest import Era, connected, known_output_schemas
from docreview_mcp.schemas import load_operations, load_own_operations
from docreview_mcp.server import Settings, build_server
from docreview_mcp.tools import SelectionError, load_tools
from each_case import each_case
from jsonschema import Draft202012Validator

TOOLS = load_tools()
MAX_TOKENS = 18_000
MAX_LIKENESS = 0.85


def walk(value: Any) -> Any:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for entry in value.values():
            yield from walk(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from walk(entry)


OPERATIONS = [*load_operations().values(), *load_own_operations().values()]


async def listed(era: Era = "auto", **settings: Any) -> list[Any]:
    async with connected(era=era, **settings) as client:
        return (await client.list_tools()).tools


def ordinary(tool: Any) -> bool:
    """Whether a tool is shown if nobody chooses."""
    return tool.tier in ("documented", "companion", "review")


async def test_default_selection_is_documented_and_companion(era: Era) -> None:
    tools = await listed(era)
    assert [tool.name for tool in tools] == [tool.name for tool in TOOLS if ordinary(tool)]


async def test_every_tool_has_title_description_and_all_four_hints(era: Era) -> None:
    for tool in await listed(era, toolsets="all"):
        operation = next(each for each in OPERATIONS if each.tool == tool.name)
        hints = tool.annotations
        assert tool.title
        assert 20 <= len(tool.description) <= 400, tool.name
        assert hints.read_only_hint == (operation.effect == "read")
        assert hints.destructive_hint == (operation.effect == "destructive")
        assert hints.idempotent_hint == operation.idempotent
        assert hints.open_world_hint is True


WITH_PICTURES = {
    "review_region",
    "review_table",
    "run_read_tool",
    "run_write_tool",
    "studio_extract_information",
    *(operation.tool for operation in load_operations().values() if operation.download),
}
"""Tools whose results may hold a picture, which hosts drop beside a structured result."""


@pytest.mark.slow
@each_case(TOOLS, lambda tool: tool.name)
def test_schemas_suit_the_strictest_host(tool: Any) -> None:
    assert re.fullmatch(r"[a-z][a-z_]{2,44}", tool.name)
    definition = tool.definition()
    assert "$ref" not in json.dumps(definition)
    assert ("outputSchema" in definition) == (tool.name not in WITH_PICTURES)
    for schema in (definition["inputSchema"], definition.get("outputSchema", tool.input_schema)):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "not", "$defs"} & schema.keys()
    if "outputSchema" in definition:
        assert definition["outputSchema"]["properties"]["docreview"]["type"] == "object"
    for schema in walk(tool.input_schema):
        assert not isinstance(schema.get("type"), list)
        for name, entry in schema.get("properties", {}).items():
            assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name)
            assert entry.get("description"), f"{tool.name}.{name} has no description"


async def test_the_output_schemas_are_listed(era: Era) -> None:
    """Clients of other tests take them from the tools, without a list."""
    async with connected(era=era, toolsets="all,review", surface="full") as client:
        listed_schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
    assert len(listed_schemas) > 200
    assert listed_schemas.items() <= known_output_schemas().items()


async def test_documented_tools_cost_little_context() -> None:
    """With confirmation, as it is by default: tools that destroy take a code as well."""
    characters = sum(
        len(tool.name) + len(tool.description) + len(json.dumps(tool.input_schema, separators=(",", ":")))
        for tool in await listed(toolsets="documented", confirm="destructive")
    )
    assert characters / 4 <= MAX_TOKENS


def test_descriptions_name_only_tools_that_exist() -> None:
    names = {tool.name for tool in TOOLS}
    for tool in TOOLS:
        named = set(re.findall(r"\b(?:nanonets|studio)_[a-z_]+\b", tool.description))
        assert named <= names, tool.name
        assert not re.search(r"\b(you must|always|never|please|important)\b", tool.description, re.IGNORECASE)


def test_no_two_tools_read_alike() -> None:
    assert len({tool.description for tool in TOOLS}) == len(TOOLS)
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (
            {"toolsets": "nanonets-moderation"},
            lambda tool: tool.toolset == "nanonets-moderation" and tool.tier != "extra",
        ),
        ({"toolsets": "documented"}, lambda tool: tool.tier == "documented"),
        ({"toolsets": "companion"}, lambda tool: tool.tier == "companion"),
        ({"toolsets": "extra"}, lambda tool: tool.tier == "extra"),
        ({"toolsets": "all"}, lambda tool: tool.tier not in ("lean", "app")),
        ({"toolsets": "review"}, lambda tool: tool.toolset == "review" and tool.tier != "app"),
        ({"tools": "studio_login"}, lambda tool: tool.name == "studio_login"),
        (
            {"toolsets": "nanonets-files", "tools": "studio_login", "exclude_tools": "nanonets_delete_file"},
            lambda tool: (
                tool.name == "studio_login"
                or (
                    tool.toolset == "nanonets-files"
                    and tool.tier != "extra"
                    and tool.name != "nanonets_delete_file"
                )
            ),
        ),
        ({"read_only": True}, lambda tool: tool.effect == "read" and ordinary(tool)),
        ({"studio_token": None}, lambda tool: tool.service != "studio" and ordinary(tool)),
        ({"nanonets_api_key": None}, lambda tool: tool.service != "nanonets" and ordinary(tool)),
        ({"nanonets_api_key": None, "studio_token": None}, lambda tool: ordinary(tool)),
    ],
)
async def test_selection(settings: dict[str, Any], wanted: Any) -> None:
    assert [tool.name for tool in await listed(**settings)] == [tool.name for tool in TOOLS if wanted(tool)]


@pytest.mark.parametrize(
    ("settings", "hint"),
    [({"toolsets": ("nanonet-files",)}, "nanonets-files"), ({"tools": ("studio_logn",)}, "studio_login")],
)
def test_a_wrong_name_in_the_selection_is_told(settings: dict[str, Any], hint: str) -> None:
    with pytest.raises(SelectionError, match=hint):
        build_server(Settings(**settings))


async def test_instructions_are_short_and_name_the_toolsets(era: Era) -> None:
    cases: list[dict[str, Any]] = [{}, {"sandbox": True}, {"sandbox": True, "toolsets": "all"}]
    for settings in cases:
        async with connected(era=era, **settings) as client:
            text = client.instructions or ""
        assert len(text) < 1500
        assert "nanonets-documents" in text
        assert "studio-labeling" in text
        assert ("SANDBOX" in text) == bool(settings)


def test_the_quality_linter_finds_nothing_that_can_be_helped() -> None:
    """`shadow-candidate` only compares how many arguments two tools require, which the services decide.

    A tool whose results may hold a picture has no output schema.
    """
    from tdqs import lint_server
    from tdqs.parse_tool_definitions import parse_tool_definitions

    parsed = parse_tool_definitions({"tools": [tool.definition() for tool in TOOLS]})
    report = lint_server(server_name="docreview", tools=parsed.tools)
    assert {finding.rule for finding in report.findings} <= {"shadow-candidate", "no-output-schema"}


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """The cosine of two bags of words: 1 for the same words as often, 0 for no word in common."""
    product = sum(count * other[word] for word, count in one.items())
    return product / math.sqrt(
        sum(count**2 for count in one.values()) * sum(count**2 for count in other.values())
    )


def test_no_two_descriptions_read_alike() -> None:
    bags = [(tool.name, Counter(re.findall(r"[a-z0-9_]+", tool.description.lower()))) for tool in TOOLS]
    alike = [
        (one, other, round(likeness(first, second), 2))
        for (one, first), (other, second) in combinations(bags, 2)
        if likeness(first, second) >= MAX_LIKENESS
    ]
    assert alike == []


async def test_a_client_can_find_a_wrong_argument_before_it_calls(era: Era) -> None:
    for tool in await listed(era, toolsets="all", confirm="writes"):
        assert tool.input_schema["additionalProperties"] is False
        if not tool.annotations.read_only_hint and not tool.name.startswith(("review_", "run_")):
            assert {"reason", "confirm"} <= set(tool.input_schema["properties"])
