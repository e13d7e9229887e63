"""The entry for the MCP registry, from pyproject.toml and the settings."""

from __future__ import annotations

import json
from typing import Any

from docreview_mcp.server.settings.settings import Settings
from docreview_mcp.server.settings.texts import OFFERED, SETTING_TEXTS, is_secret, variables_of

from .project import project, registry_name

__all__ = ["render_server_json"]

_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def render_server_json() -> str:
    """The text of `server.json`."""
    about = project()
    entry: dict[str, Any] = {
        "$schema": _SCHEMA,
        "name": registry_name(),
        "title": "docreview",
        "description": about["description"],
        "version": about["version"],
        "packages": [
            {
                "registryType": "pypi",
                "registryBaseUrl": "https://pypi.org",
                "identifier": about["name"],
                "version": about["version"],
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [_variable(variable) for variable in OFFERED],
            }
        ],
    }
    return json.dumps(entry, indent=2, ensure_ascii=False) + "\n"


def _variable(variable: str) -> dict[str, Any]:
    text = SETTING_TEXTS[variable]
    names = {alias: name for name, alias in variables_of().items()}
    is_switch = Settings.model_fields[names[variable]].annotation is bool
    found: dict[str, Any] = {"name": variable, "description": f"{text.title}. {text.description}"}
    if is_switch:
        found |= {"format": "boolean", "default": "false"}
    if is_secret(variable):
        found["isSecret"] = True
    return found
