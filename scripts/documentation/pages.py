"""Every generated page of the documentation: those made from records, and those recorded on the sandbox."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from docreview_mcp.schemas import Operation
from docreview_mcp.tools.surface.error_catalogue import render_catalogue
from docreview_mcp.tools.surface.tool import Tool

from ..project import ROOT
from .client_pages import client_pages
from .contributing_page import render_adding
from .language_models import render_index
from .prompts_page import render_prompts
from .recipes import RECIPES, render_recipe
from .recording import record_example
from .settings_page import render_settings
from .tool_pages import render_tool_index, render_toolset, toolsets

__all__ = ["DOCUMENTS", "derived_pages", "recorded_pages"]

DOCUMENTS = ROOT / "docs"


def derived_pages(operations: Sequence[Operation], tools: Sequence[Tool]) -> dict[Path, str]:
    """The pages that need no call: index of tools, settings, errors, hosts and frameworks, and `llms.txt`."""
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    pages = {
        DOCUMENTS / "tools.md": render_tool_index(toolsets(operations, tools)),
        DOCUMENTS / "settings.md": render_settings(),
        DOCUMENTS / "adding.md": render_adding(),
        **client_pages(DOCUMENTS),
        DOCUMENTS / "reference" / "errors.md": render_catalogue(),
    }
    return {**pages, DOCUMENTS / "llms.txt": render_index(site["nav"], DOCUMENTS, pages)}


async def recorded_pages(operations: Sequence[Operation], tools: Sequence[Tool]) -> dict[Path, str]:
    """The pages that need a server: one for each toolset, prompts and resources, and the recipes."""
    groups = toolsets(operations, tools)
    examples = {tool.name: await record_example(tool) for tool in tools}
    pages = {
        DOCUMENTS / "reference" / f"{name}.md": render_toolset(name, members, examples)
        for name, members in groups.items()
    }
    pages[DOCUMENTS / "reference" / "prompts.md"] = await render_prompts()
    for recipe in RECIPES:
        pages[DOCUMENTS / "recipes" / f"{recipe.name}.md"] = await render_recipe(recipe)
    return pages
