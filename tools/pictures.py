"""Pictures in answers: taken out of the JSON, to be given as image content."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ..schemas import JsonValue

__all__ = ["Picture", "may_hold_pictures", "picture_of", "without_pictures"]

_MOST_PICTURES = 20
_LEAST_CHARACTERS = 100
_DATA_URL = re.compile(r"data:(image/[\w.+-]+);base64,")
_STARTS = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its media type and its content in base64."""

    mime_type: str
    base64: str


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
        if len(pictures) == _MOST_PICTURES:
            return f"[picture left out: a result carries at most {_MOST_PICTURES}]"
        pictures.append(picture)
        return f"[picture {len(pictures)}]"

    return cleaned(value), pictures


def _as_picture(text: str) -> Picture | None:
    if len(text) < _LEAST_CHARACTERS:
        return None
    address = _DATA_URL.match(text)
    data = text[address.end() :] if address else text
    mime_type = address[1] if address else next((_STARTS[s] for s in _STARTS if data.startswith(s)), "")
    if not mime_type:
        return None
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        return None
    return Picture(mime_type, data)
