"""Pictures of pages with the extracted values marked on them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .service import UploadedFile

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from .studio_extraction import Match

__all__ = ["annotated_page"]

PAGE_SIZE = (794, 1123)
LARGEST_SIDE = 1200
MARK = (196, 52, 45)
INK = (30, 30, 30)


def annotated_page(file: UploadedFile, matches: Sequence[Match]) -> str:
    """A page as a PNG in base64: the uploaded picture, or for a PDF a clean page that shows the values."""
    from PIL import ImageDraw, ImageFont

    picture = opened(file)
    page = picture or blank()
    draw = ImageDraw.Draw(page)
    width, height = page.size
    font = ImageFont.load_default(max(10, round(height * 0.016)))
    for match in matches:
        left, top, right, bottom = match.box
        box = (left * width, top * height, right * width, bottom * height)
        if picture is None:
            draw.text((0.08 * width, box[1] + 2), f"{match.label}:", INK, font)
            draw.text((box[0] + 3, box[1] + 2), match.value, INK, font)
        draw.rectangle(box, outline=MARK, width=2)
    output = io.BytesIO()
    page.save(output, "PNG")
    return base64.b64encode(output.getvalue()).decode("ascii")


def blank() -> Picture:
    from PIL import Image

    return Image.new("RGB", PAGE_SIZE, "white")


def opened(file: UploadedFile) -> Picture | None:
    """The uploaded picture; None for a PDF and for what is no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(file.content)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return picture
