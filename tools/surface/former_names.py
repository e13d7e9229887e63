"""Names that tools and prompts had before: they keep working, and the answer says the new one."""

from __future__ import annotations

__all__ = ["FORMER_PROMPTS", "FORMER_TOOLS", "current_tool", "names_of"]

FORMER_TOOLS: dict[str, str] = {}
"""The former name of a tool, and its name today. No tool was renamed since the first release."""

FORMER_PROMPTS: dict[str, str] = {"review_document": "review_one_document"}
"""The same for prompts."""


def current_tool(name: str) -> str:
    """The name of today for a name of a tool, which may be a former one."""
    return FORMER_TOOLS.get(name, name)


def names_of(tool: str) -> tuple[str, ...]:
    """The name of a tool, and the former ones: a rule about one of them is a rule about the tool."""
    return (tool, *(former for former, name in FORMER_TOOLS.items() if name == tool))
