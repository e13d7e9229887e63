"""The tools as an agent sees them, and which of them these settings show.

What is listed at start comes from a generated, committed file (`surface.json`), so that a server can
answer `tools/list` without deriving anything, and a reviewer sees each change of the surface.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from ..schemas import Effect, JsonObject, Operation, Service, Tier
from .arguments import CONFIRM, guard_schema
from .confirmation import ConfirmMode
from .input_model import input_schema
from .output_schema import output_schema
from .size import compact

__all__ = ["RECORD", "Selection", "SelectionError", "Tool", "load_tools", "render_tools", "tool_of"]

RECORD = Path(__file__).with_name("surface.json")
"""The generated record of all tools."""

_GROUPS = ("documented", "companion", "extra")


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """One tool: what a host is told of it, and by what it can be selected."""

    name: str
    title: str
    description: str
    operation: str
    service: Service
    toolset: str
    tier: Tier
    effect: Effect
    idempotent: bool
    input_schema: JsonObject
    output_schema: JsonObject

    @property
    def characters(self) -> int:
        """What the tool costs a model: the characters of its name, description and input schema."""
        return len(self.name) + len(self.description) + len(compact(self.input_schema))

    def schema_for(self, confirm: ConfirmMode) -> JsonObject:
        """The input schema. What a person confirms also takes the code of a second call."""
        schema = self.input_schema
        confirmed = confirm != "never" and (
            self.effect == "destructive" or (confirm, self.effect) == ("writes", "write")
        )
        if not confirmed or self.service == "docreview":
            return schema
        properties = cast("JsonObject", schema["properties"])
        return {**schema, "properties": {**properties, CONFIRM: guard_schema(CONFIRM)}}

    def definition(self, confirm: ConfirmMode = "never") -> dict[str, Any]:
        """The tool as `tools/list` gives it, all four annotation hints set."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.schema_for(confirm),
            "outputSchema": self.output_schema,
            "annotations": {
                "readOnlyHint": self.effect == "read",
                "destructiveHint": self.effect == "destructive",
                "idempotentHint": self.idempotent,
                "openWorldHint": True,
            },
        }


class SelectionError(ValueError):
    """A toolset or tool was named that does not exist; the message names the ones that do."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tools are shown.

    `toolsets` holds toolset names or `documented`, `companion`, `extra`, `all`; empty means all documented
    and companion tools of `services`, and our own for review. A toolset shows its extra tools only if it has
    no others. `tools` adds single tools, `excluded` takes tools away, `read_only` leaves only tools that
    change nothing. `lean` lists our own tools only, and the others are called through them.
    """

    toolsets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    read_only: bool = False
    services: tuple[Service, ...] = ("nanonets", "studio")
    lean: bool = False

    def choose(self, tools: Iterable[Tool]) -> list[Tool]:
        """The tools to list, in the order in which they came: the selected ones; if lean, only our own.

        Raises:
            SelectionError: a name in the selection stands for nothing.
        """
        reached = self.reach(tools)
        return [tool for tool in reached if tool.service == "docreview"] if self.lean else reached

    def reach(self, tools: Iterable[Tool]) -> list[Tool]:
        """The selected tools, which may be called: directly, or if lean, most of them through others.

        Raises:
            SelectionError: a name in the selection stands for nothing.
        """
        every = list(tools)
        self._check_names(every)
        ordinary = {tool.toolset for tool in every if tool.tier != "extra"}
        return [
            tool for tool in every if self._shows(tool, tool.tier != "extra" or tool.toolset not in ordinary)
        ]

    def reason_for_hiding(self, tool: Tool) -> str:
        """Why a tool that exists is not shown, in terms of the settings."""
        if self.read_only and tool.effect != "read":
            return "this server runs read-only (--read-only or DOCREVIEW_READ_ONLY)"
        if tool.name in self.excluded:
            return "it is excluded (--exclude-tools or DOCREVIEW_EXCLUDE_TOOLS)"
        if tool.tier == "lean":
            return "it belongs to the small surface (--surface lean or DOCREVIEW_SURFACE)"
        if tool.tier == "extra":
            return "it is an extra tool (--toolsets extra or --tools show it)"
        if not self.toolsets and not self.tools:
            return f"no credentials for {tool.service} are set"
        return f"its toolset {tool.toolset} is not selected (--toolsets or DOCREVIEW_TOOLSETS)"

    def _shows(self, tool: Tool, with_toolset: bool) -> bool:
        """Whether the tool is shown. `with_toolset`: naming its toolset is enough to ask for it."""
        if tool.name in self.excluded or (self.read_only and tool.effect != "read"):
            return False
        if tool.tier == "lean":
            return self.lean
        if tool.name in self.tools or (self.lean and tool.tier == "review"):
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


@cache
def load_tools() -> tuple[Tool, ...]:
    """Every tool, from the generated record, in the order in which they are listed."""
    make = cast("Callable[..., Tool]", Tool)
    return tuple(make(**entry) for entry in json.loads(RECORD.read_bytes()))


def tool_of(operation: Operation) -> Tool:
    """The tool of an operation, derived from it."""
    return Tool(
        name=operation.tool,
        title=operation.title,
        description=operation.description,
        operation=operation.id,
        service=operation.service,
        toolset=operation.toolset,
        tier=operation.tier,
        effect=operation.effect,
        idempotent=operation.idempotent,
        input_schema=input_schema(operation),
        output_schema=output_schema(operation),
    )


def render_tools(tools: Iterable[Tool]) -> str:
    """The text of the generated record for these tools."""
    entries = [{name: getattr(tool, name) for name in Tool.__slots__} for tool in tools]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def _check(what: str, given: Iterable[str], known: list[str]) -> None:
    from difflib import get_close_matches

    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            every = ", ".join(known) if len(known) < 30 else "shown by docreview-mcp tools --toolsets all"
            hint = f"did you mean {near[0]}?" if near else f"the known ones are {every}"
            raise SelectionError(f"there is no {what} {name!r}; {hint}")
