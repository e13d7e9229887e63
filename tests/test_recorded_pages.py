"""The reference and the recipes say what the tools do now: recorded again, they are the same."""

from __future__ import annotations

import re
import sys

import pytest
from conftest import recorded_again
from docreview_mcp.tools.surface.tool import tool_of

from scripts.documentation.pages import recorded_pages
from scripts.generate import read_operations

pytestmark = [
    pytest.mark.slow,
    recorded_again,
    pytest.mark.skipif(sys.platform == "win32", reason="the paths in the pages are those of other systems"),
]


async def test_examples_and_recipes_are_those_of_the_sandbox() -> None:
    operations = read_operations()
    tools = [tool_of(operation) for operation in operations]
    pages = await recorded_pages(operations, tools)
    stale = [
        path.name
        for path, text in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "make documentation records them anew"
    shown = re.findall(r"^## `(\w+)`\n", "\n".join(pages.values()), re.MULTILINE)
    assert sorted(shown) == sorted(tool.name for tool in tools), "each tool has an example"
