"""The documents for people: their texts, links, headings and blocks of code, for the tests of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NAMED = re.compile(r'<a name="([^"]+)">')

PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
"""Every document that people read."""


@dataclass(frozen=True)
class Block:
    """A block of code: the page that has it, its language ("" for a command) and its text."""

    page: str
    language: str
    code: str

    @property
    def commands(self) -> list[str]:
        """The lines of a block of commands, continued ones joined, without comments."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [line for line in (re.sub(r"\s+# .*$", "", each).strip() for each in lines) if line]


def name_of(page: Path) -> str:
    """The path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    """A page as it is."""
    return page.read_text(encoding="utf-8")


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of code of a page."""
    for found in _FENCED.finditer(text_of(page)):
        yield Block(name_of(page), found["language"], found["code"])


def links_of(page: Path) -> list[str]:
    """The targets of the links and pictures of a page."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCED.sub("", text_of(page)))
    return [found["target"] for found in _LINK.finditer(prose)]


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """What a link can point to in a page, both where the repository is read and on the site."""
    text = _FENCED.sub("", text_of(page))
    titles = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "") for title in _HEADING.findall(text)
    ]
    kept = [re.sub(r"[^\w\s-]", "", title.strip().lower()) for title in titles]
    in_repository = {title.replace(" ", "-") for title in kept}
    on_site = {re.sub(r"[-\s]+", "-", title) for title in kept}
    return frozenset(in_repository & on_site).union(_NAMED.findall(text))
