"""The links that install the published server in hosts that have such links; docs/hosts.md has them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from docreview_mcp.server import Settings
from docreview_mcp.server.hosts.entry import wanted_entry
from docreview_mcp.server.hosts.hosts import HOSTS
from docreview_mcp.server.hosts.machine import Machine

__all__ = ["install_links"]

_ANYWHERE = Machine("linux", Path("/"), {}, Path("python"))


def install_links() -> Mapping[str, str]:
    """The link of each host, with which `uvx docreview-mcp` becomes its server."""
    vscode, inputs = _entry("vscode")
    cursor, _ = _entry("cursor")
    asked = {"name": "docreview", "inputs": _json(inputs), "config": _json(vscode)}
    config = {"name": "docreview", "config": b64encode(_json(cursor).encode()).decode()}
    return {
        "VS Code": f"https://insiders.vscode.dev/redirect/mcp/install?{urlencode(asked, quote_via=quote)}",
        "Cursor": f"https://cursor.com/en/install-mcp?{urlencode(config, quote_via=quote)}",
    }


def _entry(host: str) -> tuple[dict[str, object], list[Mapping[str, object]]]:
    wanted = wanted_entry(HOSTS[host], _ANYWHERE, Settings.model_construct(), with_secrets=False)
    return {**wanted.entry, "command": "uvx", "args": ["docreview-mcp"]}, list(wanted.inputs)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    import sys

    for host, link in install_links().items():
        sys.stdout.write(f"[{host}]({link})\n")
