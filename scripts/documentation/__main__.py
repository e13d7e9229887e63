"""Write the pages that are recorded on the sandbox: `python -m scripts.documentation`.

With `--check` nothing is written; the exit status says whether the pages are current.
"""

from __future__ import annotations

import sys

import anyio
from docreview_mcp.tools.surface.tool import tool_of

from ..generate import read_operations
from .pages import recorded_pages


def main() -> int:
    """Write the pages, or check them."""
    operations = read_operations()
    pages = anyio.run(recorded_pages, operations, [tool_of(operation) for operation in operations])
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path} is not current: run make documentation\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")
        sys.stderr.write(f"wrote {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
