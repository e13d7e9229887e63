"""One tool call from a shell, through a real MCP client and the same server as everywhere else."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from typing import Any, cast

import anyio
import click
from mcp import Client, MCPError
from mcp.types import TextContent

from ...tools import load_tools
from ...tools.untrusted import one_line
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..settings import Settings

__all__ = ["call_once"]

_EXAMPLE = "an object such as '{\"limit\": 5}'"


def call_once(settings: Settings, tool: str, arguments: str) -> int:
    """Call the tool and print its structured result. Gives 0, 1 on a tool error, 2 on a wrong command."""
    set_up_logging(settings.log_level, lambda: settings.secrets)
    try:
        given = cast("object", json.loads(arguments))
    except ValueError as error:
        click.echo(f"docreview-mcp: the arguments are not JSON ({error}); expected {_EXAMPLE}", err=True)
        return 2
    if not isinstance(given, dict):
        click.echo(f"docreview-mcp: the arguments are no JSON object; expected {_EXAMPLE}", err=True)
        return 2
    names = [each.name for each in load_tools()]
    if tool not in names:
        near = get_close_matches(tool, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        click.echo(
            f"docreview-mcp: Unknown tool {tool}{hint} See docreview-mcp tools --toolsets all", err=True
        )
        return 2

    async def show_progress(progress: float, total: float | None, message: str | None) -> None:
        click.echo(f"… {one_line(message or '')}", err=True)

    async def run() -> int:
        async with Client(build_server(settings)) as client:
            try:
                result = await client.call_tool(
                    tool, cast("dict[str, Any]", given), progress_callback=show_progress
                )
            except MCPError as error:
                click.echo(f"docreview-mcp: {error}; see docreview-mcp call --help", err=True)
                return 2
        told = result.structured_content
        if told is None and isinstance(first := result.content[0], TextContent):
            told = cast("object", json.loads(first.text))
        indent = 2 if sys.stdout.isatty() else None
        click.echo(json.dumps(told, ensure_ascii=False, indent=indent))
        for block in result.content[1:]:
            click.echo(f"(and {block.type} content)", err=True)
        return 1 if result.is_error else 0

    return anyio.run(run)
