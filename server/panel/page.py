"""The pages of the review panel, read from their files when somebody asks for them first."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ...tools import load_tools

__all__ = ["host_html", "panel_tools", "review_html"]


@cache
def review_html() -> str:
    """The page that hosts show for `review_panel`: one HTML file that loads nothing else."""
    return _text("review.html")


def host_html(nonce: str, *, signs_out: bool) -> str:
    """The page that shows the review panel in a browser and asks the person there; its CSP has the nonce.

    `signs_out`: it offers to sign out.
    """
    return _host_html().replace("{{nonce}}", nonce).replace("{{hidden}}", "" if signs_out else "hidden")


@cache
def panel_tools() -> frozenset[str]:
    """The tools that the panel may call."""
    return frozenset(tool.name for tool in load_tools() if tool.panel)


@cache
def _host_html() -> str:
    return _text("host.html").replace("{{tools}}", json.dumps(sorted(panel_tools())))


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
