"""Where each text stands on a page of paper.

A page is laid out without any font: boxes are estimated from the texts, and whoever draws the page later
fits each text into its box. So the state of the sandbox is built without touching a picture.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["PADDING", "PAGE_HEIGHT", "PAGE_WIDTH", "Box", "Look", "Print", "Sheet", "text_box"]

Box = tuple[float, float, float, float]
"""[x1, y1, x2, y2] in pixels of the page, from its upper left corner."""

PAGE_WIDTH = 850
PAGE_HEIGHT = 1100

CHARACTER_WIDTH = 0.53
CAPITAL_EXTRA = 0.14
PADDING = 3


Look = Literal["plain", "turned", "scan"]


class Print(NamedTuple):
    """One piece of text on the paper; `shade` is 0 for black ink up to 255 for none."""

    text: str
    box: Box
    size: int
    shade: int = 0
    right: bool = False


class Sheet(NamedTuple):
    """One page of paper: its texts and thin lines, and the reference that a file made of it carries.

    `width` and `height` are those of its picture. With the `look` "turned" the picture is turned clockwise by
    90 degrees, as "scan" it is a scan in color with noise; the texts stand where they do on the upright page.
    """

    reference: str
    prints: tuple[Print, ...]
    rules: tuple[Box, ...] = ()
    width: int = PAGE_WIDTH
    height: int = PAGE_HEIGHT
    look: Look = "plain"


def text_box(text: str, x: float, y: float, size: int, *, right: bool = False, widest: float = 0) -> Box:
    """The box of a text whose upper left corner (upper right one if `right`) is at x, y.

    `widest` limits the width; a text that does not fit is to be drawn smaller.
    """
    capitals = sum(map(str.isupper, text))
    width = round(size * (CHARACTER_WIDTH * max(len(text), 2) + CAPITAL_EXTRA * capitals)) + 2 * PADDING
    if widest:
        width = min(width, round(widest))
    left = x - width if right else x
    return (left, y, left + width, y + size + 2 * PADDING)
