"""The pictures of the documentation show what the program does now."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import recorded_again
from documents import PAGES, ROOT, links_of, text_of

from scripts.pictures.drawn import drawn_pictures
from scripts.pictures.panel import PANEL_PICTURES, stale_panel_pictures

IMAGES = ROOT / "docs" / "images"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.slow
@recorded_again
@pytest.mark.skipif(sys.platform != "linux", reason="they show paths of Linux")
def test_terminals_are_drawn_as_they_are_now() -> None:
    drawn = drawn_pictures()
    stale = [path.name for path, text in drawn.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run python -m scripts.pictures --drawn"
    assert sorted(drawn) == sorted(IMAGES.rglob("*.svg"))


def test_pictures_of_the_panel_are_of_the_panel_that_is_there() -> None:
    assert stale_panel_pictures() == [], "run make pictures"
    assert sorted(PANEL_PICTURES) == sorted(IMAGES.rglob("*.png"))


@pytest.mark.parametrize("picture", sorted(IMAGES.rglob("*.svg")), ids=lambda path: path.name)
def test_a_terminal_is_told_to_who_cannot_see_it_and_loads_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    told = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert all(told[name] for name in (root.get("aria-labelledby") or "").split())
    assert "href" not in text
    assert "url(" not in text
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert len(text) < 20_000


def test_who_wants_no_motion_sees_one_screen_of_the_demo() -> None:
    text = (IMAGES / "demo.svg").read_text(encoding="utf-8")
    still = re.search(r"@media \(prefers-reduced-motion:reduce\)\{\.p\{animation:none\}\.(s\d+)\{", text)
    assert still
    shown = [
        group
        for group in ElementTree.fromstring(text).iter(f"{SVG}g")
        if still[1] in str(group.get("class")).split()
    ]
    assert any("subtotal + tax is" in "".join(group.itertext()) for group in shown)


def test_every_picture_is_shown_with_words_for_it() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in links_of(page)}
    assert [
        path.name for path in IMAGES.rglob("*.*") if path.suffix in (".svg", ".png") and path not in shown
    ] == []
    for page in PAGES:
        assert "![](" not in text_of(page)
