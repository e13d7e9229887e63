"""The pictures of the review panel: taken in a browser, so they say themselves what they were taken of."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..project import ROOT

__all__ = ["PANEL_PICTURES", "stale_panel_pictures", "take_panel_pictures"]

_IMAGES = ROOT / "docs" / "images"
PANEL_PICTURES = tuple(
    _IMAGES / f"{name}.png" for name in ("panel", "panel-conflict", "panel-dark", "panel-narrow")
)
_SOURCES = (ROOT / "server" / "panel" / "review.html", ROOT / "panel" / "pictures.mjs")
_KEY = "docreview-taken-of"
_COLOURS = 128


def stale_panel_pictures() -> list[Path]:
    """The pictures that show another panel than there is now, or that are missing."""
    wanted = _hash()
    return [picture for picture in PANEL_PICTURES if _taken_of(picture) != wanted]


def take_panel_pictures() -> None:
    """Take all of them, with few colours. Needs Node and Chromium.

    Raises:
        subprocess.CalledProcessError: a picture could not be taken.
    """
    environment = {**os.environ, "PANEL_PATIENCE": "120000"}
    command = ["node", "pictures.mjs", str(_IMAGES)]
    subprocess.run(command, cwd=ROOT / "panel", env=environment, check=True)
    told = PngInfo()
    told.add_text(_KEY, _hash())
    for picture in PANEL_PICTURES:
        with Image.open(picture) as taken:
            few = taken.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(picture, optimize=True, pnginfo=told)


def _hash() -> str:
    """Of the panel's page and of the script that uses it; line ends don't count."""
    texts = (source.read_text(encoding="utf-8") for source in _SOURCES)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _taken_of(picture: Path) -> str | None:
    if not picture.exists():
        return None
    with Image.open(picture) as taken:
        return taken.info.get(_KEY)
