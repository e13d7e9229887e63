"""Prepare and check a release. The version is in pyproject.toml only; everything else is derived from it.

`python -m scripts.release prepare 0.2.0` sets the version, dates the changelog and keeps the surface record.
`python -m scripts.release check v0.2.0` fails unless the tag is that of a prepared release.
`python -m scripts.release notes v0.2.0` prints what the changelog says of it.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from .project import ROOT, project

__all__ = ["faults_of_release", "notes_of", "prepare", "unreleased"]

_UNRELEASED = "## [Unreleased]"
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def unreleased(changelog: str) -> str:
    """The part of the changelog about what was not released yet."""
    return changelog.partition(_UNRELEASED)[2].partition("\n## ")[0]


def notes_of(changelog: str, version: str) -> str:
    """The part of the changelog about a version; empty if there is none."""
    found = re.search(rf"^## \[{re.escape(version)}\] - .*$", changelog, re.MULTILINE)
    return changelog[found.end() :].partition("\n## ")[0].strip() if found else ""


def faults_of_release(tag: str, version: str, changelog: str, record: str, released: str) -> list[str]:
    """What keeps a tag from being a release."""
    faults: list[str] = []
    if tag != f"v{version}":
        faults.append(f"the tag is {tag}, the version in pyproject.toml is {version}")
    if not _VERSION.fullmatch(version):
        faults.append(f"the version {version} is not one to release")
    if not notes_of(changelog, version):
        faults.append(f"CHANGELOG.md has no dated section for {version}")
    if unreleased(changelog).strip():
        faults.append("CHANGELOG.md has something under Unreleased")
    if record != released:
        faults.append("docs/surface-released.json is not the record of this version")
    return faults


def prepare(root: Path, version: str, day: str) -> None:
    """Write the version, the dated section of the changelog and the record of the surface."""
    if not _VERSION.fullmatch(version):
        raise SystemExit(f"expected a version such as 0.2.0 or 0.2.0rc1, got {version}")
    pyproject, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    text = pyproject.read_text(encoding="utf-8")
    set_to = re.sub(r'^version = ".*"$', f'version = "{version}"', text, count=1, flags=re.MULTILINE)
    pyproject.write_text(set_to, encoding="utf-8")
    text = changelog.read_text(encoding="utf-8")
    if not unreleased(text).strip():
        raise SystemExit("CHANGELOG.md has nothing under Unreleased")
    dated = text.replace(_UNRELEASED, f"{_UNRELEASED}\n\n## [{version}] - {day}", 1)
    changelog.write_text(dated, encoding="utf-8")
    docs = root / "docs"
    (docs / "surface-released.json").write_bytes((docs / "surface.json").read_bytes())


def main() -> int:
    """Run one of the three."""
    what, given = sys.argv[1:3] if len(sys.argv) == 3 else ("", "")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if what == "prepare":
        prepare(ROOT, given, datetime.now(UTC).date().isoformat())
        sys.stderr.write(f"Now: make generate check, commit, and push the tag v{given}\n")
        return 0
    if what == "notes":
        sys.stdout.write(notes_of(changelog, given.removeprefix("v")) + "\n")
        return 0
    if what != "check":
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    records = [
        (ROOT / "docs" / name).read_text("utf-8") for name in ("surface.json", "surface-released.json")
    ]
    faults = faults_of_release(given, project()["version"], changelog, records[0], records[1])
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
