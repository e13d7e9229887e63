"""Draw the icon, `icon.png`: a page with checked lines on a green ground. `python -m scripts.icon`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

__all__ = ["ICON", "drawn"]

ICON = Path(__file__).parents[1] / "icon.png"

_SIZE = 512
_FINER = 4
"""Drawn so many times larger, so that edges are smooth."""

_GROUND, _PAGE, _FOLD, _LINE, _DOUBT, _CHECK = (
    "#0f766e",
    "#f8fafc",
    "#cbd5e1",
    "#94a3b8",
    "#fbbf24",
    "#14b8a6",
)


def drawn() -> Image.Image:
    """The icon, 512 by 512 pixels, transparent outside its rounded square."""
    side = _SIZE * _FINER
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)

    def at(*numbers: float) -> list[float]:
        return [number * _FINER for number in numbers]

    draw.rounded_rectangle(at(0, 0, _SIZE - 1, _SIZE - 1), radius=112 * _FINER, fill=_GROUND)
    draw.polygon(at(128, 88, 318, 88, 384, 154, 384, 424, 128, 424), fill=_PAGE)
    draw.polygon(at(318, 88, 384, 154, 318, 154), fill=_FOLD)
    for top, right, colour in ((176, 280, _LINE), (226, 336, _DOUBT), (276, 252, _LINE)):
        draw.rounded_rectangle(at(164, top, right, top + 22), radius=11 * _FINER, fill=colour)
    draw.ellipse(at(246, 276, 434, 464), fill=_GROUND)
    draw.ellipse(at(260, 290, 420, 450), fill=_CHECK)
    draw.line(at(300, 372, 330, 402, 384, 340), fill=_PAGE, width=24 * _FINER, joint="curve")
    for x, y in ((300, 372), (384, 340)):
        draw.ellipse(at(x - 12, y - 12, x + 12, y + 12), fill=_PAGE)
    return image.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    drawn().save(ICON, optimize=True)
