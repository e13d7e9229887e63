"""The record of everything that users rely on, `docs/surface.json`, so that a reviewer sees each change.

`docs/surface-released.json` is the record of the last release. What differs has to be named in CHANGELOG.md.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
import docreview_mcp.server
from docreview_mcp.server import Settings
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.hosts.hosts import HOSTS
from docreview_mcp.server.hosts.machine import Machine
from docreview_mcp.server.http.settings import HttpSettings
from docreview_mcp.server.protocol.prompt_plans import PLANS
from docreview_mcp.server.protocol.resources import list_resource_templates, list_resources
from docreview_mcp.server.protocol.surface import Surfaces
from docreview_mcp.server.settings.texts import is_secret, variables_of
from docreview_mcp.tools import Tool
from docreview_mcp.tools.surface.error_catalogue import CATALOGUE
from docreview_mcp.tools.surface.former_names import FORMER_PROMPTS, FORMER_TOOLS

from .project import ROOT

__all__ = ["RECORD", "RELEASED", "SurfaceChange", "changes", "is_named", "render_surface"]

RECORD = ROOT / "docs" / "surface.json"
RELEASED = ROOT / "docs" / "surface-released.json"

_PLATFORMS = ("linux", "macos", "windows")
_HOME = Path("/home/you")


@dataclass(frozen=True, slots=True)
class SurfaceChange:
    """A difference that users notice, and the words of which the changelog has to use one."""

    text: str
    names: tuple[str, ...]


def render_surface(tools: Iterable[Tool]) -> str:
    """The text of the record for these tools and everything else as it is."""
    surface = Surfaces(Settings.model_construct(toolsets=("all",))).usual
    resources = list_resources(surface).resources
    templates = list_resource_templates(surface).resource_templates
    record = {
        "tools": {tool.name: _tool(tool) for tool in sorted(tools, key=lambda tool: tool.name)},
        "former_tools": FORMER_TOOLS,
        "prompts": {
            plan.name: {each.name: "required" if each.required else "optional" for each in plan.arguments}
            for plan in sorted(PLANS, key=lambda plan: plan.name)
        },
        "former_prompts": FORMER_PROMPTS,
        "resources": sorted(
            [*(str(each.uri) for each in resources), *(each.uri_template for each in templates)]
        ),
        "errors": sorted(CATALOGUE),
        "settings": {**_settings(Settings), **_settings(HttpSettings)},
        "commands": dict(_commands(command_line, "docreview-mcp")),
        "hosts": {name: _host(name) for name in HOSTS},
        "python": sorted(docreview_mcp.server.__all__),
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[SurfaceChange]:
    """What users notice between two records. Wording, which no program relies on, is left to the review."""
    return [
        *_named("tool", old["tools"], new["tools"]),
        *_within_tools(old["tools"], new["tools"]),
        *_named("prompt", old["prompts"], new["prompts"]),
        *_named("resource", old["resources"], new["resources"]),
        *_named("error code", old["errors"], new["errors"]),
        *_named("setting", old["settings"], new["settings"]),
        *_changed("setting", old["settings"], new["settings"]),
        *_named("command", old["commands"], new["commands"]),
        *_within_commands(old["commands"], new["commands"]),
        *_named("host", old["hosts"], new["hosts"]),
        *_changed("host", old["hosts"], new["hosts"]),
        *_named("name of docreview_mcp.server", old["python"], new["python"]),
    ]


def is_named(change: SurfaceChange, text: str) -> bool:
    """Whether a text has one of the names of a change, as a word in a code span."""
    spans = " ".join(re.findall(r"`([^`]+)`", text))
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", spans) for name in change.names)


def _tool(tool: Tool) -> dict[str, Any]:
    properties = cast("dict[str, dict[str, Any]]", tool.input_schema.get("properties", {}))
    required = cast("list[str]", tool.input_schema.get("required", []))
    hints = [tool.effect, *(["idempotent"] if tool.idempotent else [])]
    return {
        "title": tool.title,
        "toolset": tool.toolset,
        "tier": tool.tier,
        "effect": ", ".join(hints),
        "arguments": {
            name: f"{_type(schema)}{', required' if name in required else ''}"
            for name, schema in properties.items()
        },
        "description": _digest(tool.description),
        "input": _digest(tool.input_schema),
        "output": "none" if tool.output_schema is None else _digest(tool.output_schema),
    }


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    inner = f" of {_type(schema['items'])}" if isinstance(schema.get("items"), dict) else ""
    return f"{schema.get('type', 'any')}{inner}"


def _digest(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _settings(model: type[Settings] | type[HttpSettings]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, variable in variables_of(model).items():
        field = model.model_fields[name]
        default = field.get_default(call_default_factory=True)
        kind = (
            "secret" if is_secret(variable) else re.sub(r"\b\w+\.|^<class '|'>$", "", str(field.annotation))
        )
        found[variable] = f"{kind}; default {default!r}".replace(str(Path.home()), "~")
    return dict(sorted(found.items()))


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    options = {
        name: option.help or ""
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    arguments = [each.human_readable_name for each in command.params if isinstance(each, click.Argument)]
    yield name, {"arguments": arguments, "options": options, "help": _lines(command.help)}
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _commands(command.commands[inner], f"{name} {inner}")


def _lines(text: str | None) -> list[str]:
    return [line for line in inspect.cleandoc(text or "").split("\n") if line != "\b"]


def _host(name: str) -> dict[str, Any]:
    host = HOSTS[name]
    return {
        "files": {
            platform: host.file(Machine(platform, _HOME, {}, _HOME / "python")).as_posix()
            for platform in _PLATFORMS
        },
        "format": host.format,
        "path": ".".join(host.path),
        "secrets": host.reference or host.names_key or host.secrets,
    }


def _named(kind: str, old: Iterable[str], new: Iterable[str]) -> Iterator[SurfaceChange]:
    before, after = set(old), set(new)
    for name in sorted(after - before):
        yield SurfaceChange(f"{kind} {name} was added", (name,))
    for name in sorted(before - after):
        yield SurfaceChange(f"{kind} {name} was removed", (name,))


def _changed(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SurfaceChange]:
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield SurfaceChange(f"{kind} {name}: {old[name]} is {new[name]} now", (name,))


def _within_tools(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SurfaceChange]:
    for tool in sorted(old.keys() & new.keys()):
        before, after = old[tool]["arguments"], new[tool]["arguments"]
        what = f"{tool}: argument"
        for change in (*_named(what, before, after), *_changed(what, before, after)):
            # One sentence may describe an argument that many tools got.
            yield SurfaceChange(change.text, (*change.names, tool))
        for key in ("toolset", "tier", "effect"):
            if old[tool][key] != new[tool][key]:
                text = f"{tool}: {key} {old[tool][key]} is {new[tool][key]} now"
                yield SurfaceChange(text, (tool, str(new[tool][key])))


def _within_commands(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SurfaceChange]:
    for command in sorted(old.keys() & new.keys()):
        for key in ("options", "arguments"):
            for change in _named(f"{command}:", old[command][key], new[command][key]):
                yield SurfaceChange(change.text, (*change.names, command))
