"""The entry for the MCP registry: the rules of its schema, and the name in the README."""

from __future__ import annotations

import json
import re
from typing import Any

from docreview_mcp.server.setting_texts import SETTING_TEXTS, is_secret

from scripts.project import ROOT, project, registry_name

ENTRY: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
PACKAGE: dict[str, Any] = ENTRY["packages"][0]


def test_the_entry_keeps_to_the_schema() -> None:
    assert ENTRY["$schema"].endswith("/schemas/2025-12-11/server.schema.json")
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", ENTRY["name"])
    assert 1 <= len(ENTRY["description"]) <= 100
    assert 1 <= len(ENTRY["title"]) <= 100
    assert ENTRY.keys() <= {"$schema", "name", "title", "description", "version", "packages"}
    assert PACKAGE.keys() == {
        *("registryType", "registryBaseUrl", "identifier", "version", "runtimeHint", "transport"),
        "environmentVariables",
    }
    assert PACKAGE["registryType"] == "pypi"
    assert PACKAGE["transport"] == {"type": "stdio"}
    for variable in PACKAGE["environmentVariables"]:
        assert variable.keys() <= {"name", "description", "format", "default", "isSecret"}
        assert variable.get("format", "string") in ("string", "number", "boolean", "filepath")
        assert isinstance(variable.get("default", ""), str)
        assert variable.get("isSecret", False) == is_secret(variable["name"])
        assert variable["name"] in SETTING_TEXTS


def test_version_and_name_are_those_of_the_project() -> None:
    about = project()
    assert ENTRY["version"] == PACKAGE["version"] == about["version"]
    assert PACKAGE["identifier"] == about["name"]
    readme = (ROOT / about["readme"]).read_text(encoding="utf-8")
    assert f"mcp-name: {registry_name()}" in readme
    assert ENTRY["name"] == registry_name()
