"""One tool call from a shell, through a real MCP client and the same server as everywhere else."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import anyio
import click
from mcp import Client, MCPError
from mcp.types import ImageContent, TextContent

from ...tools import load_tools
from ...tools.untrusted import one_line
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..services.upstream import secrets_known
from ..settings.settings import Settings

__all__ = ["call_once"]

_EXAMPLE = "an object such as '{\"limit\": 5}'"


def call_once(settings: Settings, tool: str, arguments: str, picture: Path | None = None) -> int:
    """Call the tool and print its structured result; a `picture` in it is saved as this file.

    Gives 0, 1 on a tool error or where a picture cannot be saved, 2 on a wrong command.
    """
    set_up_logging(settings.log_level, secrets_known(settings))
    try:
        given = cast("object", json.loads(arguments))
    except ValueError as error:
        click.echo(f"docreview-mcp: the arguments are not JSON ({error}); expected {_EXAMPLE}", err=True)
        return 2
    if not isinstance(given, dict):
        click.echo(f"docreview-mcp: the arguments are not a JSON object; expected {_EXAMPLE}", err=True)
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
        structured = result.structured_content
        if structured is None and isinstance(first := result.content[0], TextContent):
            structured = cast("object", json.loads(first.text))
        indent = 2 if sys.stdout.isatty() else None
        click.echo(json.dumps(structured, ensure_ascii=False, indent=indent))
        is_saved = _save_pictures(result.content[1:], picture)
        return 0 if is_saved and not result.is_error else 1

    return anyio.run(run)


def _save_pictures(blocks: Sequence[object], picture: Path | None) -> bool:
    """Save the pictures of a result, and say what else is in it. False if one could not be saved."""
    number = 0
    for block in blocks:
        if picture is None or not isinstance(block, ImageContent):
            kind = getattr(block, "type", "other")
            hint = " (--picture FILE saves it)" if isinstance(block, ImageContent) else ""
            click.echo(f"(and {kind} content){hint}", err=True)
            continue
        number += 1
        path = picture if number == 1 else picture.with_stem(f"{picture.stem}-{number}")
        try:
            path.write_bytes(base64.b64decode(block.data))
        except OSError as error:
            click.echo(f"docreview-mcp: the image cannot be saved as {path}: {error.strerror}", err=True)
            return False
        click.echo(f"(the image, {block.mime_type}, is saved as {path})", err=True)
    if picture is not None and not number:
        click.echo("docreview-mcp: the result contains no image to save", err=True)
        return False
    return True
