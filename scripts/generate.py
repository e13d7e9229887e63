"""Write the generated, committed files from their sources: `python -m scripts.generate`.

With `--check` nothing is written; the exit status says whether the files are current.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from docreview_mcp.schemas.catalog import RECORD as OPERATIONS_RECORD
from docreview_mcp.schemas.catalog import render_operations
from docreview_mcp.schemas.document import (
    DOCUMENTS,
    DocumentError,
    document_paths,
    intents_of,
    operations_of,
    read_document,
)
from docreview_mcp.schemas.operation import JsonObject, Operation
from docreview_mcp.schemas.state_reference import faults_of_references
from docreview_mcp.tools.lean.intents import RECORD as INTENTS_RECORD
from docreview_mcp.tools.lean.intents import render_intents
from docreview_mcp.tools.requests.arguments import arguments_of
from docreview_mcp.tools.surface.tool import RECORD as SURFACE_RECORD
from docreview_mcp.tools.surface.tool import render_tools, tool_of

from .documentation.pages import derived_pages
from .generated import write_or_check
from .manifest import render_manifest
from .project import ROOT
from .registry import render_server_json
from .surface_record import RECORD as SURFACE
from .surface_record import render_surface

__all__ = ["generated_files", "read_intents", "read_operations"]


def read_operations() -> list[Operation]:
    """The operations of all OpenAPI documents, documented and companion ones before extra ones in each."""
    operations = [
        operation for name, document in _documents().items() for operation in operations_of(name, document)
    ]
    for operation in operations:
        names = frozenset(argument.name for argument in arguments_of(operation))
        for fault in faults_of_references(operation, names):
            raise DocumentError(fault)
    return sorted(operations, key=lambda operation: operation.tier == "extra")


def read_intents() -> dict[str, list[str]]:
    """The phrases of all OpenAPI documents by the name of the tool that they ask for."""
    return {
        tool: phrases for document in _documents().values() for tool, phrases in intents_of(document).items()
    }


@cache
def _documents() -> dict[str, JsonObject]:
    paths = document_paths()
    return {name: read_document(paths[name]) for name in DOCUMENTS}


def generated_files() -> dict[Path, str]:
    """Every generated file with the text that it ought to have."""
    operations = read_operations()
    tools = [tool_of(operation) for operation in operations]
    return {
        OPERATIONS_RECORD: render_operations(operations),
        SURFACE_RECORD: render_tools(tools),
        INTENTS_RECORD: render_intents(read_intents()),
        **derived_pages(operations, tools),
        ROOT / "manifest.json": render_manifest(),
        ROOT / "server.json": render_server_json(),
        SURFACE: render_surface(tools),
    }


def main() -> int:
    """Write the files, or check them."""
    return write_or_check(generated_files(), "make generate")


if __name__ == "__main__":
    sys.exit(main())
