"""The documents for people hold together: links and anchors resolve, pages are found, words are spelled."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from docreview_mcp.server.command_line import command_line
from docreview_mcp.server.http.setting_texts import HTTP_SETTING_TEXTS
from docreview_mcp.server.http.settings import HttpSettings
from docreview_mcp.server.settings.texts import SETTING_TEXTS, variables_of
from documents import PAGES, ROOT, anchors_of, links_of, name_of, text_of

from scripts.documentation.language_models import titles_of

SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_anchor_resolves(page: Path) -> None:
    for target in links_of(page):
        if target.startswith(("https://", "mailto:")):
            continue
        assert not target.startswith("http://"), target
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target}: there is no {path}"
        assert not anchor or anchor in anchors_of(there), f"{target}: {name_of(there)} has no such heading"
        if page.is_relative_to(DOCS):
            assert there.is_relative_to(DOCS), f"{target}: the site does not have it"


def test_every_page_is_in_the_navigation_once() -> None:
    listed = [path for _, pages in titles_of(SITE["nav"]) for _, path in pages]
    pages = sorted(page.relative_to(DOCS).as_posix() for page in PAGES if page.is_relative_to(DOCS))
    assert sorted(listed) == pages, "zensical.toml has the navigation"


def test_the_pages_have_every_command_and_setting() -> None:
    commands = text_of(DOCS / "commands.md")
    assert [
        name for name in command_line.commands if f"`docreview-mcp {name}" not in commands and name != "stdio"
    ] == []
    settings = text_of(DOCS / "settings.md")
    texts = {**SETTING_TEXTS, **HTTP_SETTING_TEXTS}
    for variable in (*variables_of().values(), *variables_of(HttpSettings).values()):
        assert f"| `{variable}`" in settings
        assert texts[variable].title
        assert texts[variable].description.endswith(".")


def test_words_are_spelled_as_the_dictionary_has_them() -> None:
    command = [sys.executable, "-m", "codespell_lib", *map(str, PAGES), str(DOCS / "llms.txt")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "", done.stderr
    assert done.returncode == 0
