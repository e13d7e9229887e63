"""The entry for the MCP registry: the rules of its schema, and the name in the README."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

from docreview_mcp.server.settings.texts import SETTING_TEXTS, is_secret

from scripts.install_links import install_links
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


def test_the_page_of_the_hosts_has_the_install_links() -> None:
    page = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
    for host, link in install_links().items():
        assert f"[{host}]({link})" in page, "python -m scripts.install_links prints the links"


def test_the_links_start_the_published_command_and_hold_no_secret() -> None:
    for link in install_links().values():
        query = parse_qs(urlsplit(link).query)
        config = query["config"][0]
        entry = json.loads(config if config.startswith("{") else b64decode(config))
        assert (entry["command"], entry["args"]) == ("uvx", [project()["name"]])
        assert all(value.startswith("${") for value in entry["env"].values())
        asked = [each["id"] for each in json.loads(query.get("inputs", ["[]"])[0])]
        assert all(f"${{input:{each}}}" in entry["env"].values() for each in asked)
