"""The house stands as designed: imports point one way, and each package is typed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "schemas": set[str](),
    "tools": {"schemas"},
    "sandbox": {"schemas"},
    "server": {"schemas", "tools", "sandbox"},
}
FILES = [path for name in ALLOWED for path in sorted((ROOT / name).glob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_imports_never_point_back(path: Path) -> None:
    own = path.parent.name
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            assert (node.module or "").split(".")[0] in ALLOWED[own]
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("docreview_mcp")


def test_every_package_is_typed() -> None:
    assert all((ROOT / name / "py.typed").exists() for name in ALLOWED)


@pytest.mark.parametrize("name", ALLOWED)
def test_what_a_package_offers_is_there(name: str) -> None:
    import importlib

    package = importlib.import_module(f"docreview_mcp.{name}")
    assert package.__all__ == sorted(
        package.__all__, key=lambda each: (not each.isupper(), each[0].islower(), each)
    )
    assert all(hasattr(package, each) for each in package.__all__)
