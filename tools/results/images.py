"""Pictures in answers: taken out of the JSON, to be given as image content."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ...schemas import JsonValue

__all__ = ["Picture", "may_hold_pictures", "mime_type_of", "picture_of", "without_pictures"]

_MOST_PICTURES = 20
_MOST_CHARACTERS = 8_000_000
_LEAST_CHARACTERS = 100
_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")
_SPACE = re.compile(r"\s+")
_STARTS = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")
"""How base64 begins for the kinds of pictures that hosts show."""


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
    return "data:image/" in text or any(f'"{start}' in text for start in _STARTS)


def without_pictures(value: JsonValue) -> tuple[JsonValue, list[Picture]]:
    """A copy of an answer in which each picture is replaced by `[picture N]`, and the pictures in order.

    Beyond the most that one result carries, a picture is replaced by a text that says so.
    """
    pictures: list[Picture] = []

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if isinstance(value, dict):
            return {key: cleaned(entry) for key, entry in value.items()}
        picture = _as_picture(value) if isinstance(value, str) else None
        if picture is None:
            return value
        held = sum(len(each.base64) for each in pictures)
        if len(pictures) == _MOST_PICTURES or held + len(picture.base64) > _MOST_CHARACTERS:
            return (
                f"[picture of {len(picture.base64) * 3 // 4} bytes left out: the result has enough of them]"
            )
        pictures.append(picture)
        return f"[picture {len(pictures)}]"

    return cleaned(value), pictures


def _as_picture(text: str) -> Picture | None:
    if len(text) < _LEAST_CHARACTERS:
        return None
    address = _DATA_URL.match(text)
    data = text[address.end() :] if address else text
    if not data.startswith(_STARTS):
        return None
    data = _SPACE.sub("", data)
    try:
        mime_type = mime_type_of(base64.b64decode(data, validate=True))
    except ValueError:
        return None
    return Picture(mime_type, data) if mime_type else None
