"""Build the bundle for Claude Desktop in `dist/`: `python -m scripts.bundle`. What goes in: `.mcpbignore`.

The same files give the same bytes, whenever and wherever it is built.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .project import ROOT, semantic_version

__all__ = ["build_bundle", "bundled_files"]

_MOMENT = (2026, 1, 1, 0, 0, 0)
"""The time of every file in it; a zip file cannot do without one."""


def bundled_files() -> list[Path]:
    """The files that go in: what `.mcpbignore`, which leaves everything out, takes in again."""
    lines = (ROOT / ".mcpbignore").read_text(encoding="utf-8").splitlines()
    named = [ROOT / line.removeprefix("!/") for line in lines if line.startswith("!/")]
    return sorted({file for each in named for file in _files_in(each)})


def build_bundle(folder: Path) -> Path:
    """Write the bundle into a folder, which is made if it is missing. Gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / f"docreview-{semantic_version()}.mcpb"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in bundled_files():
            entry = zipfile.ZipInfo(file.relative_to(ROOT).as_posix(), _MOMENT)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return bundle


def _files_in(directory: Path) -> Iterator[Path]:
    if directory.is_file():
        yield directory
        return
    for each in directory.rglob("*"):
        if each.is_file() and "__pycache__" not in each.parts and not each.name.startswith("."):
            yield each


if __name__ == "__main__":
    built = build_bundle(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    sys.stderr.write(f"{built} ({len(bundled_files())} files, {built.stat().st_size // 1024} KiB)\n")
