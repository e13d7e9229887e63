"""Build the wheel and the sdist in `dist/` and check them as a user gets them: `python -m scripts.package`.

Needs `build` and `twine` (`make package` installs them) and a package index for the dependencies.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from .project import ROOT, project

__all__ = ["contents_faults"]

_FOLDERS = ("schemas", "tools", "server", "sandbox")
_DATA = (".py", ".typed", ".json", ".yaml", ".toml")
_NEVER = ("tests/", "bench/", "scripts/", "__pycache__", ".github/", ".venv")
_PUBLIC = "from docreview_mcp.server import Settings, build_server; build_server(Settings(journal='none'))"


def contents_faults(wheel: Iterable[str], sdist: Iterable[str]) -> list[str]:
    """What the two archives, by the names in them, lack or should not have."""
    in_wheel, in_sdist = set(wheel), {name.partition("/")[2] for name in sdist}
    faults = [
        f"{kind} holds {name}"
        for kind, names in (("the wheel", in_wheel), ("the sdist", in_sdist))
        for name in sorted(names)
        if any(part in name for part in _NEVER)
    ]
    for folder in _FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in _DATA and f"docreview_mcp/{name}" not in in_wheel:
                faults.append(f"the wheel lacks {name}")
            if path.suffix in _DATA and name not in in_sdist:
                faults.append(f"the sdist lacks {name}")
    wanted = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
    return [*faults, *(f"the sdist lacks {name}" for name in wanted if name not in in_sdist)]


def main() -> int:
    """Build, check, install and import."""
    dist = ROOT / "dist"
    for old in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
        old.unlink()
    _run(sys.executable, "-m", "build", "--outdir", dist, ROOT)
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    _run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    with zipfile.ZipFile(wheel) as archive, tarfile.open(sdist) as source:
        faults = contents_faults(archive.namelist(), source.getnames())
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        return 1
    for extra in ("", *(name for name in project()["optional-dependencies"] if name != "dev")):
        _install(wheel, extra)
    return 0


def _install(wheel: Path, extra: str) -> None:
    """Into an empty environment, with an extra; the public names import and the command answers."""
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "venv", folder)
        scripts = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        named = f"{wheel}[{extra}]" if extra else str(wheel)
        _run(scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", named)
        _run(scripts / "python", "-m", "pip", "check", "--disable-pip-version-check")
        _run(scripts / "python", "-c", _PUBLIC)
        _run(scripts / "docreview-mcp", "call", "nanonets_list_workflows", "--sandbox")
        sys.stderr.write(f"installs and answers{f' with [{extra}]' if extra else ''}\n")


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT / "dist"
    )
    if done.returncode:
        sys.stderr.write(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
