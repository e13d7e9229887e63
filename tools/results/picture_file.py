"""Files of pictures: opened within bounds of memory, cut, and written small enough for hosts.

The files come from outside: only a few formats are opened, none that would need too much memory, and one at a
time. What is decoded stays in the colors of the file; only the part that is shown is converted.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

__all__ = [
    "MAX_BYTES",
    "MAX_SIDE",
    "Encoded",
    "OpenedPicture",
    "decoding",
    "encoded",
    "opened",
    "smaller",
]

MAX_SIDE = 1568
"""Pictures with a longer side are made smaller by the services of models."""

MAX_BYTES = 525_000
"""The most bytes of a picture in a result, 700,000 characters in base64: hosts refuse results over 1 MiB."""

decoding = threading.Lock()
"""Held while a picture is open, so that no two take memory at the same time."""

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF")
_MAX_PIXELS = 40_000_000
_MAX_MEMORY = 200_000_000
_NARROW_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""The bytes that Pillow takes for a pixel of these modes; for any other mode four."""

_WEBP_BYTES, _PROGRESSIVE_BYTES = 16, 6
"""What decoding takes for a pixel beside the picture itself."""

_HALVED_FROM = 16_000_000
"""A JPEG file of so many pixels is decoded at half its size, which its format makes cheap."""

_BAND_PIXELS = 2_000_000
_QUALITIES = (85, 70, 55, 40)
_SHRINKING = 0.75
_MIN_SIDE = 64
_FILLED = ((0, 0), (128, 128))
"""The shades that a decoder leaves where a file has ended."""

_PROBES = 16
_PNG_END = 8
"""The bytes of the name of the last part of a PNG file and of its checksum."""


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A decoded picture.

    `is_whole` is False if the file ends too early, so that something may be missing at its lower end.
    """

    is_whole: bool
    _stored: tuple[int, int]
    _picture: Image
    _turn: Transpose | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in the file, turned upright."""
        return _turned(self._stored, self._turn)

    @property
    def is_upright(self) -> bool:
        """Whether the file shows the picture as it is to be seen, whoever opens it."""
        return self._turn is None

    def part(self, cut: tuple[int, int, int, int], size: tuple[int, int]) -> Image:
        """A part, in pixels of the upright file, at another size, in colors and on white."""
        box, wanted = cut, size
        if self._turn is not None:
            box, wanted = _before_turn(cut, self._turn, self._stored), _turned(size, self._turn)
        across = self._picture.width / self._stored[0]
        down = self._picture.height / self._stored[1]
        box = (
            int(box[0] * across),
            int(box[1] * down),
            max(int(box[0] * across) + 1, round(box[2] * across)),
            max(int(box[1] * down) + 1, round(box[3] * down)),
        )
        shown = _resized(_reduced(self._picture, box, wanted), wanted)
        return shown if self._turn is None else shown.transpose(self._turn)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as a file. `quality` is that of a JPEG file, None where nothing was lost."""

    content: bytes
    mime_type: str
    size: tuple[int, int]
    quality: int | None = None


def opened(content: bytes, *, with_gif: bool = False, side: int = 0) -> OpenedPicture:
    """The picture in a file; `decoding` has to be held as long as it is used.

    `side`: the longer side at which it is wanted, if it is wanted whole; a large JPEG file is quickly decoded
    at a fraction of its size then.

    Raises:
        ValueError: the content is no picture that can be shown; the message says why.
    """
    from PIL import Image, UnidentifiedImageError

    formats = _FORMATS if with_gif else _FORMATS[:-1]
    try:
        picture = Image.open(io.BytesIO(content), formats=formats)
    except UnidentifiedImageError:
        start = content[:200].lstrip().lower()
        actual = "an HTML page" if start.startswith((b"<!doctype", b"<html")) else "no picture"
        raise ValueError(f"{actual} given, expected {', '.join(_FORMATS[:-1])}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(_too_large(_MAX_PIXELS)) from None
    except Exception as error:  # Pillow raises errors of many kinds on broken files.
        raise ValueError(f"it cannot be read ({type(error).__name__})") from None
    size = picture.size
    max_pixels = _max_pixels(picture)
    if size[0] * size[1] > max_pixels:
        raise ValueError(_too_large(max_pixels))
    try:
        picture, is_whole = _decoded(content, formats, side)
        # Only now: a TIFF file is turned while it is decoded, and no other is.
        turn = _turn_of(picture)
    except Exception as error:  # As above: the file is decoded only here.
        raise ValueError(f"it cannot be read ({type(error).__name__})") from None
    if not is_whole and _is_hardly_there(picture):
        raise ValueError("most of the file is missing")
    return OpenedPicture(is_whole, size, picture, turn)


def encoded(picture: Image, max_bytes: int = MAX_BYTES) -> Encoded:
    """The picture as PNG, or where that is too large as JPEG, made smaller until it is small enough."""
    written = _written(picture, None)
    sizes = picture
    while len(written.content) > max_bytes:
        for quality in _QUALITIES:
            written = _written(sizes, quality)
            if len(written.content) <= max_bytes:
                return written
        if max(sizes.size) <= _MIN_SIDE:
            break
        size = (max(1, int(sizes.width * _SHRINKING)), max(1, int(sizes.height * _SHRINKING)))
        sizes = _resized(sizes, size)
    return written


def smaller(content: bytes, max_bytes: int = MAX_BYTES) -> Encoded:
    """The whole picture in a file, as another file of at most so many bytes.

    Raises:
        ValueError: it cannot be opened.
    """
    with decoding:
        picture = opened(content, with_gif=True)
        scale = min(1.0, MAX_SIDE / max(picture.size))
        size = (max(1, round(picture.size[0] * scale)), max(1, round(picture.size[1] * scale)))
        return encoded(picture.part((0, 0, *picture.size), size), max_bytes)


def _max_pixels(picture: Image) -> int:
    """The most pixels that are opened of a picture of this kind."""
    needed = _NARROW_MODES.get(picture.mode, 4)
    if picture.format == "WEBP":
        needed += _WEBP_BYTES
    elif picture.format == "TIFF":
        needed *= 2
    elif picture.format == "JPEG":
        # A large one is decoded at half its size, that is a quarter of its pixels.
        needed = 1 + (_PROGRESSIVE_BYTES if picture.info.get("progressive") else 0)
    return min(_MAX_PIXELS, _MAX_MEMORY // needed)


def _too_large(max_pixels: int) -> str:
    return f"it has more than {max_pixels // 1_000_000} million pixels"


def _turn_of(picture: Image) -> Transpose | None:
    """How the stored picture is to be turned, as its orientation says."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return turns.get(picture.getexif().get(0x0112, 1))


