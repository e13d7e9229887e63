"""The tool reference for people, made from the same records as the tools themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import cast

from ...schemas import JsonObject, Operation
from ..requests.validation import describe_wanted
from .tool import Tool

__all__ = ["render_reference", "render_tool"]

_EFFECTS = {"read": "reads", "write": "writes", "destructive": "destroys"}


def render_reference(operations: Sequence[Operation], tools: Sequence[Tool]) -> str:
    """The whole page: a table of toolsets, then every tool with its request and arguments."""
    paired = sorted(
        zip(operations, tools, strict=True),
        key=lambda pair: (pair[1].service != "docreview", pair[1].toolset),
    )
    lines = [
        "# Tools",
        "",
        "Made from the OpenAPI documents in `schemas/openapi/` by `make generate`; not to be edited by hand.",
        "Tiers: review, lean and app (docreview's own; app for its review panel alone); documented (in the"
        " services' own documents); companion (what the documented ones need beside them, such as reading,"
        " uploading and tags); extra (from official clients: `--toolsets extra`, `--tools NAME`).",
        "Every tool that changes something also takes `reason` (kept in the journal) and `confirm` (the code"
        " of a call that ended as `needs_confirmation`).",
        "Where the evidence for an address or an answer is not high, the tool says so.",
        "",
        "| toolset | ours | documented | companion | extra |",
        "| --- | --- | --- | --- | --- |",
    ]
    groups = [(name, list(members)) for name, members in groupby(paired, key=lambda pair: pair[1].toolset)]
    for name, members in groups:
        counts = [
            sum(tool.tier in tiers for _, tool in members)
            for tiers in (("review", "lean", "app"), ("documented",), ("companion",), ("extra",))
        ]
        lines.append(f"| [{name}](#{name}) | " + " | ".join(str(count or "") for count in counts) + " |")
    for name, members in groups:
        lines += ["", f"## {name}"]
        for operation, tool in members:
            lines += render_tool(operation, tool)
    return "\n".join(lines) + "\n"


def _request(operation: Operation) -> str:
    """What is sent; our own tools send the requests of others."""
    if operation.service == "docreview":
        return ""
    return f"`{operation.route.method} {operation.route.path}` · "


def render_tool(operation: Operation, tool: Tool) -> list[str]:
    """The lines about one tool: what it does, its request, its arguments."""
    repeat = "may be repeated" if tool.idempotent else "not to be repeated blindly"
    lines = [
        "",
        f"### `{tool.name}`",
        "",
        f"{tool.title}. {tool.description}",
        "",
        f"{_request(operation)}{tool.tier} · {_EFFECTS[tool.effect]}, {repeat} · operation `{operation.id}`",
    ]
    if operation.not_undoable:
        lines += ["", f"Cannot be undone: {operation.not_undoable}"]
    elif operation.undo:
        steps = " and ".join(f"`{step.call}`" for step in operation.undo)
        lines += ["", f"Undone by {steps}. {operation.undo_leaves}".rstrip()]
    if operation.evidence and not operation.evidence.startswith("high"):
        lines += ["", f"Evidence: {operation.evidence}."]
    if operation.other_routes:
        others = ", ".join(f"`{route.method} {route.path}`" for route in operation.other_routes)
        lines += ["", f"Also tried: {others}"]
    if operation.note:
        lines += ["", f"Note: {operation.note.strip()}"]
    properties = cast("dict[str, JsonObject]", tool.input_schema.get("properties", {}))
    required = cast("list[str]", tool.input_schema.get("required", []))
    if properties:
        lines += ["", "| argument | | expected | meaning |", "| --- | --- | --- | --- |"]
    for name, schema in properties.items():
        wanted = describe_wanted(schema).replace("|", "\\|")
        need = "required" if name in required else ""
        lines.append(f"| `{name}` | {need} | {wanted} | {schema.get('description', '')} |")
    return lines
