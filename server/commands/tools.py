"""Show the tools of these settings: a table for people, or the exact `tools/list` result."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import anyio
import click

from ...tools import Tool
from ..protocol.surface import Surfaces
from ..settings.settings import Settings

__all__ = ["NOTHING_CHOSEN", "show_tools"]

NOTHING_CHOSEN = (
    "no tool is listed with these settings; check --toolsets, --tools, --exclude-tools and --read-only"
)
_EFFECT_STYLES = {"read": "green", "write": "yellow", "destructive": "red"}


def show_tools(settings: Settings, as_json: bool) -> int:
    """Print the tools. Gives 1 if there are none.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file has a fault.
    """
    chosen = Surfaces(settings).usual.chosen
    if as_json:
        click.echo(_listed(settings))
    elif sys.stdout.isatty():
        _show_table(chosen)
    else:
        for tool in chosen:
            click.echo(f"{tool.name}\t{tool.toolset}\t{tool.effect}\t{tool.title}")
    if not chosen:
        click.echo(f"docreview-mcp: {NOTHING_CHOSEN}", err=True)
    return 0 if chosen else 1


def _show_table(chosen: Sequence[Tool]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("tool", "toolset", "effect", "title", box=None)
    for tool in chosen:
        style = _EFFECT_STYLES[tool.effect]
        table.add_row(tool.name, tool.toolset, f"[{style}]{tool.effect}[/]", tool.title)
    console = Console()
    console.print(table)
    console.print(f"{len(chosen)} tools; the tool reference describes their arguments.")


def _listed(settings: Settings) -> str:
    from mcp import Client

    from ..protocol.application import build_server

    async def run() -> str:
        async with Client(build_server(settings)) as client:
            listed = await client.list_tools()
        return listed.model_dump_json(by_alias=True, exclude_none=True)

    return anyio.run(run)
