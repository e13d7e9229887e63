"""Write the pages that are recorded on the sandbox: `python -m scripts.documentation`.

With `--check` nothing is written; the exit status says whether the pages are current.
"""

from __future__ import annotations

import sys

import anyio
from docreview_mcp.tools.surface.tool import tool_of

from ..generate import read_operations
from ..generated import write_or_check
from .pages import recorded_pages


def main() -> int:
    """Write the pages, or check them."""
    operations = read_operations()
    pages = anyio.run(recorded_pages, operations, [tool_of(operation) for operation in operations])
    return write_or_check(pages, "make documentation")


if __name__ == "__main__":
    sys.exit(main())
