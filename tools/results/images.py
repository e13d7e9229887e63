"""Pictures in answers: taken out of the JSON, to be given as image content."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ...schemas import JsonValue
from .picture_file import MAX_BYTES, smaller

__all__ = ["Picture", "may_hold_pictures", "mime_type_of", "picture_of", "without_pictures"]

_MAX_PICTURES = 20
_MIN_CHARACTERS = 100
MAX_CHARACTERS = MAX_BYTES // 3 * 4
"""The most characters of base64 of all pictures in a result together."""

_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")
_SPACE = re.compile(r"\s+")
_STARTS = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")
"""How base64 begins for the kinds of pictures that hosts show."""
_STARTS_IN_JSON = ("data:image/", *(f'"{start}' for start in _STARTS))


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its media type and its content in base64."""

    mime_type: str
    base64: str


def mime_type_of(content: bytes) -> str:
    """The media type of a picture that hosts can show, by its first bytes; empty for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def picture_of(content: bytes, mime_type: str) -> Picture:
    """A picture from its bytes."""
    return Picture(mime_type, base64.b64encode(content).decode())


def may_hold_pictures(text: str) -> bool:
    """Whether JSON text holds anything that starts like a picture, so that a closer look is needed."""
    return len(text) >= _MIN_CHARACTERS and any(start in text for start in _STARTS_IN_JSON)


def without_pictures(value: JsonValue, *, shown: bool = True) -> tuple[JsonValue, list[Picture]]:
    """A copy of an answer in which each picture is replaced by a text, and the pictures in order.

    The text is `[picture N]`, and how it was made smaller where all together would be more than hosts take.
    Beyond the most that one result carries, or if none is to be `shown`, it says that a picture was left out.
    """
    pictures: list[Picture] = []
    room = MAX_CHARACTERS // max(1, min(_MAX_PICTURES, _count(value) if shown else 1))

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if isinstance(value, dict):
            return {key: cleaned(entry) for key, entry in value.items()}
        picture = _as_picture(value) if isinstance(value, str) else None
        if picture is None:
            return value
        size = f"picture of {len(picture.base64) * 3 // 4} bytes"
        if not shown or len(pictures) == _MAX_PICTURES:
            reason = "the result already has as many images as fit" if shown else "this tool shows no images"
            return f"[{size} left out: {reason}]"
        if len(picture.base64) <= room:
            pictures.append(picture)
            return f"[picture {len(pictures)}]"
        try:
            small = smaller(base64.b64decode(picture.base64), room * 3 // 4)
        except ValueError as reason:
            return f"[{size} left out: it cannot be scaled down, as {reason}]"
        pictures.append(picture_of(small.content, small.mime_type))
        return f"[picture {len(pictures)}, scaled down to {small.size[0]} x {small.size[1]} pixels]"

    return cleaned(value), pictures


def _count(value: JsonValue) -> int:
    if isinstance(value, list | dict):
        return sum(map(_count, value if isinstance(value, list) else value.values()))
    return int(isinstance(value, str) and _as_picture(value) is not None)


def _as_picture(text: str) -> Picture | None:
    if len(text) < _MIN_CHARACTERS:
        return None
    header = _DATA_URL.match(text)
    data = text[header.end() :] if header else text
    if not data.startswith(_STARTS):
        return None
    data = _SPACE.sub("", data)
    try:
        mime_type = mime_type_of(base64.b64decode(data, validate=True))
    except ValueError:
        return None
    return Picture(mime_type, data) if mime_type else None
