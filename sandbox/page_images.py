"""Pictures of the sandbox's pages, drawn with Pillow when somebody asks for one.

The same sheet always gives the same bytes. Each file names its sheets in its metadata, so that an upload
of such a file can be recognised without drawing everything there is.
"""

from __future__ import annotations

import functools
import io
import random
import re
import time
from typing import TYPE_CHECKING

from .page_layout import PADDING, PAGE_WIDTH, Print, Sheet

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["page_file", "page_png", "pages_pdf", "references_in", "sheet_reference"]

SMALLEST_TYPE = 6
SCAN_QUALITY = 88
PAPER = (245, 236, 214)
GRAIN_SIDE, GRAIN_DEPTH = 256, 60
"""The side of the noise that is repeated over a scan, and the most that it darkens."""

RULE_SHADE = 150
DESCENT = 0.22
WRITTEN_ON = time.struct_time((2026, 10, 1, 9, 0, 0, 3, 274, 0))
REFERENCE = re.compile(rb"docreview-sheet-[0-9a-f]{16}")


def sheet_reference(digest: str) -> str:
    """The reference of a sheet, made of at least 16 hexadecimal digits."""
    return f"docreview-sheet-{digest[:16]}"


def references_in(content: bytes) -> list[str]:
    """The references of the sheets that a file says it is made of, each once, in order."""
    found = REFERENCE.findall(content.replace(b"\x00", b""))
    return list(dict.fromkeys(reference.decode("ascii") for reference in found))


@functools.lru_cache(maxsize=128)
def page_png(sheet: Sheet) -> bytes:
    """The picture of a sheet as a PNG file."""
    from PIL.PngImagePlugin import PngInfo

    information = PngInfo()
    information.add_text("Title", sheet.reference)
    output = io.BytesIO()
    draw_sheet(sheet).save(output, "PNG", pnginfo=information)
    return output.getvalue()


@functools.lru_cache(maxsize=8)
def _scan_jpeg(sheet: Sheet) -> bytes:
    output = io.BytesIO()
    draw_sheet(sheet).save(output, "JPEG", quality=SCAN_QUALITY, comment=sheet.reference.encode())
    return output.getvalue()


def page_file(sheet: Sheet) -> tuple[bytes, str]:
    """The picture of a sheet as a file, and its media type: scans are JPEG files, all others PNG files."""
    if sheet.look == "scan":
        return _scan_jpeg(sheet), "image/jpeg"
    return page_png(sheet), "image/png"


@functools.lru_cache(maxsize=64)
def pages_pdf(sheets: tuple[Sheet, ...]) -> bytes:
    """The sheets as one PDF file, a picture on each page."""
    first, *others = [draw_sheet(sheet) for sheet in sheets]
    output = io.BytesIO()
    first.save(
        output,
        "PDF",
        save_all=True,
        append_images=others,
        resolution=100.0,
        title=" ".join(sheet.reference for sheet in sheets),
        creationDate=WRITTEN_ON,
        modDate=WRITTEN_ON,
    )
    return output.getvalue()


def draw_sheet(sheet: Sheet) -> Image:
    """Draw a sheet: black on white, each text wholly inside its box; then give it its look."""
    from PIL import Image, ImageDraw

    width, height = sheet.width, sheet.height
    if sheet.look == "turned":
        width, height = height, width
    elif sheet.look == "scan":
        width, height = PAGE_WIDTH, round(sheet.height * PAGE_WIDTH / sheet.width)
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    for rule in sheet.rules:
        pen.line(rule, fill=RULE_SHADE, width=1)
    for printed in sheet.prints:
        draw_text(pen, printed)
    if sheet.look == "turned":
        return picture.transpose(Image.Transpose.ROTATE_270)
    return scanned(picture, sheet) if sheet.look == "scan" else picture


def scanned(picture: Image, sheet: Sheet) -> Image:
    """The picture as a scanner sees it: larger, on yellowish paper, with the same noise every time."""
    from PIL import Image, ImageChops

    size = (sheet.width, sheet.height)
    large = picture.resize(size, Image.Resampling.BICUBIC)  # pyright: ignore[reportUnknownMemberType] - NumPy's
    paper = ImageChops.multiply(large.convert("RGB"), Image.new("RGB", size, PAPER))
    grain = random.Random(sheet.reference).randbytes(GRAIN_SIDE * GRAIN_SIDE * 3)
    dimmed = bytes(value * GRAIN_DEPTH // 255 for value in grain)
    tile = Image.frombytes("RGB", (GRAIN_SIDE, GRAIN_SIDE), dimmed)
    noise = Image.new("RGB", size)
    for top in range(0, size[1], GRAIN_SIDE):
        for left in range(0, size[0], GRAIN_SIDE):
            noise.paste(tile, (left, top))
    return ImageChops.subtract(paper, noise)


def draw_text(pen: ImageDraw, printed: Print) -> None:
    """Draw one text, in smaller type or cut off if its box is too narrow for the size it asks for."""
    left, _, right, bottom = printed.box
    room = right - left - 2 * PADDING
    text, size = printed.text, printed.size
    while size > SMALLEST_TYPE and typeface(size).getlength(text) > room:
        size -= 1
    while text and typeface(size).getlength(text) > room:
        text = text[:-1]
    edge, anchor = (right - PADDING, "rs") if printed.right else (left + PADDING, "ls")
    baseline = bottom - PADDING - round(printed.size * DESCENT)
    pen.text((edge, baseline), text, fill=printed.shade, font=typeface(size), anchor=anchor)


@functools.cache
def typeface(size: int) -> FreeTypeFont:
    """The typeface of the pages in a size."""
    from PIL.ImageFont import FreeTypeFont, load_default

    font = load_default(size)
    if not isinstance(font, FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType: pages cannot be drawn")
    return font