def _turned(size: tuple[int, int], turn: Transpose | None) -> tuple[int, int]:
    """A size after a turn, which is its own reverse in this."""
    from PIL.Image import Transpose

    sideways = (Transpose.TRANSPOSE, Transpose.TRANSVERSE, Transpose.ROTATE_90, Transpose.ROTATE_270)
    return (size[1], size[0]) if turn in sideways else size


def _decoded(content: bytes, formats: tuple[str, ...], side: int) -> tuple[Image, bool]:
    """The picture, decoded as far as its file goes, and whether the file is whole."""
    from PIL import ImageFile

    try:
        picture = _loaded(content, formats, side)
    except OSError:
        # The switch is one for the process; `decoding` is held.
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            return _loaded(content, formats, side), False
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
    end = content.rfind(b"IEND")
    return picture, picture.format != "PNG" or 0 <= end <= len(content) - _PNG_END


def _loaded(content: bytes, formats: tuple[str, ...], side: int) -> Image:
    from PIL import Image

    picture = Image.open(io.BytesIO(content), formats=formats)
    if picture.width * picture.height > _HALVED_FROM and picture.format == "JPEG":
        picture.draft(None, (picture.width // 2, picture.height // 2))
    elif side and picture.format == "JPEG":
        share = min(1.0, side / max(picture.size))
        picture.draft(None, (round(picture.width * share), round(picture.height * share)))
    picture.load()
    return picture


def _is_hardly_there(picture: Image) -> bool:
    """Whether the lower half of a picture is only what a decoder fills in where nothing came.

    With a palette that cannot be known, as any color may have the number of what is filled in.
    """
    width, height = picture.size
    if picture.mode == "P":
        return False
    for probe in range(_PROBES):
        row = height // 2 + (height - height // 2) * probe // _PROBES
        extrema = picture.crop((0, row, width, row + 1)).getextrema()
        shades = extrema if isinstance(extrema[0], tuple) else (extrema,)
        if not all(shade in _FILLED for shade in shades):
            return False
    return True


def _before_turn(
    box: tuple[int, int, int, int], turn: Transpose, stored: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Where a part of the upright picture stands in the stored one."""
    from PIL.Image import Transpose

    left, top, right, bottom = box
    width, height = stored
    return {
        Transpose.FLIP_LEFT_RIGHT: (width - right, top, width - left, bottom),
        Transpose.ROTATE_180: (width - right, height - bottom, width - left, height - top),
        Transpose.FLIP_TOP_BOTTOM: (left, height - bottom, right, height - top),
        Transpose.TRANSPOSE: (top, left, bottom, right),
        Transpose.ROTATE_270: (top, height - right, bottom, height - left),
        Transpose.TRANSVERSE: (width - bottom, height - right, width - top, height - left),
        Transpose.ROTATE_90: (width - bottom, left, width - top, right),
    }[turn]


def _reduced(picture: Image, box: tuple[int, int, int, int], wanted: tuple[int, int]) -> Image:
    """A part in colors, at less than twice the wanted size; large parts are converted in bands."""
    from PIL import Image

    width, height = box[2] - box[0], box[3] - box[1]
    factor = max(1, min(width // wanted[0], height // wanted[1]))
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    whole = Image.new("RGB", (-(-width // factor), -(-height // factor)), "white")
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = _on_white(picture.crop((box[0], box[1] + top, box[2], box[1] + bottom)))
        whole.paste(band if factor == 1 else band.reduce(factor), (0, top // factor))
    return whole


def _on_white(picture: Image) -> Image:
    from PIL import Image

    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.new("RGBA", seen.size, "white")
        picture.alpha_composite(seen)
    return picture.convert("RGB")


def _resized(picture: Image, size: tuple[int, int]) -> Image:
    from PIL.Image import Resampling

    if size == picture.size:
        return picture
    return picture.resize(size, Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType] - NumPy's


def _written(picture: Image, quality: int | None) -> Encoded:
    output = io.BytesIO()
    if quality is None:
        picture.save(output, "PNG", optimize=False)
        return Encoded(output.getvalue(), "image/png", picture.size)
    picture.save(output, "JPEG", quality=quality)
    return Encoded(output.getvalue(), "image/jpeg", picture.size, quality)
