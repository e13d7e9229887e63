"""Pictures of pages with the extracted values marked on them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Match", "annotated_page"]

PAGE_SIZE = (794, 1123)
TYPE_SIZE = 18
CAPTIONS_FROM = 0.08
MARK = (196, 52, 45)
INK = (30, 30, 30)


@dataclass(frozen=True)
class Match:
    """One value on a page; the box is left, top, right, bottom in parts of the page."""

    label: str
    value: str
    confidence: float
    page: int
    box: tuple[float, float, float, float]

    def words(self) -> list[dict[str, Any]]:
        """The words of the value, each with its corners."""
        left, top, right, bottom = self.box
        letters = len(self.value)
        found: list[dict[str, Any]] = []
        for word in re.finditer(r"\S+", self.value):
            start = round(left + (right - left) * word.start() / letters, 6)
            end = round(left + (right - left) * word.end() / letters, 6)
            corners = {"TLx": start, "TLy": top, "TRx": end, "TRy": top}
            corners |= {"BRx": end, "BRy": bottom, "BLx": start, "BLy": bottom}
            found.append(
                {**corners, "text": word.group(), "label": self.label, "confidence": self.confidence}
            )
        return found


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
