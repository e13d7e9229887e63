"""The built wheel holds everything: installed into an empty environment, it imports and lists its tools."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
names = []
for floor in ("schemas", "tools", "server", "sandbox"):
    package = importlib.import_module(f"docreview_mcp.{floor}")
    names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
for name in names:
    if not name.endswith(".__main__"):
        importlib.import_module(name)
print(package.__file__, len(names))
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command prints; one that fails shows both of its outputs."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel; our dependencies come from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in files:
        if not name.startswith(("tests/", "bench/", "docs/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "environment")
    python = folder / "environment" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    wheel = next(folder.glob("*.whl"))
    run(*pip, "--python", python, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", wheel)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_every_module_is_in_the_wheel(python: Path, tmp_path: Path) -> None:
    file, count = run(python, "-c", IMPORT_EVERYTHING, cwd=tmp_path).split()
    modules = [
        path for floor in ("schemas", "tools", "server", "sandbox") for path in (ROOT / floor).rglob("*.py")
    ]
    assert str(python.parents[1]) in file
    assert int(count) == len(modules) - 4


def test_the_pages_of_the_panel_are_in_the_wheel(python: Path, tmp_path: Path) -> None:
    ask = (
        "from docreview_mcp.server.panel.page import *\n"
        "print(len(review_html()), len(host_html('n', signs_out=True)))"
    )
    assert all(int(count) > 100 for count in run(python, "-c", ask, cwd=tmp_path).split())


def test_the_installed_wheel_lists_its_tools(python: Path, tmp_path: Path) -> None:
    listed = run(python.with_name("docreview-mcp"), "tools", "--json", "--sandbox", cwd=tmp_path)
    here = run(Path(sys.executable).with_name("docreview-mcp"), "tools", "--json", "--sandbox", cwd=tmp_path)
    assert json.loads(listed) == json.loads(here)


def test_nothing_that_git_ignores_is_committed() -> None:
    assert run("git", "ls-files", "--cached", "--ignored", "--exclude-standard", cwd=ROOT) == ""
