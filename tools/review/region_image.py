"""Cut a region out of the picture of a page, at a size that a model can read, with its box drawn."""

from __future__ import annotations

from dataclasses import dataclass

from ..documents.boxes import Box
from ..results.picture_file import MAX_SIDE, OpenedPicture, decoding, encoded, opened

__all__ = ["Region", "draw_region"]

_LINE_HEIGHT = 32
_MAX_SCALE = 4.0
_LINES_OF_A_PAGE = 40
"""No box counts as higher than a line of a page with so many of them, whatever it holds."""

_SIDEWAYS = 6
"""How much more is shown to the left and right than above and below: labels stand beside their values."""

_MIN_ROOM = 4
"""Pixels of the page around a box even without a margin, for the line around it."""

_RED = (214, 24, 24)
_PEN = 3


@dataclass(frozen=True, slots=True)
class Region:
    """A picture of a region.

    `box` is the drawn box and `cut` the part of the page that is shown, both in pixels of the page, whose
    `page_size` is width and height; `scale` is how many pixels of this picture one of the page became. `box`
    is None if none was wanted, or if it lies outside of the page; then the whole page is shown. `quality` is
    that of a JPEG file, None where nothing was lost; `is_whole` is False if the page's file ends too early.
    """

    content: bytes
    mime_type: str
    size: tuple[int, int]
    page_size: tuple[int, int]
    cut: tuple[int, int, int, int]
    scale: float
    box: tuple[int, int, int, int] | None
    quality: int | None = None
    is_whole: bool = True


def draw_region(content: bytes, box: Box | None, margin: float) -> Region:
    """The region around a box, with a margin in heights of the box; the whole page without a box.

    A box whose sides are all from 0 to 1 is one in shares of the page.

    Raises:
        ValueError: the content is no picture that can be shown; the message says why.
    """
    with decoding:
        page = opened(content)
        placed = None if box is None else _placed(box, page.size)
        cut = (0, 0, *page.size) if placed is None else _around(placed, page.size, margin)
        scale = MAX_SIDE / max(cut[2] - cut[0], cut[3] - cut[1])
        scale = min(scale, 1.0) if placed is None else min(scale, _readable(placed, page.size))
        return _finished(page, placed, cut, scale)


def _placed(box: Box, page_size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a box that is on the page, in whole pixels; None if there is none."""
    width, height = page_size
    across, down = (width, height) if max(box) <= 1 else (1, 1)
    left, top = max(0, int(box[0] * across)), max(0, int(box[1] * down))
    right, bottom = min(width, round(box[2] * across)), min(height, round(box[3] * down))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _line(box: tuple[int, int, int, int], page_size: tuple[int, int]) -> float:
    """The height of a line of text in a box, as far as it is known."""
    return min(box[3] - box[1], max(page_size) / _LINES_OF_A_PAGE)


def _around(
    box: tuple[int, int, int, int], page_size: tuple[int, int], margin: float
) -> tuple[int, int, int, int]:
    down = round(_line(box, page_size) * margin) + _MIN_ROOM
    across = round(_line(box, page_size) * margin * _SIDEWAYS) + _MIN_ROOM
    left, top, right, bottom = box
    return (
        max(0, left - across),
        max(0, top - down),
        min(page_size[0], right + across),
        min(page_size[1], bottom + down),
    )


def _readable(box: tuple[int, int, int, int], page_size: tuple[int, int]) -> float:
    """By how much to enlarge a region so that its text can be read; it is not made smaller for that."""
    return max(1.0, min(_MAX_SCALE, _LINE_HEIGHT / _line(box, page_size)))


def _finished(
    page: OpenedPicture, box: tuple[int, int, int, int] | None, cut: tuple[int, int, int, int], scale: float
) -> Region:
    size = (max(1, round((cut[2] - cut[0]) * scale)), max(1, round((cut[3] - cut[1]) * scale)))
    shown = page.part(cut, size)
    if box is not None:
        from PIL import ImageDraw

        # The line runs around the box, not through its text.
        left, top = (box[0] - cut[0]) * scale - _PEN, (box[1] - cut[1]) * scale - _PEN
        right, bottom = (box[2] - cut[0]) * scale + _PEN, (box[3] - cut[1]) * scale + _PEN
        corners = (max(0, left), max(0, top), min(size[0] - 1, right), min(size[1] - 1, bottom))
        ImageDraw.Draw(shown).rectangle(corners, outline=_RED, width=_PEN)
    file = encoded(shown)
    scale = round(scale * file.size[0] / size[0], 3)
    return Region(
        file.content, file.mime_type, file.size, page.size, cut, scale, box, file.quality, page.is_whole
    )
