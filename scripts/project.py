"""What `pyproject.toml` says of the project: the one place of its name, version and texts."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "project", "registry_name", "semantic_version"]

ROOT = Path(__file__).parents[1]


@cache
def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def project() -> dict[str, Any]:
    """The table `project`."""
    return _pyproject()["project"]


def registry_name() -> str:
    """The name in the MCP registry, which README.md repeats so that the registry believes it."""
    return _pyproject()["tool"]["docreview"]["registry-name"]


def semantic_version() -> str:
    """The version as hosts want it: `0.2.0.dev0` is `0.2.0-dev.0`, `1.0rc1` is `1.0.0-rc.1`."""
    found = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?(?:\.?(a|b|rc|dev)(\d+))?", project()["version"])
    assert found, "the version has a form that has no semantic version"
    major, minor, patch, stage, number = found.groups()
    words = {"a": "alpha", "b": "beta"}
    after = f"-{words.get(stage, stage)}.{number}" if stage else ""
    return f"{major}.{minor}.{patch or 0}{after}"
