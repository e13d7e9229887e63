"""The tools as an agent sees them.

What is listed at start comes from a generated, committed file (`surface.json`), so that a server can
answer `tools/list` without deriving anything, and a reviewer sees each change of the surface.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from ...schemas import Effect, JsonObject, Operation, PanelUse, Service, Tier
from ..json_text import compact
from ..requests.arguments import CONFIRM, guard_schema

__all__ = [
    "PANEL_URI",
    "RECORD",
    "ConfirmMode",
    "Tool",
    "called_with",
    "is_confirmed_by_person",
    "load_tools",
    "render_tools",
    "tool_of",
]

RECORD = Path(__file__).with_name("surface.json")
"""The generated record of all tools."""

PANEL_URI = "ui://docreview/review.html"
"""The resource that hosts show as the review panel."""

_VISIBLE_TO: dict[PanelUse, list[str]] = {
    "": ["model"],
    "opens": ["model", "app"],
    "used": ["model", "app"],
    "only": ["app"],
}

ConfirmMode = Literal["never", "destructive", "writes"]
"""Which calls a person confirms."""


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """One tool: its definition for hosts, and by what it can be selected."""

    name: str
    title: str
    description: str
    operation: str
    service: Service
    toolset: str
    tier: Tier
    effect: Effect
    irreversible: bool
    idempotent: bool
    input_schema: JsonObject
    output_schema: JsonObject | None
    panel: PanelUse = ""

    @property
    def characters(self) -> int:
        """What the tool costs a model: the characters of its name, description and input schema."""
        return len(self.name) + len(self.description) + len(compact(self.input_schema))

    def schema_for(self, confirm: ConfirmMode) -> JsonObject:
        """The input schema. What a person confirms also takes the code of a second call."""
        schema = self.input_schema
        if not is_confirmed_by_person(self, confirm) or self.service == "docreview":
            return schema
        properties = cast("JsonObject", schema["properties"])
        return {**schema, "properties": {**properties, CONFIRM: guard_schema(CONFIRM)}}

    def definition(self, confirm: ConfirmMode = "never", *, shows_panels: bool = False) -> dict[str, Any]:
        """The tool as `tools/list` gives it, all four annotation hints set.

        Hosts that show panels get for every tool whether a panel may call it.
        """
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.schema_for(confirm),
            **({} if self.output_schema is None else {"outputSchema": self.output_schema}),
            "annotations": {
                "readOnlyHint": self.effect == "read",
                "destructiveHint": self.effect == "destructive",
                "idempotentHint": self.idempotent,
                "openWorldHint": True,
            },
            **({"_meta": self._panel_meta} if shows_panels or self.panel in ("opens", "only") else {}),
        }

    @property
    def _panel_meta(self) -> dict[str, Any]:
        """Who may call the tool in hosts that show panels; what opens one is named twice, as some want it."""
        visibility = {"visibility": _VISIBLE_TO[self.panel]}
        if self.panel != "opens":
            return {"ui": visibility}
        return {"ui": {"resourceUri": PANEL_URI, **visibility}, "ui/resourceUri": PANEL_URI}


def called_with(tool: Tool | Operation, listed: Collection[str] = ()) -> str:
    """The tool to call for a tool: itself where a host lists it, otherwise the one that runs it.

    An operation stands for its tool.
    """
    name = tool.tool if isinstance(tool, Operation) else tool.name
    if name in listed:
        return name
    return "run_read_tool" if tool.effect == "read" else "run_write_tool"


def is_confirmed_by_person(tool: Tool | Operation, confirm: ConfirmMode) -> bool:
    """Whether a person has to agree to calls of this tool before they are sent."""
    if confirm == "destructive":
        return tool.effect == "destructive" or tool.irreversible
    return confirm == "writes" and tool.effect != "read"


@cache
def load_tools() -> tuple[Tool, ...]:
    """Every tool, from the generated record, in the order in which they are listed."""
    make = cast("Callable[..., Tool]", Tool)
    return tuple(make(**entry) for entry in json.loads(RECORD.read_bytes()))


def tool_of(operation: Operation) -> Tool:
    """The tool of an operation, derived from it."""
    from ..requests.input_model import input_schema
    from .output_schema import output_schema

    return Tool(
        name=operation.tool,
        title=operation.title,
        description=operation.description,
        operation=operation.id,
        service=operation.service,
        toolset=operation.toolset,
        tier=operation.tier,
        effect=operation.effect,
        irreversible=operation.irreversible,
        idempotent=operation.idempotent,
        input_schema=input_schema(operation),
        output_schema=output_schema(operation),
        panel=operation.panel,
    )


def render_tools(tools: Iterable[Tool]) -> str:
    """The text of the generated record for these tools."""
    entries = [{name: getattr(tool, name) for name in Tool.__slots__} for tool in tools]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"
