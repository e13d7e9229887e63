"""What the tool reference says of one tool, made from the same records as the tool itself."""

from __future__ import annotations

from typing import cast

from ...schemas import JsonObject, Operation, load_operations
from ..requests.validation import describe_wanted
from .tool import Tool

__all__ = ["render_tool"]

_EFFECTS = {"read": "read-only", "write": "changes data", "destructive": "destructive"}


def _request(operation: Operation) -> str:
    """What is sent; our own tools send the requests of others."""
    if operation.service == "docreview":
        return ""
    return f"`{operation.route.method} {operation.route.path}` · "


def render_tool(operation: Operation, tool: Tool) -> list[str]:
    """The lines about one tool: what it does, its request, its arguments."""
    repeat = "idempotent" if tool.idempotent else "not idempotent"
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
        calls = [load_operations()[step.call].tool for step in operation.undo]
        steps = " and ".join(f"`{name}`" for name in calls)
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
