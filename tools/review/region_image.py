"""Cut a region out of the picture of a page, at a size that a model can read, with its box drawn.

The file comes from outside: only a few formats are opened, and none that would need too much memory.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..documents.boxes import Box

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Region", "draw_region"]

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
_MOST_PIXELS = 64_000_000
_LONGEST_SIDE = 1568
"""Pictures with a longer side are made smaller by the services of models."""

_LINE_HEIGHT = 32
_MOST_SCALE = 4.0
_LINES_OF_A_PAGE = 40
"""No box counts as higher than a line of a page with so many of them, whatever it holds."""

_SIDEWAYS = 6
"""How much more is shown to the left and right than above and below: labels stand beside their values."""

_LEAST_ROOM = 4
"""Pixels of the page around a box even without a margin, for the line around it."""

_MOST_PNG_BYTES = 500_000
_JPEG_QUALITY = 85
_RED = (214, 24, 24)
_PEN = 3

_places = threading.BoundedSemaphore(2)
"""Large pictures take much memory: two at a time."""


@dataclass(frozen=True, slots=True)
class Region:
    """A picture of a region.

    `box` is the drawn box and `cut` the part of the page that is shown, both in pixels of the page, whose
    `page_size` is width and height; `scale` is how many pixels of this picture one of the page became. `box`
    is None if none was wanted, or if it lies outside of the page; then the whole page is shown.
    """

    content: bytes
    mime_type: str
    size: tuple[int, int]
    page_size: tuple[int, int]
    cut: tuple[int, int, int, int]
    scale: float
    box: tuple[int, int, int, int] | None


def draw_region(content: bytes, box: Box | None, margin: float) -> Region:
    """The region around a box, with a margin in heights of the box; the whole page without a box.

    A box whose sides are all from 0 to 1 is one in shares of the page.

    Raises:
        ValueError: the content is no picture that can be shown; the message says why.
    """
    with _places:
        page = _opened(content, is_whole=box is None)
        page_size = page.size
        placed = None if box is None else _placed(box, page_size)
        cut = (0, 0, *page_size) if placed is None else _around(placed, page_size, margin)
        scale = _LONGEST_SIDE / max(cut[2] - cut[0], cut[3] - cut[1])
        scale = min(scale, 1.0) if placed is None else min(scale, _readable(placed, page_size))
        return _finished(page, placed, cut, scale)


def _opened(content: bytes, *, is_whole: bool) -> Image:
    """The picture upright and in colours, on white."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError:
        start = content[:200].lstrip().lower()
        came = "an HTML page" if start.startswith((b"<!doctype", b"<html")) else "no picture"
        raise ValueError(f"{came} given, expected {', '.join(_FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(_too_large()) from None
    except Exception as error:  # Pillow raises errors of many kinds on broken files.
        raise ValueError(f"it cannot be read ({type(error).__name__})") from None
    if picture.width * picture.height > _MOST_PIXELS:
        raise ValueError(_too_large())
    try:
        if is_whole:
            picture.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            seen = picture.convert("RGBA")
            picture = Image.new("RGBA", seen.size, "white")
            picture.alpha_composite(seen)
        return picture.convert("RGB")
    except Exception as error:  # As above: the file is decoded only here.
        raise ValueError(f"it cannot be read ({type(error).__name__})") from None


def _too_large() -> str:
    return f"it has more than {_MOST_PIXELS // 1_000_000} million pixels"


def _placed(box: Box, page_size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a box that is on the page, in whole pixels; None if there is none."""
    width, height = page_size
    across, down = (width, height) if max(box) <= 1 else (1, 1)
    left, top = max(0, int(box[0] * across)), max(0, int(box[1] * down))
    right, bottom = min(width, round(box[2] * across)), min(height, round(box[3] * down))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _line(box: tuple[int, int, int, int], page_size: tuple[int, int]) -> float:
    """The height of a line of text in a box, as far as it can be told."""
    return min(box[3] - box[1], max(page_size) / _LINES_OF_A_PAGE)


def _around(
    box: tuple[int, int, int, int], page_size: tuple[int, int], margin: float
) -> tuple[int, int, int, int]:
    down = round(_line(box, page_size) * margin) + _LEAST_ROOM
    across = round(_line(box, page_size) * margin * _SIDEWAYS) + _LEAST_ROOM
    left, top, right, bottom = box
    return (
        max(0, left - across),
        max(0, top - down),
        min(page_size[0], right + across),
        min(page_size[1], bottom + down),
    )


def _readable(box: tuple[int, int, int, int], page_size: tuple[int, int]) -> float:
    """By how much to enlarge a region so that its text can be read; it is not made smaller for that."""
    return max(1.0, min(_MOST_SCALE, _LINE_HEIGHT / _line(box, page_size)))


def _finished(
    page: Image, box: tuple[int, int, int, int] | None, cut: tuple[int, int, int, int], scale: float
) -> Region:
    from PIL import ImageDraw
    from PIL.Image import Resampling

    shown = page.crop(cut)
    size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
    if size != shown.size:
        shown = shown.resize(size, Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType] - NumPy's
    if box is not None:
        # The line runs around the box, not through its text.
        left, top = (box[0] - cut[0]) * scale - _PEN, (box[1] - cut[1]) * scale - _PEN
        right, bottom = (box[2] - cut[0]) * scale + _PEN, (box[3] - cut[1]) * scale + _PEN
        corners = (max(0, left), max(0, top), min(size[0] - 1, right), min(size[1] - 1, bottom))
        ImageDraw.Draw(shown).rectangle(corners, outline=_RED, width=_PEN)
    output = io.BytesIO()
    shown.save(output, "PNG", optimize=False)
    mime_type = "image/png"
    if output.tell() > _MOST_PNG_BYTES:
        output = io.BytesIO()
        shown.save(output, "JPEG", quality=_JPEG_QUALITY)
        mime_type = "image/jpeg"
    return Region(output.getvalue(), mime_type, size, page.size, cut, round(scale, 3), box)
