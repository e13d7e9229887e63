"""The manifest of the bundle for Claude Desktop, from pyproject.toml, the settings and the server's lists."""

from __future__ import annotations

import json
from typing import Any

from docreview_mcp.server import Settings
from docreview_mcp.server.protocol.prompt_plans import PLANS, PromptPlan
from docreview_mcp.server.protocol.surface import Surfaces
from docreview_mcp.server.settings.texts import OFFERED, SETTING_TEXTS, is_secret, variables_of

from .project import project, semantic_version

__all__ = ["render_manifest"]

_LONG = (
    "docreview lets an assistant do document-review work in two services. In Nanonets it reads extracted"
    " documents, corrects and verifies fields, tables and cells, approves and assigns files. In DeepOpinion"
    " Studio it works with projects, classes, labels, labeling and correction sessions, models, and ad-hoc or"
    " batch analysis. Changes are recorded, can be previewed and where possible undone; destructive calls"
    " need a person's confirmation. Every error states whether the change was made, and no key, password or"
    " token is ever shown. You can try it without an account on built-in sample data."
)
_FORMS: dict[str, dict[str, Any]] = {
    "DOCREVIEW_SANDBOX": {"type": "boolean", "default": False},
    "DOCREVIEW_READ_ONLY": {"type": "boolean", "default": False},
    "DOCREVIEW_POLICY": {"type": "file"},
    "DOCREVIEW_CHECKS": {"type": "file"},
    "DOCREVIEW_FILES": {"type": "directory", "multiple": True},
    "DOCREVIEW_DOWNLOADS": {"type": "directory"},
}
"""How the form asks for what is no line of text."""

_FOLDERS = "DOCREVIEW_FILES"
"""A host puts a list into arguments only, so the folders come after the command."""

_EXTRAS = ("checks", "tables")
"""What the form and the listed tools can ask for; nobody can install an extra into a bundle."""

_PRIVACY = ("https://nanonets.com/privacy-policy", "https://deepopinion.ai/privacy-policy")
"""The policies of the services that get the user's data."""


def render_manifest() -> str:
    """The text of `manifest.json`."""
    about = project()
    names = {variable: name for name, variable in variables_of().items()}
    surface = Surfaces(Settings.model_construct()).usual
    manifest: dict[str, Any] = {
        "manifest_version": "0.4",
        "name": about["name"],
        "display_name": "docreview",
        "version": semantic_version(),
        "description": about["description"],
        "long_description": _LONG,
        "author": {"name": about["authors"][0]["name"]},
        "license": about["license"],
        "keywords": about["keywords"],
        "icon": "icon.png",
        "icons": [{"src": "icon.png", "size": "512x512"}],
        "server": {
            "type": "uv",
            "entry_point": "server/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": [
                    "run",
                    "--no-dev",
                    *(word for extra in _EXTRAS for word in ("--extra", extra)),
                    "--directory",
                    "${__dirname}",
                    about["name"],
                    "stdio",
                    f"${{user_config.{names[_FOLDERS]}}}",
                ],
                "env": {
                    variable: f"${{user_config.{names[variable]}}}"
                    for variable in OFFERED
                    if variable != _FOLDERS
                },
            },
        },
        "tools": [{"name": tool.name, "description": tool.title} for tool in surface.chosen],
        "tools_generated": True,
        "prompts": [
            {
                "name": plan.name,
                "description": plan.description,
                "arguments": [argument.name for argument in plan.arguments],
                "text": _prompt_text(plan),
            }
            for plan in PLANS
        ],
        "prompts_generated": True,
        "privacy_policies": list(_PRIVACY),
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": about["requires-python"]},
        },
        "user_config": {names[variable]: _question(variable) for variable in OFFERED},
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _prompt_text(plan: PromptPlan) -> str:
    """What stands for a prompt until the server says it in full."""
    return " ".join(
        [plan.description, *(f"{each.name}: ${{arguments.{each.name}}}." for each in plan.arguments)]
    )


def _question(variable: str) -> dict[str, Any]:
    text = SETTING_TEXTS[variable]
    asked = {"title": text.title, "description": text.description, **_FORMS.get(variable, {})}
    sensitive = {"sensitive": True} if is_secret(variable) else {}
    return {"type": "string", **asked, **sensitive, "required": False}
