"""Which tools the settings show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...schemas import Service
from .core_tools import CORE_TOOLS
from .tool import Tool

__all__ = ["Selection", "SelectionError", "SurfaceName"]

SurfaceName = Literal["full", "core", "lean"]
"""How much of what may be called is listed: all of it, what everyday work needs, or the least of our own."""

_GROUPS = ("documented", "companion", "extra")
_LISTED_IN_LEAN = ("review", "lean")
"""Our own tools of these tiers are in the lean list; the others of ours are companions of them."""
_FOR_PANEL = "app"
"""The tier of tools for the review panel alone."""


class SelectionError(ValueError):
    """A toolset or tool was named that does not exist; the message names the ones that do."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tools are shown.

    `toolsets` holds toolset names or `documented`, `companion`, `extra`, `all`; empty means all documented
    and companion tools of `services`, and our own for review. A toolset shows its extra tools only if it has
    no others. `tools` adds single tools, `excluded` takes tools away, `read_only` leaves only tools that
    change nothing. The `surface` core lists our own tools and `CORE_TOOLS`, lean those of our own that
    every work needs; the others are called through them. `for_panel` lists tools for the review panel too.
    """

    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    read_only: bool = False
    services: tuple[Service, ...] = ("nanonets", "studio")
    surface: SurfaceName = "full"
    for_panel: bool = False

    def choose(self, tools: Iterable[Tool]) -> list[Tool]:
        """The tools to list, in the order in which they came: of the selected ones, those of the surface.

        Raises:
            SelectionError: a name in the selection stands for nothing.
        """
        reached = [tool for tool in self.reach(tools) if self.for_panel or tool.tier != _FOR_PANEL]
        if self.surface == "full":
            return reached
        if self.surface == "lean":
            return [tool for tool in reached if tool.tier in _LISTED_IN_LEAN]
        return [tool for tool in reached if tool.service == "docreview" or tool.name in CORE_TOOLS]

    def reach(self, tools: Iterable[Tool]) -> list[Tool]:
        """The selected tools, which may be called: directly, or if not listed, through others.

        Raises:
            SelectionError: a name in the selection stands for nothing.
        """
        every = list(tools)
        self._check_names(every)
        ordinary = {tool.toolset for tool in every if tool.tier != "extra"}
        listed = [
            tool for tool in every if self._shows(tool, tool.tier != "extra" or tool.toolset not in ordinary)
        ]
        if any(tool.panel == "opens" for tool in listed):
            return listed
        return [tool for tool in listed if tool.tier != _FOR_PANEL]

    def reason_for_hiding(self, tool: Tool) -> str:
        """Why a tool that exists is not shown, in terms of the settings."""
        if self.read_only and tool.effect != "read":
            return "this server runs read-only (--read-only or DOCREVIEW_READ_ONLY)"
        if tool.name in self.excluded:
            return "it is excluded (--exclude-tools or DOCREVIEW_EXCLUDE_TOOLS)"
        if tool.tier == "lean":
            return "it is only in the short tool lists (--surface core, lean or DOCREVIEW_SURFACE)"
        if tool.tier == _FOR_PANEL:
            return "it is only for the review panel, and review_panel is not offered"
        if tool.tier == "extra":
            return "it is an extra tool (add it with --toolsets extra or --tools)"
        if not self.toolsets and not self.tools:
            return f"no credentials for {tool.service} are set"
        return f"its toolset {tool.toolset} is not selected (--toolsets or DOCREVIEW_TOOLSETS)"

    def _shows(self, tool: Tool, with_toolset: bool) -> bool:
        """Whether the tool is shown. `with_toolset`: naming its toolset is enough to ask for it."""
        if tool.name in self.excluded or (self.read_only and tool.effect != "read"):
            return False
        if tool.tier == "lean":
            return self.surface != "full"
        if tool.tier == _FOR_PANEL:
            return True
        if tool.name in self.tools or (self.surface != "full" and tool.service == "docreview"):
            return True
        if not self.toolsets:
            ours = tool.service == "docreview" or tool.service in self.services
            return not self.tools and ours and tool.tier != "extra"
        if "all" in self.toolsets or tool.tier in self.toolsets:
            return True
        return tool.toolset in self.toolsets and with_toolset

    def _check_names(self, tools: list[Tool]) -> None:
        toolsets = sorted({tool.toolset for tool in tools if tool.tier != "lean"})
        _check("toolset", self.toolsets, [*toolsets, *_GROUPS, "all"])
        names = [tool.name for tool in tools]
        _check("tool", (*self.tools, *self.excluded), names)


def _check(what: str, given: Iterable[str], known: list[str]) -> None:
    from difflib import get_close_matches

    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            every = ", ".join(known) if len(known) < 30 else "listed by docreview-mcp tools --toolsets all"
            hint = f"did you mean {near[0]}?" if near else f"the known ones are {every}"
            raise SelectionError(f"there is no {what} {name!r}; {hint}")
