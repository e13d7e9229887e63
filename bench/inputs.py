"""What the servers under test are given: the same tools, addresses and credentials, each in its own form."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from docreview_mcp.schemas import Operation, load_operations
from docreview_mcp.schemas.document import document_paths, read_document
from docreview_mcp.tools import load_tools

from .upstream import FIELD, VALUE_BEFORE

__all__ = [
    "LOOKING_WRITE",
    "READ",
    "WRITE",
    "own_environment",
    "plain_environment",
    "write_fastmcp_input",
    "write_floor_input",
]

Call = tuple[str, dict[str, Any]]

READ: Call = (
    "studio_get_project_document",
    {"project_id": 17, "document_id": 4211, "details": ["segments"]},
)
"""The read that is measured; it answers about 4 KB."""

WRITE: Call = (
    "nanonets_update_field",
    {
        "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
        "document_id": "550e8400-e29b-41d4-a716-446655440001",
        "page_id": "550e8400-e29b-41d4-a716-446655440002",
        "field_data_id": "550e8400-e29b-41d4-a716-446655440011",
        "value": "INV-2024-0117",
    },
)
"""The write that is measured, of a value that nobody was shown; it answers about 250 bytes."""

LOOKING_WRITE: Call = (
    WRITE[0],
    {**WRITE[1], "field_data_id": FIELD["field_data_id"], "expected_value": VALUE_BEFORE},
)
"""The same, but the present value is read first and compared: what a journal needs as well."""

_TIER = "documented"
_CONFIRM = "destructive"
"""What a person is asked about, the default; the definitions of those tools say so."""
_METHODS = ("get", "post", "put", "patch", "delete")
_KEY = "made-up-key-for-the-benchmark"


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


_TOKEN = (
    f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded({'sub': 1, 'exp': 4102444800})}.bm90LXNpZ25lZA"
)
_HEADERS = {
    "nanonets": {"Authorization": f"Basic {base64.b64encode(f'{_KEY}:'.encode()).decode()}"},
    "studio": {"Authorization": f"Bearer {_TOKEN}"},
}


def plain_environment() -> dict[str, str]:
    """The environment of every server: ours, without what would change how one of them works."""
    ours = ("DOCREVIEW_", "NANONETS_", "STUDIO_", "FASTMCP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


def own_environment(upstream: str, journal: Path | None = None) -> dict[str, str]:
    """The environment of docreview: credentials, addresses and the journal's file, none if it is None.

    The user's own journal and settings are never touched: what could lead to them is set.
    """
    return {
        **plain_environment(),
        "NANONETS_API_KEY": _KEY,
        "NANONETS_BASE_URL": f"{upstream}/nanonets",
        "STUDIO_TOKEN": _TOKEN,
        "STUDIO_BASE_URL": f"{upstream}/studio",
        "DOCREVIEW_CONFIRM": _CONFIRM,
        "DOCREVIEW_JOURNAL": f"sqlite:///{journal}" if journal else "none",
    }


def write_floor_input(folder: Path, upstream: str) -> Path:
    """The file for `floor.py`: the definitions as docreview lists them, and an address template for each."""
    operations = load_operations()
    tools = [tool for tool in load_tools() if tool.tier == _TIER]
    given = {
        "tools": [tool.definition(_CONFIRM) for tool in tools],
        "routes": {tool.name: _route(operations[tool.operation], upstream) for tool in tools},
    }
    return _written(folder / "floor.json", given)


def write_fastmcp_input(folder: Path, upstream: str) -> Path:
    """The file for `fastmcp_server.py`: our documents as JSON with the documented operations only.

    YAML is read here, so that FastMCP is not charged for it; tools get the names that docreview gives them.
    """
    parts: list[dict[str, Any]] = []
    for name, path in document_paths().items():
        document: dict[str, Any] = dict(read_document(path))
        service = "studio" if name == "studio" else "nanonets"
        names = _keep_tier(document)
        if names:
            parts.append(
                {
                    "document": document,
                    "names": names,
                    "base_url": f"{upstream}/{service}",
                    "headers": _HEADERS[service],
                }
            )
    return _written(folder / "fastmcp.json", parts)


def _route(operation: Operation, upstream: str) -> dict[str, Any]:
    reads = operation.present and load_operations()[operation.present.read]
    return {
        "method": operation.route.method,
        "url": _address(operation, upstream),
        "path_names": [each.name for each in operation.parameters if each.location == "path"],
        "headers": _HEADERS[operation.service],
        "present": reads and _address(reads, upstream),
    }


def _address(operation: Operation, upstream: str) -> str:
    return f"{upstream}/{operation.service}{operation.route.path}"


def _keep_tier(document: dict[str, Any]) -> dict[str, str]:
    """Take all other operations out of the document; the tool names of the rest by operation id."""
    names: dict[str, str] = {}
    for path, item in list(document["paths"].items()):
        for method in _METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            if operation["x-docreview"]["tier"] == _TIER:
                names[operation["operationId"]] = operation["x-docreview"]["tool"]
            else:
                del item[method]
        if not any(method in item for method in _METHODS):
            del document["paths"][path]
    return names


def _written(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return path
