"""`llms.txt`: the pages of the documentation for language models, one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

__all__ = ["render_index", "titles_of"]

_ABOUT = (
    "docreview is an MCP server that lets AI agents do document-review work in Nanonets (correct and verify"
    " extracted values, approve files) and DeepOpinion Studio (label, correct, train, analyze)."
)


def titles_of(navigation: Sequence[Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of the navigation, each with the titles and paths of its pages."""
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    for entry in cast("Sequence[dict[str, Any]]", navigation):
        ((title, inner),) = entry.items()
        sections.append((title, list(_pages(title, inner))))
    return sections


def _pages(title: str, inner: Any) -> list[tuple[str, str]]:
    if isinstance(inner, str):
        return [(title, inner)]
    return [page for entry in inner for name, deeper in entry.items() for page in _pages(name, deeper)]


def render_index(navigation: Sequence[Any], documents: Path, made: Mapping[Path, str]) -> str:
    """The file: what the project is, then each page of the navigation with its first sentence.

    `made` has the texts of pages that are generated together with it.
    """
    lines = ["# docreview", "", f"> {_ABOUT}"]
    for title, pages in titles_of(navigation):
        lines += ["", f"## {title}", ""]
        for name, path in pages:
            page = documents / path
            text = made.get(page) or (page.read_text(encoding="utf-8") if page.exists() else "")
            lines.append(f"- [{name}]({path}): {_beginning(text)}")
    return "\n".join(lines) + "\n"


def _beginning(text: str) -> str:
    """The first sentence after the title, without marks."""
    first = next((part for part in text.split("\n\n") if part[:1].isalpha() or part[:1] in "`["), "")
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(first.replace("**", "").split()))
    return re.split(r"(?<=[.:]) ", plain)[0].rstrip(":")
