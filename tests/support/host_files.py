"""The configuration files of hosts in tests of `docreview-mcp setup`: where they are and what they say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml
from docreview_mcp.server.hosts.hosts import HOSTS
from docreview_mcp.server.hosts.json_text import read_json
from docreview_mcp.server.hosts.machine import Machine


def file_of(name: str) -> Path:
    return HOSTS[name].file(Machine.this())


def said(name: str, text: str) -> Any:
    """What a host reads in its file."""
    return {"json": read_json, "toml": tomllib.loads, "yaml": yaml.safe_load}[HOSTS[name].format](text)


def entry_of(name: str, text: str) -> dict[str, Any]:
    value = said(name, text)
    for key in HOSTS[name].path:
        value = value[key]
    return value
