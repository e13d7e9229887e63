"""Where a value stands on its page, read from any of the forms in which services describe a place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import cast

from ...schemas import JsonObject, JsonValue
from .readings import number_of

__all__ = ["Box", "box_of"]

Box = tuple[float, float, float, float]
"""[x1, y1, x2, y2] from the upper left corner of the page, in pixels of its picture."""

_NAMES = ("bbox", "bounding_box", "boundingbox", "box", "polygon", "bounding_poly", "boundingpoly")
"""Under what an entry has its place, in lower case."""

_WITHIN = (*_NAMES, "normalizedvertices", "vertices", "points", "coordinates")
"""Under what an object has its corners, in lower case."""

_SIDES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
_SIZES = (
    ("left", "top", "width", "height"),
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
    ("xmin", "ymin", "width", "height"),
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;()\[\]]*")
_MAX_LEVELS = 4

_Points = list[tuple[float, float]]


def box_of(entry: JsonObject) -> Box | None:
    """The box of a field, cell or table; None where it has no place or that cannot be read."""
    if (usual := entry.get("bbox")) not in (None, "", []):
        points = _points(usual, _MAX_LEVELS)
        return _around(points) if points else None
    lower = {name.casefold(): value for name, value in entry.items()}
    corners = next((lower[name] for name in _NAMES if lower.get(name) not in (None, "", [])), None)
    points = _points(corners, _MAX_LEVELS) if corners is not None else _corners(lower)
    return _around(points) if points else None


def _around(points: _Points) -> Box | None:
    """The least box that holds all of the points; one without any extent is no place."""
    across, down = [x for x, _ in points], [y for _, y in points]
    left, right, top, bottom = min(across), max(across), min(down), max(down)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _points(value: JsonValue, levels: int) -> _Points:
    """The corners of a box or polygon; none where any part of it is no place."""
    if levels == 0 or value is None:
        return []
    if isinstance(value, str):
        return _points(_decoded(value), levels - 1)
    if isinstance(value, dict):
        lower = {name.casefold(): inner for name, inner in value.items()}
        inner = next((lower[name] for name in _WITHIN if lower.get(name)), None)
        return _points(inner, levels - 1) if inner is not None else _corners(lower)
    if not isinstance(value, list):
        return []
    numbers = [number_of(each) for each in value]
    if all(number is not None for number in numbers):
        return _pairs(cast("list[float]", numbers))
    parts = [_points(each, levels - 1) for each in value]
    return [point for part in parts for point in part] if all(parts) else []


def _decoded(text: str) -> JsonValue:
    """JSON, or numbers between commas, blanks and brackets."""
    try:
        return cast("JsonValue", json.loads(text))
    except (ValueError, RecursionError):
        pass
    if _BETWEEN.fullmatch(_NUMBER.sub("", text)) is None:
        return None
    return [float(number) for number in _NUMBER.findall(text)]


def _pairs(numbers: Sequence[float]) -> _Points:
    """Numbers two by two: one corner, two opposite ones, or those of a polygon."""
    if not numbers or len(numbers) % 2:
        return []
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _corners(lower: JsonObject) -> _Points:
    """The corners by the names of the sides, or the one corner of an object with `x` and `y`."""
    for names in _SIDES:
        if numbers := list(_named(lower, names)):
            return [(numbers[0], numbers[1]), (numbers[2], numbers[3])]
    for names in _SIZES:
        if numbers := list(_named(lower, names)):
            x, y, width, height = numbers
            return [(x, y), (x + width, y + height)]
    point = list(_named(lower, ("x", "y")))
    return [(point[0], point[1])] if point else []


def _named(lower: JsonObject, names: Sequence[str]) -> Iterator[float]:
    """The numbers under these names; nothing unless each is one."""
    if names[0] not in lower:
        return
    numbers = [number_of(lower.get(name)) for name in names]
    if all(number is not None for number in numbers):
        yield from cast("list[float]", numbers)
