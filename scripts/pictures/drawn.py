"""The pictures that are text, each with the file that it belongs in."""

from __future__ import annotations

from pathlib import Path

from ..project import ROOT
from .demo import recorded_demo, render_demo
from .hosts import host_pictures

__all__ = ["drawn_pictures"]

_IMAGES = ROOT / "docs" / "images"


def drawn_pictures() -> dict[Path, str]:
    """The recording of the demo, and a picture for each host."""
    hosts = {_IMAGES / "hosts" / f"{name}.svg": text for name, text in host_pictures().items()}
    return {_IMAGES / "demo.svg": render_demo(recorded_demo()), **hosts}
