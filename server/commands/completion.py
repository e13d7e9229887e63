"""The script with which a shell completes the command: it asks the command itself what may come next."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["script_for"]

_NAME = "docreview-mcp"
_VARIABLE = "_DOCREVIEW_MCP_COMPLETE"
"""By this variable click knows that a shell asks."""


def script_for(command: click.Command, shell: str) -> str:
    """The script for a shell, to be read by it when it starts."""
    kind = get_completion_class(shell)
    assert kind is not None, "the command takes the names of shells that click knows"
    complete = kind(command, {}, _NAME, _VARIABLE)
    return complete.source_template % complete.source_vars()
