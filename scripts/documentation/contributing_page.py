"""Parts of CONTRIBUTING.md as a page of the site, so that there is one text for both."""

from __future__ import annotations

import re

from ..project import ROOT

__all__ = ["render_adding"]

_PARTS = ("Add an operation in five steps", "The way of one call", "Add something else", "Tests")
_OF_THE_REPOSITORY = re.compile(r"\[([^\]]+)\]\(docs/([^)]+)\)")


def render_adding() -> str:
    """The page that says how to add an operation, and what else there is to know for it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    lines = [
        "# Add an operation",
        "",
        "An operation is data: a tool is added by describing it. `make generate` writes this page from"
        " `CONTRIBUTING.md`, which also says where everything is and how to release.",
    ]
    for title in _PARTS:
        lines += ["", f"## {title}", "", _OF_THE_REPOSITORY.sub(r"[\1](\2)", sections[title]).strip()]
    return "\n".join(lines) + "\n"
