"""Generated files: written where they are not what they ought to be, or only looked at."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from .project import ROOT

__all__ = ["write_or_check"]


def write_or_check(files: Mapping[Path, str], command: str) -> int:
    """Write the files whose text is another, and give the status to exit with.

    With `--check` among the arguments of the program, only say which are to be made anew, by `command`.
    """
    stale = [
        path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not current: run {command}\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        sys.stderr.write(f"wrote {path.name}\n")
    return 0
