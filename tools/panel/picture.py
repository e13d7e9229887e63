"""The picture of a page for the panel: as large as fits beside the values of the page."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass

from ...schemas import JsonObject
from ..results.images import mime_type_of
from ..results.picture_file import OpenedPicture, decoding, opened

__all__ = ["MAX_CHARACTERS", "MIN_CHARACTERS", "PagePicture", "page_picture"]

_ROOMS = (92_000, 72_000, 56_000, 40_000, 28_000, 18_000)
"""The characters that a picture may have: few different ones, so that an edit of a value changes none."""

MAX_CHARACTERS, MIN_CHARACTERS = _ROOMS[0], _ROOMS[-1]

_MAX_SIDE = 1568
_STEPS = (
    (1568, 50, 1.0),
    (1568, 35, 0.72),
    (1240, 45, 0.58),
    (1240, 30, 0.45),
    (1000, 40, 0.36),
    (850, 30, 0.25),
    (640, 25, 0.14),
    (420, 20, 0.06),
    (280, 20, 0.03),
    (180, 10, 0.01),
)
"""Longer side, quality, and about what share of the bytes of the first step such a file has."""

_METHOD = 2
"""WebP's own trade: a third of the time of the usual 4 for files that are hardly larger."""

_MAX_KEPT = 12
_kept: OrderedDict[tuple[bytes, int], PagePicture] = OrderedDict()
_keeping = threading.Lock()


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of a whole page. `page_size` is that of the file of the service, in whose pixels boxes are.

    `is_whole` is False if that file ends too early.
    """

    content: bytes
    mime_type: str
    size: tuple[int, int]
    page_size: tuple[int, int]
    is_whole: bool = True

    def as_object(self) -> JsonObject:
        """As the panel gets it."""
        width, height = self.size
        data = base64.b64encode(self.content).decode()
        return {"mime": self.mime_type, "data": data, "width": width, "height": height}


def page_picture(content: bytes, max_characters: int) -> PagePicture:
    """The picture in a file, with at most so many characters in base64, if it can be made so small.

    The last ones are kept: a page is read again after each change of a value.

    Raises:
        ValueError: the content is no picture that can be shown; the message says why.
    """
    room = next((each for each in _ROOMS if each <= max_characters), MIN_CHARACTERS)
    key = (hashlib.sha256(content).digest(), room)
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    picture = _made(content, room // 4 * 3)
    with _keeping:
        _kept[key] = picture
        while len(_kept) > _MAX_KEPT:
            _kept.popitem(last=False)
    return picture


def _made(content: bytes, max_bytes: int) -> PagePicture:
    with decoding:
        page = opened(content, side=_MAX_SIDE)
        mime_type = mime_type_of(content)
        if mime_type and len(content) <= max_bytes and page.is_upright and page.is_whole:
            return PagePicture(content, mime_type, page.size, page.size)
        return _encoded(page, max_bytes)


def _encoded(page: OpenedPicture, max_bytes: int) -> PagePicture:
    """The page as a WebP file: of as many bytes as a JPEG file, but its text stays far clearer."""
    left = list(_STEPS)
    while True:
        side, quality, share = left.pop(0)
        scale = min(1.0, side / max(page.size))
        size = (max(1, round(page.size[0] * scale)), max(1, round(page.size[1] * scale)))
        output = io.BytesIO()
        page.part((0, 0, *page.size), size).save(output, "WEBP", quality=quality, method=_METHOD)
        written = output.getvalue()
        if len(written) <= max_bytes or not left:
            return PagePicture(written, "image/webp", size, page.size, page.is_whole)
        left = [each for each in left if len(written) * each[2] / share <= max_bytes] or left[-1:]
