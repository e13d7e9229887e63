"""Pictures of pages with the extracted values marked on them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .studio_extraction import Match

__all__ = ["annotated_page"]

PAGE_SIZE = (794, 1123)
TYPE_SIZE = 18
CAPTIONS_FROM = 0.08
MARK = (196, 52, 45)
INK = (30, 30, 30)


def annotated_page(name: str, matches: Sequence[Match]) -> str:
    """A page as a PNG in base64: the values in their boxes and each label before its value.

    It is drawn and not the uploaded page, since what the sandbox "finds" need not stand on that one.
    """
    from PIL import Image, ImageDraw, ImageFont

    width, height = PAGE_SIZE
    page = Image.new("RGB", PAGE_SIZE, "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(TYPE_SIZE)
    draw.text((CAPTIONS_FROM * width, 0.05 * height), name, INK, font)
    for match in matches:
        left, top, right, bottom = match.box
        draw.text((CAPTIONS_FROM * width, top * height + 1), f"{match.label}:", INK, font)
        draw.text((left * width + 3, top * height + 1), match.value, INK, font)
        draw.rectangle((left * width, top * height, right * width, bottom * height), outline=MARK, width=2)
    output = io.BytesIO()
    page.save(output, "PNG", optimize=True)
    return base64.b64encode(output.getvalue()).decode("ascii")
